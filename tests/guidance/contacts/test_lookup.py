"""Whom to tell at a postcode: all districts, each nation, the islands, forces post; and who may refer a child there."""

from datetime import date
from typing import Any

import pytest

from ctac.models import csv_rows
from guidance.contacts.models import AreaContact, ContactKind
from guidance.contacts.queries import codes_by_authority, referral_text, who_to_tell, who_to_tell_by_area, who_to_tell_by_postcode
from professionals.areas import Area
from professionals.models import LocalAuthority, Nation, Profession
from tests.leaflets.statements import statements

pytestmark = pytest.mark.django_db
REFER_THEMSELVES = {
    Profession.POLICE_OFFICER: "Your police force can refer a child itself.",
    Profession.IMMIGRATION_OFFICER: "Your organisation can refer a child itself.",
}
COUNCIL = "If you work for a council, your council can refer a child itself."
TRUST = "If you work for a health and social care trust, your trust can refer a child itself."
TELL = "You can’t refer a child yourself. Tell children’s services or the police: they can."


def names(postcode: str) -> list[str]:
    who = who_to_tell(postcode)
    return [service.name for service in (*who.services, *who.guardians)]


def test_every_local_authority_has_its_children_services_its_police_and_its_guardians() -> None:
    authorities = list(LocalAuthority.objects.all())
    assert (len(authorities), {each.code for each in authorities}) == (361, set(codes_by_authority()))
    areas = [Area(each.nation, each.code, 0, 0, "mainland") for each in authorities]
    found = who_to_tell_by_area(areas)
    contacts = AreaContact.objects.all()
    known = {kind: {row.name: row.nation for row in contacts if row.kind == kind} for kind in ContactKind}
    for area in areas:
        who = found[area]
        danger, children, police = who.services
        (guardian,) = who.guardians
        assert (danger.name, danger.phone, police.phone) == ("In immediate danger", "999", "101")
        assert known[ContactKind.CHILDREN][children.name.removeprefix("Children’s services, ")] == area.nation
        assert known[ContactKind.POLICE][police.name] == area.nation
        assert guardian.name in known[ContactKind.GUARDIAN]


def test_the_migrations_list_each_once_and_know_few_numbers_that_answer_at_night() -> None:
    counts = {kind: AreaContact.objects.filter(kind=kind).count() for kind in ContactKind}
    islands = 3
    assert counts == {ContactKind.CHILDREN: 212 + islands, ContactKind.POLICE: 45 + islands, ContactKind.GUARDIAN: 4}
    known = AreaContact.objects.exclude(phone="", out_of_hours_phone="", web_page="", checked_on=None)
    facts = {(row.name, row.phone, row.out_of_hours_phone, row.web_page, row.checked_on) for row in known}
    trusts = ("Belfast", "Northern", "South Eastern", "Southern", "Western")
    assert facts == {
        *((f"{trust} Health and Social Care Trust", "", "028 9504 9999", "", None) for trust in trusts),
        ("States of Jersey Police", "01534 612612", "", "", None),
        ("Guernsey Police", "01481 222222", "", "", None),
    }
    assert {row["code"] for row in csv_rows("guidance", "contacts")} == set(AreaContact.objects.values_list("code", flat=True))


@pytest.mark.parametrize(
    ("postcode", "expected"),
    [
        (
            "LS1 4AP",
            ["Children’s services, Leeds", "West Yorkshire Police", "Independent Child Trafficking Guardianship Service"],
        ),
        (
            "CF10 4UW",
            ["Children’s services, Cardiff", "South Wales Police", "Independent Child Trafficking Guardianship Service"],
        ),
        ("G1 1XW", ["Children’s services, Glasgow City", "Police Scotland", "Guardianship Scotland"]),
        (
            "BT1 5GS",
            [
                "Children’s services, Belfast Health and Social Care Trust",
                "Police Service of Northern Ireland",
                "Independent Guardian Service",
            ],
        ),
        # A district whose county has the children's services; an island with its own; the City in the middle of London.
        ("CB11 4AA", ["Children’s services, Essex", "Essex Police", "Independent Child Trafficking Guardianship Service"]),
        (
            "TR21 0PT",
            [
                "Children’s services, Isles of Scilly",
                "Devon and Cornwall Police",
                "Independent Child Trafficking Guardianship Service",
            ],
        ),
        ("JE2 3AB", ["Children’s services, Jersey", "States of Jersey Police"]),
        ("GY1 1AA", ["Children’s services, Guernsey", "Guernsey Police"]),
        ("GY9 3AA", ["Children’s services, Guernsey", "Guernsey Police"]),
        ("IM1 1AA", ["Children’s services, Isle of Man", "Isle of Man Constabulary"]),
        *(
            (postcode, ["Children’s services of the council where the child is", "Police"])
            for postcode in ("BFPO 57", "QQ1 1AA", "")
        ),
        # New outward codes: what is the same for the whole nation is known.
        (
            "LS96 1AA",
            [
                "Children’s services of the council where the child is",
                "Police",
                "Independent Child Trafficking Guardianship Service",
            ],
        ),
        ("G96 1AA", ["Children’s services of the council where the child is", "Police Scotland", "Guardianship Scotland"]),
        (
            "BT99 1AA",
            [
                "Children’s services of the health and social care trust where the child is",
                "Police Service of Northern Ireland",
                "Independent Guardian Service",
            ],
        ),
    ],
)
def test_whom_to_tell_at_a_postcode(postcode: str, expected: list[str]) -> None:
    assert names(postcode) == ["In immediate danger", *expected]


