"""Which forms of a page carry no token, and which routes take a POST without one."""

import re

from django.urls import resolve

# By route: why it takes a POST without a token.
WITHOUT_A_TOKEN = {
    "mail_events": "a mail provider’s machine posts, which signs what it says or sends a password",
    "set_language": "the switch of every page, of those too that set no cookie; what another site sends changes nothing",
    "mail_stop": "a mail program presses for its reader, without cookies (RFC 8058)",
    "mailbox_objection": "the same of a mailbox that is nobody’s own: all that a POST does is to stop our mail",
    "who_to_tell": "it looks a postcode up and changes nothing, also where a browser refuses cookies",
    **dict.fromkeys(
        ("certificate", "feedback", "feedback_code", "feedback_thanks", "host_again", "host_feedback", "three_months_on"),
        "by a code from a slide or an email; it sets no cookie, so nothing is done in anybody’s name that a browser keeps",
    ),
}
# What the styleguide only shows.
NEVER_SENT = {"styleguide_form"}
FORM = re.compile(r"<form\b([^>]*)>(.*?)</form>", re.DOTALL)
ACTION = re.compile(r'\baction="([^"?#]*)')
TOKEN = re.compile(r'<input type="hidden" name="csrfmiddlewaretoken" value="\w{64}">')


def forms_without_a_token(html: str, address: str) -> list[str]:
    """Where those forms of the page at this address post to that a browser could not send."""
    found = []
    for opening, inside in FORM.findall(html):
        if 'method="post"' in opening and not TOKEN.search(inside):
            action = ACTION.search(opening)
            found.append((action and action[1]) or address.partition("?")[0])
    return [action for action in found if resolve(action).url_name not in WITHOUT_A_TOKEN.keys() | NEVER_SENT]
