"""The nightly count: each figure against a count in plain Python, and how the count itself goes."""

import threading
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from bookings import samples as booking_samples
from bookings.models import Attendance, AttendanceCount, Booking, BookingState, PlaceState, SessionState
from bookings.privacy import forget_bookings
from ctac.celery import build_beat_schedule
from leaflets.catalogue import titles
from leaflets.models import Order, OrderChannel, OrderLine
from leaflets.orders.services.transitions import dispatch_order, start_packing
from leaflets.privacy import erase_old_orders
from privacy.services import erase_person
from professionals.imports.services import process_import, undo_import
from professionals.models import Import, ImportedCount, Person
from reach import samples
from reach.areas import Unit, area_by_key, areas_of
from reach.models import CountKind, ReachCount, ReachRun
from reach.queries import Period, counts_by_area
from reach.services import count_reach, find_differences
from reach.tasks import count
from tests.bookings.open_sessions.rows import make_place, make_session
from tests.bookings.rows import make_booking
from tests.factories import make_person
from tests.importing import as_csv, checked, headings_of, ran, row_of
from tests.leaflets.factories import make_edition, make_order
from tests.reach.oracle import all_figures, counts_by, stored_figures

pytestmark = pytest.mark.django_db
LEEDS, BELFAST, BARNSLEY = ("england", "E08000035"), ("northern-ireland", "N09000003"), "E08000038"
NOWHERE = ("", "")
JANUARY, YEAR = date(2027, 1, 1), Period(date(2026, 2, 1), date(2027, 1, 1))


def came(counts: dict[str, int], **given: Any) -> Attendance:
    at = datetime(2027, 1, 11, tzinfo=UTC)
    attendance = Attendance.objects.create(people=sum(counts.values()), recorded_at=at, changed_at=at, **given)
    AttendanceCount.objects.bulk_create(
        AttendanceCount(attendance=attendance, profession=profession, people=people) for profession, people in counts.items()
    )
    return attendance


def counted(kind: CountKind, now: datetime) -> Counter[Any]:
    """All of that kind by month, area and profession, as the count writes it."""
    count_reach(now)
    figures = stored_figures()
    assert figures == all_figures()
    return Counter({key[1:]: number for key, number in figures.items() if key[0] == kind})


def delivered(start: datetime, **fields: Any) -> Booking:
    return make_booking(None, start, state=BookingState.DELIVERED, **fields)


def test_two_years_over_the_whole_country_are_what_plain_python_counts(now: datetime) -> None:
    titles.load_samples(now)
    booking_samples.load_bookings(now)
    samples.load_reach(now)
    parcel = make_order(make_person(), now)
    start_packing(order=parcel, by=None, now=now)
    dispatch_order(order=parcel, by=None, now=now)
    count_reach(now)
    figures = stored_figures()
    assert figures == all_figures()
    assert {key[0] for key in figures} == set(CountKind)
    assert len(figures) > 500


def test_people_at_a_booking_count_by_their_professions_where_it_was(now: datetime) -> None:
    booking = delivered(now - timedelta(days=2), audience_profession="gp")
    came({"gp": 3, "midwife": 2}, booking=booking)
    came({"gp": 9}, booking=make_booking(None, now - timedelta(days=2)))  # not said to be delivered
    came({"teacher": 1}, booking=delivered(now - timedelta(days=2), postcode="JE2 3AB"))
    delivered(now - timedelta(days=2), postcode="BT1 5GS")  # nobody has counted
    assert counted(CountKind.ATTENDED, now) == {
        (JANUARY, *LEEDS, "gp"): 3,
        (JANUARY, *LEEDS, "midwife"): 2,
        (JANUARY, "jersey", "", "teacher"): 1,
    }
    assert counted(CountKind.PRESENTATIONS, now) == {
        (JANUARY, *LEEDS, "gp"): 1,
        (JANUARY, "jersey", "", ""): 1,
        (JANUARY, *BELFAST, ""): 1,
    }


