"""From a Message to subject, text and HTML: our layout, styles inlined, and a copy to keep without its private links."""

import html as html_module
from dataclasses import dataclass

import css_inline
from django.conf import settings
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from notifications.plain_text import plain_text
from notifications.registry import Message

PRIVATE_LINKS = "private_links"
# Follows the line that lists of messages show, lest the head of the email fill it up: spaces that show nothing.
GAP = "\u2007\u034f" * 60
CHARSET = '<meta charset="utf-8">'
INLINER = css_inline.CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)


@dataclass(frozen=True)
class Rendered:
    """The words of one email. `private_links` are its links that carry a token."""

    subject: str
    text: str
    html: str
    private_links: tuple[str, ...] = ()

    def to_keep(self) -> "Rendered":
        """As it is stored for staff to read: whoever reads it there must not be able to act as the reader."""
        return Rendered(self._without_links(self.subject), self._without_links(self.text), self._without_links(self.html))

    def _without_links(self, body: str) -> str:
        for link in sorted(self.private_links, key=len, reverse=True):
            for written in {link, html_module.escape(link)}:
                body = body.replace(written, _("[private link]"))
        return body


def render(message: Message, *, choices_link: str = "") -> Rendered:
    """From emails/<template>.html. `choices_link` leads to the page where its reader chooses what they get."""
    links = [choices_link] if choices_link else []
    facts = {**message.context, "choices_link": choices_link, PRIVATE_LINKS: links}
    rendered = render_page(template_of(message), message.subject, facts)
    return Rendered(rendered.subject, rendered.text, rendered.html, tuple(dict.fromkeys(links)))


def template_of(message: Message) -> str:
    return f"emails/{message.template}.html"


def render_page(template_name: str, subject: object, context: dict[str, object]) -> Rendered:
    """A template that extends emails/base.html as HTML with its styles inlined, and the text that says the same."""
    subject = one_line(str(subject))
    html = render_to_string(template_name, {**mail_facts(), **context, "subject": subject})
    return Rendered(subject, plain_text(html), inline_styles(html))


def mail_facts() -> dict[str, object]:
    """What the layout of every email needs."""
    return {
        "site_url": settings.SITE_URL,
        "gap": GAP,
        "advice_phone": settings.ADVICE_PHONE,
        "advice_call": phone_link(settings.ADVICE_PHONE),
        "advice_email": settings.ADVICE_EMAIL,
        "advice_hours": settings.ADVICE_HOURS,
    }


def phone_link(number: str) -> SafeString:
    """One tap on a phone, and never broken over two lines."""
    return format_html('<a class="keep" href="tel:{}">{}</a>', number.replace(" ", ""), number)


def inline_styles(html: str) -> str:
    """Styles on the elements, because many mail programs drop the <style> of a page; media queries stay in it.

    The inliner puts those first in the head; the character set goes before them, within the 1024 bytes that HTML allows it.
    """
    inlined: str = INLINER.inline(html) if html else ""
    return inlined.replace(CHARSET, "", 1).replace("<head>", f"<head>{CHARSET}", 1) if CHARSET in inlined else inlined


def one_line(text: str) -> str:
    """A subject has one line: a line break in a name must not become a header."""
    return " ".join(text.split())
