"""Two weeks before somebody goes for want of anything done here, one email tells them how to stay (ADR 75)."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext_lazy

from ctac.uk import format_day
from notifications.models import Notification
from notifications.registry import Kind, Message
from notifications.samples import Example
from notifications.services.writing import notify
from professionals.inactive import WARNED_FOR, WARNING, is_quiet, months
from professionals.models import Person
from professionals.retention import months_in_words


def warn(keys: Sequence[int], now: datetime) -> None:
    """By the day, so that whoever was here again meanwhile is told anew when years have passed."""
    for key, email in Person.objects.filter(pk__in=keys).values_list("pk", "email"):
        notify(kind=WARNING, about=f"person:{key}", to=[email], now=now, version=now.toordinal())


def _still_quiet(notification: Notification) -> bool:
    """Whoever did something meanwhile needs no warning, and nobody else gets it."""
    quiet = is_quiet(notification.about.partition(":")[2], notification.created_at)
    return quiet.filter(email__iexact=notification.recipient).exists()


def _build(notification: Notification) -> Message:
    person = Person.objects.get(pk=notification.about.partition(":")[2])
    return _message(notification.created_at, has_account=person.user_id is not None)


def _message(written: datetime, *, has_account: bool) -> Message:
    return Message(
        subject=gettext_lazy("Sign in to keep your details with us")
        if has_account
        else gettext_lazy("We are about to erase your details"),
        template="account_goes",
        context={
            "has_account": has_account,
            "for_so_long": months_in_words(months()),
            "day": format_day(written + WARNED_FOR + timedelta(days=1)),
            "url": f"{settings.SITE_URL}{reverse('account_login' if has_account else 'account_signup')}",
        },
    )


KIND = Kind(
    name=WARNING,
    label=gettext_lazy("Account goes unless they sign in"),
    build=_build,
    still_true=_still_quiet,
    can_wait=True,
)


def examples() -> Iterator[Example]:
    written = datetime.fromisoformat("2027-01-12T10:00:00Z")
    yield Example(WARNING, KIND.label, lambda: _message(written, has_account=True))
    title = gettext_lazy("Details go, of somebody whom staff entered")
    yield Example(WARNING, title, lambda: _message(written, has_account=False))
