"""What staff decide of a request, what the professional answers, and what lapses."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.conf import settings

from bookings.booking.services.decide import (
    OfferGone,
    agree_time,
    ask_for_other_times,
    bookings_with_lapsed_dates,
    lapse_booking_dates,
    take_offer,
)
from bookings.booking.services.transitions import cancel_booking, confirm_booking, decline_booking
from bookings.errors import NoTimeAgreed, OutsideRules, SlotTaken, TransitionNotAllowed
from bookings.leave.services import record_leave
from bookings.models import Booking, BookingState, BusyTime, DateOption, Presenter
from bookings.tasks import lapse_dates
from core.errors import DomainError
from ctac.celery import build_beat_schedule
from notifications import rendering
from notifications.models import Notification
from notifications.registry import get_email_class
from professionals.models import Person
from tests.bookings.placed import STRANGER, history, place, sent
from tests.bookings.requested import ask, dates_of, offer, on
from tests.bookings.rows import MONDAY, NOW, at, make_booking, make_presenter
from tests.factories import make_person, make_staff

pytestmark = pytest.mark.django_db
TUESDAY, WEDNESDAY = MONDAY + timedelta(days=1), MONDAY + timedelta(days=2)
THURSDAY_5PM = datetime(2027, 1, 14, 17, tzinfo=UTC)
LATER = THURSDAY_5PM + timedelta(minutes=1)


@pytest.fixture
def presenter() -> Presenter:
    return make_presenter()


@pytest.fixture
def asked(person: Person, presenter: Presenter) -> Booking:
    """A request with one date that is kept and one that nobody could give."""
    return ask(person, on(at("10:00")), on(at("18:00", TUESDAY)))


def kinds_since(booking: Booking, before: int) -> list[tuple[str, str]]:
    return [row[:2] for row in sent(booking)[before:]]


def words(booking: Booking, kind: str) -> str:
    """Of the newest message of that kind."""
    row = Notification.objects.filter(about=f"booking:{booking.pk}", kind=kind).latest("pk")
    return rendering.render(get_email_class(kind)(row).message()).text


def claims() -> list[tuple[str, datetime]]:
    return [(claim.kind, claim.busy.lower) for claim in BusyTime.objects.order_by("busy")]


# Agreeing


def test_staff_accept_a_date_that_is_kept(asked: Booking, presenter: Presenter) -> None:
    before = len(sent(asked))
    claim = BusyTime.objects.get()
    agreed = agree_time(booking=asked, start=at("10:00"), by=make_staff(), now=NOW)
    assert (agreed.state, agreed.starts_at, agreed.ends_at, agreed.presenter) == (
        "confirmed",
        at("10:00"),
        at("11:00"),
        presenter,
    )
    taken = BusyTime.objects.get()
    assert (taken.pk, taken.kind, taken.booking, taken.option, taken.expires_at) == (claim.pk, "booking", agreed, None, None)
    assert dates_of(asked) == [("preferred", "taken", False), ("preferred", "passed", False)]
    assert history(asked)[1:] == [("confirmed", "requested", "confirmed")]
    assert kinds_since(asked, before) == [
        ("booking-confirmed", asked.person.email),
        ("presenter-booked", presenter.email),
    ]


def test_staff_accept_a_date_outside_the_rules_with_a_reason(asked: Booking, presenter: Presenter) -> None:
    with pytest.raises(OutsideRules, match="outside the presenter’s availability"):
        agree_time(booking=asked, start=at("18:00", TUESDAY), by=make_staff(), now=NOW)
    assert dates_of(asked) == [("preferred", "open", True), ("preferred", "open", False)]
    agree_time(booking=asked, start=at("18:00", TUESDAY), by=make_staff(), now=NOW, override_reason="Asha says yes")
    assert dates_of(asked) == [("preferred", "passed", False), ("preferred", "taken", False)]
    assert claims() == [("booking", at("18:00", TUESDAY))]


def test_staff_accept_a_date_that_has_lapsed_if_it_is_still_free(asked: Booking, presenter: Presenter) -> None:
    lapse_booking_dates(booking=asked, now=LATER)
    make_booking(presenter, at("13:00"))
    with pytest.raises(SlotTaken, match="Monday 25 January 2027, 1pm"):
        agree_time(booking=asked, start=at("13:00"), by=make_staff(), now=LATER)
    agree_time(booking=asked, start=at("10:00"), by=make_staff(), now=LATER)
    assert dates_of(asked)[0] == ("preferred", "taken", False)


def test_staff_agree_another_time_and_name_who_comes(asked: Booking, presenter: Presenter) -> None:
    other = make_presenter()
    agreed = agree_time(booking=asked, start=at("10:00"), presenter=other, by=make_staff(), now=NOW)
    assert (agreed.presenter, claims()) == (other, [("booking", at("10:00"))])
    with pytest.raises(TransitionNotAllowed, match="state is now “Confirmed”"):
        agree_time(booking=asked, start=at("14:00"), by=make_staff(), now=NOW)


def test_what_is_over_is_not_agreed(asked: Booking) -> None:
    with pytest.raises(SlotTaken, match="That time has passed"):
        agree_time(booking=asked, start=NOW, by=make_staff(), now=NOW)


def test_confirm_needs_a_time(asked: Booking) -> None:
    with pytest.raises(NoTimeAgreed):
        confirm_booking(booking=asked, by=make_staff(), now=NOW)


# Offering


def test_staff_offer_three_times_which_are_all_kept(asked: Booking, presenter: Presenter) -> None:
    before = len(sent(asked))
    options = offer(asked, at("14:00"), at("11:00", TUESDAY), at("10:00"))
    assert [option.starts_at for option in options] == [at("10:00"), at("14:00"), at("11:00", TUESDAY)]
    assert {(option.presenter, option.expires_at) for option in options} == {(presenter, THURSDAY_5PM)}
    assert dates_of(asked) == [("preferred", "passed", False)] * 2 + [("proposed", "open", True)] * 3
    assert (history(asked)[-1], asked.state) == (("offered", "", ""), "requested")
    assert kinds_since(asked, before) == [("booking-offered", asked.person.email)]


def test_offering_again_gives_back_what_was_offered_and_tells_again(asked: Booking) -> None:
    offer(asked, at("14:00"))
    before = len(sent(asked))
    offer(asked, at("14:30"), at("12:00"))
    assert claims() == [("option", at("12:00")), ("option", at("14:30"))]
    assert kinds_since(asked, before) == [("booking-offered", asked.person.email)]


def test_all_times_are_offered_or_none(asked: Booking, presenter: Presenter) -> None:
    make_booking(presenter, at("14:00"))
    before = (dates_of(asked), sent(asked), claims())
    with pytest.raises(SlotTaken, match="No presenter is free on Monday 25 January 2027, 2:30pm"):
        offer(asked, at("12:00"), at("14:30"))
    with pytest.raises(OutsideRules):
        offer(asked, at("12:00"), at("19:00"))
    with pytest.raises(SlotTaken, match="10:30am"):
        offer(asked, at("10:00", TUESDAY), at("10:30", TUESDAY))  # there is one presenter for both
    assert (dates_of(asked), sent(asked), claims()) == before


@pytest.mark.parametrize("starts", [(), (at("10:00"),) * 2, (NOW,), tuple(at(f"{hour}:00") for hour in range(10, 14))])
def test_nonsense_is_not_offered(asked: Booking, starts: tuple[datetime, ...]) -> None:
    with pytest.raises(DomainError, match="Offer 1, 2 or 3 different times in the future"):
        offer(asked, *starts)


def test_a_request_for_one_of_our_slots_can_have_others_offered(presenter: Presenter) -> None:
    waiting = place(make_person(email=STRANGER), at("10:00"))
    assert waiting.state == BookingState.REQUESTED
    before = len(sent(waiting))
    offer(waiting, at("14:00"))
    waiting.refresh_from_db()
    assert (waiting.starts_at, waiting.presenter, claims()) == (None, None, [("option", at("14:00"))])
    assert kinds_since(waiting, before) == [("presenter-freed", presenter.email), ("booking-offered", STRANGER)]


# Answering


def test_the_professional_takes_one_of_the_times(asked: Booking, presenter: Presenter) -> None:
    _first, second = offer(asked, at("12:00"), at("14:00"))
    before = len(sent(asked))
    taken = take_offer(booking=asked, option=second, by=asked.person.user, now=NOW)
    assert (taken.state, taken.starts_at, taken.presenter, claims()) == (
        *("confirmed", at("14:00"), presenter),
        [("booking", at("14:00"))],
    )
    assert dates_of(asked)[2:] == [("proposed", "passed", False), ("proposed", "taken", False)]
    assert kinds_since(asked, before) == [
        ("booking-confirmed", asked.person.email),
        ("presenter-booked", presenter.email),
        ("staff-time-taken", settings.STAFF_EMAIL),
    ]
    everything = (sent(asked), history(asked))
    take_offer(booking=asked, option=second, by=asked.person.user, now=NOW)
    assert (sent(asked), history(asked)) == everything


def test_only_what_is_offered_and_kept_can_be_taken(asked: Booking, presenter: Presenter) -> None:
    preferred = asked.options.first()
    assert preferred is not None
    (older,) = offer(asked, at("12:00"))
    (newer,) = offer(asked, at("14:00"))
    (elsewhere,) = offer(ask(make_person(), on(at("15:00", TUESDAY))), at("10:00", WEDNESDAY))
    for option in (preferred, older, elsewhere):
        with pytest.raises(OfferGone):
            take_offer(booking=asked, option=option, by=asked.person.user, now=NOW)
    with pytest.raises(OfferGone):
        take_offer(booking=asked, option=newer, by=asked.person.user, now=THURSDAY_5PM)


def test_what_a_writer_gave_back_can_not_be_taken(asked: Booking, presenter: Presenter) -> None:
    """The clock of the two may differ by a moment."""
    (option,) = offer(asked, at("12:00"))
    place(make_person(), at("12:00"), now=THURSDAY_5PM)
    with pytest.raises(OfferGone):
        take_offer(booking=asked, option=option, by=asked.person.user, now=THURSDAY_5PM - timedelta(seconds=1))


def test_the_professional_asks_for_others(asked: Booking) -> None:
    offer(asked, at("12:00"))
    before = len(sent(asked))
    for _twice in range(2):
        ask_for_other_times(booking=asked, words="Mondays never work.", by=asked.person.user, now=NOW)
    assert (dates_of(asked)[-1], claims()) == (("proposed", "passed", False), [])
    assert kinds_since(asked, before) == [("staff-others-asked", settings.STAFF_EMAIL)]
    assert list(asked.events.filter(kind="others-asked").values_list("reason", flat=True)) == ["Mondays never work."]
    assert list(Booking.objects.to_decide()) == [asked]


def test_others_can_be_asked_for_only_where_some_were_offered(asked: Booking) -> None:
    with pytest.raises(TransitionNotAllowed):
        ask_for_other_times(booking=asked, words="More", by=asked.person.user, now=NOW)


def test_words_that_look_like_a_childs_details_are_told_of(asked: Booking) -> None:
    offer(asked, at("12:00"))
    ask_for_other_times(booking=asked, words="…", by=asked.person.user, now=NOW, flagged=True)
    asked.refresh_from_db()
    assert (asked.flagged_child_details, Notification.objects.filter(kind="safeguarding-flag").count()) == (True, 1)


def test_withdrawing_and_declining_give_back_what_is_kept(asked: Booking, person: Person) -> None:
    offer(asked, at("12:00"), at("14:00"))
    cancel_booking(booking=asked, by=person.user, now=NOW)
    assert (claims(), [state for _kind, state, _claimed in dates_of(asked)]) == ([], ["passed"] * 4)
    second = ask(person, on(at("10:00")))
    decline_booking(booking=second, reason="We are too few.", by=make_staff(), now=NOW)
    assert (claims(), dates_of(second)) == ([], [("preferred", "passed", False)])
    assert not DateOption.objects.open().exists()


# Lapsing


def test_times_that_nobody_answers_lapse_once_and_both_sides_are_told(asked: Booking) -> None:
    (option,) = offer(asked, at("12:00"))
    assert (lapse_booking_dates(booking=asked, now=NOW), bookings_with_lapsed_dates(NOW)) == ([], [])
    before = len(sent(asked))
    assert bookings_with_lapsed_dates(LATER) == [asked]
    for _twice in range(2):
        lapse_booking_dates(booking=asked, now=LATER)
    assert (dates_of(asked)[-1], claims(), bookings_with_lapsed_dates(LATER)) == (("proposed", "expired", False), [], [])
    told = [("booking-dates-lapsed", asked.person.email), ("staff-dates-lapsed", settings.STAFF_EMAIL)]
    assert kinds_since(asked, before) == told
    assert [kind for kind, _from, _to in history(asked)].count("lapsed") == 1
    with pytest.raises(OfferGone):
        take_offer(booking=asked, option=option, by=asked.person.user, now=LATER)
    ask_for_other_times(booking=asked, words="We were away.", by=asked.person.user, now=LATER)
    assert dates_of(asked)[-1] == ("proposed", "passed", False)


def test_the_team_reads_with_whom_a_date_is_kept_or_why_not(asked: Booking, presenter: Presenter) -> None:
    told = words(asked, "staff-new-booking")
    assert (f"Kept with {presenter.name} until" in told, "for you" in told) == (True, False)
    offer(asked, at("12:00"))
    ask_for_other_times(booking=asked, words="Never on Mondays.", by=asked.person.user, now=NOW)
    assert "They would like other times than the ones we offered." in words(asked, "staff-others-asked")


def test_what_lapsed_is_named_to_both_sides(asked: Booking) -> None:
    lapse_booking_dates(booking=asked, now=LATER)
    for kind in ("booking-dates-lapsed", "staff-dates-lapsed"):
        told = words(asked, kind)
        assert "First choice: Monday 25 January 2027, 10am to 11am" in told
        assert "Tuesday 26 January 2027" not in told  # which was never kept
    offer(asked, at("12:00"))
    lapse_booking_dates(booking=asked, now=LATER)
    for kind in ("booking-dates-lapsed", "staff-dates-lapsed"):
        told = words(asked, kind)
        assert ("Time 1: Monday 25 January 2027, midday to 1pm" in told, "First choice" in told) == (True, False)


def test_a_presenter_who_is_away_is_the_reason_and_not_that_nobody_answered(asked: Booking, presenter: Presenter) -> None:
    record_leave(presenter=presenter, starts_at=at("09:00"), ends_at=at("17:00"), kind="other", by=None, now=NOW)
    lapse_booking_dates(booking=asked, now=NOW)
    assert "10am to 11am We are no longer keeping it, because the presenter can no longer come then" in " ".join(
        words(asked, "booking-dates-lapsed").split()
    )
    assert "Not kept. The presenter we kept it with is away then." in words(asked, "staff-dates-lapsed")


def test_a_closed_request_has_nothing_that_lapses(asked: Booking) -> None:
    offer(asked, at("12:00"))
    decline_booking(booking=asked, reason="No", by=make_staff(), now=NOW)
    assert bookings_with_lapsed_dates(LATER) == []


def test_beat_lapses_what_is_over(asked: Booking) -> None:
    offer(asked, at("12:00"))
    assert build_beat_schedule()["lapse the dates of requests"]["task"] == lapse_dates.name
    with time_machine.travel(LATER, tick=False):
        for _twice in range(2):
            lapse_dates()
    assert dates_of(asked)[-1] == ("proposed", "expired", False)
    assert [kind for kind, _from, _to in history(asked)].count("lapsed") == 1
