"""A presenter's open sessions: in the diary, on the day, and on a page that says who comes in numbers, not names."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bookings.models import OpenSession, PlaceState, Presenter, SessionState
from tests.bookings.admin.desk import text
from tests.bookings.open_sessions.rows import make_place, make_session
from tests.bookings.rows import MONDAY, at, make_booking, make_presenter
from tests.factories import make_person

pytestmark = pytest.mark.django_db
MINE = "/staff/mine/"


@pytest.fixture
def session(presenter: Presenter) -> OpenSession:
    return make_session(presenter, at("12:00"), capacity=6, joining_help="Code 1234")


def test_diary_and_day_have_it_among_the_visits(phone: Client, presenter: Presenter, session: OpenSession) -> None:
    make_booking(presenter, at("15:00"))
    make_booking(presenter, at("09:00"))
    make_place(session)
    make_session(presenter, at("10:30"), state=SessionState.CANCELLED)
    for page in (text(phone.get(MINE)), text(phone.get(f"{MINE}day/?day={MONDAY}"))):
        places = [page.find(words) for words in ("9am to 10am", "midday to 1pm", "1 of 6 places taken", "3pm to 4pm")]
        assert -1 not in places
        assert (places, "10:30am" in page) == (sorted(places), False)


def test_the_page_says_who_comes_in_numbers_and_names_nobody(phone: Client, session: OpenSession) -> None:
    people = [make_person(name=f"Robin Farrow{number}", profession="midwife") for number in range(2)]
    people.append(make_person(name="Kit Farrow", profession="gp"))
    for person in people:
        make_place(session, person=person, access_needs="Captions, please" if person.profession == "gp" else "")
    for state in (PlaceState.OFFERED, PlaceState.WAITING, PlaceState.GIVEN_UP):
        make_place(session, state, access_needs="Not for a page")
    make_place(session, access_needs="Ana Pop, born 12/03/2014", flagged_child_details=True)
    page = text(phone.get(f"{MINE}sessions/{session.reference}/"))
    for words in (
        "4 of 6",
        "Midwife: 2",
        "GP: 1",
        "1 more, if they say yes",
        "1 person is waiting",
        "Captions, please",
        "Code 1234",
    ):
        assert words in page, words
    assert [words for words in ("Farrow", "Not for a page", "Ana Pop") if words in page] == []
    places = page.find("Midwife: 2"), page.find("GP: 1")
    assert places == tuple(sorted(places))


def test_anybody_elses_is_not_found(phone: Client) -> None:
    other = make_session(make_presenter(), at("10:00"))
    assert phone.get(f"{MINE}sessions/{other.reference}/").status_code == 404
    assert phone.get(MINE).context["days"] == []


def test_pages_take_the_same_statements_however_many_come(phone: Client, presenter: Presenter, session: OpenSession) -> None:
    taken: dict[str, set[int]] = {}
    for count in (1, 4):
        make_session(presenter, at(f"1{count}:00", MONDAY.replace(day=26)))
        for _each in range(count):
            make_place(session, access_needs="Captions")
        for page in (f"{MINE}sessions/{session.reference}/", MINE, f"{MINE}day/?day={MONDAY}"):
            with CaptureQueriesContext(connection) as statements:
                phone.get(page)
            taken.setdefault(page, set()).add(len(statements))
    assert [len(counts) for counts in taken.values()] == [1, 1, 1]
    assert max(map(max, taken.values())) <= 12, taken
