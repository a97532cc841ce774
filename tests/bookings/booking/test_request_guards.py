"""What the database refuses of requests, their dates and the time that is kept for them."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from bookings.models import (
    Booking,
    BookingState,
    BusyTime,
    DateOption,
    DateOptionKind,
    DateOptionState,
    NotKeptReason,
    Precision,
    Presenter,
)
from bookings.schedule.locks import lock_presenters
from tests.bookings.rows import NOW, at, make_booking, make_option, make_presenter, make_request

pytestmark = pytest.mark.django_db


@pytest.fixture
def presenter() -> Presenter:
    return make_presenter()


def refused(*, by: str) -> "pytest.RaisesExc[IntegrityError]":
    return pytest.raises(IntegrityError, match=by)


@pytest.mark.parametrize("state", [BookingState.CONFIRMED, BookingState.DELIVERED])
def test_only_a_request_has_no_time(state: BookingState) -> None:
    booking = make_request()
    with refused(by="booking_has_a_time_or_is_a_request"), transaction.atomic():
        Booking.objects.filter(pk=booking.pk).update(state=state)


def test_a_time_is_whole_and_a_presenter_comes_with_it(presenter: Presenter) -> None:
    booking = make_request()
    for half in ({"starts_at": at("10:00")}, {"ends_at": at("10:00")}, {"presenter": presenter}):
        with refused(by="booking_has_a_time_or_is_a_request"), transaction.atomic():
            Booking.objects.filter(pk=booking.pk).update(**half)


@pytest.mark.parametrize("state", [BookingState.CANCELLED, BookingState.DECLINED])
def test_a_request_may_be_closed_without_a_time(state: BookingState) -> None:
    booking = make_request()
    Booking.objects.filter(pk=booking.pk).update(state=state)
    booking.refresh_from_db()
    assert (booking.state, booking.when) == (state, "No time agreed yet")


def test_a_kept_date_is_busy_time_like_any_other(presenter: Presenter) -> None:
    make_option(make_request(), presenter, at("10:00"))
    with refused(by="busytime_no_overlap"), transaction.atomic():
        make_booking(presenter, at("10:30"))
    with refused(by="busytime_no_overlap"), transaction.atomic():
        make_option(make_request(), presenter, at("09:30"))


def test_a_kept_date_expires(presenter: Presenter) -> None:
    make_option(make_request(), presenter, at("10:00"))
    with refused(by="busytime_only_holds_and_options_expire"), transaction.atomic():
        BusyTime.objects.update(expires_at=None)


@pytest.mark.parametrize("columns", [{"presenter": None}, {"kept_from": None}, {"expires_at": None}])
def test_a_date_is_kept_whole_or_not(presenter: Presenter, columns: dict[str, Any]) -> None:
    option = make_option(make_request(), presenter, at("10:00"))
    with refused(by="dateoption_kept_whole_or_not"), transaction.atomic():
        DateOption.objects.filter(pk=option.pk).update(**columns)


def test_a_date_that_is_kept_has_no_reason_not_to_be(presenter: Presenter) -> None:
    request = make_request()
    kept, other = make_option(request, presenter, at("10:00")), make_option(request, None, at("12:00"))
    for option, why in ((kept, NotKeptReason.NOBODY_FREE), (other, NotKeptReason.AWAY)):
        with refused(by="dateoption_why_it_is_not_kept"), transaction.atomic():
            DateOption.objects.filter(pk=option.pk).update(why_not=why)


def test_what_is_kept_lies_within_what_was_asked(presenter: Presenter) -> None:
    request = make_request()
    exact = make_option(request, presenter, at("10:00"))
    morning = make_option(request, presenter, at("11:00"), precision=Precision.MORNING)
    for option, columns in (
        (exact, {"kept_from": at("10:30")}),
        (morning, {"kept_from": at("12:00")}),
        (morning, {"kept_from": at("10:30")}),
        (morning, {"precision": Precision.DAYS}),
    ):
        with refused(by="dateoption_kept_within_itself"), transaction.atomic():
            DateOption.objects.filter(pk=option.pk).update(**columns)


def test_what_staff_offer_is_exact_and_kept(presenter: Presenter) -> None:
    request = make_request()
    with refused(by="dateoption_offered_is_kept"), transaction.atomic():
        make_option(request, None, at("10:00"), kind=DateOptionKind.PROPOSED)
    offered = make_option(request, presenter, at("10:00"), kind=DateOptionKind.PROPOSED)
    with refused(by="dateoption_offered_is_kept"), transaction.atomic():
        DateOption.objects.filter(pk=offered.pk).update(precision=Precision.MORNING)


def test_one_date_of_a_request_is_taken(presenter: Presenter) -> None:
    request = make_request()
    make_option(request, presenter, at("10:00"), state=DateOptionState.TAKEN)
    with refused(by="dateoption_one_is_taken"), transaction.atomic():
        make_option(request, presenter, at("12:00"), state=DateOptionState.TAKEN)


def test_a_writer_gives_back_dates_whose_time_is_over(presenter: Presenter) -> None:
    past = make_option(make_request(), presenter, at("10:00"), expires_at=NOW)
    kept = make_option(make_request(), presenter, at("12:00"), expires_at=NOW + timedelta(seconds=1))
    assert list(BusyTime.objects.live_at(NOW)) == [kept.busy_time]
    with transaction.atomic():
        lock_presenters([presenter.pk], now=NOW)
    assert list(BusyTime.objects.values_list("option", flat=True)) == [kept.pk]
    assert list(DateOption.objects.lapsed(NOW)) == [past]  # still to be told of
    assert list(DateOption.objects.kept(NOW)) == [kept]


def test_who_lies_ahead_and_who_needs_a_presenter(presenter: Presenter) -> None:
    request, freed = make_request(), make_booking(None, at("10:00"))
    past = make_booking(presenter, NOW - timedelta(days=3))
    assert set(Booking.objects.upcoming(NOW)) == {request, freed}
    assert list(Booking.objects.needing_a_presenter()) == [freed]
    assert set(Booking.objects.not_over(NOW)) == {request, freed}
    assert list(Booking.objects.past(NOW)) == [past]
    assert [booking.needs_a_presenter for booking in (request, freed, past)] == [False, True, False]
