"""A text that may be about a child is in no search, export, email or calendar, but on the safeguarding lead's page.

One object of each kind, with such a text in each column where a form can leave one. That no page, print or file of any address
has it, for anybody, is looked at where all of them are drawn: tests/test_routes.py.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from django.apps import apps
from django.core.exceptions import ObjectDoesNotExist
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from notifications.models import Notification
from notifications.outbox import notify
from notifications.registry import Email, all_emails, email_for
from notifications.rendering import render
from professionals.exports import ExportMixin
from professionals.models import FlagDecision, FlaggedText
from professionals.safeguarding import services as safeguarding_services
from professionals.safeguarding.services import KEPT_BACK_MESSAGE
from staff.site import staff_site
from tests.matrix.asking import address, readable
from tests.matrix.people import PEOPLE, fresh_browsers, laid_out
from tests.privacy.test_nothing_leaves import calendars, sent
from tests.professionals.child_plants import NAME
from tests.professionals.kept_rows import KEEPABLE, has_it, plant

__all__ = ["laid_out"]
KEPT = str(KEPT_BACK_MESSAGE)


@pytest.fixture(scope="module")
def kept(laid_out: dict[str, Any], django_db_blocker: Any) -> Iterator[dict[str, Any]]:
    with django_db_blocker.unblock(), transaction.atomic():
        plant()
        yield laid_out
        transaction.set_rollback(True)


def test_every_place_for_words_has_the_note() -> None:
    """What the sweep is worth: it plants each column that can have such a text but WHY_CLOSED."""
    assert len(KEEPABLE) == 21


@pytest.fixture
def world(kept: dict[str, Any], db: None) -> dict[str, Any]:
    return {**kept, "clients": fresh_browsers(kept)}


def ask(client: Client, url: str, data: dict[str, Any] | None = None) -> str:
    """The answer. What it leaves behind is taken back."""
    with transaction.atomic():
        text = readable(client.get(url) if data is None else client.post(url, data))
        transaction.set_rollback(True)
    return text


def decide_all() -> None:
    """The lead says of each that it is not about a child: the control, since then it is a text like any other."""
    FlaggedText.objects.update(decision=FlagDecision.NO_CHILD)
    for model in apps.get_models():
        if hasattr(model, "flagged_child_details"):
            model._base_manager.update(flagged_child_details=False)


ONCE_DECIDED = {
    "GET owner": (
        *("account_my_data", "booking", "booking_calendar", "booking_details", "calendar_feed", "seat", "seat_calendar"),
        "session_mine",
    ),
    "GET own presenter": ("calendar_feed", "presenter_leave", "presenter_session", "presenter_visit"),
    "GET lead": ("staff:bookings_booking_change", "staff:bookings_opensession_change", "staff:leaflets_order_change"),
    "GET stranger": ("calendar_feed",),  # the owner’s, whose address they were given
    "POST coordinator": ("staff:bookings_journeytime_changelist", "staff:bookings_leave_changelist"),
}


@pytest.mark.parametrize("asking", ONCE_DECIDED)
def test_once_decided_people_read_it_there(world: dict[str, Any], asking: str) -> None:
    """The control of what tests/test_routes.py reads: every page, print and file, and each answer to an empty form."""
    method, _space, who = asking.partition(" ")

    def have_it() -> dict[str, bool]:
        client = world["clients"][who]
        return {
            each: has_it(ask(client, address(each, world), {} if method == "POST" else None)) for each in ONCE_DECIDED[asking]
        }

    assert not any(have_it().values())
    decide_all()
    assert all(have_it().values()), have_it()


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
    for who in PEOPLE:
        answer = world["clients"][who].get(read, follow=True)
        assert (who, has_it(answer.content.decode())) == (who, who == "lead")
