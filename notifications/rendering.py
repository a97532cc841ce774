"""Turns a Message into subject, text and HTML with our layout and inlined styles, and a copy to keep without private links."""

import html as html_module
import json
import re
import secrets
import textwrap
from base64 import urlsafe_b64encode
from dataclasses import asdict, dataclass
from email.utils import parseaddr
from html.parser import HTMLParser
from typing import Any

import css_inline
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import get_template, render_to_string
from django.utils.crypto import salted_hmac
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from notifications import preferences
from notifications.models import Notification
from notifications.registry import Desk, Message, find_email_class
from office.site_settings.queries import advice_hours, site_settings

PRIVATE_LINKS = "private_links"
# Invisible spaces after the preview line, so that inboxes don't fill it up with the head of the email.
PREHEADER_PADDING = "\u2007\u034f" * 60
CHARSET_META = '<meta charset="utf-8">'
INLINER = css_inline.CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)


@dataclass(frozen=True)
class Rendered:
    """The words of one email. `private_links` are its links that carry a token."""

    subject: str
    text: str
    html: str
    private_links: tuple[str, ...] = ()

    def without_private_links(self) -> "Rendered":
        """The copy that is stored for staff, without private links, so that nobody can act as the reader."""
        subject, text, html = self.subject, self.text, self.html
        for link in sorted(self.private_links, key=len, reverse=True):
            for written in {link, html_module.escape(link)}:
                subject, text, html = (part.replace(written, _("[private link]")) for part in (subject, text, html))
        return Rendered(subject, text, html)


def render(message: Message, *, choices_link: str = "", reader_name: str = "") -> Rendered:
    """Renders emails/<template>.html. `choices_link` leads to the page where the reader chooses what they get."""
    links = [choices_link] if choices_link else []
    facts = {**message.context, "choices_link": choices_link, "reader_name": reader_name, PRIVATE_LINKS: links}
    rendered = render_page(f"emails/{message.template}.html", message.subject, facts)
    return Rendered(rendered.subject, rendered.text, rendered.html, tuple(dict.fromkeys(links)))


def render_page(template_name: str, subject: object, context: dict[str, object]) -> Rendered:
    """Renders a template that extends emails/base.html to HTML with inlined styles, and to the same text."""
    subject, site = one_line(str(subject)), site_settings()
    layout = {
        "site_url": settings.SITE_URL,
        "charity": site.charity,
        "gap": PREHEADER_PADDING,
        "advice_phone": site.advice_phone,
        "advice_call": phone_link(site.advice_phone),
        "advice_email": site.advice_email,
        "advice_hours": advice_hours(),
    }
    drawn = render_to_string(template_name, {**layout, **context, "subject": subject})
    html = drawn.replace(' href="/', f' href="{settings.SITE_URL}/')  # a link that staff wrote, to a page of ours
    return Rendered(subject, plain_text(html), inline_styles(html))


def phone_link(number: str) -> SafeString:
    """A link to call a number with one tap, never broken over two lines."""
    return format_html('<a class="keep" href="tel:{}">{}</a>', number.replace(" ", ""), number)


def inline_styles(html: str) -> str:
    """Styles on the elements, because many mail programs drop the <style> of a page; media queries stay in it.

    The inliner puts those first in the head; the character set goes before them, within the 1024 bytes that HTML allows it.
    """
    inlined: str = INLINER.inline(html) if html else ""
    return (
        inlined.replace(CHARSET_META, "", 1).replace("<head>", f"<head>{CHARSET_META}", 1) if CHARSET_META in inlined else inlined
    )


def one_line(text: str) -> str:
    """A subject has one line: a line break in a name must not become a header."""
    return " ".join(text.split())


MAX_LINE_WIDTH = 78  # RFC 5322, 2.1.1: no line should be longer
SKIPPED_TAGS = {"head", "style", "script"}
# The inbox shows the preheader, and the sender's name says the brand.
SKIPPED_CLASSES = {"preheader", "brand"}
BLOCK_TAGS = {"p", "h1", "h2", "ul", "ol", "table", "div"}
VOID_TAGS = {"meta", "br", "link", "img", "hr"}
# HTML's own spaces are dropped. INDENT stands for two spaces before a line, HANGING for two before its wrapped lines.
INDENT, HANGING_INDENT = "\t", "\v"
WHITESPACE_PATTERN = re.compile(r"\s+")


def plain_text(html: str) -> str:
    """The text of our layout's HTML (emails/base.html), so that both say the same and nothing is written twice.

    One paragraph a block; a fact is 'Label: value'; each link stands alone on its line, however long it is.
    """
    reader = _PlainTextParser()
    reader.feed(html[max(html.find("<body"), 0) :])
    reader.close()
    return reader.text()


