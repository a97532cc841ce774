"""A text that may be about a child is in no answer but the safeguarding lead's page, over every address and kind of person.

One object of each kind, with such a text in each column where a form can leave one. Then everything is asked for: pages, lists,
searches, prints, exports, emails, calendars.
"""

import io
import zipfile
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pypdfium2
import pytest
from django.apps import apps
from django.core.exceptions import ObjectDoesNotExist
from django.db import DatabaseError, transaction
from django.db.models import Model
from django.http import HttpResponseBase
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from bookings.models import Booking, BookingEventKind, FollowUp, OpenSession, SessionEventKind, SessionPlace
from notifications.models import Notification
from notifications.outbox import notify
from notifications.registry import Email, all_emails, email_for
from notifications.rendering import render
from professionals.exports import ExportMixin
from professionals.models import FlagDecision, FlaggedText
from professionals.safeguarding import services as safeguarding_services
from professionals.safeguarding.services import KEPT_BACK_MESSAGE, key_of, notify_safeguarding_lead
from staff.site import staff_site
from tests.matrix.asking import ASKED, address
from tests.matrix.people import PEOPLE, fresh_browsers, laid_out
from tests.matrix.table import read_table
from tests.privacy.test_nothing_leaves import CHECKED, calendars, sent
from tests.professionals.child_plants import CHILD, NAME
from tests.professionals.free_text import WRITTEN_BY

__all__ = ["laid_out"]
EXPECTED = read_table()
EVERYBODY = (*PEOPLE, "staff")
KEPT = str(KEPT_BACK_MESSAGE)


def keepable() -> set[str]:
    """The columns where some form leaves a text that its writer kept."""
    never = {f"{form.__name__}.{field}" for form in CHECKED.values() for field in getattr(form, "never_kept", ())}
    return {column for column, boxes in WRITTEN_BY.items() if {box for box in boxes if not box.startswith("(")} - never}


# Not in the sweep: only a report that is closed has it, and then its other pages are gone.
WHY_CLOSED = "leaflets.MissingParcel.reason"
KEEPABLE = keepable() - {WHY_CLOSED}


@pytest.fixture(scope="module")
def kept(laid_out: dict[str, Any], django_db_blocker: Any) -> Iterator[dict[str, Any]]:
    with django_db_blocker.unblock(), transaction.atomic():
        planted = plant()
        assert planted == KEEPABLE
        yield laid_out
        transaction.set_rollback(True)


def test_every_place_for_words_has_the_note() -> None:
    """What the sweep is worth: it plants each column that can have such a text but WHY_CLOSED."""
    assert len(KEEPABLE) == 21


@pytest.fixture
def world(kept: dict[str, Any], db: None) -> dict[str, Any]:
    return {**kept, "clients": fresh_browsers(kept)}


def make_histories(now: datetime) -> None:
    """What the world of the routes lacks: something that happened, and answers of a host and of one who came."""
    for booking in Booking.objects.all():
        booking.events.create(kind=BookingEventKind.REASSIGNED, at=now)
    for session in OpenSession.objects.all():
        session.events.create(kind=SessionEventKind.REASSIGNED, at=now)
    for place in SessionPlace.objects.all():
        place.events.create(session=place.session, kind=SessionEventKind.BUMPED, at=now)
    said = {"useful": 5, "clear": 4, "ready": 5, "received_on": now, "comment": "More time", "quotable": True}
    for follow_up in FollowUp.objects.all():
        follow_up.answers.create(token=f"{follow_up.pk}a", **said)
        follow_up.answers.create(token=f"{follow_up.pk}h", by_host=True, arranging=4, **said)


def plant() -> set[str]:
    """The note, in each such column of each object, which waits for the lead: the columns that now have it."""
    found, now = set(), timezone.now()
    make_histories(now)
    for source in safeguarding_services._sources.values():
        for model in source.models:
            for row in {key_of(row, source): row for row in model._base_manager.order_by("-pk")}.values():
                key = key_of(row, source)
                columns = [each for each in KEEPABLE if each.startswith(f"{model._meta.label}.")]
                if key is None or not columns:
                    continue
                found |= {column for column in columns if write(row, column.rpartition(".")[2])}
                notify_safeguarding_lead(about=f"{source.kind}:{key}:canary", reference=f"{source.kind} {key}", now=now)
    for model in apps.get_models():
        if hasattr(model, "flagged_child_details"):
            model._base_manager.update(flagged_child_details=True)
    return found


def write(row: Model, column: str) -> bool:
    """Into the row; of a history that only grows, into one more row."""
    setattr(row, column, CHILD)
    try:
        with transaction.atomic():
            type(row)._base_manager.filter(pk=row.pk).update(**{column: CHILD})
    except DatabaseError:
        with transaction.atomic():
            row.pk = None
            row.save(force_insert=True)
    return True


