"""Every figure that staff set is used by a service, and said by pages and emails; what was promised before a change stays."""

import re
from collections.abc import Callable, Iterator
from datetime import datetime, time, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import translation

from bookings.booking.forms import DatesForm, DetailsForm
from bookings.booking.services.request import DatesRefused, remaining_kept_dates
from bookings.booking.services.transitions import remind_of_bookings
from bookings.errors import SlotTaken
from bookings.feedback.services import get_or_create_follow_up
from bookings.models import BookingState, DateOption, DateOptionKind, Hold, PlaceState, Precision, Presenter
from bookings.open_sessions.services.notify import CapacityRefused, remind_of_sessions
from bookings.open_sessions.services.places import offer_expiry
from bookings.open_sessions.services.sessions import set_capacity
from bookings.presenter.services import warn_of_checks
from bookings.schedule.holds import extend_hold, hold_slot, kept_until
from bookings.schedule.picker import read_public_schedule
from core.dates import format_day, uk_datetime, uk_day
from core.errors import DomainError
from leaflets.models import OrderState
from leaflets.orders.allowances import ACCOUNT_RATE_LIMIT, LimitScope, RecentCopies, Workplace, change_limits, recent_orders
from notifications.models import Notification
from notifications.registry import email_for
from notifications.samples import all_samples
from office.site_settings.models import SETTING_BOUNDS, SiteSettings
from office.site_settings.queries import overdue_request_cutoff, setting_text
from office.site_settings.services import find_broken_promises
from privacy import retention
from professionals.models import Person
from tests.bookings.flow import WHERE, text
from tests.bookings.open_sessions.rows import make_place, make_session
from tests.bookings.placed import place
from tests.bookings.requested import ask, offer, on
from tests.bookings.rows import (
    NOW,
    at,
    first_slot,
    make_booking,
    make_draft,
    make_option,
    make_presentation,
    make_presenter,
    make_request,
    slot_query,
)
from tests.factories import make_person, sign_in
from tests.leaflets.factories import make_edition, make_order
from tests.leaflets.statements import statements

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
TODAY = uk_day(NOW)  # a Tuesday


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


def day_of(moment: datetime) -> int:
    """How many days from today."""
    return (uk_day(moment) - TODAY).days


# What each setting decides.


def first_day() -> int:
    make_presenter(weekdays=range(7))
    first = first_slot(read_public_schedule(slot_query(make_presentation(), ""), NOW, None))
    return day_of(first.start) if first else -1


def last_day() -> int:
    make_presenter(weekdays=range(7))
    schedule = read_public_schedule(slot_query(make_presentation(), ""), NOW, None)
    assert schedule.slots_on(schedule.last_day)
    return (schedule.last_day - TODAY).days


def refusal(error: type[DomainError], act: Callable[..., object], *args: object, **kwargs: object) -> str:
    try:
        act(*args, **kwargs)
    except error as refused:
        return str(refused.message)
    return ""


def last_day_that_can_be_asked_for() -> int:
    """By the form, and by the service behind it."""
    for days in (30, 365, 730):
        day = TODAY + timedelta(days=days + 1)
        form = DatesForm(
            {"day_1": f"{day:%d %m %Y}", "part_1": Precision.ANY_TIME, "reason": "-"}, presentation=make_presentation()
        )
        said = refusal(DatesRefused, ask, make_person(), on(at("12:00", day)))
        assert bool(said) == ("day_1" in form.errors)
        if said:
            assert format_day(day - DAY) in said
            assert form.errors["day_1"] == [f"Enter {format_day(day - DAY)} or an earlier day."]
            return days
    return -1


def minutes_of_a_hold() -> int:
    make_presenter()
    draft = make_draft()
    hold = hold_slot(draft=draft, person=None, slot_query=slot_query(make_presentation()), start=at("10:00"), now=NOW)
    minutes = (hold.expires_at - NOW) // timedelta(minutes=1)
    assert extend_hold(draft=draft, now=NOW).expires_at - NOW == timedelta(minutes=2 * minutes)
    return minutes


