"""From a postcode to nation, local authority and a point on the map."""

import pytest

from professionals.areas import Area, authority_of, look_up_area, to_latitude_and_longitude
from professionals.models import LocalAuthority, Nation, OutwardCode

pytestmark = pytest.mark.django_db

# South, north, west, east: generous boxes round each nation.
BOXES = {
    Nation.ENGLAND: (49.8, 55.9, -6.5, 1.8),
    Nation.SCOTLAND: (54.6, 60.9, -8.7, -0.7),
    Nation.WALES: (51.3, 53.5, -5.4, -2.6),
    Nation.NORTHERN_IRELAND: (54.0, 55.4, -8.2, -5.4),
    Nation.GUERNSEY: (49.4, 49.8, -2.7, -2.1),
    Nation.JERSEY: (49.1, 49.3, -2.3, -1.9),
    Nation.ISLE_OF_MAN: (54.0, 54.5, -4.9, -4.3),
}


def name_of(postcode: str) -> tuple[str, str]:
    area = look_up_area(postcode)
    assert area is not None
    return area.nation, LocalAuthority.objects.get(code=area.local_authority).name if area.local_authority else ""


def test_every_outward_code_lies_in_its_nation() -> None:
    outside = [
        row.code
        for row in OutwardCode.objects.all()
        for south, north, west, east in [BOXES[Nation(row.nation)]]
        if not (south <= row.latitude <= north and west <= row.longitude <= east)
    ]
    assert outside == []


def test_the_tables_are_whole() -> None:
    rows = list(OutwardCode.objects.all())
    assert len(rows) > 3000
    letters = {"".join(letter for letter in row.code[:2] if letter.isalpha()) for row in rows}
    assert len(letters) == 124
    authorities = {row.authority for row in rows} | {other.split(":")[0] for row in rows for other in row.others.split()}
    assert authorities - {""} == set(LocalAuthority.objects.values_list("code", flat=True))
    assert {row.nation for row in rows if not row.authority} == {Nation.GUERNSEY, Nation.JERSEY, Nation.ISLE_OF_MAN}


def test_every_authority_of_england_has_a_region_and_no_other() -> None:
    assert set(LocalAuthority.objects.exclude(region="").values_list("nation", flat=True)) == {Nation.ENGLAND}
    assert LocalAuthority.objects.filter(nation=Nation.ENGLAND, region="").count() == 0
    assert len(set(LocalAuthority.objects.exclude(region="").values_list("region", flat=True))) == 9


@pytest.mark.parametrize(
    ("postcode", "nation", "authority"),
    [
        ("LS1 4AP", Nation.ENGLAND, "Leeds"),
        ("SW1A 1AA", Nation.ENGLAND, "Westminster"),
        ("SE1 7PB", Nation.ENGLAND, "Lambeth"),
        ("SE1 2QH", Nation.ENGLAND, "Southwark"),
        ("CF10 1EP", Nation.WALES, "Cardiff"),
        ("EH1 1YZ", Nation.SCOTLAND, "City of Edinburgh"),
        ("ZE1 0AA", Nation.SCOTLAND, "Shetland Islands"),
        ("TR21 0AA", Nation.ENGLAND, "Cornwall"),
        ("TR21 0LW", Nation.ENGLAND, "Isles of Scilly"),
        # An outward code on both sides of a border.
        ("TD15 1AA", Nation.ENGLAND, "Northumberland"),
        ("TD15 1SZ", Nation.SCOTLAND, "Scottish Borders"),
        ("BT1 5GS", Nation.NORTHERN_IRELAND, "Belfast"),
        ("BT48 6DQ", Nation.NORTHERN_IRELAND, "Derry City and Strabane"),
        ("IM1 3PX", Nation.ISLE_OF_MAN, ""),
        ("GY1 1AA", Nation.GUERNSEY, ""),
        ("JE2 3AB", Nation.JERSEY, ""),
    ],
)
def test_the_whole_postcode_says_the_authority(postcode: str, nation: str, authority: str) -> None:
    assert name_of(postcode) == (nation, authority)


def test_the_runs_of_other_authorities_end_where_they_say() -> None:
    row = OutwardCode(code="ZZ1", authority="E01", others="E02:0AA-0BD,1XX W03:2AA-2ZZ")
    found = {inward: authority_of(row, inward) for inward in ("0AA", "0BC", "0BD", "0BE", "1XW", "1XX", "2AA", "2ZZ", "9ZZ")}
    assert found == {
        "0AA": "E02",
        "0BC": "E02",
        "0BD": "E02",
        "0BE": "E01",
        "1XW": "E01",
        "1XX": "E02",
        "2AA": "W03",
        "2ZZ": "W03",
        "9ZZ": "E01",
    }


def test_a_new_postcode_of_a_known_outward_code_gets_the_authority_of_most_of_it() -> None:
    assert name_of("LS1 0ZZ") == (Nation.ENGLAND, "Leeds")


def test_a_new_outward_code_gets_the_middle_of_its_area() -> None:
    area = look_up_area("LS96 1AA")
    assert area is not None
    assert (area.nation, area.local_authority, area.zone) == (Nation.ENGLAND, "", "mainland")
    assert (round(area.latitude, 1), round(area.longitude, 1)) == (53.8, -1.5)


@pytest.mark.parametrize("postcode", ["BFPO 57", "QQ1 1AA", ""])
def test_what_lies_in_no_area_is_nowhere(postcode: str) -> None:
    assert look_up_area(postcode) is None


def test_an_island_is_named() -> None:
    assert {code: OutwardCode.objects.get(code=code).zone for code in ("PO30", "PO1", "KA27", "IV41", "LL65", "BT92")} == {
        "PO30": "isle-of-wight",
        "PO1": "mainland",
        "KA27": "arran",
        "IV41": "mainland",
        "LL65": "mainland",
        "BT92": "northern-ireland",
    }


def test_a_look_up_is_one_query_and_two_for_a_new_outward_code_and_none_again(
    django_assert_num_queries: pytest.FixtureRequest,
) -> None:
    with django_assert_num_queries(1):
        assert isinstance(look_up_area("LS1 4AP"), Area)
    with django_assert_num_queries(2):
        assert isinstance(look_up_area("LS96 1AA"), Area)
    with django_assert_num_queries(0):
        assert isinstance(look_up_area("LS1 1UR"), Area)


@pytest.mark.parametrize(
    ("easting", "northing", "latitude", "longitude"),
    [
        (651409.903, 313177.270, 52.65798, 1.71605),  # the worked example of Ordnance Survey's guide, on WGS84
        (530034, 180381, 51.50739, -0.12764),  # Charing Cross
        (325700, 673700, 55.95043, -3.19140),  # Edinburgh, beside Waverley station
    ],
)
def test_the_national_grid_is_turned_into_latitude_and_longitude(
    easting: float, northing: float, latitude: float, longitude: float
) -> None:
    found = to_latitude_and_longitude(easting, northing)
    assert found == (pytest.approx(latitude, abs=0.0006), pytest.approx(longitude, abs=0.0006))
