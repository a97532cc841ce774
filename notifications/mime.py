"""From the words of a message to the email that travels."""

import re
from email.utils import parseaddr

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.utils.crypto import salted_hmac

from notifications.models import Notification
from notifications.registry import Message
from notifications.rendering import Rendered

METHOD = re.compile(rb"^METHOD:([A-Z]+)\r?$", re.MULTILINE)


def compose(notification: Notification, rendered: Rendered, message: Message | None = None) -> EmailMultiAlternatives:
    """Text, HTML and calendar as alternatives of one body, then the attachments. Account mail has no `message`."""
    mail = EmailMultiAlternatives(
        subject=rendered.subject,
        body=rendered.text,
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[notification.recipient],
        reply_to=[message.reply_to if message and message.reply_to else settings.ADVICE_EMAIL],
        headers={"Message-ID": notification.message_id, "Auto-Submitted": "auto-generated", **thread_headers(notification)},
    )
    if rendered.html:
        mail.attach_alternative(rendered.html, "text/html")
    if message and message.calendar:
        attach_calendar(mail, message)
    for attachment in message.attachments if message else ():
        mail.attach(attachment.filename, attachment.content, attachment.mimetype)
    return mail


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


def thread_headers(notification: Notification) -> dict[str, str]:
    """All mail about one object points to one root that was never sent, so mail programs show it together (RFC 5322, 3.6.4)."""
    if notification.is_account_mail:
        return {}
    domain = parseaddr(notification.message_id)[1].rpartition("@")[2]
    root = f"<thread.{salted_hmac('notifications.thread', notification.about).hexdigest()[:24]}@{domain}>"
    return {"In-Reply-To": root, "References": root}
