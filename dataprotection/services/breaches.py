"""A breach of data is entered, and what is decided of it; nothing that was written is changed."""

from dataclasses import asdict, dataclass, fields
from datetime import datetime
from hashlib import sha256
from typing import Final

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from ctac.errors import DomainError
from ctac.references import ALPHABET, tidy_reference
from dataprotection.models import Breach, BreachEvent, BreachEventKind, Decision
from dataprotection.services.handling import ChangedMeanwhile
from professionals.models import User

PREFIX: Final = "DB"


class AlreadyEntered(DomainError):
    """The form was sent before with other words; `breach` is what came of that."""

    def __init__(self, breach: Breach) -> None:
        self.breach = breach
        said = _("This form has already entered breach %(reference)s, and nothing was changed. Open it and add what we know now.")
        super().__init__(said % {"reference": breach.reference})


class InTheFuture(DomainError):
    message = _("This time has not come yet. Check the day and the time.")


class BeforeWeKnew(DomainError):
    message = _("That is before we became aware of the breach. Check the day and the time.")


class LateWithoutReason(DomainError):
    message = _("The 72 hours were over then. Write why it took longer: the law asks for the reason.")


@dataclass(frozen=True)
class Known:
    """What is known of a breach when it is entered. It names nobody."""

    what: str
    happened: str
    aware_at: datetime
    concerns: str
    effects: str
    measures: str

    @classmethod
    def of(cls, breach: Breach) -> "Known":
        return cls(*(getattr(breach, field.name) for field in fields(cls)))


@transaction.atomic
def enter_breach(*, known: Known, by: User, now: datetime, token: str) -> Breach:
    """`token` is that of the form: the same words again give the first breach. Raises InTheFuture, AlreadyEntered."""
    not_ahead(known.aware_at, now)
    breach, is_new = Breach.objects.get_or_create(reference=reference_of(token), defaults={**asdict(known), "created_at": now})
    if is_new:
        write(breach, BreachEventKind.ENTERED, at=now, words="", by=by, now=now)
    elif Known.of(breach) != known:
        raise AlreadyEntered(breach)
    return breach


def reference_of(token: str) -> str:
    """As random as the token, and the same for the same one: that no two breaches share it makes a form enter one at most."""
    number = int.from_bytes(sha256(token.encode()).digest())
    letters = "".join(ALPHABET[number // len(ALPHABET) ** place % len(ALPHABET)] for place in range(6))
    return tidy_reference(PREFIX + letters)


@transaction.atomic
def add_to_breach(*, breach: Breach, words: str, by: User, now: datetime) -> None:
    """What was learnt since, or what was wrong before and is right now."""
    write(lock(breach), BreachEventKind.LEARNT, at=now, words=words, by=by, now=now)


@transaction.atomic
def tell_commissioner(*, breach: Breach, at: datetime, reference: str, words: str, by: User, now: datetime) -> None:
    """Raises ChangedMeanwhile, InTheFuture, BeforeWeKnew, LateWithoutReason (UK GDPR article 33(1))."""
    locked = lock(breach)
    if not locked.may_tell_commissioner:
        raise ChangedMeanwhile
    told_after(locked, at, now)
    if at > locked.due_at and not words.strip():
        raise LateWithoutReason
    write(locked, BreachEventKind.COMMISSIONER_TOLD, at=at, words=words, by=by, now=now)
    told = {"commissioner": Decision.TOLD, "commissioner_told_at": at, "commissioner_reference": reference}
    Breach.objects.filter(pk=locked.pk).update(**told)


@transaction.atomic
def need_not_tell_commissioner(*, breach: Breach, words: str, by: User, now: datetime) -> None:
    """Because it is unlikely to harm anybody; `words` say why. Raises ChangedMeanwhile."""
    locked = lock(breach)
    if not locked.waits_for_commissioner:
        raise ChangedMeanwhile
    write(locked, BreachEventKind.COMMISSIONER_NEED_NOT, at=now, words=words, by=by, now=now)
    Breach.objects.filter(pk=locked.pk).update(commissioner=Decision.NEED_NOT)


@transaction.atomic
def tell_people(*, breach: Breach, at: datetime, words: str, by: User, now: datetime) -> None:
    """Those whose data it is; `words` say how. Raises ChangedMeanwhile, InTheFuture, BeforeWeKnew."""
    locked = lock(breach)
    if not locked.may_tell_people:
        raise ChangedMeanwhile
    told_after(locked, at, now)
    write(locked, BreachEventKind.PEOPLE_TOLD, at=at, words=words, by=by, now=now)
    Breach.objects.filter(pk=locked.pk).update(people=Decision.TOLD)


@transaction.atomic
def need_not_tell_people(*, breach: Breach, words: str, by: User, now: datetime) -> None:
    """Because the risk for them is not high (article 34); `words` say why. Raises ChangedMeanwhile."""
    locked = lock(breach)
    if not locked.waits_for_people:
        raise ChangedMeanwhile
    write(locked, BreachEventKind.PEOPLE_NEED_NOT, at=now, words=words, by=by, now=now)
    Breach.objects.filter(pk=locked.pk).update(people=Decision.NEED_NOT)


def lock(breach: Breach) -> Breach:
    return Breach.objects.select_for_update().get(pk=breach.pk)


def told_after(breach: Breach, at: datetime, now: datetime) -> None:
    not_ahead(at, now)
    if at < breach.aware_at:
        raise BeforeWeKnew


def not_ahead(at: datetime, now: datetime) -> None:
    if at > now:
        raise InTheFuture


def write(breach: Breach, kind: BreachEventKind, *, at: datetime, words: str, by: User, now: datetime) -> None:
    BreachEvent.objects.create(breach=breach, kind=kind, at=at, text=words.strip(), by=by, written_at=now)
