"""Delivered and cancelled are taken back while nothing else depends on it."""

from datetime import timedelta

import pytest

from accounts.services import AccountGoneError
from bookings.booking.services.transitions import cancel_booking, mark_delivered, remind_of_bookings, transition
from bookings.booking.services.undo import take_back_cancelled, take_back_delivered
from bookings.calendars import ical
from bookings.errors import SlotTaken, TransitionNotAllowed
from bookings.feedback.services import get_or_create_follow_up, give_feedback, record_attendance
from bookings.models import (
    Booking,
    BookingEventKind,
    BookingState,
    BusyTime,
    DateOption,
    DateOptionState,
    DutyShift,
    Feedback,
    Presenter,
    VisitLeaflets,
)
from bookings.models.booking import UNDO_TRANSITIONS
from bookings.visits.services import NoCover
from core.errors import DomainError
from leaflets.models import CopiesToBring, Order, OrderState
from leaflets.orders.services.transitions import cancel_order
from leaflets.stock.services import ledger_differences
from notifications.models import Notification
from notifications.registry import Email, email_for
from professionals.models import Person
from tests.bookings.placed import TEN, history, place, sent
from tests.bookings.rows import LEEDS_TOO, NOW, at, make_booking, make_leave, make_option, make_presenter, make_request
from tests.factories import make_staff
from tests.leaflets.factories import make_edition, make_order

pytestmark = pytest.mark.django_db
OVER = TEN + timedelta(hours=1)
LATER = NOW + timedelta(hours=1)
WHY = "The wrong one of two"


def cancelled(presenter: Presenter | None, **fields: object) -> Booking:
    booking = make_booking(presenter, TEN, **fields)
    return cancel_booking(booking=booking, by=make_staff(), now=NOW, reason="Snow")


def mail_of(kind: str, booking: Booking) -> Email:
    return email_for(Notification.objects.filter(kind=kind, about=f"booking:{booking.pk}").latest("pk"))


@pytest.mark.parametrize("before", BookingState)
@pytest.mark.parametrize("after", BookingState)
def test_only_these_moves_are_taken_back(before: BookingState, after: BookingState) -> None:
    booking = make_booking(None, TEN, state=before)
    if after in UNDO_TRANSITIONS.get(before, ()):
        transition(booking, after, BookingEventKind.RESTORED, by=None, now=NOW)
        assert Booking.objects.get().state == after
    else:
        with pytest.raises(TransitionNotAllowed):
            transition(booking, after, BookingEventKind.RESTORED, by=None, now=NOW)
        assert Booking.objects.get().state == before


def test_delivered_is_taken_back_with_who_and_why(presenter: Presenter) -> None:
    booking, staff = make_booking(presenter, TEN, postcode=""), make_staff()
    mark_delivered(booking=booking, by=staff, now=OVER)
    first = mail_of("booking-afterwards", booking)
    taken_back = take_back_delivered(booking=booking, reason=WHY, by=staff, now=OVER)
    assert taken_back.state == BookingState.CONFIRMED
    event = booking.events.last()
    assert event is not None
    assert (event.kind, event.from_state, event.to_state, event.by, event.reason) == (
        *("undelivered", "delivered", "confirmed", staff, WHY),
    )
    assert not first.is_still_due()
    assert BusyTime.objects.get().booking == booking
    # Marked again, its host is asked again.
    mark_delivered(booking=booking, by=staff, now=OVER)
    assert [(kind, version) for kind, _to, version in sent(booking)] == [("booking-afterwards", 0), ("booking-afterwards", 1)]


def test_delivered_stays_where_people_were_counted(presenter: Presenter) -> None:
    booking, staff = make_booking(presenter, TEN, postcode=""), make_staff()
    record_attendance(given=booking, counts={"social-worker": 4}, by=staff, now=OVER)
    booking.refresh_from_db()
    assert booking.state == BookingState.DELIVERED
    with pytest.raises(DomainError, match="recorded how many people came"):
        take_back_delivered(booking=booking, reason=WHY, by=staff, now=OVER)


def test_delivered_stays_where_somebody_gave_feedback(presenter: Presenter) -> None:
    booking, staff = make_booking(presenter, TEN, postcode=""), make_staff()
    mark_delivered(booking=booking, by=staff, now=OVER)
    follow_up, answers = get_or_create_follow_up(given=booking, now=OVER), Feedback(useful=4, clear=4, ready=4)
    give_feedback(follow_up=follow_up, answers=answers, token="1", by_host=True, now=OVER)
    with pytest.raises(DomainError, match="given feedback"):
        take_back_delivered(booking=booking, reason=WHY, by=staff, now=OVER)
    assert Booking.objects.get().state == BookingState.DELIVERED


@pytest.mark.parametrize("state", [BookingState.REQUESTED, BookingState.CONFIRMED, BookingState.CANCELLED, BookingState.DECLINED])
def test_what_is_not_delivered_cannot_be_taken_back_as_such(presenter: Presenter, state: BookingState) -> None:
    with pytest.raises(TransitionNotAllowed):
        take_back_delivered(booking=make_booking(presenter, TEN, state=state), reason=WHY, by=None, now=OVER)


