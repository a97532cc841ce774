"""What each kind of email needs from the app that owns it: notifications knows nobody, so they tell it here."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parseaddr
from enum import StrEnum
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from notifications.models import Notification


# What people may choose to get or not. Mail without a topic is service mail, which always goes.


class Topic(models.TextChoices):
    REMINDERS = "reminders", _("Reminders of presentations that I take part in")
    EDITIONS = "editions", _("News when a leaflet that I ordered has a new edition")
    INVITATIONS = "invitations", _("Invitations to open sessions")


# What is sent until somebody says no. The others are sent to nobody who did not ask.
ON_AT_FIRST = frozenset({Topic.REMINDERS})


# Who a message is from, and which people read what is answered to it.


class Desk(StrEnum):
    """Those who know what a message is about. TEAM is of mail to staff and presenters, whatever it is about."""

    ADVICE = "advice"
    BOOKINGS = "bookings"
    LEAFLETS = "leaflets"
    TEAM = "team"
    ACCOUNTS = "accounts"


@dataclass(frozen=True)
class Sender:
    """The headers From and Reply-To."""

    from_email: str
    reply_to: str


def sender_of(desk: Desk) -> Sender:
    """What the settings say of that desk; where they say nothing, the one sender of all mail, and the advice line."""
    from_email = settings.MAIL_FROM.get(desk) or settings.DEFAULT_FROM_EMAIL
    return Sender(from_email, settings.MAIL_REPLIES.get(desk) or settings.ADVICE_EMAIL)


def domain_of(sender: str) -> str:
    """Of an address, with or without a name before it."""
    return parseaddr(str(sender))[1].rpartition("@")[2].lower()


@dataclass(frozen=True)
class Attachment:
    filename: str
    content: bytes
    mimetype: str


@dataclass(frozen=True)
class Message:
    """What is to be said: `template` names emails/<template>.html, which extends emails/base.html.

    `calendar` is an iCalendar object whose METHOD is `calendar_method`; it travels as an alternative part of the body.
    """

    subject: str | Promise
    template: str
    context: dict[str, object] = field(default_factory=dict)
    attachments: tuple[Attachment, ...] = ()
    calendar: bytes = b""
    calendar_method: str = ""
    reply_to: str = ""


@dataclass(frozen=True)
class Kind:
    """`build` makes the message when it is sent; `still_true` says just before whether it should still go.

    Mail with a `topic` goes only to who wants it; without one it is service mail, and always goes. What `can_wait` is not sent
    in the night. Without `keeps_words` none are stored: they name people of whom `about` does not know, so an erasure would not
    find them. To staff, `in_digest` says of what can come in the team's digest whether this one may wait for that
    of the given moment.
    """

    name: str
    label: str | Promise
    build: Callable[["Notification"], Message]
    still_true: Callable[["Notification"], bool]
    may_resend: bool = True
    topic: Topic | None = None
    can_wait: bool = False
    keeps_words: bool = True
    in_digest: Callable[["Notification", datetime], bool] | None = None


_kinds: dict[str, Kind] = {}
_desks: dict[str, Desk] = {}
_account_mail: dict[str, str | Promise] = {}
_forgetting: set[str] = set()


def register(kind: Kind, desk: Desk = Desk.ADVICE) -> None:
    """Called in an app's AppConfig.ready(); `desk` is whom replies reach. Raises ValueError for a name that is taken."""
    if kind.name in _kinds and _kinds[kind.name] != kind:
        raise ValueError(f"two kinds of mail are called {kind.name}")
    _kinds[kind.name], _desks[kind.name] = kind, desk


def desk_of(name: str) -> Desk:
    """Of a kind that nobody registered, the advice line's."""
    return _desks.get(name, Desk.ADVICE)


def topic_of(name: str) -> Topic | None:
    """None for service mail, and for what nobody registered."""
    return _kinds[name].topic if name in _kinds else None


def kind_named(name: str) -> Kind:
    """Raises KeyError for a kind that no app registered."""
    return _kinds[name]


def keeps_words(name: str) -> bool:
    """Whether what mail of this kind said is stored; so it is of a kind that nobody has registered any more."""
    return name not in _kinds or _kinds[name].keeps_words


def forget_addresses_of(name: str) -> None:
    """Once mail of this kind has gone, or will not go any more, its row does not say to whom; called in AppConfig.ready()."""
    _forgetting.add(name)


def keeps_address(name: str) -> bool:
    return name not in _forgetting


def name_account_mail(labels: Mapping[str, str | Promise]) -> None:
    """What staff call the kinds of account mail, which the account pages word and send; called in AppConfig.ready()."""
    _account_mail.update(labels)


def label_of(name: str) -> str:
    """What staff call this kind; for one that nobody named, its name in words has to do."""
    if name in _kinds:
        return str(_kinds[name].label)
    return str(_account_mail.get(name) or name.replace("_", " ").replace("-", " ").capitalize())


def all_kinds() -> list[Kind]:
    return sorted(_kinds.values(), key=lambda kind: kind.name)


# Whose an address is, for staff: the apps that know people say it here, because notifications knows nobody.


@dataclass(frozen=True)
class Owner:
    """Somebody who has this address: what staff call them, the page where it is changed, and their phone."""

    name: str
    what: str | Promise
    href: str
    phone: str = ""


Find = Callable[[str], Iterable[Owner]]
_finds: list[Find] = []


def register_owners(find: Find) -> None:
    """Called in an app's AppConfig.ready(). `find` is given an address in lower case."""
    if find not in _finds:
        _finds.append(find)


def owners_of(address: str) -> list[Owner]:
    return [owner for find in _finds for owner in find(address)]