class _PlainTextParser(HTMLParser):
    """`blocks` are paragraphs, each of lines; `skipping` are the open tags of what is left out."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.blocks: list[list[str]] = [[""]]
        self.skipping: list[str] = []
        self.link = self.label = self.address = ""
        self.after_label = self.in_value = self.in_item = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if self.skipping or tag in SKIPPED_TAGS or given.get("class") in SKIPPED_CLASSES:
            self.skipping += [] if tag in VOID_TAGS else [tag]
        elif tag in BLOCK_TAGS:
            self._end_block()
        elif tag == "br":
            self.blocks[-1].append(self.line_prefix)
        elif tag == "tr":
            self.blocks[-1].append("")
        elif tag == "td":
            self.in_value = self.after_label
        elif tag == "th":
            self.blocks[-1][-1] += HANGING_INDENT
        elif tag == "li":
            self.blocks[-1].append(f"{HANGING_INDENT}- ")
            self.in_item = True
        elif tag == "a" and (given.get("href") or "").startswith("http"):
            self.link, self.label = str(given["href"]), ""
        elif tag == "a" and (given.get("href") or "").startswith(("mailto:", "tel:")):
            self.address = str(given["href"]).partition(":")[2]

    def handle_endtag(self, tag: str) -> None:
        if self.skipping:
            self.skipping.pop()
        elif tag in BLOCK_TAGS:
            self._end_block()
        elif tag == "th":
            self.blocks[-1][-1] += ": "
            self.after_label = True
        elif tag == "td":
            self.in_value = self.after_label = False
        elif tag == "li":
            self.in_item = False
        elif tag == "a" and self.address:
            # Most are their own label; staff may write another one.
            if not self.blocks[-1][-1].replace(" ", "").endswith(self.address):
                self.blocks[-1][-1] += f" ({self.address})"
            self.address = ""
        elif tag == "a" and self.link:
            # A link that is its own label is written once.
            label, link, self.link = self.label.strip(), self.link, ""
            if label != link:
                self.blocks[-1][-1] += f"{label}:"
            self.blocks[-1] += [self.line_prefix + link, self.line_prefix]

    def handle_data(self, data: str) -> None:
        if self.skipping:
            return
        text = WHITESPACE_PATTERN.sub(" ", data)
        if self.link:
            self.label += text
        else:
            self.blocks[-1][-1] += text

    @property
    def line_prefix(self) -> str:
        """How a new line begins within a fact or a list item, so that the next one stands out."""
        return INDENT if self.in_value or self.in_item else ""

    def _end_block(self) -> None:
        if any(line.strip() for line in self.blocks[-1]):
            self.blocks.append([""])
        else:
            self.blocks[-1] = [""]

    def text(self) -> str:
        return (
            "\n\n".join(
                "\n".join(_wrap_line(line) for line in lines if line.strip())
                for lines in self.blocks
                if any(line.strip() for line in lines)
            )
            + "\n"
        )


def _wrap_line(line: str) -> str:
    text = " ".join(line.split())
    first = "  " if line.startswith(INDENT) else ""
    if len(first + text) <= MAX_LINE_WIDTH:
        return first + text
    more = "  " if line.startswith((INDENT, HANGING_INDENT)) else ""
    return textwrap.fill(
        text, MAX_LINE_WIDTH, initial_indent=first, subsequent_indent=more, break_long_words=False, break_on_hyphens=False
    )


CALENDAR_METHOD_PATTERN = re.compile(rb"^METHOD:([A-Z]+)\r?$", re.MULTILINE)
TEAM_LAYOUT = '{% extends "emails/staff.html" %}'


@dataclass(frozen=True)
class ChoiceLinks:
    """The page where the reader chooses what they get, and the address where one POST stops this topic (RFC 8058)."""

    page: str = ""
    stop: str = ""


class Mail(EmailMultiAlternatives):
    """An email whose boundaries we choose: Python would search all parts to see whether its own occurs there."""

    def message(self, **more: Any) -> Any:
        message = super().message(**more)
        for part in message.walk():
            if part.is_multipart():
                # Occurs in no text: "=_" is neither quoted-printable nor base64 (RFC 2045, 6.7), and nobody guesses the rest.
                part.set_boundary(f"=_{secrets.token_hex(16)}")
        return message


def choice_links(notification: Notification, message: Message) -> ChoiceLinks:
    """The links for this message. Mail to the team has none, unless it has a topic."""
    email, reader = find_email_class(notification.kind), notification.recipient
    if email and email.topic:
        return ChoiceLinks(preferences.choices_page_link(reader), preferences.one_click_unsubscribe_link(reader, email.topic))
    if email and email.has_own_stop:
        return ChoiceLinks(stop=email(notification).unsubscribe_link())
    return ChoiceLinks() if is_for_team(message) else ChoiceLinks(preferences.choices_page_link(reader))


def compose(
    notification: Notification, rendered: Rendered, message: Message | None = None, links: ChoiceLinks = ChoiceLinks()
) -> EmailMultiAlternatives:
    """Text, HTML and calendar as alternatives of one body; the calendar as a file, too. Account mail has no `message`."""
    desk = desk_for(notification, message)
    headers = {"Message-ID": notification.message_id, "Auto-Submitted": "auto-generated", **thread_headers(notification)}
    if links.stop:
        # The mail program's own unsubscribe button POSTs, so a scanner that opens the address changes nothing.
        headers |= {"List-Unsubscribe": f"<{links.stop}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    reads = site_settings().team_email if desk == Desk.TEAM else settings.MAIL_REPLIES.get(desk)
    reply_to = (message and message.reply_to) or reads or site_settings().advice_email
    mail = Mail(
        subject=rendered.subject,
        body=rendered.text,
        from_email=settings.MAIL_FROM.get(desk) or settings.DEFAULT_FROM_EMAIL,
        to=[notification.recipient],
        reply_to=[reply_to],
        headers=headers,
    )
    if rendered.html:
        mail.attach_alternative(rendered.html, "text/html")
    if message and message.calendar:
        # The part that Outlook and Gmail act on and, for an invitation, a copy as a file for programs that only open files. RFC
        # 6047: `method` of the part equals METHOD of the body. Raises ValueError where it does not.
        found = CALENDAR_METHOD_PATTERN.search(message.calendar)
        if not found or found[1].decode() != message.calendar_method:
            raise ValueError("the calendar's METHOD is not the message's calendar_method")
        mail.attach_alternative(message.calendar.decode(), f"text/calendar; method={message.calendar_method}")
        if message.calendar_method == "REQUEST":
            mail.attach("invite.ics", message.calendar, "application/ics")
    # The envelope's sender, to which servers report what they could not deliver. People answer to Reply-To; they see From. With
    # BOUNCE_VERP it carries the message's own number, so that a report that says nothing else is understood (ADR 3).
    if settings.BOUNCE_ADDRESS:
        name, _at, domain = settings.BOUNCE_ADDRESS.rpartition("@")
        number = mail.extra_headers["Message-ID"].strip("<>").partition("@")[0]
        mail.extra_headers["From"] = mail.from_email
        mail.from_email = f"{name}+{number}@{domain}" if settings.BOUNCE_VERP else settings.BOUNCE_ADDRESS
    return mail


def desk_for(notification: Notification, message: Message | None) -> Desk:
    """The desk that replies reach."""
    if message is None:
        return Desk.ACCOUNTS
    if is_for_team(message):
        return Desk.TEAM
    email = find_email_class(notification.kind)
    return email.desk if email else Desk.ADVICE


def is_for_team(message: Message) -> bool:
    """Whether it goes to staff or a presenter: its template then extends their layout."""
    origin = get_template(f"emails/{message.template}.html").origin  # type: ignore[attr-defined]
    return str(origin.loader.get_contents(origin)).startswith(TEAM_LAYOUT)


def thread_headers(notification: Notification) -> dict[str, str]:
    """All mail about one object refers to one root that was never sent, so mail programs thread it (RFC 5322, 3.6.4)."""
    if notification.is_account_mail:
        return {}
    domain = parseaddr(notification.message_id)[1].rpartition("@")[2]
    root = f"<thread.{salted_hmac('notifications.thread', notification.about).hexdigest()[:24]}@{domain}>"
    return {"In-Reply-To": root, "References": root}


def encrypt(rendered: Rendered) -> bytes:
    """Encrypts account mail while it waits: codes must not lie open in the database or its backups."""
    return fernet().encrypt(json.dumps(asdict(rendered)).encode())


def decrypt(encrypted: bytes) -> Rendered:
    """Raises UnreadableError if the key has changed and the old one is not in SECRET_KEY_FALLBACKS."""
    try:
        return Rendered(**json.loads(fernet().decrypt(encrypted)))
    except InvalidToken as error:
        raise UnreadableError from error


class UnreadableError(Exception):
    """The encrypted body can't be opened with any key that we have."""


def fernet() -> MultiFernet:
    """Derives keys for this use only (RFC 5869), so that they give nothing away about other uses of SECRET_KEY."""
    keys = []
    for secret in [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]:
        derivation = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"notifications: account mail")
        keys.append(Fernet(urlsafe_b64encode(derivation.derive(secret.encode()))))
    return MultiFernet(keys)
