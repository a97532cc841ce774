"""Parts that stand on every page and are drawn once for all that they say: the head, the foot, the advice line and panel.

Each is kept under the values of all that it asks of the page, so it can't say anything else than it would if it were drawn anew:
whoever uses another variable in one of these templates names it here, and a test finds out who forgot (ADR 62).
"""

from collections.abc import Callable, Hashable

from django.conf import settings
from django.template import Context
from django.template.base import Variable, VariableDoesNotExist

MOST_KEPT = 64  # of each part, about 3 kB; an address with a reference in it is seldom asked for twice
ASKED = {
    "includes/mark.html": (),
    "includes/advice_line.html": (),
    "includes/advice_panel.html": (),
    "includes/header.html": ("request.path", "in_basket", "user.is_authenticated"),
    "includes/footer.html": (
        "request.path",
        "request.address_is_private",
        "user.is_authenticated",
        "user.is_staff",
        "development",
        "site_url",
    ),
}


class Part:
    """One of these templates, and what it said so far."""

    def __init__(self, name: str) -> None:
        self.asked = [Variable(each) for each in ASKED[name]]
        self.kept: dict[Hashable, str] = {}

    def render(self, context: Context, draw: Callable[[Context], str]) -> str:
        key = (settings.ADVICE_PHONE, settings.ADVICE_EMAIL, *(value_of(each, context) for each in self.asked))
        html = self.kept.get(key)
        if html is None:
            html = draw(context)
            if len(self.kept) >= MOST_KEPT:
                self.kept.clear()
            self.kept[key] = html
        return html


def value_of(variable: Variable, context: Context) -> Hashable:
    """As a condition sees it: None where there is none."""
    try:
        value: Hashable = variable.resolve(context)
    except VariableDoesNotExist:
        return None
    return value
