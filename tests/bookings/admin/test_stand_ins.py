"""Staff decide about leave, and see who could step in for what it hits: ranked, one button for each, why not the others."""

import pytest
from django.test import Client

from bookings.leave.services import ask_for_leave
from bookings.models import Booking, Leave, LeaveState, Presenter
from notifications.models import Notification
from tests.bookings.admin.desk import ABOUT_A_CHILD, KEPT, LEAVE, text, told_lead
from tests.bookings.rows import LEEDS, NOW, YORK, at, make_booking, make_leave, make_presentation, make_presenter
from tests.factories import make_staff, sign_in_staff
from tests.leaflets.statements import statements

pytestmark = pytest.mark.django_db
STAND_INS = "/staff/bookings/booking/stand-ins/"


@pytest.fixture
def asked(presenter: Presenter) -> Leave:
    times = {"starts_at": at("09:00"), "ends_at": at("17:00")}
    return ask_for_leave(presenter=presenter, **times, kind="holiday", by=None, now=NOW).leave


def need(desk: Client, booking: Booking) -> object:
    return next(need for need in desk.get(STAND_INS).context["needs"] if need.booking == booking)


def test_granting_shows_what_it_hits_and_then_who_could_step_in(desk: Client, presenter: Presenter, asked: Leave) -> None:
    booking = make_booking(presenter, at("10:00"))
    url = f"{LEAVE}{asked.pk}/do/grant/"
    assert booking.reference in text(desk.get(url))
    assert booking.reference in text(desk.post(url, {"seen": ""}))  # not seen: it asks again
    asked.refresh_from_db()
    assert asked.state == LeaveState.ASKED
    page = desk.post(url, {"seen": booking.reference}, follow=True)
    assert page.request["PATH_INFO"] == STAND_INS
    assert "The leave is granted. 1 presentation needs a presenter" in text(page)
    assert [each.booking for each in page.context["needs"]] == [booking]


def test_granting_what_hits_nothing_goes_back_to_the_list(desk: Client, asked: Leave) -> None:
    page = desk.post(f"{LEAVE}{asked.pk}/do/grant/", {"seen": ""}, follow=True)
    assert "The leave is granted. No booking or session is affected." in text(page)
    again = desk.post(f"{LEAVE}{asked.pk}/do/grant/", {"seen": ""}, follow=True)
    assert "since you opened the page, so this is no longer possible" in text(again)


def test_refusing_needs_words(desk: Client, asked: Leave) -> None:
    url = f"{LEAVE}{asked.pk}/do/refuse/"
    assert "Write why we can’t say yes." in text(desk.post(url, {"sent": "1"}))
    desk.post(url, {"sent": "1", "answer": ABOUT_A_CHILD})
    asked.refresh_from_db()
    assert asked.state == LeaveState.ASKED
    desk.post(url, {"sent": "1", "answer": ABOUT_A_CHILD, **KEPT})
    asked.refresh_from_db()
    assert (asked.state, told_lead()) == (LeaveState.REFUSED, 1)


def test_the_first_page_counts_what_is_asked_for(desk: Client, asked: Leave) -> None:
    section = next(each for each in desk.get("/staff/").context["waits"] if each["heading"] == "Bookings")
    line = next(each for each in section["lines"] if each["label"] == "request for leave")
    assert (line["figure"], line["href"]) == (1, f"{LEAVE}?state__exact=asked")
    assert desk.get(line["href"]).context["cl"].result_count == 1


