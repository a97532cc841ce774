"""Sessions, what people said, people and organisations as files: what is in them, who may, and that it is written down."""

import csv
import io
from datetime import timedelta
from typing import Any

import openpyxl
import pytest
from django.contrib.auth.models import Permission
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from audit.models import Act, Entry, Export
from bookings.feedback.services import get_or_create_follow_up, give_feedback
from bookings.models import Feedback
from professionals.models import Organisation, Person, Profession
from professionals.safeguarding.services import KEPT_BACK_MESSAGE
from tests.bookings.open_sessions.rows import make_session
from tests.bookings.rows import at, make_booking, make_presenter
from tests.factories import make_person, make_staff, sign_in_staff

pytestmark = pytest.mark.django_db

LISTS = {
    "professionals.person": "export_people",
    "professionals.organisation": "export_organisations",
    "bookings.opensession": "export_sessions",
    "bookings.followup": "export_feedback",
}


@pytest.fixture
def manager(client: Client) -> Client:
    return sign_in_staff(client, make_staff(role="manager"))


@pytest.fixture(autouse=True)
def past() -> None:
    """A session, and a booking with two answers: what one says may be about a child."""
    presenter = make_presenter(name="Tom")
    make_session(presenter, at("14:00"), capacity=7)
    person = make_person(
        name="=Meera Shah",
        email="meera@leeds.nhs.uk",
        profession=Profession.MIDWIFE,
        postcode="LS1 4AP",
        organisation=Organisation.objects.create(name="Leeds Midwives"),
    )
    booking = make_booking(presenter, at("10:00"), postcode="", person=person)
    over = booking.agreed_times[1] + timedelta(minutes=5)
    follow_up = get_or_create_follow_up(given=booking, now=over)
    for token, comment in (("one", "More time, please."), ("two", "About a boy.")):
        give_feedback(
            follow_up=follow_up,
            answers=Feedback(useful=5, clear=4, ready=3, comment=comment),
            token=token,
            by_host=False,
            now=over,
        )
    Feedback.objects.filter(token="two").update(flagged_child_details=True)


def address(model: str) -> str:
    return f"/staff/{model.replace('.', '/')}/"


def rows(response: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(b"".join(response.streaming_content).decode("utf-8-sig"), newline="")))


def export(client: Client, model: str, **more: str) -> HttpResponse:
    return client.post(f"{address(model)}export/", {"form": "csv", "list": "", **more})


def test_people_go_out_with_where_they_work_and_who_is_erased_does_not(manager: Client) -> None:
    erased = make_person(name="Gone")
    Person.objects.filter(pk=erased.pk).update(erased_at=timezone.now())
    [row] = [row for row in rows(export(manager, "professionals.person")) if row["Email address"] == "meera@leeds.nhs.uk"]
    assert (row["Name"], row["Profession"], row["Organisation"], row["Local authority"], row["Signs in"]) == (
        *("'=Meera Shah", "Midwife", "Leeds Midwives", "Leeds", "Yes"),
    )
    assert "Gone" not in {row["Name"] for row in rows(export(manager, "professionals.person"))}


def test_organisations_go_out_with_how_many_people_they_have(manager: Client) -> None:
    found = rows(export(manager, "professionals.organisation", list="?q=leeds+midwives"))
    assert [(row["Name"], row["People"]) for row in found] == [("Leeds Midwives", "1")]


def test_sessions_go_out_in_uk_time(manager: Client) -> None:
    [row] = rows(export(manager, "bookings.opensession"))
    assert (row["State"], row["Day"], row["Starts"], row["Ends"], row["Presenter"], row["Places"], row["Places taken"]) == (
        *("Scheduled", "2027-01-25", "14:00", "15:00", "Tom", "7", "0"),
    )


def test_what_people_said_goes_out_but_not_what_may_be_about_a_child(manager: Client) -> None:
    found = rows(export(manager, "bookings.followup"))
    said = [(row["The presentation was useful for my work."], row["By the host"], row["What could be better"]) for row in found]
    assert said == [("5", "No", "More time, please."), ("5", "No", str(KEPT_BACK_MESSAGE))]
    assert not {"meera@leeds.nhs.uk", "Meera Shah"} & {cell for row in found for cell in row.values()}


@pytest.mark.parametrize(("model", "permission"), LISTS.items())
def test_each_is_for_who_may_asked_again_limited_and_written_down(client: Client, model: str, permission: str) -> None:
    view = f"view_{model.partition('.')[2]}"
    looks, may = make_staff("looks@ctac.example", superuser=False), make_staff("may@ctac.example", superuser=False)
    looks.user_permissions.add(Permission.objects.get(codename=view))
    may.user_permissions.add(*Permission.objects.filter(codename__in=[view, permission]))
    other = sign_in_staff(Client(), looks)
    assert "Export to Excel" not in other.get(address(model)).content.decode()
    assert export(other, model).status_code == 403
    sign_in_staff(client, may)
    assert "Export to Excel" in client.get(address(model)).content.decode()
    assert not Export.objects.exists()
    book = openpyxl.load_workbook(io.BytesIO(b"".join(export(client, model, form="xlsx").streaming_content)))  # type: ignore[attr-defined]
    [record] = Export.objects.all()
    assert (record.of, record.by, record.form, record.lines) == (model, may, "xlsx", book.active.max_row - 1)
    assert Entry.objects.filter(act=Act.EXPORTED, page=f"{model.replace('.', '_')}_export").exists()
    assert client.get(f"{address(model)}export/").status_code == 405


def test_a_manager_reads_who_took_what_out(manager: Client) -> None:
    export(manager, "bookings.opensession")
    page = manager.get("/staff/audit/export/").content.decode()
    assert "Open sessions" in page
    assert "The whole list" in page
