"""Nobody goes to a workplace after their DBS check or training has ended: no slot, no way round it, and the team sees it."""

from datetime import date, time, timedelta

import pytest
import time_machine
from django.conf import settings
from django.test import Client
from django.utils import timezone

from accounts.models import User
from bookings.booking.services.assign import reassign
from bookings.booking.services.decide import agree_time, offer_times, take_offer
from bookings.booking.services.reschedule import reschedule
from bookings.booking.services.transitions import cancel_booking, confirm_booking
from bookings.booking.services.undo import take_back_cancelled
from bookings.errors import SlotTaken
from bookings.models import Booking, BookingState, DateOptionKind, Format, Presenter
from bookings.presenter.services import warn_of_checks
from bookings.tasks import send_agendas_of_today
from core.dates import uk_datetime
from notifications.models import Notification
from notifications.registry import email_for
from tests.bookings.admin.desk import text
from tests.bookings.placed import place, place_as_staff
from tests.bookings.rows import (
    LEEDS,
    MONDAY,
    NOW,
    diary_of,
    make_booking,
    make_option,
    make_presentation,
    make_presenter,
    make_request,
    slot_query,
)
from tests.bookings.visits.visit import START
from tests.factories import make_person, make_staff, sign_in_staff

pytestmark = pytest.mark.django_db
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
BEFORE = MONDAY - DAY


def end(presenter: Presenter, **ends: date | None) -> None:
    Presenter.objects.filter(pk=presenter.pk).update(**ends)
    presenter.refresh_from_db()


@pytest.mark.parametrize("name", ["checked_until", "trained_until"])
def test_visits_are_offered_up_to_the_last_day_and_online_on_all(presenter: Presenter, name: str) -> None:
    presentation = make_presentation()
    for last, days in ((MONDAY, [MONDAY]), (None, [])):
        end(presenter, **{name: last})
        assert [day for day, _slots in diary_of(slot_query(presentation)).week(MONDAY)] == days
        assert len(diary_of(slot_query(presentation, "")).week(MONDAY)) == 5


def test_no_way_leads_to_a_visit_by_a_presenter_whose_check_has_ended(presenter: Presenter, staff: User) -> None:
    other = make_presenter(name="Tom Adeyemi", checked_until=BEFORE)
    gone = make_booking(presenter, START + 6 * HOUR)
    cancel_booking(gone, reason="", by=staff, now=NOW)
    end(presenter, checked_until=BEFORE)
    asked = make_booking(presenter, START, state=BookingState.REQUESTED)
    later = make_booking(presenter, START + DAY)
    request, kept = make_request(), make_request()
    make_option(kept, presenter, START + 3 * HOUR)
    moving = {"booking": later, "start": START + DAY + HOUR / 2, "expected": later.version, "by": staff, "now": NOW}
    why = {"override_reason": "They know him there"}
    ways = [
        lambda: place_as_staff(presenter=other, **why),
        lambda: confirm_booking(booking=asked, by=staff, now=NOW),
        lambda: agree_time(booking=request, start=START, by=staff, now=NOW, presenter=other, **why),
        lambda: agree_time(booking=kept, start=START + 3 * HOUR, by=staff, now=NOW, **why),
        lambda: offer_times(booking=request, starts=[START], by=staff, now=NOW, presenter=other, **why),
        lambda: reschedule(**moving, presenter=other, **why),
        lambda: reassign(booking=later, presenter=other, by=staff, now=NOW, **why),
        lambda: take_back_cancelled(gone, reason="By mistake", by=staff, now=NOW),
        lambda: place(make_person(email="sam@leeds.nhs.uk")),
    ]
    for way in ways:
        with pytest.raises(SlotTaken):
            way()
    assert Booking.objects.filter(presenter=other).count() == 0
    online = place(make_person(email="jo@leeds.nhs.uk"), START + 5 * HOUR, postcode="", format=Format.ONLINE)
    assert online.state == BookingState.CONFIRMED


def test_staff_read_why_and_the_professional_that_we_cannot_come(presenter: Presenter, staff: User) -> None:
    asked = make_request()
    option = make_option(asked, presenter, START, kind=DateOptionKind.PROPOSED)
    end(presenter, trained_until=BEFORE)
    with pytest.raises(SlotTaken, match="We can’t come to you on Monday"):
        take_offer(booking=asked, option=option, by=asked.person.user, now=NOW)
    with pytest.raises(SlotTaken, match=r"Asha Patel can’t go to a workplace then\. We have no DBS check or training of theirs"):
        reassign(booking=make_booking(make_presenter(), START), presenter=presenter, by=staff, now=NOW)
    verdict = diary_of(slot_query(make_presentation())).verdicts(START)[0]
    assert "We have no DBS check or training of theirs for that day." in verdict.obstacles