def test_they_are_ranked_and_the_others_have_reasons(desk: Client) -> None:
    far, near = make_presenter(name="Far", base_postcode=YORK), make_presenter(name="Near", base_postcode=LEEDS)
    off = make_presenter(name="Off", weekdays=(1,))
    away = make_presenter(name="Away")
    make_leave(away, at("08:00"), at("12:00"))
    booking = make_booking(None, at("10:00"), presentation=make_presentation())
    found = need(desk, booking)
    assert [each.presenter for each in found.ready] == [near, far]
    assert [(each.presenter, [str(why) for why in each.reasons]) for each in found.with_a_reason] == [
        (off, ["It is outside the presenter’s availability."])
    ]
    why = ("Away: Monday 25 January 2027, 8am to midday.",)
    assert [(each.presenter, each.obstacles) for each in found.busy] == [(away, why)]
    page = text(desk.get(STAND_INS))
    assert page.index("Give it to Near") < page.index("Give it to Far") < page.index("Away : Away: Monday 25 January")


def test_one_press_gives_it_and_everyone_is_told_once(desk: Client, presenter: Presenter) -> None:
    booking = make_booking(None, at("10:00"))
    page = desk.post(STAND_INS, {"booking": booking.pk, "presenter": presenter.pk}, follow=True)
    booking.refresh_from_db()
    assert (booking.presenter, booking.sequence) == (presenter, 2)
    assert "Asha Patel now gives" in text(page)
    assert page.context["needs"] == []
    told = sorted(Notification.objects.values_list("kind", "recipient"))
    assert told == [
        ("booking-confirmed", booking.person.email),
        ("presenter-booked", presenter.email),
    ]
    again = desk.post(STAND_INS, {"booking": booking.pk, "presenter": presenter.pk}, follow=True)
    assert "Somebody has changed this since you opened the page, so we did nothing." in text(again)
    assert Notification.objects.count() == 2


def test_one_who_is_busy_meanwhile_is_refused_in_words(desk: Client, presenter: Presenter) -> None:
    booking = make_booking(None, at("10:00"))
    make_leave(presenter, at("09:00"), at("12:00"))
    page = desk.post(STAND_INS, {"booking": booking.pk, "presenter": presenter.pk}, follow=True)
    booking.refresh_from_db()
    assert booking.presenter is None
    assert "Asha Patel is busy then" in text(page)


def test_one_press_is_not_enough_outside_the_rules(desk: Client) -> None:
    booking, off = make_booking(None, at("10:00")), make_presenter(weekdays=(1,))
    page = desk.post(STAND_INS, {"booking": booking.pk, "presenter": off.pk}, follow=True)
    booking.refresh_from_db()
    assert booking.presenter is None
    assert "If you still want to go ahead, give a reason." in text(page)


def test_where_nobody_can_the_page_says_whom_to_ring_and_leads_to_moving(desk: Client) -> None:
    booking = make_booking(None, at("10:00"))
    page = desk.get(STAND_INS)
    assert f"Call {booking.person.name} on {booking.person.phone} ." in text(page)
    moving = f"/staff/bookings/booking/{booking.pk}/do/move/"
    assert f'href="{moving}"' in page.content.decode()
    assert desk.get(moving).status_code == 200


@pytest.mark.parametrize("answers", [{}, {"booking": "x", "presenter": "1"}, {"booking": "99999999999", "presenter": "1"}])
def test_nonsense_changes_nothing(desk: Client, answers: dict[str, str]) -> None:
    assert "Somebody has changed this since you opened the page, so we did nothing." in text(
        desk.post(STAND_INS, answers, follow=True)
    )


def test_it_is_only_for_those_who_may_change_bookings(client: Client) -> None:
    staff = sign_in_staff(client, make_staff(superuser=False))
    assert (staff.get(STAND_INS).status_code, staff.post(STAND_INS).status_code) == (403, 403)


def test_it_takes_the_same_statements_for_any_number(desk: Client) -> None:
    counts, presentations = [], [make_presentation(), make_presentation()]
    for number in range(2):
        for hour in range(1 + 2 * number):
            make_booking(None, at(f"1{hour}:00"), postcode=(LEEDS, YORK, "LS9 7TF")[hour], presentation=presentations[hour % 2])
            make_presenter()
        counts.append(len(statements(lambda: desk.get(STAND_INS))))
    assert counts[0] == counts[1] <= 12
