"""Whom to tell at a postcode: all districts, each nation, the islands, forces post; and who makes the referral there."""

import re
from datetime import date
from typing import Any

import pytest
from django.test import Client

from core.models import csv_rows
from guidance.contacts.models import AreaContact, ContactKind
from guidance.contacts.queries import codes_by_authority, referral_text, who_to_tell, who_to_tell_by_area, who_to_tell_by_postcode
from professionals.areas import Area
from professionals.models import LocalAuthority, Nation, OutwardCode, Profession
from tests.leaflets.statements import statements

pytestmark = pytest.mark.django_db
UNKNOWN, ISLANDS = "", (Nation.GUERNSEY, Nation.JERSEY, Nation.ISLE_OF_MAN)
CALLS = {
    UNKNOWN: "Call children’s services or the police today.",
    Nation.ENGLAND: "Call children’s services or the police today.",
    Nation.WALES: "Call children’s services or the police today.",
    Nation.SCOTLAND: "Call social work at the council, or the police, today.",
    Nation.NORTHERN_IRELAND: "Call children’s services at the health and social care trust, or the police, today.",
}
CALLS_OF_THE_POLICE = {
    UNKNOWN: "Call children’s services today, at any hour.",
    Nation.ENGLAND: "Call children’s services today, at any hour.",
    Nation.WALES: "Call children’s services today, at any hour.",
    Nation.SCOTLAND: "Call social work at the council today, at any hour.",
    Nation.NORTHERN_IRELAND: "Call children’s services at the health and social care trust today, at any hour.",
}
CALL_OF_SOCIAL_WORKERS = "Call the police today, and start your own team’s child protection procedure."
THEY_REFER = "They make the NRM referral."
TRUST_REFERS = "They make the NRM referral. If you work for a trust, that is your own organisation."
COUNCIL_REFERS = "They make the NRM referral. If you work for a council, that is your own organisation."
SOME_REFER = "They make the NRM referral, and so do border and immigration staff and some charities."
AGREE = "Agree with them who makes the NRM referral."


def names(postcode: str) -> list[str]:
    who = who_to_tell(postcode)
    return [service.name for service in (*who.services, *who.guardians)]


def test_every_local_authority_has_its_children_services_its_police_and_its_guardians() -> None:
    """In Northern Ireland an outward code has them: a trust's area is none of the districts'."""
    irish = Nation.NORTHERN_IRELAND
    authorities = list(LocalAuthority.objects.exclude(nation=irish))
    outward = list(OutwardCode.objects.filter(nation=irish))
    assert (len(authorities), len(outward)) == (350, 80)
    assert {each.code for each in (*authorities, *outward)} == set(codes_by_authority())
    areas = [Area(each.nation, each.code, 0, 0, "mainland") for each in authorities]
    areas += [Area(irish, each.authority, 0, 0, "mainland", each.code) for each in outward]
    found = who_to_tell_by_area(areas)
    contacts = AreaContact.objects.all()
    known = {kind: {row.name: row.nation for row in contacts if row.kind == kind} for kind in ContactKind}
    for area in areas:
        who = found[area]
        danger, *children, police = who.services
        (guardian,) = who.guardians
        assert (danger.name, danger.phone, police.phone) == ("In immediate danger", "999", "101")
        assert 1 <= len(children) <= (2 if area.nation == irish else 1)
        for service in children:
            assert known[ContactKind.CHILDREN][service.name.removeprefix("Children’s services, ")] == area.nation
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


@pytest.mark.parametrize(
    ("postcode", "trusts"),
    [
        ("BT71 6PA", ["Southern", "Northern"]),  # Dungannon, and Stewartstown beside it
        ("BT8 8BG", ["Belfast", "South Eastern"]),
        ("BT24 8AA", ["South Eastern"]),  # Ballynahinch: its district has two trusts
        ("BT34 1AA", ["Southern"]),  # Newry: the same district
        ("BT49 0AA", ["Western"]),  # Limavady: most of its district is in the Northern trust
        ("BT52 1AA", ["Northern"]),
    ],
)
def test_an_outward_code_of_northern_ireland_shows_each_trust_that_shares_it(
    client: Client, postcode: str, trusts: list[str]
) -> None:
    AreaContact.objects.filter(code="BHSCT").update(phone="028 9050 7000")
    shown = [f"Children’s services, {trust} Health and Social Care Trust" for trust in trusts]
    assert [service.name for service in who_to_tell(postcode).services[1:-1]] == shown
    page = client.post("/guidance/who-to-tell/", {"postcode": postcode}).content.decode()
    assert ("Two trusts share this part of Northern Ireland." in page) == (len(trusts) == 2)
    assert page.count("028 9504 9999") == 1  # all of them share it
    assert ("028 9050 7000" in page) == ("Belfast" in trusts)


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


each_profession = pytest.mark.parametrize("profession", ["", *Profession])


@each_profession
@pytest.mark.parametrize("nation", CALLS)
def test_the_answer_begins_with_the_call_that_this_reader_makes(nation: str, profession: str) -> None:
    if profession == Profession.SOCIAL_WORKER:
        call = CALL_OF_SOCIAL_WORKERS
    else:
        call = (CALLS_OF_THE_POLICE if profession == Profession.POLICE_OFFICER else CALLS)[nation]
    text = referral_text(nation, profession)
    assert text.startswith(f"{call} ")
    assert text.index("NRM referral") > len(call)
    assert re.findall("can’t|cannot|yourself", text) == []


@each_profession
@pytest.mark.parametrize("island", ISLANDS)
def test_the_islands_have_no_referrals(island: str, profession: str) -> None:
    assert referral_text(island, profession) == ""


@each_profession
@pytest.mark.parametrize("nation", CALLS)
def test_the_referral_is_what_those_who_are_called_do_or_the_readers_own_organisation(nation: str, profession: str) -> None:
    in_a_trust, is_duty = nation == Nation.NORTHERN_IRELAND, nation not in {Nation.SCOTLAND, Nation.NORTHERN_IRELAND}
    own, law = "trust" if in_a_trust else "council", "In England and Wales, the law says that"
    expected = {
        Profession.POLICE_OFFICER: f"{AGREE} {law} it must be made." if is_duty else f"{AGREE} Your force can make it.",
        Profession.SOCIAL_WORKER: f"{AGREE} {law} a council must see that it is made."
        if is_duty
        else f"{AGREE} If you work for a {own}, your team can make it.",
        Profession.IMMIGRATION_OFFICER: "Then your own organisation makes the NRM referral.",
        Profession.YOUTH_WORKER: THEY_REFER if in_a_trust else COUNCIL_REFERS,
        **dict.fromkeys(["", Profession.OTHER], SOME_REFER),
        **dict.fromkeys([Profession.TEACHER, Profession.GP, Profession.FOSTER_CARER], THEY_REFER),
        **dict.fromkeys(
            [Profession.HEALTH_VISITOR, Profession.MIDWIFE, Profession.SCHOOL_NURSE, Profession.EMERGENCY_CARE],
            TRUST_REFERS if in_a_trust else THEY_REFER,
        ),
    }
    assert set(expected) == {"", *Profession}
    assert referral_text(nation, profession).endswith(f". {expected[profession]}")