def last_day_to_change() -> int:
    booking = make_booking(make_presenter(), at("10:00", TODAY + 20 * DAY))
    assert booking.may_still_change(uk_datetime(booking.last_day_to_change, time(23, 59)))
    assert not booking.may_still_change(uk_datetime(booking.last_day_to_change + DAY, time(0)))
    return (booking.last_day_to_change - TODAY).days


def day_of_which_requests_wait_too_long() -> int:
    return day_of(overdue_request_cutoff(NOW)) - 1


def last_day_of_a_kept_date() -> int:
    make_presenter()
    booking = ask(make_person(), on(at("10:00", TODAY + 30 * DAY)))
    return day_of(booking.options.get().expires_at)  # type: ignore[arg-type]


def dates_kept_for_one() -> int:
    return remaining_kept_dates(make_person(), NOW)


def largest_audience() -> int:
    def refused(size: int) -> list[str]:
        return DetailsForm({"audience_size": str(size)}).errors.get("audience_size", [])

    most = next(size for size in (10, 500, 5000) if refused(size + 1))
    assert not refused(most)
    assert refused(most + 1) == [f"Enter {most} or fewer, or call us about a bigger audience."]
    return most


def most_places() -> int:
    session = make_session(make_presenter(), at("10:00"), capacity=7)
    for most in (10, 1000, 5000):
        size = {"by": None, "now": NOW, "expected": session.capacity}
        if said := refusal(CapacityRefused, set_capacity, session=session, capacity=most + 1, **size):
            assert said == f"A session has between 1 and {most} places."
            set_capacity(session=session, capacity=most, **size)  # type: ignore[arg-type]
            return most
        session.refresh_from_db()
    return -1


def last_day_of_an_offer() -> int:
    until = offer_expiry(at("10:00", TODAY + 30 * DAY), NOW)
    assert until is not None
    return day_of(until)


def day_of_the_first_reminder() -> int:
    """Of a booking and of an open session, 40 days ahead."""
    start, presenter = at("10:00", TODAY + 40 * DAY), make_presenter()
    make_booking(presenter, start)
    make_place(make_session(presenter, start + 2 * timedelta(hours=1)))
    for days in range(40):
        now = uk_datetime(TODAY + days * DAY, time(9))
        with time_machine.travel(now, tick=False):
            if written := remind_of_bookings(now=now):
                assert (written, remind_of_sessions(now=now)) == (2, 2)
                rows = Notification.objects.filter(kind__contains="reminder")
                assert {row.kind.rpartition("-")[2] for row in rows} == {"week"}
                assert all(email_for(row).is_still_due() for row in rows)
                return 40 - days
            assert remind_of_sessions(now=now) == 0
    return -1


def weeks_of_feedback() -> int:
    booking = make_booking(make_presenter(), at("10:00", TODAY - DAY))
    follow_up = get_or_create_follow_up(given=booking, now=NOW)
    closes_at = follow_up.closes_at
    assert (follow_up.is_open(closes_at - timedelta(seconds=1)), follow_up.is_open(closes_at)) == (True, False)
    return (closes_at - booking.agreed_times[1]) // timedelta(weeks=1)


def days_before_a_check_ends() -> int:
    for days in (7, 60, 180):
        make_presenter(checked_until=TODAY + days * DAY, email=f"{days}@ctac.example")
    warn_of_checks(now=NOW)
    return Presenter.objects.with_checks_ending_soon(NOW).count()


def days_of_orders_that_count() -> int:
    until = RecentCopies(3, NOW).allowance(10, LimitScope.PERSON).until
    assert until is not None
    leaflet = make_edition(NOW, stock=100, most_per_order=20, most_per_person=20).leaflet
    person = make_person()
    make_order(person, NOW - (until - TODAY) + timedelta(minutes=1), {leaflet: 20})

    def counted(now: datetime) -> int:
        here = Workplace(None, "BT1 5GS")
        found = recent_orders(person=person.pk, workplace=here, leaflets=[leaflet], now=now)
        return found[leaflet.pk].person.copies if found else 0

    assert (counted(NOW), counted(NOW + timedelta(minutes=1))) == (20, 0)
    return (until - TODAY).days


