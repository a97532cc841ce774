"""From the words of a message to the email that travels."""

import re
import secrets
from dataclasses import dataclass
from email.utils import parseaddr
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import get_template
from django.utils.crypto import salted_hmac

from notifications import choices
from notifications.models import Notification
from notifications.registry import Message, desk_of, topic_of
from notifications.rendering import Rendered, template_of
from notifications.senders import Desk, sender_of

METHOD = re.compile(rb"^METHOD:([A-Z]+)\r?$", re.MULTILINE)
TEAM_LAYOUT = '{% extends "emails/staff.html" %}'


@dataclass(frozen=True)
class ChoiceLinks:
    """Where the reader chooses what they get, and the address at which one POST ends mail of this topic (RFC 8058)."""

    page: str = ""
    stop: str = ""


class Mail(EmailMultiAlternatives):
    """Its parts are parted by lines that we choose: Python would look through all parts whether its own occurs there."""

    def message(self, **more: Any) -> Any:
        message = super().message(**more)
        for part in message.walk():
            if part.is_multipart():
                part.set_boundary(new_boundary())
        return message


def new_boundary() -> str:
    """Occurs in no text: "=_" is neither quoted-printable nor base64 (RFC 2045, 6.7), and nobody guesses the rest."""
    return f"=_{secrets.token_hex(16)}"


def links_of_choice(notification: Notification, message: Message) -> ChoiceLinks:
    """Of no use to the team, unless for mail that has a topic."""
    topic, reader = topic_of(notification.kind), notification.recipient
    if topic:
        return ChoiceLinks(choices.page_link(reader), choices.one_click_link(reader, topic))
    return ChoiceLinks() if is_for_team(message) else ChoiceLinks(choices.page_link(reader))


def compose(
    notification: Notification, rendered: Rendered, message: Message | None = None, links: ChoiceLinks = ChoiceLinks()
) -> EmailMultiAlternatives:
    """Text, HTML and calendar as alternatives of one body, then the attachments. Account mail has no `message`."""
    sender = sender_of(desk_for(notification, message))
    mail = Mail(
        subject=rendered.subject,
        body=rendered.text,
        from_email=sender.from_email,
        to=[notification.recipient],
        reply_to=[message.reply_to if message and message.reply_to else sender.reply_to],
        headers={
            "Message-ID": notification.message_id,
            "Auto-Submitted": "auto-generated",
            **thread_headers(notification),
            **stop_headers(links),
        },
    )
    if rendered.html:
        mail.attach_alternative(rendered.html, "text/html")
    if message and message.calendar:
        attach_calendar(mail, message)
    for attachment in message.attachments if message else ():
        mail.attach(attachment.filename, attachment.content, attachment.mimetype)
    return with_return_address(mail)


def with_return_address(mail: EmailMultiAlternatives) -> EmailMultiAlternatives:
    """The envelope's sender, to which servers report what they could not deliver. People answer to Reply-To; they see From.

    With BOUNCE_VERP it carries the message's own number, so that a report that says nothing else is understood (ADR 60).
    """
    if settings.BOUNCE_ADDRESS:
        name, _at, domain = settings.BOUNCE_ADDRESS.rpartition("@")
        number = mail.extra_headers["Message-ID"].strip("<>").partition("@")[0]
        mail.extra_headers["From"] = mail.from_email
        mail.from_email = f"{name}+{number}@{domain}" if settings.BOUNCE_VERP else settings.BOUNCE_ADDRESS
    return mail


def desk_for(notification: Notification, message: Message | None) -> Desk:
    if message is None:
        return Desk.ACCOUNTS
    return Desk.TEAM if is_for_team(message) else desk_of(notification.kind)


def is_for_team(message: Message) -> bool:
    """To staff or a presenter: what has their layout, which says so to the reader too."""
    origin = get_template(template_of(message)).origin  # type: ignore[attr-defined]
    return str(origin.loader.get_contents(origin)).startswith(TEAM_LAYOUT)


def attach_calendar(mail: EmailMultiAlternatives, message: Message) -> None:
    """The part that Outlook and Gmail act on and, for an invitation, a copy as a file for programs that only open files.

    RFC 6047: `method` of the part equals METHOD of the body. Raises ValueError where it does not.
    """
    found = METHOD.search(message.calendar)
    if not found or found[1].decode() != message.calendar_method:
        raise ValueError("the calendar's METHOD is not the message's calendar_method")
    mail.attach_alternative(message.calendar.decode(), f"text/calendar; method={message.calendar_method}")
    if message.calendar_method == "REQUEST":
        mail.attach("invite.ics", message.calendar, "application/ics")


def stop_headers(links: ChoiceLinks) -> dict[str, str]:
    """The button by which a mail program unsubscribes: it POSTs, so a scanner that opens the address changes nothing."""
    if not links.stop:
        return {}
    return {"List-Unsubscribe": f"<{links.stop}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}


def thread_headers(notification: Notification) -> dict[str, str]:
    """All mail about one object points to one root that was never sent, so mail programs show it together (RFC 5322, 3.6.4)."""
    if notification.is_account_mail:
        return {}
    domain = parseaddr(notification.message_id)[1].rpartition("@")[2]
    root = f"<thread.{salted_hmac('notifications.thread', notification.about).hexdigest()[:24]}@{domain}>"
    return {"In-Reply-To": root, "References": root}