def readable(response: HttpResponseBase) -> str:
    """What a person reads of it: the text of a PDF, the parts of a workbook, and all else as it is."""
    content = b"".join(response.streaming_content) if response.streaming else response.content  # type: ignore[attr-defined]
    if content.startswith(b"%PDF"):
        document = pypdfium2.PdfDocument(content)
        pages = [page.get_textpage() for page in document]
        text = "\n".join(page.get_text_range() for page in pages)
        document.close()
        return text
    if content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            return "\n".join(parts.read(name).decode(errors="replace") for name in parts.namelist())
    return content.decode(errors="replace")


def ask(client: Client, url: str, data: dict[str, Any] | None = None) -> str:
    """The answer. What it leaves behind is taken back."""
    with transaction.atomic():
        text = readable(client.get(url) if data is None else client.post(url, data))
        transaction.set_rollback(True)
    return text


def has_it(text: str) -> bool:
    return NAME in text or "943 476 5919" in text


def pages_with_it(world: dict[str, Any], who: str) -> list[str]:
    """The routes of the pages, prints and files that this person gets and that have the note."""
    column = PEOPLE.index("manager" if who == "staff" else who)
    asked = [each for each in ASKED if EXPECTED[f"GET {each}"][column] == "200" or (who == "staff" and each.startswith("staff:"))]
    assert len(asked) > 20
    return [each for each in asked if has_it(ask(world["clients"][who], address(each, world)))]


@pytest.mark.parametrize("who", EVERYBODY)
def test_no_page_print_or_file_has_a_kept_text_for_anybody(world: dict[str, Any], who: str) -> None:
    assert pages_with_it(world, who) == []


def forms_with_it(world: dict[str, Any], who: str) -> list[str]:
    """The routes whose answer to an empty form has the note."""
    column = PEOPLE.index("manager" if who == "staff" else who)
    sent_to = [each for each in ASKED if f"POST {each}" in EXPECTED and EXPECTED[f"POST {each}"][column] == "200"]
    assert len(sent_to) > 5
    return [each for each in sent_to if has_it(ask(world["clients"][who], address(each, world), {}))]


@pytest.mark.parametrize("who", EVERYBODY)
def test_no_form_that_is_sent_empty_answers_with_a_kept_text(world: dict[str, Any], who: str) -> None:
    assert forms_with_it(world, who) == []


def decide_all() -> None:
    """The lead says of each that it is not about a child: the control, since then it is a text like any other."""
    FlaggedText.objects.update(decision=FlagDecision.NO_CHILD)
    for model in apps.get_models():
        if hasattr(model, "flagged_child_details"):
            model._base_manager.update(flagged_child_details=False)


def test_once_decided_the_sweep_finds_it_where_people_read_it(world: dict[str, Any]) -> None:
    decide_all()
    assert set(pages_with_it(world, "owner")) == {
        *("account_my_data", "booking", "booking_calendar", "booking_details", "calendar_feed", "seat", "seat_calendar"),
        "session_mine",
    }
    assert set(pages_with_it(world, "own presenter")) == {
        *("calendar_feed", "presenter_leave", "presenter_session", "presenter_visit"),
    }
    assert set(pages_with_it(world, "lead")) == {
        *("calendar_feed", "staff:bookings_booking_change", "staff:bookings_opensession_change", "staff:leaflets_order_change"),
    }
    assert forms_with_it(world, "coordinator") == ["staff:bookings_journeytime_changelist", "staff:bookings_leave_changelist"]
    assert pages_with_it(world, "stranger") == ["calendar_feed"]  # the owner’s, whose address they were given


SEARCHED = {
    model: reverse(f"staff:{model._meta.app_label}_{model._meta.model_name}_changelist")
    for model, page in staff_site._registry.items()
    if page.search_fields
}


def found_by_search(world: dict[str, Any]) -> list[str]:
    """The lists of the staff site that have rows for the name in the note, if the search over all of them has none."""
    desk = world["clients"]["staff"]
    lists = {model.__name__: desk.get(url, {"q": NAME}) for model, url in SEARCHED.items()}
    pages = [*lists.values(), desk.get(reverse("staff:find"), {"q": NAME})]
    assert has_number(pages) == FlaggedText.objects.exclude(decision="").exists()
    return sorted(name for name, page in lists.items() if len(page.context["cl"].result_list))


def has_number(pages: list[Any]) -> bool:
    """A page says the name again in its search box, so what shows the text is its number."""
    return any("943 476 5919" in page.content.decode() for page in pages)


def test_no_search_finds_a_kept_text_or_shows_it(world: dict[str, Any]) -> None:
    assert found_by_search(world) == []
    decide_all()
    assert found_by_search(world) == ["JourneyTime", "Leave", "StockMovement"]


def exports(world: dict[str, Any]) -> dict[str, str]:
    """Each spreadsheet of a list, and each copy of a person's data, as a file."""
    desk, files = world["clients"]["staff"], {}
    for model, page in staff_site._registry.items():
        if isinstance(page, ExportMixin):
            url = reverse(f"staff:{model._meta.app_label}_{model._meta.model_name}_export")
            files |= {f"{model.__name__} {form}": ask(desk, url, {"form": form, "list": ""}) for form in ("csv", "xlsx")}
    give = reverse("staff:professionals_person_action", args=[world["owner"].pk, "give-data"])
    own = reverse("account_my_data")
    for form in ("json", "html"):
        files[f"given {form}"] = ask(desk, give, {"sent": "1", "file_form": form, "sure": "on"})
        files[f"own {form}"] = ask(world["clients"]["owner"], f"{own}?form={form}")
    return files


