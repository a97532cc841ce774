"""Runs in the scanner's own environment, `python attacker.py WORDS…`: Wapiti, but for how it fills in our forms.

Wapiti fills each empty box. Ours have one that only a program fills in (ADR 42), and what Wapiti writes into others no form
takes: it would see the same refusal each time, and nothing behind it. So it leaves that box empty and writes what fits.
"""

from wapitiCore.main.wapiti import wapiti_asyncio_wrapper
from wapitiCore.parsers import html_parser

LEFT_EMPTY = {"homepage"}
WRITTEN = {"postcode": "LS1 4AP", "phone": "0113 496 0000", "email": "scanned@leeds.nhs.uk", "copies": "5", "attendees": "12"}
usual = html_parser.get_input_field_value


def fitting(input_field: object, autofill: bool = False) -> str:
    name = input_field["name"].lower()
    if name in LEFT_EMPTY:
        return ""
    given = usual(input_field, autofill)
    known = next((value for part, value in WRITTEN.items() if part in name), None)
    return known if known and not input_field.get("value") and given else given


html_parser.get_input_field_value = fitting
wapiti_asyncio_wrapper()