def test_101_is_of_the_uk_alone() -> None:
    phones = [who_to_tell(postcode).services[2].phone for postcode in ("LS1 4AP", "BFPO 57", "JE2 3AB", "IM1 1AA")]
    assert phones == ["101", "101", "01534 612612", ""]


def test_the_numbers_that_staff_keep_are_shown_at_once_and_those_that_are_missing_are_names_alone() -> None:
    assert who_to_tell("LS1 4AP").lines == ["Children’s services, Leeds", "West Yorkshire Police: 101"]
    leeds = AreaContact.objects.filter(code="E08000035")
    leeds.update(phone="0113 222 4403", checked_on=date(2020, 1, 2))
    assert who_to_tell("LS1 4AP").lines[0] == "Children’s services, Leeds: 0113 222 4403"
    assert who_to_tell("LS1 4AP").services[1].checked_on == date(2020, 1, 2)
    leeds.update(out_of_hours_phone="0113 535 0600")
    assert who_to_tell("LS1 4AP").lines[0] == "Children’s services, Leeds: 0113 222 4403; out of hours 0113 535 0600"
    leeds.update(phone="")
    assert who_to_tell("LS1 4AP").lines[0] == "Children’s services, Leeds: out of hours 0113 535 0600"
    leeds.update(phone="0113 535 0600")
    assert who_to_tell("LS1 4AP").lines[0] == "Children’s services, Leeds: 0113 535 0600"


def test_one_takes_two_statements_and_many_take_as_many() -> None:
    assert len(statements(lambda: who_to_tell("YO1 7HH"))) <= 2
    assert len(statements(lambda: who_to_tell("YO1 7HH"))) == 1
    many = ["LS1 4AP", "BFPO 57", "BFPO 58", "", *(f"M{number} 1AA" for number in range(1, 9))]
    found: dict[str, Any] = {}
    assert len(statements(lambda: found.update(who_to_tell_by_postcode(many)))) == 2
    assert {postcode: who_to_tell(postcode) for postcode in many} == found


@pytest.mark.parametrize("profession", ["", *Profession])
def test_who_may_refer_a_child_by_nation(profession: str) -> None:
    said = {nation: referral_text(nation, profession) for nation in ("", *Nation)}
    assert [said[island] for island in (Nation.GUERNSEY, Nation.JERSEY, Nation.ISLE_OF_MAN)] == ["", "", ""]
    great_britain = {said[nation] for nation in ("", Nation.ENGLAND, Nation.WALES, Nation.SCOTLAND)}
    assert len(great_britain) == 1
    of_britain, of_ni = great_britain.pop(), said[Nation.NORTHERN_IRELAND]
    if profession in REFER_THEMSELVES:
        assert of_britain == of_ni == REFER_THEMSELVES[Profession(profession)]
    elif profession == Profession.SOCIAL_WORKER:
        assert (of_britain, of_ni) == (COUNCIL, TRUST)
    elif profession in {Profession.HEALTH_VISITOR, Profession.MIDWIFE, Profession.SCHOOL_NURSE, Profession.EMERGENCY_CARE}:
        assert (of_britain, of_ni) == (TELL, TRUST)
    elif profession in {"", Profession.OTHER}:
        assert ("The police, councils" in of_britain, "The police, health and social care trusts" in of_ni) == (True, True)
    else:
        assert of_britain == of_ni == TELL
