"""My data is complete: what is planted in a field of somebody's comes back in the file, as JSON and as a page to read."""

import json
import re

import pytest
import time_machine
from django.db import models

from privacy import services as privacy_services
from privacy.personal_data import ExportFormat, export_response
from professionals.models import FlagDecision, FlaggedText, Person
from tests.bookings.rows import NOW
from tests.privacy.canary.planting import MADE, MOBILE, NO_WORDS, THEIRS, fields_with_words, model_named, plant

pytestmark = pytest.mark.django_db

# What is not given back, and why.
LEFT_OUT = {
    "Session.session_data": "what the browser has typed, encrypted; it is theirs on the pages, and goes with the session",
    "Notification.sealed_body": "a code that has not gone yet",
    "Notification.html_body": "says what the text says",
    "Notification.last_error": "our mail server's words about itself",
    "MarkedAddress.said": "the same stands with what came back",
    "MarkedAddress.address": "their address, which is given",
    "BusyTime.travel_reason": "why a colleague's journey is longer: nothing of the person",
    "Parcel.tracking_number": "the same as of the dispatch; until then no parcel has left",
    "StockMovement.reason": "the same as of the event of the order",
    **{f"{model}.searched": "a copy of what is given" for model in ("Person", "Booking", "Order")},
}


def marks() -> dict[str, str]:
    """A word of its own for each field: 'Booking.notes' → 'zq17z'."""
    fields = [f"{model}.{name}" for model, names in fields_with_words().items() if THEIRS[model] is not None for name in names]
    words = {field: f"zq{number}z" for number, field in enumerate(fields) if field not in NO_WORDS | MADE | set(LEFT_OUT)}
    return words | {"User.mobile": MOBILE}  # of which the database takes no other words


def column_of(field: str) -> models.Field:
    name, column = field.split(".")
    found: models.Field = model_named(name)._meta.get_field(column)
    return found


def is_address(field: str) -> bool:
    """An email address leads to the person, so it stays, and is looked for as it is."""
    return isinstance(column_of(field), models.EmailField)


def mark(person: Person, field: str, word: str) -> None:
    name, column = field.split(".")
    of_theirs = {THEIRS[name]: person.pk} if THEIRS[name] else {}
    rows = model_named(name)._base_manager.filter(**of_theirs)
    if not is_address(field):
        rows.update(**{column: {"note": word} if isinstance(column_of(field), models.JSONField) else word})


def test_what_is_left_out_exists():
    fields = {f"{model}.{name}" for model, names in fields_with_words().items() for name in names}
    assert set(LEFT_OUT) - fields == set()


def test_every_field_of_theirs_is_in_both_files():
    with time_machine.travel(NOW):
        person = plant(NOW)
        words = marks()
        for field, word in words.items():
            mark(person, field, word)
        # What waits for the safeguarding lead is in no file (tests/professionals/test_kept_back.py): here all is decided.
        FlaggedText.objects.update(decision=FlagDecision.NO_CHILD)
        person.refresh_from_db()
        data = privacy_services.export_person(person)
        said = export_response(data, ExportFormat.JSON).content.decode()
        page = export_response(data, ExportFormat.HTML).content.decode()
    assert [field for field, word in words.items() if not is_address(field) and word not in said] == []
    assert [field for field, word in words.items() if not is_address(field) and word not in page] == []
    assert "quillfinch@leeds.nhs.uk" in said
    leaves = re.findall(r'": "([\w .@-]+)"', said)
    assert len(leaves) > 60
    assert json.loads(said).keys() == data.keys()
    assert '<html lang="en-GB">' in page
    assert page.count("<h2>") == len(data)
