"""Samples of every kind of email, with made-up data: for the styleguide, and for checks of words and layout.

The module of a kind has a function `examples` with at least one of each. Stores and sends nothing.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, partial
from typing import Any

from django.conf import settings
from django.core.exceptions import ObjectDoesNotExist
from django.core.mail import EmailMultiAlternatives
from django.http import HttpRequest
from django.utils import translation
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from notifications import rendering
from notifications.models import Notification, visible_to
from notifications.outbox import mail_domain
from notifications.registry import Desk, Email, Message, all_emails, email_modules, find_email_class, find_reader_name
from notifications.rendering import Rendered, one_line, render
from office.texts.sources import TextSource
from staff.audit import audit_note

EmailContent = Message | Rendered
SAMPLE_NOW = datetime(2027, 2, 22, 10, tzinfo=UTC)
READER_ADDRESS, PRESENTER_ADDRESS, TEAM_ADDRESS = "nadia.rahman@leeds.nhs.uk", "asha.patel@ctac.example", "team@ctac.example"
NAMES_BY_ADDRESS = {READER_ADDRESS: "Nadia Rahman", PRESENTER_ADDRESS: "Asha Patel"}
# A made-up link that leads nowhere.
SAMPLE_LINK = f"{settings.SITE_URL}/mail/private/"


@dataclass(frozen=True)
class Example:
    """One case of a kind. `words` builds the text when it is called, in the active language."""

    kind: str
    title: str | Promise
    words: Callable[[], EmailContent]
    recipient: str = READER_ADDRESS

    def desk_and_subject(self) -> tuple[Desk, str]:
        """The desk that sends it, and its subject."""
        words = self.words()
        desk = rendering.desk_for(Notification(kind=self.kind), words if isinstance(words, Message) else None)
        return desk, one_line(str(words.subject))


def example(email: type[Email], case: str | Promise = "", *, title: str | Promise = "", **facts: Any) -> Example:
    """A case of that kind; `facts` are of its notification (`version`, `recipient`), or stand in for what it would read."""
    row = {name: facts.pop(name) for name in ("about", "created_at", "recipient", "reference", "version") if name in facts}
    notification = Notification(kind=email.name, **{"created_at": SAMPLE_NOW, "recipient": READER_ADDRESS, "version": 0, **row})
    title = title or (f"{email.label}, {case}" if case else email.label)
    return Example(email.name, title, lambda: email(notification, **facts).message(), notification.recipient)


@dataclass(frozen=True)
class Sample:
    """An example as it would travel."""

    kind: str
    title: str
    subject: str
    html: str
    text: str
    recipient: str = READER_ADDRESS
    message: Message | None = None

    def as_mail(self) -> EmailMultiAlternatives:
        """The email with all its headers and parts."""
        row = Notification(
            kind=self.kind,
            about=f"sample:{self.kind}",
            is_account_mail=self.message is None,
            recipient=self.recipient,
            message_id=f"<{self.kind}@{mail_domain()}>",
        )
        rendered = Rendered(self.subject, self.text, self.html)
        return rendering.compose(row, rendered, self.message, made_up_links(self.kind, self.message))


def all_samples() -> list[Sample]:
    """All examples, rendered: module by module, each kind's usual case first."""
    with translation.override(settings.LANGUAGE_CODE):
        return [_sample(example) for example in all_examples()]


def all_examples() -> list[Example]:
    """All examples in the same order, not worded yet."""
    return [example for module in email_modules() for example in examples_of(module, translation.get_language())]


@cache
def examples_of(module: str, language: str | None) -> tuple[Example, ...]:
    """Cached, because some examples have many made-up rows. `language` is the active one, which the titles use."""
    return tuple(import_string(f"{module}.examples")())


def sample_at(number: int, kind: str = "") -> Sample | None:
    """One of `all_samples`, or of one kind, counted from 1. Renders only that one: each takes some milliseconds."""
    with translation.override(settings.LANGUAGE_CODE):
        examples = [example for example in all_examples() if kind in {"", example.kind}]
        return _sample(examples[number - 1]) if 0 < number <= len(examples) else None