def test_a_cancellation_is_taken_back_with_the_time_the_emails_and_the_calendar(presenter: Presenter, person: Person) -> None:
    booking = cancelled(presenter, person=person, postcode="")
    assert not BusyTime.objects.exists()
    staff = make_staff()
    restored = take_back_cancelled(booking=booking, reason=WHY, by=staff, now=LATER)
    assert (restored.state, restored.sequence, restored.closed_reason, restored.presenter) == ("confirmed", 2, "", presenter)
    assert BusyTime.objects.get().booking == booking
    assert history(booking) == [("cancelled", "confirmed", "cancelled"), ("restored", "cancelled", "confirmed")]
    assert sent(booking)[3:] == [("booking-confirmed", person.email, 2), ("presenter-booked", presenter.email, 2)]
    email = mail_of("booking-confirmed", booking)
    assert email.is_still_due()
    assert "is going ahead after all" in str(email.get_subject())
    assert email.context()["restored"]
    entry = ical.booking_calendar(restored, "REQUEST", now=LATER).decode()
    assert "SEQUENCE:2" in entry
    assert email.get_calendar_method() == "REQUEST"
    # Nobody reads of the cancellation any more if that email has not gone yet.
    assert not mail_of("booking-cancelled", booking).is_still_due()
    # It can be cancelled again, and everybody hears of that.
    cancel_booking(booking=booking, by=staff, now=LATER)
    assert ("booking-cancelled", person.email, 3) in sent(booking)


def test_who_was_told_that_it_goes_ahead_gets_no_reminder_as_well(presenter: Presenter) -> None:
    booking = cancelled(presenter, postcode="", created_at=NOW - timedelta(days=30))
    due = booking.reminder_due_at
    take_back_cancelled(booking=booking, reason=WHY, by=None, now=due + timedelta(minutes=1))
    assert remind_of_bookings(now=due + timedelta(minutes=5)) == 0


@pytest.mark.parametrize("what", ["booking", "travel", "leave", "left"])
def test_a_presenter_who_is_not_free_any_more_is_in_the_way(presenter: Presenter, what: str) -> None:
    booking = cancelled(presenter)
    if what == "booking":
        make_booking(presenter, TEN + timedelta(minutes=30))
    elif what == "travel":
        make_booking(presenter, OVER, postcode=LEEDS_TOO)
    elif what == "leave":
        make_leave(presenter, at("09:00"), at("17:00"))
    else:
        Presenter.objects.update(active=False)
    before = BusyTime.objects.count()
    with pytest.raises(SlotTaken, match=r"no longer free at that time.*Book again"):
        take_back_cancelled(booking=booking, reason=WHY, by=None, now=LATER)
    booking.refresh_from_db()
    assert (booking.state, booking.sequence, booking.events.count(), BusyTime.objects.count()) == ("cancelled", 1, 1, before)


def test_a_visit_needs_somebody_on_duty(presenter: Presenter) -> None:
    booking = cancelled(presenter)
    DutyShift.objects.all().delete()
    with pytest.raises(NoCover, match="Nobody is on duty"):
        take_back_cancelled(booking=booking, reason=WHY, by=None, now=LATER)


def test_a_visit_is_waited_for_again_and_one_that_is_over_is_not(presenter: Presenter) -> None:
    ahead, over = cancelled(presenter), make_booking(make_presenter(), TEN)
    assert ahead.visit_closed
    assert not take_back_cancelled(booking=ahead, reason=WHY, by=None, now=LATER).visit_closed
    cancel_booking(booking=over, by=make_staff(), now=NOW)
    Presenter.objects.update(active=False)
    restored = take_back_cancelled(booking=over, reason=WHY, by=None, now=OVER)
    assert (restored.state, restored.visit_closed) == (BookingState.CONFIRMED, True)
    assert not Booking.objects.overdue(OVER + timedelta(days=1)).filter(pk=over.pk).exists()
    # It is over: nobody needs to know.
    assert "booking-confirmed" not in [kind for kind, _to, _version in sent(over)]
    assert mark_delivered(booking=over, by=None, now=OVER).state == BookingState.DELIVERED


def test_a_booking_that_had_nobody_needs_a_presenter_again(presenter: Presenter, person: Person) -> None:
    restored = take_back_cancelled(booking=cancelled(None, person=person), reason=WHY, by=None, now=LATER)
    assert restored.needs_a_presenter
    assert sent(restored)[-1] == ("booking-confirmed", person.email, 2)


def test_a_request_with_a_time_is_a_request_again_and_its_time_is_kept(presenter: Presenter, person: Person) -> None:
    booking = cancelled(presenter, state=BookingState.REQUESTED, person=person)
    restored = take_back_cancelled(booking=booking, reason=WHY, by=None, now=LATER)
    assert (restored.state, BusyTime.objects.get().booking) == (BookingState.REQUESTED, booking)
    assert sent(restored)[-2:] == [("booking-requested", person.email, 2), ("presenter-kept", presenter.email, 2)]


