"""What is told of a changed address: to the old one how to put it back; when it was put back, to both and to staff."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from ctac.uk import format_moment
from notifications.models import Notification
from notifications.registry import Kind, Message
from notifications.samples import Example
from notifications.services.writing import seal_and_send
from professionals.account_mail import account_mail, kind_of
from professionals.models import AccountRecovery, AddressChange, Person

CHANGED, PUT_BACK, OBJECTION = "account/email/email_changed", "account/email/address_put_back", "address-objection"
MOVED_BY_STAFF = "account/email/moved_by_staff"
PUT_BACK_TOLD_FOR = timedelta(days=7)


def facts_of(change: AddressChange, token: str) -> dict[str, Any]:
    link = f"{settings.SITE_URL}{reverse('account_address_put_back', args=[token])}"
    moments = {"changed": format_moment(change.changed_at), "until": format_moment(change.until)}
    return {"from_email": change.old, "to_email": change.new, "link": link, **moments}


def tell_of_change(change: AddressChange, token: str, now: datetime) -> None:
    """To the old address. It carries the token, which stands nowhere else: encrypted in the outbox until it is sent."""
    mail = account_mail(CHANGED, change.old, facts_of(change, token))
    seal_and_send(kind=kind_of(CHANGED), to=change.old, mail=mail, now=now, expires_at=change.until)


def tell_put_back(change: AddressChange, *, before: str, now: datetime) -> None:
    """To the address that is right again, and to the one that the account had until now."""
    facts = {"old": change.old, "moment": format_moment(now)}
    for to in dict.fromkeys([change.old, before]):
        mail = account_mail(PUT_BACK, to, {**facts, "is_theirs": to == change.old})
        seal_and_send(kind=kind_of(PUT_BACK), to=to, mail=mail, now=now, expires_at=now + PUT_BACK_TOLD_FOR)


def tell_moved_by_staff(recovery: AccountRecovery) -> None:
    """To the old address, without a link: who reads it may be just whom the account was moved away from (ADR 69)."""
    mail = account_mail(MOVED_BY_STAFF, recovery.old, {"moment": format_moment(recovery.at)})
    seal_and_send(
        kind=kind_of(MOVED_BY_STAFF), to=recovery.old, mail=mail, now=recovery.at, expires_at=recovery.at + PUT_BACK_TOLD_FOR
    )


def _build(notification: "Notification") -> Message:
    key = notification.about.partition(":")[2]
    change = AddressChange.objects.select_related("user").filter(pk=key).first()
    person = Person.objects.filter(user=change.user_id).first() if change else None
    if person is not None:
        return _message(reverse("staff:professionals_person_change", args=[person.pk]))
    return _message(reverse("staff:professionals_user_change", args=[change.user_id]) if change else reverse("staff:index"))


def _message(path: str) -> Message:
    return Message(
        subject=_("Somebody put an old email address back: an account may have been misused"),
        template="address_objection",
        context={"url": f"{settings.SITE_URL}{path}"},
    )


KIND = Kind(
    name=OBJECTION,
    label=_("To staff: an old email address was put back"),
    build=_build,
    still_true=lambda notification: True,
)


def examples() -> Iterator[Example]:
    yield Example(KIND.name, KIND.label, lambda: _message("/staff/professionals/person/1/change/"))
    moved = partial(account_mail, MOVED_BY_STAFF, "nadia.rahman@leeds.nhs.uk", {"moment": "Tuesday 12 January 2027, 10am"})
    yield Example(kind_of(MOVED_BY_STAFF), _("Account: moved to another address by staff"), moved)
    for is_theirs, title in ((True, _("Account: old address back")), (False, _("Account: old address back, to the other one"))):
        facts = {"old": "nadia.rahman@leeds.nhs.uk", "moment": "Tuesday 12 January 2027, 10am", "is_theirs": is_theirs}
        yield Example(kind_of(PUT_BACK), title, partial(account_mail, PUT_BACK, "nadia.rahman@leeds.nhs.uk", facts))