def orders_an_hour(rf: Any) -> int:
    request = rf.get("/")
    request.user = make_person().user
    return change_limits(request, to_postcode="")[0].most


SEEN: list[tuple[str, int, Callable[..., int], int]] = [
    ("notice_working_days", 0, first_day, 0),
    ("notice_working_days", 5, first_day, 7),
    ("notice_working_days", 30, first_day, 42),
    ("horizon_days", 14, last_day, 14),
    ("horizon_days", 365, last_day, 365),
    ("request_horizon_days", 30, last_day_that_can_be_asked_for, 30),
    ("request_horizon_days", 730, last_day_that_can_be_asked_for, 730),
    ("hold_minutes", 5, minutes_of_a_hold, 5),
    ("hold_minutes", 60, minutes_of_a_hold, 60),
    ("change_deadline_working_days", 1, last_day_to_change, 17),  # 20 days ahead is a Monday
    ("change_deadline_working_days", 10, last_day_to_change, 6),
    ("answer_working_days", 1, day_of_which_requests_wait_too_long, -1),
    ("answer_working_days", 10, day_of_which_requests_wait_too_long, -19),
    ("kept_date_working_days", 1, last_day_of_a_kept_date, 1),
    ("kept_date_working_days", 10, last_day_of_a_kept_date, 14),
    ("max_kept_dates", 1, dates_kept_for_one, 1),
    ("max_kept_dates", 10, dates_kept_for_one, 10),
    ("max_audience_size", 10, largest_audience, 10),
    ("max_audience_size", 5000, largest_audience, 5000),
    ("max_session_capacity", 10, most_places, 10),
    ("max_session_capacity", 5000, most_places, 5000),
    ("offer_working_days", 1, last_day_of_an_offer, 1),
    ("offer_working_days", 5, last_day_of_an_offer, 7),
    ("first_reminder_days", 2, day_of_the_first_reminder, 2),
    ("first_reminder_days", 30, day_of_the_first_reminder, 30),
    ("feedback_weeks", 1, weeks_of_feedback, 1),
    ("feedback_weeks", 26, weeks_of_feedback, 26),
    ("checks_warning_days", 7, days_before_a_check_ends, 1),
    ("checks_warning_days", 180, days_before_a_check_ends, 3),
    ("order_window_days", 7, days_of_orders_that_count, 7),
    ("order_window_days", 365, days_of_orders_that_count, 365),
    ("order_limit_times", 1, orders_an_hour, ACCOUNT_RATE_LIMIT[0]),
    ("order_limit_times", 100, orders_an_hour, 100 * ACCOUNT_RATE_LIMIT[0]),
]


@pytest.mark.parametrize(("name", "value", "seen", "found"), SEEN, ids=[f"{row[0]}={row[1]}" for row in SEEN])
def test_a_figure_is_used(name: str, value: int, seen: Callable[..., int], found: int, change_settings: Any, rf: Any) -> None:
    change_settings(**{name: value})
    assert (seen(rf) if seen is orders_an_hour else seen()) == found


def sort_of(name: str) -> str:
    return name.removeprefix("keep_").removesuffix("_months")


KEPT = [name for name in SETTING_BOUNDS if name.startswith("keep_")]


@pytest.mark.parametrize("name", KEPT)
def test_how_long_a_sort_of_record_is_kept_is_used_and_said(name: str, client: Client, change_settings: Any) -> None:
    rules = [rule for rule in retention.registered_rules() if rule.keeps == sort_of(name)]
    assert rules
    for months, words in ((1, "1 month"), (7, "7 months"), (12, "1 year")):
        change_settings(**{name: months})
        for rule in rules:
            assert rule.cutoff(NOW) == retention.months_before(NOW + rule.ahead, months)
        page = text(client.get(reverse("privacy")))
        assert all(f"{rule.why} {words} after {rule.since}" in page for rule in rules if not rule.ahead)


def test_every_figure_is_tested_here() -> None:
    """But for what only sentences say, which is below."""
    assert {name for name, *_rest in SEEN} | set(KEPT) | {"packing_working_days"} == set(SETTING_BOUNDS)