def test_at_an_open_session_places_count_where_people_work_and_others_nowhere(now: datetime) -> None:
    session = make_session(None, now - timedelta(days=3), capacity=20, state=SessionState.DELIVERED)
    for profession, postcode in (("gp", "LS1 4AP"), ("gp", "BT1 5GS"), ("midwife", "LS1 4AP")):
        make_place(session, PlaceState.ATTENDED, make_person(profession=profession, postcode=postcode))
    make_place(session, PlaceState.TAKEN, make_person(profession="gp"))  # did not come
    make_place(session, PlaceState.GIVEN_UP, make_person(profession="gp"))
    came({"gp": 4, "teacher": 5, "midwife": 1}, session=session)
    places = {(JANUARY, *LEEDS, "gp"): 1, (JANUARY, *BELFAST, "gp"): 1, (JANUARY, *LEEDS, "midwife"): 1}
    assert counted(CountKind.ATTENDED, now) == {**places, (JANUARY, *NOWHERE, "gp"): 2, (JANUARY, *NOWHERE, "teacher"): 5}
    assert counted(CountKind.PRESENTATIONS, now) == {(JANUARY, *NOWHERE, ""): 1}
    assert counted(CountKind.PLACES, now) == {**places, (JANUARY, *LEEDS, "gp"): 2}


@pytest.mark.parametrize(
    ("counts", "nowhere"),
    [
        ({"gp": 2, "other": 1}, {}),  # the midwife counted as another: three people, not four
        ({"gp": 2, "other": 2}, {"": 1}),
        ({"gp": 3, "other": 2}, {"": 2}),
        ({"gp": 1}, {}),
        ({"gp": 2, "midwife": 1}, {}),
        ({"gp": 2, "midwife": 3, "other": 2}, {"midwife": 2, "other": 2}),
    ],
)
def test_nobody_counts_twice_who_was_counted_under_another_profession(
    counts: dict[str, int], nowhere: dict[str, int], now: datetime
) -> None:
    session = make_session(None, now - timedelta(days=3), capacity=20, state=SessionState.DELIVERED)
    for profession in ("gp", "gp", "midwife"):
        make_place(session, PlaceState.ATTENDED, make_person(profession=profession))
    attendance = came(counts, session=session)
    found = counted(CountKind.ATTENDED, now)
    assert {profession: number for (_month, *where, profession), number in found.items() if tuple(where) == NOWHERE} == nowhere
    assert found.total() == max(attendance.people, 3)


def test_places_of_what_was_cancelled_count_for_nothing(now: datetime) -> None:
    for state in (SessionState.SCHEDULED, SessionState.CANCELLED):
        session = make_session(None, now + timedelta(days=3), state=state)
        make_place(session)
        came({"teacher": 3}, session=session)  # before it is over, or by mistake
    assert counted(CountKind.PLACES, now) == {(JANUARY, *LEEDS, "health-visitor"): 1}


def test_copies_count_in_the_month_in_which_they_left(now: datetime) -> None:
    person, edition = make_person(profession="gp"), make_edition(now, stock=50)
    order = make_order(person, datetime(2026, 12, 20, 12, tzinfo=UTC), {edition.leaflet: 7})
    make_order(person, now, {edition.leaflet: 9})  # is still here
    start_packing(order=order, by=None, now=now)
    dispatch_order(order=order, by=None, now=now)
    old = Order.objects.create(
        person=person,
        reference="LO-0000-XX",
        postcode="BT1 5GS",
        state="dispatched",
        channel=OrderChannel.LIST,
        created_at=datetime(2026, 5, 1, 12, tzinfo=UTC),
        imported_at=now,
    )
    OrderLine.objects.create(order=old, edition=edition, copies=30, dispatched=30)
    assert counted(CountKind.LEAFLETS, now) == {(JANUARY, *LEEDS, "gp"): 7, (date(2026, 5, 1), *BELFAST, "gp"): 30}


def test_who_signed_up_counts_until_they_are_erased(now: datetime) -> None:
    person = make_person(profession="gp")
    make_person(with_user=False)
    User.objects.filter(pk=person.user_id).update(date_joined=datetime(2026, 7, 31, 23, 30, tzinfo=UTC))
    assert counted(CountKind.SIGNED_UP, now) == {(date(2026, 8, 1), *LEEDS, "gp"): 1}
    erase_person(person, by=None, now=now)
    assert counted(CountKind.SIGNED_UP, now) == {}


