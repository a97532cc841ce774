"""The kinds of email, and who owns an address: other apps register both here, because notifications imports none of them."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from office.site_settings.queries import site_settings
from office.texts.queries import worded_text

if TYPE_CHECKING:
    from notifications.models import Notification


class Topic(models.TextChoices):
    """Mail that people may choose. Mail without a topic is service mail, which always goes."""

    REMINDERS = "reminders", _("Reminders of presentations that I take part in")
    EDITIONS = "editions", _("News when a leaflet that I ordered has a new edition")
    INVITATIONS = "invitations", _("Invitations to open sessions")
    VISITS = "visits", _("Invitations to book a visit near me")


# Topics that are on until somebody says no. The others go only to people who asked.
DEFAULT_TOPICS = frozenset({Topic.REMINDERS})


class Desk(StrEnum):
    """Who a message is from and who reads the replies. TEAM: all mail to staff and presenters, whatever it is about."""

    ADVICE = "advice"
    BOOKINGS = "bookings"
    LEAFLETS = "leaflets"
    TEAM = "team"
    ACCOUNTS = "accounts"


@dataclass(frozen=True)
class Message:
    """The parts of an email: `template` names emails/<template>.html, which extends emails/base.html.

    `calendar` is an iCalendar object whose METHOD is `calendar_method`; it travels as an alternative part of the body.
    """

    subject: str | Promise
    template: str
    context: dict[str, object] = field(default_factory=dict)
    calendar: bytes = b""
    calendar_method: str = ""
    reply_to: str = ""


def ngettext_noop(singular: str, plural: str) -> tuple[str, str]:
    """Marks both for translation, as Django's gettext_noop marks one."""
    return singular, plural


class Email:
    """A kind of email. A subclass registers itself by its `name`; an instance belongs to one notification.

    Its `template` has the same name, in its app's folder, unless the class or a base class without a name sets another.
    `subject` may use the facts in `context`, as %(reference)s. If subject or template vary, the class has `get_subject` or
    `get_template`, which return one of its attributes `subject…` and `template…`: staff may reword each of them (office/texts).
    `is_still_due` is checked just before sending, and `message` builds it then.

    With a `topic`, it goes only to people who want it. Without one, it is service mail and always goes, unless it
    `has_own_stop`: a link where anybody who reads it can stop it. If it `can_wait`, it is not sent at night. Without
    `keeps_words`, none of its text is stored: it names people whom `about` does not mention, so an erasure would not find them.
    Mail to staff with `in_digest` may go in the team's digest, unless `can_join_digest` says no for that digest.

    Urgent mail also has an `sms`, which may use `context` like the subject: a text message to the mobile of each colleague whose
    account has the address. At most 160 ASCII characters, or it comes in parts; nothing about a child, a caller or a host, since
    anybody may see a phone's screen.
    """

    name: str
    label: str | Promise
    template: str
    subject: str | Promise
    calendar_method = ""
    desk = Desk.ADVICE
    topic: Topic | None = None
    has_own_stop = False
    can_wait = False
    keeps_words = True
    may_resend = True
    in_digest = False
    sms: str | Promise = ""

    def __init_subclass__(cls) -> None:
        if name := vars(cls).get("name"):
            if name in _emails:
                raise ValueError(f"two kinds of email are called {name}")
            _emails[name] = cls
            families = [family for family in cls.__mro__ if family is cls or "name" not in vars(family)]
            if not any("template" in vars(family) for family in families):
                cls.template = f"{cls.__module__.split('.')[0]}/{name.replace('-', '_')}"

    def __init__(self, notification: "Notification", **facts: Any) -> None:
        """`facts` stand in for what it would read (cached properties), for samples and previews."""
        self.notification = notification
        vars(self).update(facts)

    @property
    def about_key(self) -> int:
        """12 of "booking:12" and of "complaint:12:34"."""
        return int(self.notification.about.split(":")[1])

    def reader_name(self) -> str:
        """The name for the greeting; empty if we don't know who reads at the address."""
        return find_reader_name(self.notification.recipient)

    def reader_language(self) -> str:
        return find_reader_language(self.notification.recipient)

    def context(self) -> dict[str, object]:
        return {}

    def get_subject(self) -> str | Promise:
        return self.subject

    @classmethod
    def subjects(cls) -> list[tuple[str, ...]]:
        """The msgids of each subject that it may have: one sentence, or singular and plural."""
        found = [getattr(cls, name) for name in sorted(dir(cls)) if re.fullmatch("subject(_.*)?", name)]
        with translation.override(None):
            return [each if isinstance(each, tuple) else (str(each),) for each in found if each]

    @classmethod
    def templates(cls) -> list[str]:
        found = [getattr(cls, name) for name in sorted(dir(cls)) if re.fullmatch("template(_.*)?", name)]
        return [f"emails/{each}.html" for each in found if each]

    def unsubscribe_link(self) -> str:
        """Shows a page; a POST there ends mail of this kind to this address. For what `has_own_stop`."""
        raise NotImplementedError

    def sms_text(self) -> str:
        return str(self.sms) % self.context()

    def get_template(self) -> str:
        return self.template

    def get_calendar_method(self) -> str:
        """What calendars should do: REQUEST, CANCEL, or ''."""
        return self.calendar_method

    def calendar(self, method: str) -> bytes:
        raise NotImplementedError

    def is_still_due(self) -> bool:
        return True

    def can_join_digest(self, digest_at: datetime) -> bool:
        return True

    def message(self) -> Message:
        context, method = self.context(), self.get_calendar_method()
        return Message(
            subject=worded_text(str(self.get_subject()), context),
            template=self.get_template(),
            context=context,
            calendar=self.calendar(method) if method else b"",
            calendar_method=method,
        )