# What pages and emails say.

OTHERS = {
    "answer_working_days": 3,
    "packing_working_days": 4,
    "offer_working_days": 6 - 3,
    "first_reminder_days": 11,
    "hold_minutes": 25,
    "horizon_days": 33,
}
# The manager is told again after two, which nobody sets.
OLD = re.compile(r"(?<!again in )[25] working days|next working day|a week before|7 days|15 minutes|3 months")


def test_no_email_says_an_old_figure(change_settings: Any) -> None:
    before = {sample.title: sample.text for sample in all_samples()}
    change_settings(**OTHERS)
    after = {sample.title: sample.text for sample in all_samples()}
    changed = [title for title, words in after.items() if before[title] != words]
    assert len(changed) > 10
    assert {title: found for title in changed if (found := OLD.findall(" ".join(after[title].split())))} == {}
    said = " ".join(" ".join(after.values()).split())
    for words in ("3 working days", "4 working days", "for 3 working days", "11 days before and the day before"):
        assert words in said


def test_the_pages_of_booking_say_the_figures(client: Client, change_settings: Any) -> None:
    change_settings(**OTHERS)
    make_presentation(slug="signs")
    client.post("/book/signs/where/", WHERE)
    assert "No presenter can come to LS1 4AP in the next 33 days." in text(client.get("/book/signs/when/"))
    assert "usually within 3 working days" in text(client.get("/book/signs/dates/"))
    make_presenter()
    sign_in(client, make_person())
    assert "we will keep it for you for 25 minutes." in text(client.get("/book/signs/when/"))
    client.post("/book/signs/when/", {"start": "2027-01-25T10:00Z"})
    assert "Keep this time 25 minutes longer" in text(client.get("/book/signs/check/"))


def test_in_welsh_too(change_settings: Any) -> None:
    change_settings(answer_working_days=2, first_reminder_days=8, hold_minutes=25)
    with translation.override("cy"):
        names = ("answer_working_days", "first_reminder_days", "hold_minutes")
        assert [setting_text(name) for name in names] == ["2 ddiwrnod gwaith", "8 diwrnod", "25 munud"]


# What was promised before stays as it was promised.


def test_what_is_held_kept_or_offered_lasts_as_long_as_was_said(change_settings: Any) -> None:
    presenter, person, presentation = make_presenter(), make_person(), make_presentation()
    draft = make_draft(person)
    hold_slot(draft=draft, person=person, slot_query=slot_query(presentation), start=at("10:00"), now=NOW)
    asked = ask(make_person(), on(at("10:00", TODAY + 30 * DAY)))
    offer(ask(make_person(), on(at("10:00", TODAY + 35 * DAY))), at("12:00", TODAY + 36 * DAY))
    place_offered = make_place(make_session(presenter, at("14:00", TODAY + 31 * DAY)), PlaceState.OFFERED)

    def promised() -> list[Any]:
        place_offered.refresh_from_db()
        kept = DateOption.objects.order_by("pk").values_list("expires_at", "state")
        return [Hold.objects.get().expires_at, *kept, (place_offered.state, place_offered.offer_expires_at)]

    before = promised()
    change_settings(hold_minutes=5, kept_date_working_days=1, max_kept_dates=1, offer_working_days=5, notice_working_days=30)
    assert promised() == before
    assert kept_until(at("10:00", TODAY + 30 * DAY), NOW) != asked.options.get().expires_at
    # What is held is booked, though it would be too soon now.
    placed = place(person, at("10:00"), presentation=presentation, submission=(draft.token, ""))
    assert placed.presenter == presenter
    with pytest.raises(SlotTaken):
        place(make_person(), at("12:00"), presentation=presentation)


def test_a_booking_for_more_people_can_still_be_changed(change_settings: Any) -> None:
    change_settings(max_audience_size=20)
    assert "audience_size" not in DetailsForm({"audience_size": "30"}, booked=30).errors
    assert "audience_size" in DetailsForm({"audience_size": "31"}, booked=30).errors


