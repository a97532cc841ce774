"""The travel rule, in Python and in SQL."""

import random
from datetime import timedelta

import pytest
from django.db import connection

from bookings.models import Nation, PostcodeArea
from bookings.places import PlaceUnknown, find_place
from bookings.travel import Place, travel_between, travel_minutes

pytestmark = pytest.mark.django_db


def sql_minutes(pairs: list[tuple[Place, Place]]) -> list[int]:
    columns = list(zip(*((*_columns(a), *_columns(b)) for a, b in pairs), strict=True))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT bookings_travel_minutes(a, b, c, d, e, f) FROM unnest(%s, %s::float8[], %s::float8[], %s, %s::float8[],"
            " %s::float8[]) WITH ORDINALITY AS pairs (a, b, c, d, e, f, number) ORDER BY number",
            [list(column) for column in columns],
        )
        return [row[0] for row in cursor.fetchall()]


def _columns(place: Place) -> tuple[str, float, float]:
    return place.postcode, place.latitude, place.longitude


def test_python_and_sql_agree_on_thousands_of_random_journeys() -> None:
    chance = random.Random(20270112)
    places = [Place(f"P{number % 1500}", chance.uniform(49, 61), chance.uniform(-8, 2)) for number in range(6000)]
    pairs = list(zip(places[::2], places[1::2], strict=True))
    assert sql_minutes(pairs) == [travel_minutes(a, b) for a, b in pairs]


def test_python_and_sql_agree_between_all_postcode_areas() -> None:
    areas = [Place(f"{area.code}1 1AA", area.latitude, area.longitude) for area in PostcodeArea.objects.all()]
    pairs = [(a, b) for a in areas for b in areas]
    assert sql_minutes(pairs) == [travel_minutes(a, b) for a, b in pairs]


def test_two_teams_in_one_building_need_no_travel() -> None:
    assert travel_minutes(Place("LS1 4AP", 53.8, -1.5), Place("LS1 4AP", 53.8, -1.5)) == 0


def test_the_shortest_journey_is_half_an_hour() -> None:
    assert travel_minutes(Place("LS1 4AP", 53.8, -1.5), Place("LS1 4AQ", 53.8, -1.5)) == 30


def test_seventy_kilometres_by_road_take_an_hour_and_a_quarter() -> None:
    north = 70 / 1.3 / 6371.0 / 0.017453292519943295
    assert travel_minutes(Place("A", 53.0, -1.5), Place("B", 53.0 + north - 1e-9, -1.5)) == 75


def test_what_staff_set_comes_before_the_rule_and_the_larger_of_two_counts() -> None:
    here, there = Place("LS1 4AP", 53.8, -1.5), Place("SE1 7PB", 51.5, -0.1)
    assert travel_between(here, there, 10, None) == timedelta(minutes=10)
    assert travel_between(here, there, 10, 25) == timedelta(minutes=25)


def test_there_are_124_postcode_areas() -> None:
    codes = set(PostcodeArea.objects.values_list("code", flat=True))
    assert len(codes) == 124
    assert {"BT", "GY", "JE", "IM", "ZE", "HS", "KW", "TR", "B", "WC"} <= codes


# South, north, west, east: generous boxes round each nation.
BOXES = {
    Nation.ENGLAND: (49.9, 55.9, -6.5, 1.8),
    Nation.SCOTLAND: (54.6, 60.9, -8.7, -0.7),
    Nation.WALES: (51.3, 53.5, -5.4, -2.6),
    Nation.NORTHERN_IRELAND: (54.0, 55.4, -8.2, -5.4),
    Nation.GUERNSEY: (49.4, 49.8, -2.7, -2.1),
    Nation.JERSEY: (49.1, 49.3, -2.3, -1.9),
    Nation.ISLE_OF_MAN: (54.0, 54.5, -4.9, -4.3),
}


def test_every_postcode_area_lies_in_its_nation() -> None:
    outside = [
        area.code
        for area in PostcodeArea.objects.all()
        for south, north, west, east in [BOXES[Nation(area.nation)]]
        if not (south <= area.latitude <= north and west <= area.longitude <= east)
    ]
    assert outside == []


@pytest.mark.parametrize(
    ("one", "other", "at_least", "at_most"),
    [
        ("LS1 4AP", "BD1 1HX", 30, 60),
        ("LS1 4AP", "SE1 7PB", 280, 400),
        ("G2 1DU", "EH1 1BB", 70, 120),
        ("CF10 1AA", "BS1 1AA", 55, 90),
    ],
)
def test_known_journeys_take_about_as_long_as_they_do(one: str, other: str, at_least: int, at_most: int) -> None:
    assert at_least <= travel_minutes(find_place(one), find_place(other)) <= at_most


def test_a_postcode_that_no_area_has_is_no_place() -> None:
    with pytest.raises(PlaceUnknown):
        find_place("BFPO 57")