_emails: dict[str, type[Email]] = {}
ACCOUNT_MAIL_LABELS: dict[str, str | Promise] = {}  # of the kinds that the account pages word and send
_kinds_without_address: set[str] = set()


def get_email_class(name: str) -> type[Email]:
    """Raises KeyError for a kind that no app has."""
    return _emails[name]


def email_for(notification: "Notification") -> Email:
    return _emails[notification.kind](notification)


def all_emails() -> list[type[Email]]:
    return sorted(_emails.values(), key=lambda email: email.name)


def email_modules() -> list[str]:
    """The modules with kinds of email, each once, in the order in which they were loaded."""
    return list(dict.fromkeys(email.__module__ for email in _emails.values()))


def find_email_class(name: str) -> type[Email] | None:
    """None for account mail, and for a kind that no app registers any more."""
    return _emails.get(name)


def discard_addresses_of(name: str) -> None:
    """Don't keep the recipient once mail of this kind has gone or has ended. Call it in AppConfig.ready()."""
    _kinds_without_address.add(name)


def keeps_address(name: str) -> bool:
    return name not in _kinds_without_address


def email_label(name: str) -> str:
    """The kind's label for staff; a kind without one is called by its name."""
    if name in _emails:
        return str(_emails[name].label)
    return str(ACCOUNT_MAIL_LABELS.get(name) or name.replace("_", " ").replace("-", " ").capitalize())


@dataclass(frozen=True)
class Owner:
    """Somebody who has an address: their name, what they are, the page to change it, and their phone."""

    name: str
    what: str | Promise
    href: str
    phone: str = ""


# Apps that know people add finders here, in AppConfig.ready(). A finder gets an address in lower case (MOBILE: several).
OWNER_FINDERS: list[Callable[[str], Iterable[Owner]]] = []
# Finders do the same work for unknown addresses, so that response times don't reveal which are known.
NAME_FINDERS: list[Callable[[str], Iterable[str]]] = []
LANGUAGE_FINDERS: list[Callable[[str], str]] = []  # "" if its owner has chosen none
MOBILE_FINDERS: list[Callable[[Iterable[str]], Iterable[str]]] = []


def find_reader_name(address: str) -> str:
    """The name by which an email greets its reader; empty for the team's mailboxes, a shared one, and a stranger's.

    By the address, not by what the email is about: so nobody is called by the name of the person who had a booking before them.
    """
    if address.lower() in team_addresses():
        return ""
    names = {name for finder in NAME_FINDERS for name in finder(address)}
    return names.pop() if len(names) == 1 else ""


def find_mobiles(addresses: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(number for finder in MOBILE_FINDERS for number in finder(addresses)))


def find_reader_language(address: str) -> str:
    """The reader's language. The site's own if they chose none, or if it has no other; then it asks nothing."""
    languages = dict(settings.LANGUAGES)
    if len(languages) > 1 and address.lower() not in team_addresses():
        found = filter(languages.get, (finder(address) for finder in LANGUAGE_FINDERS))
        return next(found, settings.LANGUAGE_CODE)
    return settings.LANGUAGE_CODE


def team_addresses() -> set[str]:
    """Shared mailboxes that the settings name, in lower case."""
    told = site_settings()
    leads = (told.safeguarding_lead_email, told.data_protection_lead_email)
    return {address.lower() for address in (told.team_email, *leads, told.visit_escalation_email, told.request_escalation_email)}


def find_address_owners(address: str) -> list[Owner]:
    return [owner for finder in OWNER_FINDERS for owner in finder(address)]