def test_a_reminder_that_waits_goes_and_no_second_one_comes(change_settings: Any, clock: time_machine.Traveller) -> None:
    start = at("10:00", TODAY + 7 * DAY)
    make_booking(make_presenter(), start, created_at=NOW - 9 * DAY)
    assert remind_of_bookings(now=NOW) == 2
    waiting = list(Notification.objects.filter(kind__contains="reminder"))
    for days in (3, 20):
        change_settings(first_reminder_days=days)
        assert all(email_for(row).is_still_due() for row in waiting)
    change_settings(first_reminder_days=3)
    clock.shift(4 * DAY)
    assert remind_of_bookings(now=NOW + 4 * DAY) == 0
    clock.shift(2 * DAY)
    assert remind_of_bookings(now=NOW + 6 * DAY) == 2  # the last one


def test_a_presenter_is_not_warned_of_the_same_check_twice(change_settings: Any) -> None:
    make_presenter(checked_until=TODAY + 50 * DAY)
    assert warn_of_checks(now=NOW) == 2
    change_settings(checks_warning_days=90)
    assert warn_of_checks(now=NOW) == 0


def test_who_is_kept_for_longer_is_warned_anew_before_they_go(change_settings: Any, clock: time_machine.Traveller) -> None:
    make_person(name="Nadia")
    Person.objects.update(created_at=NOW)
    Person.objects.get().user.__class__.objects.update(date_joined=NOW, last_login=NOW)
    change_settings(keep_people_months=12)
    clock.move_to(NOW + 366 * DAY)
    run = retention.run_rules(now=NOW + 366 * DAY)
    assert (run.done["warnings"], run.done["people"]) == (1, 0)
    Notification.objects.update(state="sent", sent_at=NOW + 366 * DAY)
    change_settings(keep_people_months=36)
    later = NOW + 3 * 366 * DAY
    clock.move_to(later)
    run = retention.run_rules(now=later)
    assert (run.done["warnings"], run.done["people"]) == (1, 0)


# A change that breaks what was promised says what.


def broken(**values: int) -> list[str]:
    new = SiteSettings(**values)
    assert len(statements(lambda: find_broken_promises(SiteSettings(), new))) <= len(values) * 2
    found = find_broken_promises(SiteSettings(), new)
    assert all(url.startswith("/") for _sentence, url in found)
    return [sentence for sentence, _url in found]


def test_nothing_promised_nothing_broken() -> None:
    least = {name: bounds[0] for name, bounds in SETTING_BOUNDS.items() if not name.startswith("keep_")}
    most = {name: bounds[1] for name, bounds in SETTING_BOUNDS.items()}
    for new in (SiteSettings(), SiteSettings(**least), SiteSettings(**most)):
        assert find_broken_promises(SiteSettings(), new) == []


def test_bookings_outside_the_new_rules_are_counted() -> None:
    presenter = make_presenter()
    for days, size in ((8, 400), (40, 20), (80, 20)):
        make_booking(presenter, at("10:00", TODAY + days * DAY), audience_size=size)
    make_booking(presenter, at("12:00", TODAY + 80 * DAY), state=BookingState.CANCELLED, claim=False)
    assert broken(notice_working_days=7) == ["1 booking is sooner than this. It stays as it is."]
    assert broken(notice_working_days=2) == []
    assert broken(horizon_days=30) == ["2 bookings are further ahead than this. They stay as they are."]
    assert broken(horizon_days=80) == []
    assert broken(horizon_days=79) == ["1 booking is further ahead than this. It stays as it is."]
    assert broken(max_audience_size=399) == ["1 booking is for more people. It stays as it is."]
    assert broken(max_audience_size=400) == []


def test_what_people_were_told_of_their_bookings_is_counted() -> None:
    presenter = make_presenter()
    make_booking(presenter, at("10:00", TODAY + 1 * DAY))  # can't be changed any more
    make_booking(presenter, at("10:00", TODAY + 2 * DAY))  # until today
    make_booking(presenter, at("10:00", TODAY + 7 * DAY))  # reminded today at 9am
    make_booking(presenter, at("10:00", TODAY + 8 * DAY))
    assert broken(change_deadline_working_days=3) == [
        "For 3 bookings, we have told people a later last day for changes.",
    ]
    assert broken(change_deadline_working_days=1) == []
    for days in (3, 10):
        assert broken(first_reminder_days=days) == [
            "For 1 booking, we have told people another day for the first reminder. If the new day has passed, none comes."
        ]


