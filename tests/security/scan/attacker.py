"""Runs in the scanner's own environment, `python attacker.py WORDS…`: Wapiti, but for how it fills in our forms.

Wapiti fills each empty box. Ours have one that only a program fills in (ADR 10), and what Wapiti writes into others no form
takes: it would see the same refusal each time, and nothing behind it. So it leaves that box empty and writes what fits. Of a list
that begins with “Choose …” it takes an answer. Which boxes it leaves empty besides, LEFT_EMPTY says in the environment.
"""

import os
from collections.abc import Iterator
from typing import Any

from wapitiCore.main.wapiti import wapiti_asyncio_wrapper
from wapitiCore.parsers import html_parser

LEFT_EMPTY = {"homepage", *os.environ.get("LEFT_EMPTY", "").split()}
WRITTEN = {
    "postcode": "LS1 4AP",
    "phone": "0113 496 0000",
    "email": "scanned@leeds.nhs.uk",
    "copies": "5",
    "attendees": "12",
    "audience_size": "12",
}
usual = html_parser.get_input_field_value
usual_forms = html_parser.Html.iter_forms


# Wapiti before 3.3, for Python 3.11, has a tag of the page for a field.
FIELD = getattr(html_parser, "HtmlFormField", ())


def fitting(field: Any, *more: object) -> object:
    name, value = (field.name, field.value) if isinstance(field, FIELD) else (field["name"], field.get("value"))
    if name.lower() in LEFT_EMPTY:
        return ""
    if isinstance(value, list) and value[0] == "":
        return value[-1]
    given = usual(field, *more)
    known = next((written for part, written in WRITTEN.items() if part in name.lower()), None)
    return known if known and not value and given else given


def with_an_answer_chosen(page: html_parser.Html, *more: object) -> Iterator[object]:
    """Wapiti leaves a list at what is chosen in it, though that be nothing; where nothing is chosen, it takes the last."""
    for nothing in page.soup.select('option[selected][value=""]'):
        del nothing["selected"]
    yield from usual_forms(page, *more)


html_parser.get_input_field_value = fitting
html_parser.Html.iter_forms = with_an_answer_chosen
wapiti_asyncio_wrapper()
