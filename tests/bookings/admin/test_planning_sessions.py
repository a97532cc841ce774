"""Planning one session or a series: each date with what stands in its way, before anything is saved; nothing typed is lost."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bookings.errors import AlreadyPlaced
from bookings.models import OpenSession, Presenter, SessionEvent, SessionSeries
from bookings.open_sessions.queries import PlannedSession
from bookings.open_sessions.services.sessions import plan_sessions
from staff.lists import format_short_datetime
from tests.bookings.admin.desk import ABOUT_A_CHILD, KEPT, text, told_lead
from tests.bookings.admin.session_desk import ADD, plan_form, sent_back
from tests.bookings.rows import MONDAY, NOW, at, make_booking, make_presentation, make_presenter

pytestmark = pytest.mark.django_db


def day_of(week: int) -> date:
    return MONDAY + timedelta(weeks=week)


def starts() -> list[str]:
    return [format_short_datetime(start) for start in OpenSession.objects.values_list("starts_at", flat=True)]


def test_a_series_without_any_clash_is_planned_in_two_steps(desk: Client, presenter: Presenter) -> None:
    page = desk.post(ADD, plan_form(make_presentation(), presenter))
    said = text(page)
    assert (said.count("Free Asha Patel"), "Monday 25 January 2027, 10am to 11am" in said) == (4, True)
    assert not OpenSession.objects.exists()
    after = desk.post(ADD, sent_back(page), follow=True)
    assert "4 sessions are planned: OS-" in text(after)
    assert starts() == ["Mon 25 Jan 2027, 10am", "Mon 1 Feb 2027, 10am", "Mon 8 Feb 2027, 10am", "Mon 15 Feb 2027, 10am"]
    assert SessionSeries.objects.get().name == "Spotting the signs, from Monday 25 Jan 2027, 10am"
    assert OpenSession.objects.filter(presenter=presenter, capacity=20, joining_help="Code 4821").count() == 4


def test_one_session_has_no_series_and_leads_to_its_page(desk: Client) -> None:
    page = desk.post(ADD, plan_form(make_presentation(), None, every="once", count=""))
    after = desk.post(ADD, sent_back(page), follow=True)
    session = OpenSession.objects.get()
    assert (session.series, session.presenter) == (None, None)
    assert f"1 session is planned: {session.reference}." in text(after)
    assert after.context["title"] == session.reference


def test_a_hard_clash_is_said_on_its_date_and_nothing_is_saved_until_it_is_put_right(desk: Client, presenter: Presenter) -> None:
    make_booking(presenter, at("10:30", day_of(1)))
    page = desk.post(ADD, plan_form(make_presentation(), presenter))
    rows = page.context["plan"].rows
    assert [any(clash.hard for clash in row.clashes) for row in rows] == [False, True, False, False]
    assert text(page).count("Not possible") == 1
    refused = desk.post(ADD, sent_back(page))
    assert "Monday 1 February 2027, 10am to 11am is not possible. Untick it or change it." in text(refused)
    assert not OpenSession.objects.exists()
    tom = make_presenter(name="Tom Adeyemi")
    desk.post(ADD, sent_back(refused, **{"d1-presenter": str(tom.pk), "d2-clock": "2pm", "d3-keep": ""}))
    assert starts() == ["Mon 25 Jan 2027, 10am", "Mon 1 Feb 2027, 10am", "Mon 8 Feb 2027, 2pm"]
    assert [session.presenter for session in OpenSession.objects.all()] == [presenter, tom, presenter]


def test_what_yields_is_shown_first_and_asks_why(desk: Client, presenter: Presenter) -> None:
    page = desk.post(ADD, plan_form(make_presentation(), presenter, clock="7pm", every="once"))
    assert "It is outside the presenter’s availability." in text(page)
    refused = desk.post(ADD, sent_back(page))
    assert "Write why you want to plan it anyway." in text(refused)
    desk.post(ADD, sent_back(refused, reason="Night staff asked for it."))
    assert SessionEvent.objects.get(kind="planned").reason == "Night staff asked for it."


def test_a_change_that_brings_something_new_is_shown_before_it_is_saved(desk: Client, presenter: Presenter) -> None:
    page = desk.post(ADD, plan_form(make_presentation(), presenter))
    again = desk.post(ADD, sent_back(page, reason="Night staff", **{"d0-clock": "7pm"}))
    assert "We have found a new problem." in text(again)
    assert not OpenSession.objects.exists()
    desk.post(ADD, sent_back(again, reason="Night staff"))
    assert OpenSession.objects.count() == 4


def test_going_back_keeps_what_was_typed_and_what_was_changed_date_by_date(desk: Client, presenter: Presenter) -> None:
    page = desk.post(ADD, plan_form(make_presentation(), presenter))
    questions = desk.post(ADD, sent_back(page, step="change", **{"d1-keep": "", "d2-clock": "2pm"}))
    assert (questions.context["title"], bool(questions.context["plan"].errors)) == ("Plan open sessions", False)
    assert "Code 4821" in questions.content.decode()
    carried = dict(questions.context["plan"].hidden_inputs)
    answers = plan_form(make_presentation(), presenter, capacity="50") | carried | {"rhythm": questions.context["plan"].rhythm}
    again = desk.post(ADD, answers)
    assert [row.form.is_kept for row in again.context["plan"].rows] == [True, False, True, True]
    assert again.context["plan"].rows[2].title == "Monday 8 February 2027, 2pm to 3pm"
    other_days = desk.post(ADD, {**answers, "day": "26 1 2027"})
    assert [row.form.is_kept for row in other_days.context["plan"].rows] == [True] * 4


def test_bank_holidays_are_left_out_and_said(desk: Client) -> None:
    page = desk.post(ADD, plan_form(make_presentation(), None, day="22 3 2027", count="3"))
    assert "We left out these days off: Monday 29 March 2027." in text(page)
    assert [row.title for row in page.context["plan"].rows][-1] == "Monday 12 April 2027, 10am to 11am"
    kept = desk.post(ADD, plan_form(make_presentation(), None, day="22 3 2027", count="3", leave_out=""))
    assert "It is a bank holiday in England." in text(kept)


def test_the_form_sent_twice_plans_once(desk: Client) -> None:
    answers = sent_back(desk.post(ADD, plan_form(make_presentation(), None)))
    desk.post(ADD, answers)
    again = desk.post(ADD, answers, follow=True)
    assert "You have already planned these sessions. We have not planned any more." in text(again)
    assert OpenSession.objects.count() == 4


def test_pressed_twice_in_the_same_moment_the_second_finds_what_the_first_planned(desk: Client, presenter: Presenter) -> None:
    """The second has looked for the token before the first had written it: the database refuses it then."""
    planned = PlannedSession(make_presentation(), None, at("10:00"), 20)
    plan_sessions(sessions=[planned], by=None, now=NOW, token="t" * 43)
    with pytest.raises(AlreadyPlaced):
        plan_sessions(sessions=[planned], by=None, now=NOW, token="t" * 43)
    assert OpenSession.objects.count() == 1


def test_questions_without_answers_are_said_in_one_summary(desk: Client) -> None:
    page = text(desk.post(ADD, {"step": "check", "every": "week", "clock": "3"}))
    for words in (
        "Choose a presentation.",
        "Enter the day of the first session.",
        "Say am or pm",
        "Enter how many sessions there are.",
    ):
        assert words in page, words


def test_nothing_ticked_plans_nothing(desk: Client) -> None:
    page = desk.post(ADD, plan_form(make_presentation(), None, every="once"))
    assert "Tick at least one date." in text(desk.post(ADD, sent_back(page, **{"d0-keep": ""})))


def test_a_childs_details_are_told_to_nobody_who_joins(desk: Client) -> None:
    answers = plan_form(make_presentation(), None, joining_help=ABOUT_A_CHILD, every="once")
    assert "This looks like details of a child." in text(desk.post(ADD, answers))
    assert "other people will read it" in text(desk.post(ADD, {**answers, **KEPT}))
    assert (OpenSession.objects.count(), told_lead()) == (0, 0)


def test_many_dates_take_as_many_statements_as_two(desk: Client, presenter: Presenter) -> None:
    counts, presentation = set(), make_presentation()
    for number in ("2", "20"):
        with CaptureQueriesContext(connection) as statements:
            assert desk.post(ADD, plan_form(presentation, presenter, count=number)).status_code == 200
        counts.add(len(statements))
    assert len(counts) == 1, counts
