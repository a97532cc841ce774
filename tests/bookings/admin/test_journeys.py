"""Staff set how long it takes between two areas."""

import pytest
from django.db import connection
from django.test import Client

from accounts.models import User
from bookings.models import JourneyTime, Presenter
from tests.bookings.admin.desk import ABOUT_A_CHILD, KEPT, text, told_lead
from tests.bookings.rows import LEEDS, NOW, YORK, at, make_booking

pytestmark = pytest.mark.django_db
ADD = "/staff/bookings/journeytime/add/"
KNOWN = {"area_a": "yo", "area_b": "ls1", "minutes": "45", "reason": "The A64 is quick"}


def test_a_journey_time_is_kept_with_who_set_it(desk: Client, staff: User) -> None:
    desk.post(ADD, KNOWN)
    kept = JourneyTime.objects.get()
    assert (kept.area_a, kept.area_b, kept.minutes, kept.set_by, kept.set_at) == ("LS1", "YO", 45, staff, NOW)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"area_a": "LS1 4AP"}, "Enter the first half of a postcode"),
        ({"area_b": "QQ"}, "Enter the first half of a postcode"),
        ({"minutes": "1441"}, "1,440"),
        ({"reason": ""}, "Fill in “Reason”."),
    ],
)
def test_what_makes_no_sense_is_said(desk: Client, typed: dict[str, str], said: str) -> None:
    assert said in text(desk.post(ADD, KNOWN | typed))
    assert not JourneyTime.objects.exists()


def test_a_pair_stands_once_whichever_is_named_first(desk: Client) -> None:
    desk.post(ADD, KNOWN)
    assert "already have a journey time" in text(desk.post(ADD, KNOWN | {"area_a": "LS1", "area_b": "YO"}))
    assert JourneyTime.objects.count() == 1


def test_visits_that_are_then_too_close_are_named_and_stay(desk: Client, presenter: Presenter) -> None:
    make_booking(presenter, at("10:00"), postcode=LEEDS)
    make_booking(presenter, at("13:00"), postcode=YORK)
    connection.check_constraints()
    page = text(desk.post(ADD, KNOWN | {"minutes": "150"}, follow=True))
    assert "has two visits with too little time to travel between them" in page
    assert presenter.busy_times.count() == 2


def test_a_reason_that_looks_like_a_childs_details_is_asked_about_and_the_lead_is_told(desk: Client) -> None:
    assert "looks like details of a child" in text(desk.post(ADD, KNOWN | {"reason": ABOUT_A_CHILD}))
    desk.post(ADD, KNOWN | {"reason": ABOUT_A_CHILD} | KEPT)
    assert (JourneyTime.objects.count(), told_lead()) == (1, 1)
