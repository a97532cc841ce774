"""Every address that is or was a person's, as far as we know: mail went there, and goes with them."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from allauth.account.models import EmailAddress

from notifications.services import bouncing, erasing
from professionals.models import AccountRecovery, AddressChange, FormerAddress, Person, User


def addresses_of(person: Person, now: datetime) -> dict[str, datetime]:
    """In small letters, and until when each was theirs: `now` of those that they have. None of the team's."""
    known = [(person.email, now), *person.former_addresses.values_list("address", "until")]
    if person.user is not None:
        known += [(person.user.email, now), *_of_account(person.user, now)]
    latest: dict[str, datetime] = {}
    teams = bouncing.team_addresses()
    for address, until in known:
        if (small := address.strip().lower()) and small not in teams:
            latest[small] = max(until, latest.get(small, until))
    return latest


def _of_account(user: User, now: datetime) -> list[tuple[str, datetime]]:
    known = [(address, now) for address in EmailAddress.objects.filter(user=user).values_list("email", flat=True)]
    for change in AddressChange.objects.filter(user=user):
        known += [(change.old, change.changed_at), (change.new, change.objected_at or now)]
    for recovery in AccountRecovery.objects.filter(user=user):
        known += [(recovery.old, recovery.at), (recovery.new, now)]
    return known


def erase_mail_of(person: Person, now: datetime) -> None:
    """What went to any of them; of one that somebody else has or had too, only what went there while it was theirs."""
    times = addresses_of(person, now)
    others = _had_by_others(person, times)
    for address, until in times.items():
        since = _last_before(until, others[address])
        if address == person.email.lower():
            erasing.erase_for(address, now, since=since)
            continue
        anothers = _is_anothers(address, person)
        if not anothers and not others[address]:
            erasing.erase_for(address, now)
        elif until < now or not anothers:
            erasing.erase_messages_before(address, until, now, since=since)


def _had_by_others(person: Person, addresses: Iterable[str]) -> dict[str, list[datetime]]:
    """Until when, of each that somebody else had."""
    rows = FormerAddress.objects.filter(address__in=list(addresses)).exclude(person=person)
    others: dict[str, list[datetime]] = defaultdict(list)
    for address, until in rows.values_list("address", "until"):
        others[address].append(until)
    return others


def _last_before(until: datetime, others: Iterable[datetime]) -> datetime | None:
    """When the one who had it last before them gave it up: since then it was theirs. None if nobody had."""
    return max((each for each in others if each < until), default=None)


def times_of_mail(person: Person) -> list[tuple[str, datetime | None, datetime | None]]:
    """The address that they have and then those that they had, with since when and before when each was theirs, as far as there
    is such a moment. None of the team's. Two statements."""
    current = person.email.strip().lower()
    theirs = {current, *person.former_addresses.values_list("address", flat=True)}
    rows = FormerAddress.objects.filter(address__in=theirs).order_by("-until").values_list("person", "address", "until")
    known: list[tuple[str, datetime | None]] = [(current, None)] if current else []
    known += [(address, until) for key, address, until in rows if key == person.pk and address != current]
    times = []
    for address, until in known:
        others = [each for key, anothers, each in rows if key != person.pk and anothers == address]
        since = _last_before(until, others) if until else max(others, default=None)
        times.append((address, since, until))
    return [each for each in times if each[0] not in bouncing.team_addresses()]


def _is_anothers(address: str, person: Person) -> bool:
    """A sign-up whose address nobody verified holds nothing."""
    verified = EmailAddress.objects.filter(email=address, verified=True).exclude(user__person=person)
    return verified.exists() or Person.objects.with_email(address).exclude(pk=person.pk).exists()
