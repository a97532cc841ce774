"""Who has done nothing here for so long that their time is over, and who of them was warned that they go (ADR 75)."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import CharField, Exists, F, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Cast, Coalesce, Concat

from notifications.models import UNFINISHED, Notification, State
from professionals import retention
from professionals.models import Person
from professionals.services.own_addresses import lost_mailbox

WARNED_FOR = timedelta(days=14)
WARNING = "account-goes"


def people_gone(before: datetime) -> QuerySet[Person]:
    """Who has not signed in, booked, ordered or taken part since then, and has no account of staff."""
    known = Person.objects.filter(erased_at=None, created_at__lt=before)
    quiet = known.exclude(user__is_staff=True).exclude(user__last_login__gte=before).exclude(user__date_joined__gte=before)
    for active in retention.activities(before):
        quiet = quiet.filter(~active)
    return quiet.order_by("created_at", "pk")


def is_quiet(person: str, written: datetime) -> QuerySet[Person]:
    """That person, by number, if the warning that was written at that moment is still true of them."""
    return people_gone(retention.months_before(written + WARNED_FOR, months())).filter(pk=person)


def months() -> int:
    return int(settings.KEEP_MONTHS["people"])


def people_to_warn(before: datetime) -> QuerySet[Person]:
    """Who was written to since that moment, when they were last here or later, is not written to again."""
    told = Exists(_warnings().filter(created_at__gte=before))
    return people_gone(before).exclude(email="").exclude(lost_mailbox()).exclude(told)


def warned_long_enough_ago(people: QuerySet[Person], now: datetime) -> QuerySet[Person]:
    """To whom it went 14 days ago, or who can't be written to. What came back counts from when it went."""
    since = retention.months_before(now, months())
    sent = _warnings().filter(created_at__gte=since).exclude(state__in=UNFINISHED)
    told = Exists(sent.alias(went=Coalesce("sent_at", F("created_at"))).filter(went__lte=now - WARNED_FOR))
    return people.filter(Q(told) | Q(email="") | lost_mailbox())


def _warnings() -> QuerySet[Notification]:
    """Of a person; not what was never sent, because they came back or their address changed."""
    about = Concat(Value("person:"), Cast(OuterRef("pk"), CharField()))
    return Notification.objects.filter(kind=WARNING, about=about).exclude(state=State.EXPIRED)
