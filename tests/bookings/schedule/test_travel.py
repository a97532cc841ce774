"""The travel rule, in Python and in SQL."""

import random
from datetime import timedelta

import pytest
from django.db import connection

from bookings.models import JourneyTime
from bookings.travel import CROSSING_MINUTES, MAINLAND, Journeys, Place, PlaceUnknown, find_place, travel_between
from professionals.models import OutwardCode
from tests.bookings.rows import NOW

pytestmark = pytest.mark.django_db

ZONES = [MAINLAND, *CROSSING_MINUTES]


def sql_minutes(pairs: list[tuple[Place, Place]]) -> list[int]:
    columns = list(zip(*((*_columns(a), *_columns(b)) for a, b in pairs), strict=True))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT bookings_travel_minutes(a, b, c, d, e, f, g, h) FROM unnest(%s, %s::float8[], %s::float8[], %s, %s,"
            " %s::float8[], %s::float8[], %s) WITH ORDINALITY AS pairs (a, b, c, d, e, f, g, h, number) ORDER BY number",
            [list(column) for column in columns],
        )
        return [row[0] for row in cursor.fetchall()]


def _columns(place: Place) -> tuple[str, float, float, str]:
    return place.postcode, place.latitude, place.longitude, place.zone


def outward_places() -> list[Place]:
    return [Place(f"{row.code} 1AA", row.latitude, row.longitude, zone=row.zone) for row in OutwardCode.objects.all()]


def set_minutes(one: str, other: str, minutes: int) -> JourneyTime:
    return JourneyTime.objects.create(area_a=one, area_b=other, minutes=minutes, reason="Known on the ground", set_at=NOW)


def everything_set() -> Journeys:
    return Journeys({(row.area_a, row.area_b): row.minutes for row in JourneyTime.objects.all()})


def test_python_and_sql_agree_on_thousands_of_random_journeys() -> None:
    chance = random.Random(20270112)
    places = [
        Place(f"P{number % 1500} 1AA", chance.uniform(49, 61), chance.uniform(-8, 2), zone=chance.choice(ZONES))
        for number in range(6000)
    ]
    pairs = list(zip(places[::2], places[1::2], strict=True))
    assert sql_minutes(pairs) == [Journeys().minutes(a, b) for a, b in pairs]


def test_python_and_sql_agree_between_all_outward_codes() -> None:
    """Each with 20 others, so that every one is met and every island too."""
    chance, places = random.Random(3093), outward_places()
    pairs = [(place, other) for place in places for other in chance.sample(places, 20)]
    assert sql_minutes(pairs) == [Journeys().minutes(a, b) for a, b in pairs]


def test_python_and_sql_know_the_same_crossings() -> None:
    pairs = [(Place("A1 1AA", 55.0, -4.0, zone=one), Place("B1 1AA", 55.0, -4.0, zone=other)) for one in ZONES for other in ZONES]
    assert sql_minutes(pairs) == [Journeys().minutes(a, b) for a, b in pairs]
    assert {row.zone for row in OutwardCode.objects.all()} == set(ZONES)


def test_python_and_sql_agree_on_what_staff_have_set_between_areas() -> None:
    """Random pairs of outward codes and of whole areas, some the same, among few areas, so that many of them match."""
    chance = random.Random(25)
    places = [place for place in outward_places() if place.postcode.startswith(("B", "L", "SW", "EC", "ZE", "BT"))]
    names = sorted({name for place in places for name in (place.postcode.split()[0], place.postcode.rstrip("A1 ")[:2])})
    names = [name for name in names if name.isalnum()] + ["B", "L", "LS", "SW", "EC", "BT", "ZE"] * 20
    for _number in range(400):
        one, other = chance.choice(names), chance.choice(names)
        if not JourneyTime.objects.filter(area_a__in=(one, other), area_b__in=(one, other)).exists():
            set_minutes(one, other, chance.randrange(1441))
    pairs = [(chance.choice(places), chance.choice(places)) for _number in range(3000)]
    journeys = everything_set()
    expected = [journeys.minutes(a, b) for a, b in pairs]
    assert sql_minutes(pairs) == expected
    assert sum(minutes != Journeys().minutes(a, b) for minutes, (a, b) in zip(expected, pairs, strict=True)) > 300


def test_two_teams_in_one_building_need_no_travel() -> None:
    assert Journeys().minutes(Place("LS1 4AP", 53.8, -1.5), Place("LS1 4AP", 53.8, -1.5)) == 0


def test_the_shortest_journey_is_half_an_hour() -> None:
    assert Journeys().minutes(Place("LS1 4AP", 53.8, -1.5), Place("LS1 4AQ", 53.8, -1.5)) == 30