def test_the_first_page_counts_who_ends_soon_and_which_visits_lie_after(
    client: Client, presenter: Presenter, staff: User
) -> None:
    visit = make_booking(presenter, START)
    make_booking(presenter, START + 2 * HOUR, postcode="")
    desk = sign_in_staff(client, staff)
    soon, after = (
        "presenter whose DBS check or training ends soon, or is not recorded",
        "1 after their presenter’s DBS check",
    )
    first_page = text(desk.get("/staff/"))
    assert (soon in first_page, after in first_page) == (False, False)
    end(presenter, checked_until=MONDAY)
    assert not Booking.objects.with_unchecked_presenter(NOW).exists()
    first_page = text(desk.get("/staff/"))
    assert (f"1 {soon}" in first_page, after in first_page) == (True, False)
    found = desk.get("/staff/bookings/presenter/?checks=soon").content.decode()
    assert "Asha Patel" in found
    end(presenter, checked_until=BEFORE)
    assert list(Booking.objects.with_unchecked_presenter(NOW)) == [visit]
    assert after in text(desk.get("/staff/"))
    assert visit.reference in desk.get("/staff/bookings/booking/?look=checks").content.decode()


def test_who_gives_presentations_online_alone_needs_no_check() -> None:
    online = make_presenter(formats=[Format.ONLINE], checked_until=None)
    visits = make_presenter(checked_until=None)
    assert set(Presenter.objects.with_checks_ending_by(MONDAY)) == {visits}
    assert not online.may_visit(MONDAY)


def test_whoever_may_change_presenters_records_both(client: Client, presenter: Presenter) -> None:
    page = f"/staff/bookings/presenter/{presenter.pk}/change/"
    desk = sign_in_staff(client, make_staff(role="coordinator"))
    html = desk.get(page).content.decode()
    assert 'name="checked_until"' in html
    assert "Nobody can override this." in html
    assert LEEDS in html


def told_of_checks() -> list[tuple[str, str, int]]:
    rows = Notification.objects.filter(kind__startswith="checks-end").order_by("pk")
    return [(row.kind, row.recipient, row.version) for row in rows]


def test_presenter_and_team_hear_sixty_days_before_and_on_the_last_day_and_once(presenter: Presenter) -> None:
    make_presenter(formats=[Format.ONLINE], checked_until=MONDAY)
    end(presenter, checked_until=MONDAY)
    both = [("checks-end", presenter.email), ("checks-end-for-team", settings.STAFF_EMAIL)]
    for day, version in (
        (MONDAY - 61 * DAY, None),
        (MONDAY - 60 * DAY, 1),
        (MONDAY - DAY, None),
        (MONDAY, 0),
        (MONDAY + DAY, None),
    ):
        before = told_of_checks()
        with time_machine.travel(uk_datetime(day, time(8)), tick=False):
            send_agendas_of_today()
            send_agendas_of_today()
            new = told_of_checks()[len(before) :]
            assert new == ([] if version is None else [(*each, version) for each in both]), day
            for row in Notification.objects.filter(kind__startswith="checks-end").order_by("pk")[len(before) :]:
                message = email_for(row).message()
                assert email_for(row).is_still_due()
                assert "DBS check" in message.subject
                assert row.expires_at is not None
                assert row.expires_at > timezone.now()
    end(presenter, checked_until=MONDAY + 365 * DAY)
    assert not any(email_for(row).is_still_due() for row in Notification.objects.filter(kind__startswith="checks-end"))


def test_what_ends_on_the_same_day_is_one_email(presenter: Presenter) -> None:
    end(presenter, checked_until=MONDAY, trained_until=MONDAY)
    assert warn_of_checks(now=NOW) == 2
    subjects = [email_for(row).message().subject for row in Notification.objects.order_by("pk")]
    assert subjects[0].startswith("Please renew your DBS check and training by ")
    end(presenter, trained_until=MONDAY + DAY)
    assert warn_of_checks(now=NOW) == 2