def test_requests_are_counted() -> None:
    presenter = make_presenter()
    make_option(make_request(), presenter, at("10:00", TODAY + 100 * DAY), kind=DateOptionKind.PREFERRED)
    assert broken(request_horizon_days=100) == []
    assert broken(request_horizon_days=99) == ["1 request is for a day further ahead than this. It stays as it is."]
    assert broken(answer_working_days=3) == ["We have promised an answer sooner to 1 person who asked for a presentation."]
    assert broken(answer_working_days=1) == []


def test_open_sessions_are_counted() -> None:
    session = make_session(make_presenter(), at("10:00", TODAY + 20 * DAY), capacity=2)
    for state in (PlaceState.TAKEN, PlaceState.TAKEN, PlaceState.WAITING):
        make_place(session, state)
    make_session(make_presenter(), at("10:00", TODAY + 20 * DAY), capacity=30)
    assert broken(max_session_capacity=20) == ["1 open session has more places. It keeps them."]
    assert broken(first_reminder_days=5) == [
        "We have told 2 people with a place at an open session another day for the first reminder."
    ]
    old, new = SiteSettings(offer_working_days=2), SiteSettings()
    assert [sentence for sentence, _url in find_broken_promises(old, new)] == [
        "We have told 1 person on a waiting list that an offer lasts longer."
    ]


def test_feedback_that_is_open_is_counted() -> None:
    presenter = make_presenter()
    for days in (1, 41, 43):
        given = make_booking(presenter, at("10:00", TODAY - days * DAY), state=BookingState.DELIVERED)
        get_or_create_follow_up(given=given, now=NOW)
    given = make_session(presenter, at("14:00", TODAY - 2 * DAY), state="delivered")
    get_or_create_follow_up(given=given, now=NOW)
    assert broken(feedback_weeks=5) == ["After 3 presentations, we have told people a later last day for feedback."]
    assert broken(feedback_weeks=7) == []


def test_orders_are_counted() -> None:
    leaflet = make_edition(NOW, stock=100, most_per_order=10).leaflet
    person = make_person()
    assert make_order(person, NOW - DAY, {leaflet: 5}).state == OrderState.RECEIVED
    make_order(person, NOW, {leaflet: 12}, by=person.user, over_limit_reason="We train every school")
    make_order(make_person(), NOW - 100 * DAY, {leaflet: 5})
    assert broken(order_window_days=91) == ["1 person has ordered lately, and may have read that more can be ordered sooner."]
    assert broken(packing_working_days=6) == ["We have promised to pack 2 orders sooner."]
    assert broken(answer_working_days=3) == ["We have promised an answer sooner for 1 order over the limit."]
    assert broken(order_window_days=89, packing_working_days=4, answer_working_days=1) == []


def test_records_that_would_go_tonight_are_counted_and_a_longer_time_is_owned_up_to() -> None:
    make_booking(make_presenter(), at("10:00", TODAY - 200 * DAY), state=BookingState.DELIVERED)
    assert broken(keep_bookings_months=6) == ["1 record would be due at once: “Bookings of presentations”."]
    assert broken(keep_bookings_months=7) == []
    old = SiteSettings(keep_orders_months=12)
    [(sentence, url)] = find_broken_promises(old, SiteSettings(keep_orders_months=18))
    assert sentence == "Our privacy notice says 1 year now. We would keep records for longer than people were told."
    assert url == "/privacy/#kept"


def test_very_many_are_counted_no_further_than_a_list_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("office.site_settings.services.MAX_COUNTED", 1)
    monkeypatch.setattr("staff.lists.MAX_COUNTED", 1)
    presenter = make_presenter()
    for days in (40, 41, 42):
        make_booking(presenter, at("10:00", TODAY + days * DAY))
    assert broken(horizon_days=30) == ["more than 1,000 bookings are further ahead than this. They stay as they are."]
