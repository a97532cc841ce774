"""'1 orders' is nowhere: a figure before a noun has its singular too, unless it can't be 1."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from bench.figures import PACKAGES
from leaflets.dispatch.queries import TitleToPack

NOUNS = (
    "addresses|bookings|copies|days|dates|emails|leaflets|messages|minutes|orders|parcels|people|places|requests|sessions|titles"
)
FIGURE = re.compile(rf"(%\(\w+\)[ds]|{{{{ \w+ }}}}) (more |other )?({NOUNS})\b")
PLAIN = {"_", "gettext", "gettext_lazy"}
NEVER_ONE = {
    # limits and lengths that we set
    *(
        "Your numbers by profession add up to %(counted)d. No",
        "A session has between 1 and %(most)d",
        "%(came)d came, %(taken)d had a place but did not come",
        "Enter %(n)s copies of “%(title)s” or",
    ),
    *(
        "You have saved {{ most_kept }} addresses",
        "More than {{ most }} people match.",
        "Then we erase what names you",
        "%(days)d days before it is %(kept)s",
        "The code works once, for {{ minutes }} minutes, in the browser",
    ),
    *(
        "Enter it on the page where you asked for it. It works for {{ minutes }}",
        "{{ minutes }} minutes",
        "Start times for “{{ title }}”",
    ),
    *(
        "This presentation takes {{ minutes }}",
        "Say {{ minutes }} minutes",
        "A presenter will talk to your team by video call for {{ minutes }}",
    ),
    # of several, or with a sentence of its own for 1
    *("%(copies)d copies of %(titles)d leaflets", "{{ found }} orders match", "%(count)d requests have waited"),
    # of reach: 90 days between two invitations, and how long a presentation takes
    *("%(n)d in the %(days)d days after, by people", "Invited in the last %(days)d days", "We write to <strong>{{ shown }}"),
    *("Only people who asked for <em>visits near me</em>", "People there who asked for invitations near them"),
    *("“{{ title }}” is free, takes {{ minutes }}", "“{{ title }}” takes {{ minutes }}"),
    *("We sent you this because you asked for invitations", "Our legal basis is legitimate interest. We write"),
    "Leave %(from)s at %(clock)s. The journey",  # an example
}


def said() -> Iterator[str]:
    root = Path(settings.BASE_DIR)
    for path in (path for app in PACKAGES for path in (root / app).rglob("*.py") if "local" not in path.parts):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in PLAIN:
                yield from (str(text.value) for text in node.args if isinstance(text, ast.Constant))
    for path in (root / "templates").rglob("*.html"):
        for opening, text in re.findall(r"{% blocktranslate([^%]*)%}(.*?){% endblocktranslate %}", path.read_text(), re.DOTALL):
            if " count " not in opening:
                yield " ".join(text.split())


def test_a_figure_before_a_noun_has_its_singular() -> None:
    figures = [text for text in said() if FIGURE.search(text)]
    assert [text for text in figures if not text.startswith(tuple(NEVER_ONE))] == []
    assert {begins for begins in NEVER_ONE if not any(text.startswith(begins) for text in figures)} == set()


def test_one_order_to_pack_is_one_order() -> None:
    assert TitleToPack(1, "One", orders=1, copies=1).label == "One (1 copy, 1 order)"
    assert TitleToPack(1, "One", orders=2, copies=3, counted=False).label == "One (at least 3 copies, 2 orders)"
