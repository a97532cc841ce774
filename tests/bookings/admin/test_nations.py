"""Bank holidays and regions of each nation, in each place that asks which nation it is."""

from datetime import UTC, date, datetime

import pytest
from django.test import Client

from bookings.booking.services.reschedule import reschedule
from bookings.errors import OutsideRules
from bookings.models import Format, Nation
from bookings.schedule.holds import kept_until
from bookings.schedule.queries import build_preview
from bookings.schedule.substitutes import substitute_needs
from tests.bookings.admin.desk import text
from tests.bookings.admin.session_desk import ADD, plan_form
from tests.bookings.rows import LEEDS, at, make_booking, make_presentation, make_presenter
from tests.factories import make_staff

pytestmark = pytest.mark.django_db
EDINBURGH = "EH1 1YZ"
# Easter Monday is no bank holiday in Scotland; St Patrick's Day, a Wednesday, is one in Northern Ireland only.
EASTER_MONDAY, ST_PATRICKS = date(2027, 3, 29), date(2027, 3, 17)
EARLY_IN_MARCH = datetime(2027, 3, 10, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("nation", "of", "last"),
    [
        (Nation.ENGLAND, date(2027, 3, 18), date(2027, 3, 16)),
        (Nation.NORTHERN_IRELAND, date(2027, 3, 18), date(2027, 3, 15)),
        (Nation.WALES, date(2027, 3, 31), date(2027, 3, 25)),
        (Nation.SCOTLAND, date(2027, 3, 31), date(2027, 3, 29)),
        (None, date(2027, 3, 31), date(2027, 3, 25)),  # nobody yet: as in England
    ],
)
def test_a_booking_is_changed_until_two_working_days_of_its_presenters_nation_before(
    nation: Nation | None, of: date, last: date
) -> None:
    presenter = make_presenter(nation=nation) if nation else None
    assert make_booking(presenter, at("10:00", of)).last_day_to_change == last


@pytest.mark.parametrize(
    ("asked", "until"),
    [
        (date(2027, 3, 16), datetime(2027, 3, 18, 17, tzinfo=UTC)),  # over St Patrick's Day
        (date(2027, 3, 24), datetime(2027, 3, 30, 16, tzinfo=UTC)),  # over Good Friday and Easter Monday
    ],
)
def test_dates_are_kept_until_two_working_days_of_our_office_later(asked: date, until: datetime) -> None:
    assert kept_until(at("10:00", date(2027, 5, 4)), at("10:00", asked)) == until


@pytest.mark.parametrize(
    ("nation", "first", "left_out"),
    [
        (Nation.SCOTLAND, "22 3 2027", ""),
        (Nation.ENGLAND, "22 3 2027", "Monday 29 March 2027"),
        (Nation.ENGLAND, "3 3 2027", ""),
        (Nation.NORTHERN_IRELAND, "3 3 2027", "Wednesday 17 March 2027"),
    ],
)
def test_a_series_leaves_out_bank_holidays_where_its_presenter_lives(
    desk: Client, nation: Nation, first: str, left_out: str
) -> None:
    page = text(desk.post(ADD, plan_form(make_presentation(), make_presenter(nation=nation), day=first, count="3")))
    assert ("We left out these" in page, left_out in page) == (bool(left_out), True)


@pytest.mark.parametrize(("postcode", "is_ready"), [(EDINBURGH, True), (LEEDS, False), ("", True)])
def test_who_stands_in_needs_a_reason_on_a_bank_holiday_of_the_hosts_nation(postcode: str, is_ready: bool) -> None:
    make_presenter(nation=Nation.SCOTLAND, base_postcode=postcode or LEEDS)
    booking = make_booking(None, at("10:00", EASTER_MONDAY), postcode=postcode)
    (need,) = substitute_needs([booking], EARLY_IN_MARCH)
    reasons = [str(reason) for each in need.with_a_reason for reason in each.reasons]
    assert (len(need.ready) == 1, reasons == ["It is a bank holiday where the presentation takes place."]) == (
        is_ready,
        not is_ready,
    )


@pytest.mark.parametrize(("postcode", "nation"), [(LEEDS, Nation.ENGLAND), (EDINBURGH, Nation.SCOTLAND)])
def test_a_booking_is_moved_to_a_bank_holiday_of_the_hosts_nation_only_for_a_reason(postcode: str, nation: Nation) -> None:
    presenter = make_presenter(nation=Nation.SCOTLAND, base_postcode=postcode)
    booking = make_booking(presenter, at("10:00", date(2027, 3, 23)), postcode=postcode, nation=nation)
    move = {"booking": booking, "start": at("10:00", EASTER_MONDAY), "by": make_staff(), "expected": booking.version}
    if nation == Nation.ENGLAND:
        with pytest.raises(OutsideRules, match="where the presentation takes place"):
            reschedule(**move, now=EARLY_IN_MARCH, presenter=presenter)
    moved = reschedule(**move, now=EARLY_IN_MARCH, presenter=presenter, override_reason="" if nation == "scotland" else "Agreed")
    assert moved.starts_at == at("10:00", EASTER_MONDAY)


@pytest.mark.parametrize("nation", [Nation.SCOTLAND, Nation.WALES])
def test_a_preview_shows_workplaces_in_the_presenters_nation_if_it_is_covered(nation: Nation) -> None:
    make_presentation(formats=[Format.WORKPLACE])
    presenter = make_presenter(nation=Nation.SCOTLAND, base_postcode=EDINBURGH, nations_covered=[nation])
    (times,) = build_preview(presenter, EARLY_IN_MARCH).offered
    assert (times.days != []) == (nation == Nation.SCOTLAND)
