"""The area that a row counts for, which the database keeps: as professionals.areas finds it, for as long as anybody counts."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from bookings.models import Booking, BookingState, PlaceState, SessionPlace, SessionState
from leaflets.models import Order
from privacy.models import DataActionReason
from privacy.services import erase_person
from professionals.areas import area_within, postcode_area
from professionals.models import OutwardCode, Person
from tests.bookings.open_sessions.rows import make_place, make_session
from tests.bookings.rows import make_booking
from tests.factories import make_person
from tests.leaflets.factories import make_order

pytestmark = pytest.mark.django_db


def in_python(row: OutwardCode | None, postcode: str) -> tuple[str, str]:
    area = area_within(row, postcode)
    return (area.nation, area.local_authority) if area else ("", "")


def in_database(postcodes: list[str]) -> dict[str, tuple[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT postcode, nation, authority FROM unnest(%s) AS postcode, professionals_area_of(postcode)", [postcodes]
        )
        return {postcode: (nation, authority) for postcode, nation, authority in cursor.fetchall()}


def test_python_and_database_find_the_same_area_at_both_ends_of_each_run() -> None:
    wanted: dict[str, tuple[str, str]] = {}
    for row in OutwardCode.objects.all():
        inwards = {"0AA", "9ZZ", "5MM"}
        for other in row.others.split():
            for run in other.partition(":")[2].split(","):
                inwards.update(run.split("-"))
        wanted |= {f"{row.code} {inward}": in_python(row, f"{row.code} {inward}") for inward in inwards}
    assert len(wanted) > 20_000
    assert in_database(list(wanted)) == wanted


def test_python_and_database_find_the_same_area_of_an_outward_code_that_is_newer_than_the_table() -> None:
    letters = {postcode_area(code) for code in OutwardCode.objects.values_list("code", flat=True)}
    newer = [f"{each}0Z 9ZZ" for each in sorted(letters)] + ["BF1 2AB", "XX1 1XX", "QQ", "99 9ZZ"]
    assert not OutwardCode.objects.filter(code__in=[postcode.partition(" ")[0] for postcode in newer]).exists()
    assert in_database(newer) == {postcode: in_python(None, postcode) for postcode in newer}


# What is kept on each row.

LEEDS, YORK, BELFAST, CARDIFF = "LS1 4AP", "YO1 7HH", "BT1 5GS", "CF10 3AT"
IN_LEEDS, IN_YORK = ("england", "E08000035"), ("england", "E06000014")
IN_BELFAST, IN_CARDIFF, JERSEY = ("northern-ireland", "N09000003"), ("wales", "W06000015"), ("jersey", "")


def kept(row: Any) -> tuple[str, str]:
    row.refresh_from_db()
    return row.reached_nation, row.reached_authority


@pytest.mark.parametrize(
    ("postcode", "area"),
    [
        (LEEDS, IN_LEEDS),
        (BELFAST, IN_BELFAST),
        ("JE2 3AB", JERSEY),
        ("GY1 1AA", ("guernsey", "")),
        ("IM1 1AA", ("isle-of-man", "")),
        ("LS0Z 9ZZ", ("england", "")),  # newer than the table
        ("BF1 2AB", ("", "")),  # forces post
        ("", ("", "")),
        ("LS1", ("", "")),  # never a full one
    ],
)
def test_a_person_counts_for_where_they_work_and_an_order_for_where_it_goes(
    postcode: str, area: tuple[str, str], now: datetime
) -> None:
    person = make_person(postcode=postcode)
    assert kept(person) == area
    assert kept(Order.objects.create(person=make_person(), reference="LO-0000-XX", created_at=now, postcode=postcode)) == area


def test_it_outlives_the_postcode_and_follows_another(now: datetime) -> None:
    person = make_person(postcode=YORK)
    for shorter in ("", "YO1"):
        Person.objects.filter(pk=person.pk).update(postcode=shorter)
        assert kept(person) == IN_YORK
    Person.objects.filter(pk=person.pk).update(reached_nation="", reached_authority="")
    assert kept(person) == IN_YORK
    person.postcode = CARDIFF
    person.save()
    assert kept(person) == IN_CARDIFF
    stale = Person.objects.get(pk=person.pk)
    Person.objects.filter(pk=person.pk).update(postcode=LEEDS)
    stale.name = "Sam Green"
    stale.postcode = LEEDS
    stale.save()  # with the area of before
    assert kept(person) == IN_LEEDS


def test_what_is_laid_in_with_other_triggers_off_has_its_area_too(now: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        person = Person.objects.create(name="Sam", postcode=BELFAST, profession="teacher")
        cursor.execute("SET LOCAL session_replication_role = origin")
    assert kept(person) == IN_BELFAST


def test_a_visit_counts_for_where_it_is(now: datetime) -> None:
    person = make_person(postcode=CARDIFF)
    visit = make_booking(None, now, person=person, postcode=YORK, nation="england", local_authority="E06000014")
    assert kept(visit) == IN_YORK
    assert kept(make_booking(None, now, person=person, postcode="JE2 3AB", nation="jersey")) == JERSEY
    assert kept(make_booking(None, now, person=person, postcode=BELFAST)) == IN_BELFAST  # by its postcode alone
    Booking.objects.filter(pk=visit.pk).update(postcode=LEEDS, local_authority="E08000035")
    assert kept(visit) == IN_LEEDS
    stale = Booking(**{field.attname: getattr(visit, field.attname) for field in Booking._meta.concrete_fields})
    stale.reached_nation = stale.reached_authority = ""
    stale.save()
    assert kept(visit) == IN_LEEDS


def test_online_it_counts_for_where_its_host_worked_when_it_was_booked(now: datetime) -> None:
    host, colleague = make_person(postcode=YORK), make_person(postcode=BELFAST)
    booking = make_booking(None, now, person=host, postcode="")
    assert kept(booking) == IN_YORK
    host.postcode = CARDIFF
    host.save()
    assert kept(booking) == IN_YORK
    Booking.objects.filter(pk=booking.pk).update(person=colleague)  # handed over
    assert kept(booking) == IN_BELFAST
    Booking.objects.filter(pk=booking.pk).update(state=BookingState.DELIVERED)
    Booking.objects.filter(pk=booking.pk).update(person=host)  # two records of one person become one
    assert kept(booking) == IN_BELFAST


def test_online_it_has_an_area_as_soon_as_its_host_says_where_they_work(now: datetime) -> None:
    host = make_person(postcode="")
    booking, place = make_booking(None, now, person=host, postcode=""), make_place(make_session(None), person=host)
    assert kept(booking) == kept(place) == ("", "")
    host.postcode = YORK
    host.save()
    Booking.objects.filter(pk=booking.pk).update(state=BookingState.DELIVERED)
    SessionPlace.objects.filter(pk=place.pk).update(state=PlaceState.ATTENDED)
    assert kept(booking) == kept(place) == IN_YORK


def test_a_place_counts_for_where_its_person_worked_when_it_was_taken(now: datetime) -> None:
    person = make_person(postcode=YORK)
    place = make_place(make_session(None), PlaceState.WAITING, person)
    assert kept(place) == IN_YORK
    person.postcode = CARDIFF
    person.save()
    assert kept(place) == IN_YORK
    SessionPlace.objects.filter(pk=place.pk).update(state=PlaceState.TAKEN)
    assert kept(place) == IN_CARDIFF
    person.postcode = BELFAST
    person.save()
    SessionPlace.objects.filter(pk=place.pk).update(state=PlaceState.ATTENDED)
    assert kept(place) == IN_CARDIFF


def test_erasing_a_person_and_anonymising_what_they_booked_leaves_all_areas(now: datetime) -> None:
    person = make_person(postcode=YORK)
    visit = make_booking(
        None,
        now - timedelta(days=9),
        person=person,
        postcode=LEEDS,
        nation="england",
        local_authority="E08000035",
        state=BookingState.DELIVERED,
    )
    online = make_booking(None, now - timedelta(days=8), person=person, postcode="", state=BookingState.DELIVERED)
    place = make_place(make_session(None, now - timedelta(days=7), state=SessionState.DELIVERED), PlaceState.ATTENDED, person)
    order = make_order(person, now - timedelta(days=6))
    erase_person(person, by=None, now=now, reason=DataActionReason.ASKED)
    order.refresh_from_db()
    person.refresh_from_db()
    visit.refresh_from_db()
    assert (person.postcode, visit.postcode, order.postcode) == ("", "LS1", "LS1")
    assert [kept(row) for row in (person, visit, online, place, order)] == [IN_YORK, IN_LEEDS, IN_YORK, IN_YORK, IN_LEEDS]