def test_the_dates_of_a_request_are_asked_for_again_and_not_kept(presenter: Presenter) -> None:
    booking = make_request()
    make_option(booking, presenter, TEN)
    make_option(booking, None, at("14:00"))
    make_option(booking, presenter, at("16:00"), kind="proposed")
    cancel_booking(booking=booking, by=None, now=NOW)
    restored = take_back_cancelled(booking=booking, reason=WHY, by=None, now=LATER)
    assert restored.state == BookingState.REQUESTED
    states = list(DateOption.objects.order_by("pk").values_list("state", flat=True))
    assert states == [DateOptionState.EXPIRED, DateOptionState.OPEN, DateOptionState.PASSED]
    assert not BusyTime.objects.exists()
    assert restored in Booking.objects.with_lapsed_dates()


def test_nothing_is_taken_back_for_somebody_who_was_erased(presenter: Presenter, person: Person) -> None:
    booking = cancelled(presenter, person=person)
    Person.objects.filter(pk=person.pk).update(erased_at=NOW)
    with pytest.raises(AccountGoneError):
        take_back_cancelled(booking=booking, reason=WHY, by=None, now=LATER)


def test_nothing_is_taken_back_whose_details_were_taken_out(presenter: Presenter) -> None:
    booking = cancelled(presenter)
    Booking.objects.update(anonymised_at=NOW)
    with pytest.raises(TransitionNotAllowed):
        take_back_cancelled(booking=booking, reason=WHY, by=None, now=LATER)


@pytest.mark.parametrize("state", [BookingState.REQUESTED, BookingState.CONFIRMED, BookingState.DELIVERED, BookingState.DECLINED])
def test_what_is_not_cancelled_cannot_be_taken_back_as_such(presenter: Presenter, state: BookingState) -> None:
    with pytest.raises(TransitionNotAllowed):
        take_back_cancelled(booking=make_booking(presenter, TEN, state=state), reason=WHY, by=None, now=LATER)


def test_words_about_a_child_reach_the_safeguarding_lead(presenter: Presenter) -> None:
    take_back_cancelled(booking=cancelled(presenter), reason=WHY, by=None, now=LATER, flagged=True)
    assert Notification.objects.filter(kind="safeguarding-flag").count() == 1


# Leaflets that the presenter brings


def with_leaflets(person: Person, *stock: int) -> tuple[Booking, list[object]]:
    editions = [make_edition(NOW, slug=f"title-{number}", stock=copies) for number, copies in enumerate(stock)]
    asked = [CopiesToBring(edition.leaflet.slug, edition.leaflet.title, 10) for edition in editions]
    return place(person, leaflets=asked), editions


def test_the_leaflets_come_back_with_their_visit(presenter: Presenter, person: Person) -> None:
    booking, _editions = with_leaflets(person, 12)
    cancel_booking(booking=booking, by=None, now=NOW)
    take_back_cancelled(booking=booking, reason=WHY, by=None, now=LATER)
    order = Order.objects.get()
    assert (order.state, order.lines.get().allocated) == (OrderState.RECEIVED, 10)
    assert VisitLeaflets.objects.get().missing == []
    assert list(ledger_differences()) == []


def test_leaflets_that_have_gone_meanwhile_are_missing_and_the_visit_goes_ahead(presenter: Presenter, person: Person) -> None:
    booking, [some, none] = with_leaflets(person, 12, 10)
    cancel_booking(booking=booking, by=None, now=NOW)
    make_order(person, NOW, {some.leaflet: 6, none.leaflet: 10})  # type: ignore[attr-defined]
    take_back_cancelled(booking=booking, reason=WHY, by=None, now=LATER)
    brought = VisitLeaflets.objects.get()
    assert brought.live_order is not None
    assert [(line.allocated, line.cancelled) for line in brought.live_order.lines.order_by("pk")] == [(6, 4), (0, 10)]
    assert [leaflet.copies for leaflet in brought.missing_leaflets] == [4, 10]
    assert list(ledger_differences()) == []


def test_an_order_of_which_nothing_is_left_stays_cancelled(presenter: Presenter, person: Person) -> None:
    booking, [edition] = with_leaflets(person, 10)
    cancel_booking(booking=booking, by=None, now=NOW)
    make_order(person, NOW, {edition.leaflet: 10})  # type: ignore[attr-defined]
    assert take_back_cancelled(booking=booking, reason=WHY, by=None, now=LATER).state == BookingState.CONFIRMED
    brought = VisitLeaflets.objects.get()
    assert (brought.live_order, [leaflet.copies for leaflet in brought.missing_leaflets]) == (None, [10])


def test_leaflets_that_were_cancelled_for_themselves_stay_so(presenter: Presenter, person: Person) -> None:

    booking, _editions = with_leaflets(person, 10)
    cancel_order(Order.objects.get(), by=make_staff(), now=NOW - timedelta(minutes=1))
    cancel_booking(booking=booking, by=None, now=NOW)
    take_back_cancelled(booking=booking, reason=WHY, by=None, now=LATER)
    assert Order.objects.get().state == OrderState.CANCELLED