def test_what_an_erased_person_attended_and_was_sent_stays_with_its_profession_and_area(now: datetime) -> None:
    person = make_person(profession="gp", postcode="BT1 5GS")
    came({"gp": 3}, booking=delivered(now - timedelta(days=2), person=person, postcode=""))
    session = make_session(None, now - timedelta(days=3), state=SessionState.DELIVERED)
    make_place(session, PlaceState.ATTENDED, person)
    order = make_order(person, now)
    start_packing(order=order, by=None, now=now)
    dispatch_order(order=order, by=None, now=now)
    count_reach(now)
    before = Counter({key: number for key, number in stored_figures().items() if key[0] != CountKind.SIGNED_UP})
    assert before.total() == 3 + 1 + 1 + 1 + 1 + 5
    erase_person(person, by=None, now=now)
    forget_bookings(list(Booking.objects.values_list("pk", flat=True)), now)
    erase_old_orders([order.pk], now)
    assert Person.objects.get(pk=person.pk).erased_at is not None
    count_reach(now)
    assert stored_figures() == before == all_figures()


@pytest.mark.parametrize(
    ("start", "month"),
    [
        (datetime(2026, 12, 31, 23, 30, tzinfo=UTC), date(2026, 12, 1)),  # winter: UTC and UK time agree
        (datetime(2026, 6, 30, 23, 30, tzinfo=UTC), date(2026, 7, 1)),  # summer: it is 0:30 in July
        (datetime(2026, 6, 30, 22, 59, tzinfo=UTC), date(2026, 6, 1)),
        (datetime(2026, 3, 29, 0, 59, tzinfo=UTC), date(2026, 3, 1)),  # the clocks go forward
        (datetime(2026, 3, 31, 23, 0, tzinfo=UTC), date(2026, 4, 1)),
        (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), date(2026, 10, 1)),  # and back
        (datetime(2026, 10, 31, 23, 59, tzinfo=UTC), date(2026, 10, 1)),
    ],
)
def test_a_month_is_one_of_the_uk(start: datetime, month: date, now: datetime) -> None:
    delivered(start, audience_profession="gp")
    assert counted(CountKind.PRESENTATIONS, now) == {(month, *LEEDS, "gp"): 1}


def test_old_records_that_were_only_counted_are_counted_and_go_with_their_import(now: datetime) -> None:
    visit = {"presentation": "Signs", "name": "Jo", "email": "jo@leeds.nhs.uk", "postcode": "LS1 4AP", "profession": "Midwife"}
    content = as_csv(headings_of("bookings"), row_of("bookings", day="3 May 2010", came="14", **visit))
    import_job = ran(checked("bookings", content, now), now)
    assert ImportedCount.objects.get().people == 14
    may = date(2010, 5, 1)
    assert counted(CountKind.ATTENDED, now) == {(may, *LEEDS, "midwife"): 14}
    assert counted(CountKind.PRESENTATIONS, now) == {(may, *LEEDS, "midwife"): 1}
    undo_import(import_job, by=None, now=now)
    process_import(import_job.pk)
    assert not ImportedCount.objects.exists()
    assert counted(CountKind.ATTENDED, now) == counted(CountKind.PRESENTATIONS, now) == {}


def test_contacts_and_rows_of_other_kinds_are_never_reach(now: datetime) -> None:
    import_job = Import.objects.create(kind="contacts", uploaded_at=now, progressed_at=now)
    sort = {"month": date(2010, 5, 1), "nation": "england", "authority": LEEDS[1], "profession": "gp"}
    ImportedCount.objects.create(parent=import_job, kind="contacts", rows=1, people=1, copies=0, **sort)
    ImportedCount.objects.create(parent=import_job, kind="orders", rows=1, people=0, copies=40, **sort)
    count_reach(now)
    assert stored_figures() == all_figures() == {(CountKind.LEAFLETS, sort["month"], *LEEDS, "gp"): 40}


# Read back.


def test_an_authority_that_changed_its_code_is_one_area(now: datetime) -> None:
    for code in ("E08000016", BARNSLEY):
        booking = delivered(now - timedelta(days=2), postcode="S70 2TA", nation="england", local_authority=code)
        came({"gp": 5}, booking=booking)
    count_reach(now)
    assert counts_by_area(CountKind.ATTENDED, YEAR, Unit.DISTRICT) == {BARNSLEY: 10}
    assert counts_by("profession", CountKind.ATTENDED, area_by_key(Unit.POLICE)[BARNSLEY], YEAR) == {"gp": 10}


