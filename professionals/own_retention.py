"""The rules for people, for sign-ins of nobody, and for messages."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import F, QuerySet
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy

from notifications.services import bouncing, erasing
from professionals import inactive, inactive_mail
from professionals.models import DataAction, Decision, Done, FlaggedEvent, Person, Reason, User
from professionals.privacy import erase_person
from professionals.retention import Rule


def readers_noted(before: datetime) -> QuerySet[FlaggedEvent]:
    """Not of a text that still waits for a decision, however old it is."""
    return FlaggedEvent.objects.filter(at__lt=before, by__isnull=False).exclude(flagged__decision=Decision.OPEN).order_by("pk")


def forget_readers(keys: Sequence[int], now: datetime) -> None:
    FlaggedEvent.objects.filter(pk__in=keys).update(by=None)


def copies_and_erasures(before: datetime) -> QuerySet[DataAction]:
    """Not an erasure that the file of erasures does not have yet."""
    return DataAction.objects.filter(at__lt=before).exclude(done=Done.ERASED, written_at=None).order_by("at", "pk")


def forget_actions(keys: Sequence[int], now: datetime) -> None:
    DataAction.objects.filter(pk__in=keys).delete()


def hold_sign_in(key: int) -> None:
    """Signing in writes its moment into the account, not into the person: who does so at this moment is waited for, and seen."""
    list(User.objects.select_for_update(of=("self",)).filter(person=key))


def erase_people(keys: Sequence[int], now: datetime) -> None:
    for person in Person.objects.filter(pk__in=keys):
        erase_person(person, by=None, now=now, reason=Reason.OVER)


def sign_ins_of_nobody(before: datetime) -> QuerySet[User]:
    """Who signed up, never said who they are, and has not been here since. Staff stay: they are the authors of what they did."""
    of_nobody = User.objects.filter(person=None, is_staff=False, is_superuser=False)
    return of_nobody.alias(here=Coalesce("last_login", F("date_joined"))).filter(here__lt=before).order_by("date_joined", "pk")


def close_sign_ins(keys: Sequence[int], now: datetime) -> None:
    """Mail to an address goes with it, unless somebody whom staff entered has the same: then it is theirs. Anybody can type an
    address of the team's at sign-up; its mail stays."""
    users = User.objects.select_for_update(of=("self",)).filter(pk__in=keys, person=None)
    for user in users:
        if user.email.lower() not in bouncing.team_addresses() and not Person.objects.with_email(user.email).exists():
            erasing.erase_for(user.email, now)
    User.objects.filter(pk__in=[user.pk for user in users]).delete()


RULES = (
    Rule(
        name="messages",
        what=gettext_lazy("Emails that we sent"),
        since=gettext_lazy("they were written"),
        goes=gettext_lazy("The address and the words go. That an email of that kind was sent, and when, stays."),
        keeps="messages",
        due=erasing.kept_since_before,
        take_out=erasing.erase_messages,
    ),
    Rule(
        name="returned",
        what=gettext_lazy("Addresses that our mail came back from"),
        since=gettext_lazy("mail last came back"),
        goes=gettext_lazy("The address goes, with what its mail server said."),
        keeps="messages",
        due=erasing.marked_before,
        take_out=erasing.forget_addresses,
    ),
    Rule(
        name="sign-ins",
        what=gettext_lazy("Sign-ins of people who never told us who they are"),
        since=gettext_lazy("they were last used"),
        goes=gettext_lazy("The account goes."),
        keeps="people",
        due=sign_ins_of_nobody,
        take_out=close_sign_ins,
    ),
    Rule(
        name="readers",
        what=gettext_lazy("Which colleague read a text that may be about a child, and who decided"),
        since=gettext_lazy("they did"),
        goes=gettext_lazy("Who it was goes. That it was read and decided, and when, stays."),
        keeps="records",
        due=readers_noted,
        take_out=forget_readers,
    ),
    Rule(
        name="copies",
        what=gettext_lazy("That we gave a copy of somebody’s data or erased them, why, and which colleague did it"),
        since=gettext_lazy("it was done"),
        goes=gettext_lazy("It goes. That somebody is erased stays, with the number of what was their record and no name."),
        keeps="records",
        due=copies_and_erasures,
        take_out=forget_actions,
    ),
    Rule(
        name="warnings",
        what=gettext_lazy("An email that warns people who are about to go"),
        since=gettext_lazy("they last signed in, booked, ordered or took part"),
        goes=gettext_lazy("It goes to them once. Who signs in stays. Nobody goes before 14 days have passed since."),
        keeps="people",
        due=inactive.people_to_warn,
        take_out=inactive_mail.warn,
        ahead=inactive.WARNED_FOR,
    ),
    Rule(
        name="people",
        what=gettext_lazy("People: name, contact details, account"),
        since=gettext_lazy("they last signed in, booked, ordered or took part"),
        goes=gettext_lazy("They are erased everywhere. Their profession stays for the counts, without a name."),
        keeps="people",
        due=inactive.people_gone,
        take_out=erase_people,
        one_by_one=True,
        hold=hold_sign_in,
        ready=inactive.warned_long_enough_ago,
    ),
)