def test_seventy_kilometres_by_road_take_an_hour_and_a_quarter() -> None:
    north = 70 / 1.3 / 6371.0 / 0.017453292519943295
    assert Journeys().minutes(Place("A", 53.0, -1.5), Place("B", 53.0 + north - 1e-9, -1.5)) == 75


def test_what_staff_set_for_a_visit_comes_before_the_rule_and_the_larger_of_two_counts() -> None:
    here, there = Place("LS1 4AP", 53.8, -1.5), Place("SE1 7PB", 51.5, -0.1)
    assert travel_between(here, there, 10, None) == timedelta(minutes=10)
    assert travel_between(here, there, 10, 25) == timedelta(minutes=25)
    assert travel_between(here, there, 10, None, Journeys({("LS", "SE"): 200})) == timedelta(minutes=10)


@pytest.mark.parametrize(
    ("already", "minutes"),
    [
        ({}, Journeys().minutes(Place("LS1 4AP", 53.8, -1.5), Place("YO1 7HH", 53.96, -1.08))),
        ({("LS", "YO"): 50}, 50),
        ({("YO", "LS"): 50}, 50),
        ({("LS", "YO"): 50, ("LS1", "YO"): 45}, 45),
        ({("LS", "YO"): 50, ("LS1", "YO"): 45, ("LS", "YO1"): 55}, 55),
        ({("LS1", "YO"): 45, ("YO1", "LS1"): 40}, 40),
        ({("LS9", "YO"): 45, ("LS", "BD"): 20}, Journeys().minutes(Place("LS1 4AP", 53.8, -1.5), Place("YO1 7HH", 53.96, -1.08))),
    ],
)
def test_the_most_exact_pair_of_areas_counts_and_the_longer_of_two_as_exact(
    already: dict[tuple[str, str], int], minutes: int
) -> None:
    one, other = Place("LS1 4AP", 53.8, -1.5), Place("YO1 7HH", 53.96, -1.08)
    for (first, second), number in already.items():
        set_minutes(first, second, number)
    assert Journeys(already).minutes(one, other) == minutes
    assert sql_minutes([(one, other), (other, one)]) == [minutes, minutes]


def test_within_an_area_staff_may_set_the_minutes_too_but_one_building_stays_one_building() -> None:
    inner = Journeys({("EC", "EC"): 20})
    assert inner.minutes(Place("EC1A 1BB", 51.5, -0.1), Place("EC2A 4HJ", 51.5, -0.1)) == 20
    assert inner.minutes(Place("EC1A 1BB", 51.5, -0.1), Place("EC1A 1BB", 51.5, -0.1)) == 0


@pytest.mark.parametrize(
    ("one", "other", "at_least", "at_most"),
    [
        ("LS1 4AP", "BD1 1HX", 30, 60),
        ("LS1 4AP", "SE1 7PB", 280, 400),
        ("G2 1DU", "EH1 1BB", 70, 120),
        ("CF10 1AA", "BS1 1AA", 55, 90),
        # With a bridge or a causeway: Skye, Anglesey, Hayling Island, Mersea.
        ("IV40 8AB", "IV41 8PQ", 30, 45),
        ("LL57 1AA", "LL61 5AA", 30, 45),
        ("PO9 1AA", "PO11 0AA", 30, 45),
        ("CO2 8AA", "CO5 8AA", 30, 50),
        # By ship or by air.
        ("PO1 1AA", "PO30 1AA", 100, 140),
        ("PA34 4AA", "PA65 6AA", 105, 160),
        ("KA22 8AA", "KA27 8AA", 105, 150),
        ("TR18 1AA", "TR21 0AA", 230, 300),
        ("KW14 7AA", "KW15 1AA", 150, 220),
        ("IV1 1AA", "ZE1 0AA", 600, 800),
        ("L1 1AA", "BT1 1AA", 400, 500),
        ("L1 1AA", "IM1 1AA", 350, 450),
        ("SO14 1AA", "JE2 1AA", 450, 600),
        # Within an island no crossing.
        ("BT1 1AA", "BT48 1AA", 120, 160),
        ("ZE1 0AA", "ZE2 9AA", 30, 60),
        ("PO30 1AA", "PO38 1AA", 30, 45),
    ],
)
def test_known_journeys_take_about_as_long_as_they_do(one: str, other: str, at_least: int, at_most: int) -> None:
    assert at_least <= Journeys().minutes(find_place(one), find_place(other)) <= at_most


def test_a_postcode_that_no_area_has_is_no_place() -> None:
    with pytest.raises(PlaceUnknown):
        find_place("BFPO 57")
