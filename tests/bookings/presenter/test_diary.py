"""My diary: own visits and leave, in order, and nothing of anybody else's."""

from datetime import timedelta

import pytest
from django.test import Client
from pytest_django.fixtures import DjangoAssertNumQueries

from bookings.leave.services import ask_for_leave
from bookings.models import BookingState, Presenter
from tests.bookings.admin.desk import text
from tests.bookings.rows import MONDAY, NOW, at, make_booking, make_leave, make_presenter
from tests.factories import make_person, make_staff, sign_in, sign_in_staff

MINE = "/staff/mine/"
TUESDAY = MONDAY + timedelta(days=1)


@pytest.mark.django_db
def test_it_shows_own_visits_and_leave_day_by_day(phone: Client, presenter: Presenter) -> None:
    make_booking(presenter, at("14:00"), state=BookingState.REQUESTED)
    make_booking(presenter, at("10:00"), postcode="")
    make_leave(presenter, at("00:00", TUESDAY), at("23:59", TUESDAY))
    page = text(phone.get(MINE))
    said = ["Monday 25 January 2027", "10am to 11am", "Online", "2pm to 3pm", "St James, Leeds, LS1 4AP", "Requested"]
    said += ["Tuesday 26 January 2027", "Away", "Tuesday 26 January 2027, all day"]
    places = [page.find(words, page.find("Monday 25")) for words in said[:6]] + [page.find(words) for words in said[6:]]
    assert -1 not in places
    assert places[:6] == sorted(places[:6])


@pytest.mark.django_db
def test_leave_that_has_begun_stands_under_today_and_what_is_over_is_gone(phone: Client, presenter: Presenter) -> None:
    make_leave(presenter, NOW - timedelta(days=2), NOW + timedelta(days=1))
    make_booking(presenter, NOW - timedelta(days=1), claim=False)
    page = phone.get(MINE)
    assert [(day.name, len(day.entries), len(day.leave)) for day in page.context["days"]] == [("Tuesday 12 January 2027", 0, 1)]


@pytest.mark.django_db
def test_leave_that_is_only_asked_for_is_not_in_it(phone: Client, presenter: Presenter) -> None:
    times = {"starts_at": at("09:00"), "ends_at": at("17:00")}
    ask_for_leave(presenter=presenter, **times, kind="holiday", by=presenter.user, now=NOW)
    assert phone.get(MINE).context["days"] == []


@pytest.mark.django_db
def test_nothing_of_anybody_else_is_shown(phone: Client) -> None:
    other = make_presenter()
    booking = make_booking(other, at("10:00"))
    make_booking(other, at("12:00"), state=BookingState.CANCELLED, claim=False)
    assert phone.get(MINE).context["days"] == []
    assert phone.get(f"{MINE}visits/{booking.reference}/").status_code == 404


@pytest.mark.django_db
def test_a_visit_says_whom_to_ask_for_and_dials_their_number(phone: Client, presenter: Presenter) -> None:
    booking = make_booking(presenter, at("10:00"), room="Ring at the side door", access_needs="A ramp")
    page = phone.get(f"{MINE}visits/{booking.reference}/")
    for words in (booking.reference, "Jo Green", "Ring at the side door", "A ramp", "St James"):
        assert words in text(page)
    assert 'href="tel:01134960001"' in page.content.decode()


@pytest.mark.django_db
def test_words_that_look_like_a_childs_details_stay_out(phone: Client, presenter: Presenter) -> None:
    booking = make_booking(presenter, at("10:00"), notes="Ana Pop, born 12/03/2014", flagged_child_details=True)
    assert "Ana Pop" not in text(phone.get(f"{MINE}visits/{booking.reference}/"))


@pytest.mark.django_db
def test_nobody_else_gets_in(presenter: Presenter) -> None:
    door, staff_without_factor = "/staff/login/?next=/staff/mine/", Client()
    sign_in_staff(staff_without_factor, presenter.user, second_factor=False)
    assert staff_without_factor.get(MINE).url == door
    assert Client().get(MINE).url == door
    assert sign_in(Client(), make_person()).get(MINE).url == door
    assert sign_in_staff(Client(), make_staff()).get(MINE).status_code == 403


@pytest.mark.django_db
def test_one_who_gives_no_presentations_any_more_is_not_let_in(phone: Client, presenter: Presenter) -> None:
    Presenter.objects.filter(pk=presenter.pk).update(active=False)
    assert phone.get(MINE).status_code == 403


@pytest.mark.django_db
def test_the_first_staff_page_leads_a_presenter_to_their_diary(phone: Client, presenter: Presenter) -> None:
    assert f'href="{MINE}"' in phone.get("/staff/", follow=True).content.decode()
    assert f'href="{MINE}"' not in sign_in_staff(Client(), make_staff()).get("/staff/").content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("count", [1, 3])
def test_the_diary_takes_the_same_statements_however_full(
    phone: Client, presenter: Presenter, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for hour in range(count):
        make_booking(presenter, at(f"{10 + 2 * hour}:00"))
    with django_assert_num_queries(10):
        phone.get(MINE)