def test_no_export_has_a_kept_text(world: dict[str, Any]) -> None:
    assert [name for name, text in exports(world).items() if has_it(text)] == []
    files = exports(world)
    assert {name: KEPT in text for name, text in files.items() if name.startswith(("own", "FollowUp"))} == dict.fromkeys(
        ("FollowUp csv", "FollowUp xlsx", "own json", "own html"), True
    )
    decide_all()
    assert [name for name, text in exports(world).items() if has_it(text)] == [
        *("FollowUp csv", "FollowUp xlsx", "given json", "own json", "given html", "own html"),
    ]


def test_no_email_and_no_calendar_has_a_kept_text(world: dict[str, Any]) -> None:
    about = f"booking:{world['objects']['bookings_booking'].pk}"
    for kind in ("staff-new-booking", "presenter-booked", "booking-confirmed", "presenter-reminder", "booking-reminder"):
        notify(kind=kind, about=about, to=["t@ctac.example"], reference=kind, now=timezone.now())
    assert not has_it(sent() + calendars())
    decide_all()
    assert has_it(sent())
    assert has_it(calendars())


# Kinds of email that quote a text which somebody typed, once the lead has decided that it is not about a child.
QUOTING_KINDS = {
    *("booking-cancelled", "booking-changed", "booking-confirmed", "booking-declined"),
    *("booking-given-away", "booking-moved", "booking-taken-over", "duty-alarm", "leave-refused"),
    *("manager-no-check-in", "manager-no-check-out", "presenter-booked", "presenter-changed"),
    *("presenter-freed", "presenter-kept", "presenter-moved", "presenter-reminder"),
    *("presenter-reminder-week", "seat-approved", "seat-cancelled", "seat-declined", "seat-details"),
    *("seat-given-up", "seat-moved", "seat-reminder", "seat-restored", "session-cancelled"),
    *("staff-booking-cancelled", "staff-booking-changed", "staff-new-booking", "staff-no-check-in"),
    "staff-no-check-out",
}
# Their words come from a form that keeps no child's details. What has the text here is a note, and no email is about a note.
NEVER_KEPT_KINDS = {"complaint-acknowledged", "complaint-progress", "complaint-answered"}


def mail_by_kind() -> dict[str, str]:
    """Each kind's messages about all rows of the world that it can be about, tried by key: some kinds have a day or two keys."""
    labels = {model._meta.app_label for source in safeguarding_services._sources.values() for model in source.models}
    models = [model for model in apps.get_models() if model._meta.app_label in labels]
    keys = sorted({key for model in models for key in model._base_manager.values_list("pk", flat=True) if isinstance(key, int)})
    now = timezone.now()
    found = {}
    for kind in all_emails():
        for pattern in ("any:{key}", "any:{key}:{day}", "any:{day}:{key}", "any:{key}:{key}"):
            texts = [mail_about(kind, pattern.format(key=key, day=now.date()), now) for key in keys]
            found[kind.name] = "".join(texts)
            if found[kind.name]:
                break
    return found


def mail_about(kind: type[Email], about: str, now: datetime) -> str:
    """The message and its calendar entry; empty if there is no such row."""
    try:
        with transaction.atomic():
            message = email_for(Notification(kind=kind.name, about=about, recipient="t@ctac.example", created_at=now)).message()
            return f"{render(message)} {message.calendar.decode()}"
    except (ObjectDoesNotExist, ValueError, IndexError, RuntimeWarning):  # the last: a day where it wants a moment
        return ""


def test_no_kind_of_email_has_a_kept_text(world: dict[str, Any]) -> None:
    mail = mail_by_kind()
    assert {name for name, text in mail.items() if has_it(text)} <= NEVER_KEPT_KINDS
    assert QUOTING_KINDS - {name for name, text in mail.items() if text} == set()
    decide_all()
    assert QUOTING_KINDS - {name for name, text in mail_by_kind().items() if has_it(text)} == set()


def test_the_lead_alone_reads_it_with_who_wrote_it_and_their_phone(world: dict[str, Any]) -> None:
    booking, owner = world["objects"]["bookings_booking"], world["owner"]
    flagged = FlaggedText.objects.get(about=f"booking:{booking.pk}:canary")
    read = reverse("staff:professionals_flaggedtext_action", args=[flagged.pk, "read"])
    lead = world["clients"]["lead"]
    assert not has_it(lead.get(read).content.decode())
    page = lead.post(read, follow=True).content.decode()
    assert has_it(page)
    assert (owner.name in page, owner.phone in page) == (True, True)
    for who in EVERYBODY:
        if who != "staff":
            answer = world["clients"][who].get(read, follow=True)
            assert (who, has_it(answer.content.decode())) == (who, who == "lead")
