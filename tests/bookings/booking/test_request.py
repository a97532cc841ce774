"""Asking for dates of one's own: what is kept, for whom, and for how long."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.conf import settings

from bookings.booking.services.request import DatesRefused
from bookings.errors import AlreadyPlaced, NotOffered
from bookings.models import (
    Booking,
    BookingEventKind,
    BookingState,
    BusyTime,
    DateOptionKind,
    DateOptionState,
    Precision,
    Presenter,
)
from bookings.schedule.holds import PreferredDate
from notifications.models import Notification
from professionals.models import Draft, Person
from tests.bookings.placed import history, place, sent
from tests.bookings.requested import HOUR, ask, dates_of, offer, on
from tests.bookings.rows import MONDAY, NOW, at, make_booking, make_draft, make_option, make_presentation, make_presenter
from tests.factories import make_person

pytestmark = pytest.mark.django_db
TUESDAY, WEDNESDAY = MONDAY + timedelta(days=1), MONDAY + timedelta(days=2)
KEPT, NOT_KEPT = ("preferred", "open", True), ("preferred", "open", False)
# NOW is a Tuesday, 10am: the second working day after it is Thursday.
THURSDAY_5PM = datetime(2027, 1, 14, 17, tzinfo=UTC)


@pytest.fixture
def presenter() -> Presenter:
    return make_presenter()


def test_a_date_is_kept_for_two_working_days_if_a_presenter_could_give_it(person: Person, presenter: Presenter) -> None:
    booking = ask(person, on(at("10:00")))
    assert (booking.state, booking.starts_at, booking.presenter, booking.when) == ("requested", None, None, "No time agreed yet")
    assert booking.request_reason == "We all have clinics on those days."
    option = booking.options.get()
    assert (option.presenter, option.kept_from, option.expires_at) == (presenter, at("10:00"), THURSDAY_5PM)
    claim = BusyTime.objects.get()
    assert (claim.option, claim.kind, claim.busy.lower, claim.busy.upper) == (option, "option", at("10:00"), at("11:00"))
    assert (claim.expires_at, claim.postcode) == (THURSDAY_5PM, booking.postcode)
    assert history(booking) == [("requested", "", "requested")]
    assert sent(booking) == [("booking-requested", person.email, 0), ("staff-new-booking", settings.STAFF_EMAIL, 0)]


def test_one_presenter_keeps_several_dates_of_a_request(person: Person, presenter: Presenter) -> None:
    booking = ask(person, on(at("10:00")), on(at("10:00", TUESDAY)), on(at("10:00", WEDNESDAY)))
    assert dates_of(booking) == [KEPT, KEPT, KEPT]


def test_dates_that_overlap_are_kept_with_two_presenters_or_not(person: Person, presenter: Presenter) -> None:
    booking = ask(person, on(at("10:00")), on(at("10:30")))
    assert dates_of(booking) == [KEPT, NOT_KEPT]
    make_presenter()
    assert dates_of(ask(make_person(), on(at("12:00")), on(at("12:30")))) == [KEPT, KEPT]


@pytest.mark.parametrize("clock", ["08:00", "16:30", "18:00"])
def test_outside_the_presenters_hours_it_is_asked_and_not_kept(person: Person, presenter: Presenter, clock: str) -> None:
    assert dates_of(ask(person, on(at(clock)))) == [NOT_KEPT]
    assert not BusyTime.objects.exists()


def test_sooner_than_the_notice_period_it_is_kept_as_staff_may_yield(person: Person, presenter: Presenter) -> None:
    booking = ask(person, on(datetime(2027, 1, 13, 10, tzinfo=UTC)))
    assert dates_of(booking) == [KEPT]
    assert booking.options.get().expires_at == datetime(2027, 1, 13, 10, tzinfo=UTC)  # when it begins, if that is sooner


def test_further_ahead_than_the_public_books_it_is_kept(person: Person, presenter: Presenter) -> None:
    assert dates_of(ask(person, on(at("10:00", date(2027, 6, 7))))) == [KEPT]


def test_a_time_that_is_taken_is_not_kept(person: Person, presenter: Presenter) -> None:
    make_booking(presenter, at("10:00"))
    assert dates_of(ask(person, on(at("10:30")))) == [NOT_KEPT]


def test_a_part_of_a_day_is_kept_at_its_first_time(person: Person, presenter: Presenter) -> None:
    make_booking(presenter, at("09:00"))
    booking = ask(person, PreferredDate(Precision.MORNING, at("08:00"), at("13:00")))
    option = booking.options.get()
    assert (option.kept_from, option.when) == (at("10:00"), "Monday 25 January 2027, in the morning")


def test_several_days_are_not_kept(person: Person, presenter: Presenter) -> None:
    booking = ask(person, PreferredDate(Precision.DAYS, at("00:00"), at("23:59", WEDNESDAY)))
    assert dates_of(booking) == [NOT_KEPT]
    assert booking.options.get().when == "Monday 25 January 2027 to Wednesday 27 January 2027"


def test_at_most_three_dates_of_a_person_are_kept_over_all_requests(person: Person, presenter: Presenter) -> None:
    assert dates_of(ask(person, on(at("10:00")), on(at("10:00", TUESDAY)))) == [KEPT, KEPT]
    second = ask(person, on(at("13:00")), on(at("13:00", TUESDAY)), on(at("13:00", WEDNESDAY)))
    assert dates_of(second) == [KEPT, NOT_KEPT, NOT_KEPT]
    assert dates_of(ask(person, on(at("15:00", WEDNESDAY)))) == [NOT_KEPT]
    assert dates_of(ask(make_person(), on(at("15:00", WEDNESDAY)))) == [KEPT]
    later = THURSDAY_5PM + timedelta(hours=1)
    assert dates_of(ask(person, on(at("10:00", WEDNESDAY)), now=later)) == [KEPT]


def why_not(booking: Booking) -> list[str]:
    return [option.why_not for option in booking.options.all()]


def test_why_a_date_is_not_kept_is_stored(person: Person, presenter: Presenter) -> None:
    make_booking(presenter, at("10:00", WEDNESDAY))
    today = NOW.replace(hour=8)
    left = PreferredDate(Precision.MORNING, today, today + timedelta(hours=2, minutes=59))
    days = PreferredDate(Precision.DAYS, at("00:00"), at("23:59", WEDNESDAY))
    assert why_not(ask(person, on(at("10:30", WEDNESDAY)), on(at("18:00")), left)) == ["busy", "outside", "over"]
    assert why_not(ask(person, on(at("10:00")), on(at("10:30")), days)) == ["", "beside", "days"]
    assert why_not(ask(person, *(on(at(clock, TUESDAY)) for clock in ("10:00", "12:00", "14:00")))) == ["", "", "enough"]
    assert why_not(ask(person, on(at("15:00", TUESDAY)), left, days)) == ["enough", "over", "days"]


def test_what_staff_offer_is_not_counted_among_the_three(person: Person, presenter: Presenter) -> None:
    first = ask(person, on(at("10:00")))
    offer(first, at("10:00"), at("13:00"), at("15:00"))
    second = ask(person, on(at("10:00", TUESDAY)), on(at("13:00", TUESDAY)), on(at("10:00", WEDNESDAY)))
    assert dates_of(second) == [KEPT, KEPT, KEPT]


def test_a_request_keeps_no_more_a_day_than_the_presenter_gives(person: Person, presenter: Presenter) -> None:
    Presenter.objects.filter(pk=presenter.pk).update(most_a_day=1)
    assert dates_of(ask(person, on(at("10:00")), on(at("14:00")), on(at("10:00", TUESDAY)))) == [KEPT, NOT_KEPT, KEPT]


def test_nobody_else_can_book_what_is_kept(person: Person, presenter: Presenter) -> None:
    ask(person, on(at("10:00")))
    other = make_person()
    assert place(other, at("11:00")).starts_at == at("11:00")
    with pytest.raises(Exception, match="Choose another time"):
        place(other, at("10:00"))
    assert place(other, at("10:00"), now=THURSDAY_5PM).presenter == presenter


@pytest.mark.parametrize(
    "dates",
    [
        (),
        (on(at("10:00")),) * 2,
        tuple(on(at(clock)) for clock in ("09:00", "10:00", "11:00", "12:00")),
        (on(NOW),),
        (on(NOW - HOUR),),
        (on(NOW + timedelta(days=400)),),
        (PreferredDate(Precision.TIME, at("10:00"), at("10:00")),),
    ],
    ids=["none", "twice", "four", "now", "past", "far", "empty"],
)
def test_nonsense_is_refused(person: Person, presenter: Presenter, dates: tuple[PreferredDate, ...]) -> None:
    with pytest.raises(DatesRefused):
        ask(person, *dates)
    assert not Booking.objects.exists()


def test_only_what_is_offered_can_be_asked_for(person: Person, presenter: Presenter) -> None:
    with pytest.raises(NotOffered):
        ask(person, on(at("10:00")), presentation=make_presentation(formats=["online"]))
    with pytest.raises(NotOffered):
        ask(person, on(at("10:00")), presentation=make_presentation(active=False))


def test_the_draft_goes_with_it_and_its_token_counts_once(person: Person, presenter: Presenter) -> None:
    draft = make_draft(person)
    submission = (draft.token, "digest")
    booking = ask(person, on(at("10:00")), submission=submission)
    assert (booking.submission_token, Draft.objects.count()) == (draft.token, 0)
    with pytest.raises(AlreadyPlaced):
        ask(person, on(at("12:00")), submission=submission)


def test_what_looks_like_a_childs_details_is_told_of(person: Person, presenter: Presenter) -> None:
    booking = ask(person, on(at("10:00")), flagged=True)
    assert booking.flagged_child_details
    assert Notification.objects.filter(kind="safeguarding-flag").count() == 1


def test_leave_ends_what_is_kept_at_once(person: Person, presenter: Presenter) -> None:
    from bookings.leave.services import record_leave
    from bookings.models import DateOption

    booking = ask(person, on(at("10:00")))
    record_leave(presenter=presenter, starts_at=at("09:00"), ends_at=at("17:00"), kind="illness", by=None, now=NOW)
    assert (dates_of(booking), why_not(booking)) == ([NOT_KEPT], ["away"])
    assert list(DateOption.objects.lapsed(NOW)) == [booking.options.get()]


def test_whose_turn_it_is(person: Person, presenter: Presenter) -> None:
    asked, other = ask(person, on(at("10:00"))), ask(make_person(), on(at("12:00")))
    make_option(other, presenter, at("14:00"), kind=DateOptionKind.PROPOSED)
    assert list(Booking.objects.to_decide()) == [asked]
    assert list(Booking.objects.awaiting_answer()) == [other]
    assert not Booking.objects.with_lapsed_dates().exists()
    other.options.update(state=DateOptionState.EXPIRED)
    assert set(Booking.objects.to_decide()) == {asked, other}
    assert list(Booking.objects.with_lapsed_dates()) == [other]
    Booking.objects.update(state=BookingState.DECLINED)
    assert not Booking.objects.to_decide().exists()
    assert {event.kind for event in asked.events.all()} == {BookingEventKind.REQUESTED}