def _sample(example: Example) -> Sample:
    words = example.words()
    message = words if isinstance(words, Message) else None
    recipient = (
        TEAM_ADDRESS if message and rendering.is_for_team(message) and example.recipient == READER_ADDRESS else example.recipient
    )
    rendered = words if isinstance(words, Rendered) else render_sample(example.kind, words, recipient)
    return Sample(example.kind, str(example.title), rendered.subject, rendered.html, rendered.text, recipient, message)


def render_sample(kind: str, message: Message, recipient: str) -> Rendered:
    return render(message, choices_link=made_up_links(kind, message).page, reader_name=NAMES_BY_ADDRESS.get(recipient, ""))


def made_up_links(kind: str, message: Message | None) -> rendering.ChoiceLinks:
    """The links that a reader of such mail would have, but leading nowhere."""
    email = find_email_class(kind)
    if email and email.topic:
        return rendering.ChoiceLinks(SAMPLE_LINK, f"{SAMPLE_LINK}stop/{email.topic}/")
    if email and email.has_own_stop:
        return rendering.ChoiceLinks(stop=SAMPLE_LINK)
    return rendering.ChoiceLinks() if message is None or rendering.is_for_team(message) else rendering.ChoiceLinks(SAMPLE_LINK)


# The emails as places whose texts staff may word (office/texts), each shown with the newest real one, or else as a sample.

LAYOUTS = ("emails/base.html", "emails/staff.html")
SUBJECT_LINE = '<p style="padding: 15px 30px; margin: 0"><strong>{}</strong> {}</p>'
ACCOUNT_EMAILS_TITLE = _("Emails about accounts")
MAX_TRIED = 5  # the newest may be about what has been erased since


def email_text_sources() -> Iterator[TextSource]:
    everywhere = _("Every email: how it begins and ends")
    yield TextSource("every-email", everywhere, _("Emails"), LAYOUTS, preview=partial(preview, "booking-confirmed"))
    for email in (email for email in all_emails() if email.templates()):
        templates, shown = email.templates(), partial(preview, email.name)
        for_team = rendering.is_for_team(Message("", templates[0].removeprefix("emails/").removesuffix(".html")))
        group = _("Emails to the team and its presenters") if for_team else _("Emails to professionals")
        yield TextSource(email.name, email.label, group, tuple(templates), tuple(email.subjects()), shown)


def preview(kind: str, request: HttpRequest) -> str:
    """The email as a whole page, below its subject, without the links that only its reader may have."""
    rendered = render_newest(kind, request) if request.user.has_perm("notifications.view_notification") else None
    if rendered is None:
        example = next(example for example in all_examples() if example.kind == kind)
        words = example.words()
        rendered = words if isinstance(words, Rendered) else render_sample(kind, words, example.recipient)
    kept = rendered.without_private_links()
    body = kept.html.find(">", kept.html.find("<body")) + 1
    return kept.html[:body] + format_html(SUBJECT_LINE, _("Subject:"), kept.subject) + kept.html[body:]


def render_newest(kind: str, request: HttpRequest) -> Rendered | None:
    """The newest message of the kind that this colleague may read, worded anew. Nothing is stored or sent."""
    rows = Notification.objects.filter(visible_to(request.user), kind=kind, is_account_mail=False)
    email = find_email_class(kind)
    if email is None:
        return None
    for row in rows.order_by("-created_at", "-pk")[:MAX_TRIED]:
        with suppress(ObjectDoesNotExist, LookupError, ValueError):
            shown = render(email(row).message(), choices_link=SAMPLE_LINK, reader_name=find_reader_name(row.recipient))
            note = audit_note(request)
            note.kind, note.keys = Notification._meta.label_lower, [str(row.pk)]
            return shown
    return None