def test_where_only_the_nation_is_known_it_counts_for_what_is_a_whole_nation(now: datetime) -> None:
    for postcode in ("LS0Z 9ZZ", "BT0Z 9ZZ", "JE2 3AB", "BF1 2AB"):
        delivered(now - timedelta(days=2), postcode=postcode)
    count_reach(now)
    figures = {unit: counts_by_area(CountKind.PRESENTATIONS, YEAR, unit) for unit in Unit}
    assert figures[Unit.NATION] == {"england": 1, "northern-ireland": 1, "jersey": 1, "": 1}
    assert figures[Unit.REGION] == {"northern-ireland": 1, "jersey": 1, "": 2}
    assert figures[Unit.POLICE] == {"police-service-of-northern-ireland": 1, "jersey": 1, "": 2}
    assert figures[Unit.DISTRICT] == figures[Unit.UPPER] == figures[Unit.SERVICES] == {"jersey": 1, "": 3}
    assert counts_by("profession", CountKind.PRESENTATIONS, areas_of(Unit.NATION)["england"], YEAR) == {"": 1}


# How the count goes.


def test_a_second_count_changes_nothing_and_what_is_gone_goes(now: datetime) -> None:
    booking = delivered(now - timedelta(days=2))
    assert count_reach(now) == 2  # the presentation, and its host, who has signed up
    keys = list(ReachCount.objects.values_list("pk", flat=True))
    assert count_reach(now + timedelta(hours=1)) == 0
    assert list(ReachCount.objects.values_list("pk", flat=True)) == keys
    assert ReachRun.objects.get().counted_at == now + timedelta(hours=1)
    delivered(now - timedelta(days=2))
    Booking.objects.filter(pk=booking.pk).update(state=BookingState.CANCELLED)
    count()
    assert stored_figures() == all_figures()


def test_it_takes_few_statements_however_many_rows(now: datetime) -> None:
    for _booking in range(5):
        came({"gp": 3}, booking=delivered(now - timedelta(days=2)))
    with CaptureQueriesContext(connection) as statements:
        count_reach(now)
    assert len(statements) <= 40


def test_the_check_finds_what_differs(now: datetime) -> None:
    came({"gp": 3}, booking=delivered(now - timedelta(days=2)))
    call_command("count_reach", stdout=StringIO())
    call_command("count_reach", "--check", stdout=StringIO())
    ReachCount.objects.filter(kind=CountKind.ATTENDED).update(count=4)
    ReachCount.objects.create(kind=CountKind.LEAFLETS, month=JANUARY, nation="wales", authority="", profession="", count=9)
    said = StringIO()
    with pytest.raises(CommandError, match="Differences: 2"):
        call_command("count_reach", "--check", stdout=said)
    assert said.getvalue().splitlines() == [
        "attended 2027-01 england E08000035 gp: counted 4, rows 3",
        "leaflets 2027-01 wales - -: counted 9, rows 0",
    ]
    call_command("count_reach", stdout=StringIO())
    assert not [each for kind in CountKind for each in find_differences(kind)]


def test_it_goes_each_night() -> None:
    assert build_beat_schedule()["count what we have reached"]["task"] == count.name


@pytest.mark.django_db(transaction=True)
def test_two_at_once_take_turns(now: datetime) -> None:
    with transaction.atomic():
        came({"gp": 3}, booking=delivered(now - timedelta(days=2)))
    faults: list[BaseException] = []

    def count_too() -> None:
        try:
            count_reach(now)
        except BaseException as fault:  # noqa: BLE001 - the test says it
            faults.append(fault)
        finally:
            connection.close()

    others = [threading.Thread(target=count_too) for _other in range(2)]
    with transaction.atomic():
        count_reach(now)
        for other in others:
            other.start()
        others[0].join(0.5)
        assert all(other.is_alive() for other in others)  # they wait
    for other in others:
        other.join(30)
    assert faults == []
    assert stored_figures() == all_figures()


def test_a_count_may_take_longer_than_a_page(now: datetime) -> None:
    """The role of production ends each statement after 30 seconds (deploy/sql/roles.sql)."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = '30s'")
        count_reach(now)
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("10min",)


@pytest.mark.django_db(transaction=True)
def test_what_comes_after_the_count_may_not(now: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        before = cursor.fetchone()
        count_reach(now)
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == before != ("10min",)
