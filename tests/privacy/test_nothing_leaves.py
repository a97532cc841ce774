"""A note about a child that somebody keeps, planted by each form: no log, email, calendar, list, export, draft or session has it.

Then the safeguarding lead finds it and clears it, and no table of the database has it any more.
"""

import json
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.forms import Form
from django.test import Client
from django.urls import reverse

from accounts.models import Session
from accounts.sessions import SessionStore
from bookings.calendars import views as calendars_views
from bookings.models import Presenter
from leaflets.models import Order
from leaflets.orders.exports import order_rows
from notifications.models import Notification
from notifications.outbox import notify
from notifications.registry import email_for
from notifications.rendering import render
from professionals.exports import read_primary_keys
from professionals.models import Draft, FlaggedText, Person
from professionals.safeguarding import services as safeguarding_services
from professionals.safeguarding.forms import ChildDetailsMixin, StaffReasonForm
from professionals.safeguarding.services import fields_fingerprint, flagged_fields
from staff.site import staff_site
from tests.bookings.rows import NOW, at, make_booking, make_presenter
from tests.collecting import one_in
from tests.factories import make_staff, sign_in_staff
from tests.professionals.child_plants import NAME, PLANTED
from tests.professionals.free_text import GOES_AS, WRITTEN_BY
from tests.professionals.test_free_text import checked, named, our_forms

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def by_name() -> dict[str, type[Form]]:
    """Those forms whose words go by the detector, but none that the staff site makes of them while it runs."""
    found = {named(form): form for form in our_forms() if checked(form)}
    return {name: form for name, form in found.items() if getattr(sys.modules[form.__module__], form.__name__, None) is form}


CHECKED = by_name()


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The boxes whose words somebody kept, as forms say it; the forms do what they do."""
    found: set[str] = set()
    clean = ChildDetailsMixin.clean

    def watched(form: Any) -> Any:
        cleaned = clean(form)
        if form.flagged:
            name = next(named(each) for each in type(form).__mro__ if CHECKED.get(named(each)) is each)
            found.update(f"{name}.{field}" for field in form._suspicious)
        return cleaned

    monkeypatch.setattr(ChildDetailsMixin, "clean", watched)
    return found


@pytest.mark.parametrize("plant", one_in(4, PLANTED), ids=lambda plant: plant.__name__)
def test_what_is_kept_reaches_nobody_but_the_lead_who_clears_it(
    client: Client, caplog: pytest.LogCaptureFixture, kept: set[str], plant: Callable[[Client], None]
) -> None:
    with caplog.at_level("DEBUG"):
        plant(client)
        assert kept == PLANTED[plant]
        flagged = FlaggedText.objects.get()  # the form stopped the first time, and the lead is told of the second, once
        assert Notification.objects.filter(kind="safeguarding-flag").count() == 1
        assert tables_with(NAME) != set()
        seen = {
            "email": sent(),
            "draft": json.dumps(list(Draft.objects.values_list("answers", flat=True)), default=str),
            "session": json.dumps(
                [SessionStore().decode(session.session_data) for session in Session.objects.all()], default=str
            ),
            "calendar": calendars(),
            "list": lists(),
            "export": str([list(row) for row in order_rows(read_primary_keys(Order.objects.all()))]),
        }
    seen["log"] = caplog.text
    assert [where for where, words in seen.items() if NAME in words or "943 476 5919" in words] == []

    lead = make_staff()
    assert {NAME in words.text for words in flagged_fields(flagged)} == {True}
    safeguarding_services.mark_as_read(flagged=flagged, by=lead, now=NOW)
    safeguarding_services.clear_flagged(flagged=flagged, shown=fields_fingerprint(flagged_fields(flagged)), by=lead, now=NOW)
    assert tables_with(NAME) == set()


def test_no_box_for_words_is_forgotten() -> None:
    """Each is planted above, or can't be kept, or goes as a planted one: into the same column."""
    planted = {box for boxes in PLANTED.values() for box in boxes}
    never = {f"{name}.{field}" for name, form in CHECKED.items() for field in getattr(form, "never_kept", ())}
    forms = {name: form for name, form in CHECKED.items() if form is not StaffReasonForm}  # has its box in those that extend it
    every = {f"{name}.{field}" for name, form in forms.items() for field in checked(form)}
    assert every - planted - never == set(GOES_AS)
    assert set(GOES_AS.values()) - planted == set()
    assert [(box, other) for box, other in GOES_AS.items() if not columns_of(box) & columns_of(other)] == []


def columns_of(box: str) -> set[str]:
    """In which its words end; forms inherit boxes, so that of the first form that has it counts."""
    name, field = box.rsplit(".", 1)
    parents = [form.__name__ for form in CHECKED[name].__mro__ if field in getattr(form, "base_fields", ())]
    return {column for column, boxes in WRITTEN_BY.items() if {f"{parent}.{field}" for parent in parents} & boxes}


def test_the_looks_find_what_is_there() -> None:
    """The control: a note that nobody marked as a child's is in the list of tables, and in an email."""
    booking = make_booking(make_presenter(), at("10:00"), room=f"Dr {NAME}", notes="")
    assert tables_with(NAME) == {"bookings_booking"}
    notify(kind="staff-new-booking", about=f"booking:{booking.pk}", to=["t@ctac.example"], reference=booking.reference, now=NOW)
    assert NAME in sent()


def sent() -> str:
    """Every message as its reader would get it now, and what the outbox has of it."""
    words = [json.dumps(list(Notification.objects.values()), default=str)]
    for row in Notification.objects.all():
        message = email_for(row).message()
        rendered = render(message)
        words += [str(rendered), message.calendar.decode()]
    return "\n".join(words)


def calendars() -> str:
    entries = [entry for person in Person.objects.all() for entry in calendars_views.person_entries(person, NOW)]
    entries += [entry for presenter in Presenter.objects.all() for entry in calendars_views.presenter_entries(presenter, NOW)]
    return calendars_views.feed_file("All", entries, NOW).decode()


def lists() -> str:
    """Each list of the staff site and its first page, as somebody sees them who may see everything."""
    desk = sign_in_staff(Client(), make_staff())
    pages = [reverse("staff:index")]
    pages += [reverse(f"staff:{model._meta.app_label}_{model._meta.model_name}_changelist") for model in staff_site._registry]
    return "\n".join(f"{page} {desk.get(page, follow=True).content.decode()}" for page in pages)


def tables_with(words: str) -> set[str]:
    """Every table of the database that has them anywhere, columns of JSON and arrays too."""
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        asked = " UNION ALL ".join(
            f"SELECT '{table}' FROM {connection.ops.quote_name(table)} AS line WHERE line::text ILIKE %s"  # noqa: S608 - names of tables
            for table in tables
        )
        cursor.execute(asked, [f"%{words}%"] * len(tables))
        return {table for (table,) in cursor.fetchall()}
