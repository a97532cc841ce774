"""The page “Who do I tell here?”: a form that is sent, so that no address holds the postcode."""

import re
from html import unescape
from typing import Any

import pytest
from django.test import Client

from guidance.contacts.models import AreaContact
from guidance.content import Audience, UKNation
from guidance.models import GuidancePage
from professionals.models import Profession
from tests.factories import make_person, sign_in
from tests.guidance.approvals import approve
from tests.leaflets.statements import statements

pytestmark = pytest.mark.django_db
PAGE = "/guidance/who-to-tell/"
DANGER = "The child is in danger Call 999 and ask for the police."
SAY = "Say that a child may be at risk. Ask the police to tell children’s services now: at night, their emergency duty team."


@pytest.fixture(autouse=True)
def _approved() -> None:
    approve(*GuidancePage.objects.filter(audience=Audience.ALL_PROFESSIONALS))


def text(response: Any) -> str:
    main = response.content.decode().partition("<main")[2].partition("</main>")[0]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", main)).split())


def asked(client: Client, postcode: str, profession: str = "") -> str:
    response = client.post(PAGE, {"postcode": postcode, "profession": profession})
    assert response.status_code == 200
    return text(response)


def test_it_answers_on_the_page_without_a_cookie_and_without_the_postcode_in_an_address(client: Client) -> None:
    browser = Client(enforce_csrf_checks=True)
    response = browser.get(PAGE)
    assert f'action="{PAGE}"' in response.content.decode()
    assert "call 999 first" in text(response)
    said = asked(browser, "ls14ap", Profession.TEACHER)
    assert f"{DANGER} Answers now: West Yorkshire Police 101 Day and night {SAY} Children’s services, Leeds We don’t have" in said
    assert "Call children’s services or the police today. They make the NRM referral." in said
    assert "Independent Child Trafficking Guardianship Service" in said
    assert not browser.cookies


def test_it_says_what_is_wrong_and_keeps_what_was_typed(client: Client) -> None:
    response = client.post(PAGE, {"postcode": "Leeds", "profession": "gp"})
    assert "There is a problem Enter a full UK postcode, like LS1 4AP." in text(response)
    assert ('value="Leeds"' in response.content.decode(), '<option value="gp" selected>' in response.content.decode()) == (
        True,
    ) * 2
    assert "Enter a postcode." in asked(client, "")


def test_a_corrected_postcode_is_named_in_the_answer(client: Client) -> None:
    said = asked(client, "LS1O 3EX")
    assert f"For LS10 3EX : We read “LS1O 3EX” as LS10 3EX. {DANGER} Answers now:" in said
    assert "We read" not in asked(client, "ls103ex")


def test_a_postcode_that_may_mean_another_is_asked_about_and_kept(client: Client) -> None:
    response = client.post(PAGE, {"postcode": "EL1 1AA", "profession": "gp"})
    assert text(response).count("Did you mean E11 1AA?") == 2  # above the form, and beside the field
    assert 'value="EL1 1AA"' in response.content.decode()
    assert "Answers now:" not in text(response)


@pytest.mark.parametrize(
    ("postcode", "expected"),
    [
        ("BFPO 57", "A forces postcode doesn’t say where the child is."),
        ("BX9 1AS", "We don’t know this postcode. Check it, or call these numbers."),
        ("JE2 3AB", "Tell the island’s children’s services or police."),
        ("GY1 1AA", "Tell the island’s children’s services or police."),
        ("IM1 1AA", "Tell the island’s children’s services or police."),
        ("TR21 0PT", "Children’s services, Isles of Scilly"),
        ("BT1 5GS", "Call children’s services at the health and social care trust, or the police, today."),
        ("LS96 1AA", "Children’s services of the council where the child is"),
    ],
)
def test_every_kind_of_postcode_gets_a_sensible_answer(client: Client, postcode: str, expected: str) -> None:
    said = asked(client, postcode)
    assert (expected in said, DANGER in said) == (True, True)
    assert ("What to do now" in said) == (postcode[:2] not in {"JE", "GY", "IM"})


def test_a_professional_who_signed_in_is_answered_at_once_and_may_ask_about_elsewhere(client: Client) -> None:
    sign_in(client, make_person(postcode="CF10 4UW", profession=Profession.SOCIAL_WORKER))
    said = text(client.get(PAGE))
    assert f"For CF10 4UW : {DANGER} Answers now: South Wales Police 101" in said
    assert "Call the police today, and start your own team’s child protection procedure." in said
    assert "South Wales Police" not in asked(client, "LS1 4AP")
    assert len(statements(lambda: client.get(PAGE))) <= 12
    assert len(statements(lambda: client.post(PAGE, {"postcode": "M1 1AE"}))) <= 12


def test_without_a_postcode_of_theirs_they_are_asked(client: Client) -> None:
    sign_in(client, make_person(postcode="", profession=Profession.GP))
    page = client.get(PAGE)
    assert "Enter a postcode to see the numbers" in text(page)
    assert "There is a problem" not in text(page)


def test_a_number_says_when_it_was_checked_or_that_it_is_a_sample_and_is_one_tap(client: Client, now: Any) -> None:
    leeds = AreaContact.objects.filter(code="E08000035")
    leeds.update(phone="0113 222 4403 ext. 2", web_page="https://www.leeds.gov.uk/", checked_on=now.date())
    response = client.post(PAGE, {"postcode": "LS1 4AP"})
    assert 'href="tel:01132224403"' in response.content.decode()
    open_hours = "0113 222 4403 ext. 2 Usually 9am to 5pm on working days Website of Children’s services, Leeds Checked on"
    assert open_hours in text(response)
    leeds.update(phone="0113 496 0123", out_of_hours_phone="0113 496 0124")
    said = asked(client, "LS1 4AP")
    assert said.index("0113 496 0123") < said.index("0113 496 0124 At night, at weekends and on bank holidays")
    assert "A sample number, for trying out. Nobody answers it." in said


@pytest.mark.parametrize(("postcode", "advises"), [("LS1 4AP", False), ("EH1 1AA", True), ("BX9 1AS", False)])
def test_without_an_approval_of_that_nation_it_has_numbers_alone(client: Client, postcode: str, advises: bool) -> None:
    england = GuidancePage.objects.filter(audience=Audience.ALL_PROFESSIONALS, nation=UKNation.ENGLAND)
    england.update(digest="of the text before")
    said = asked(client, postcode, Profession.TEACHER)
    assert (DANGER in said, "101" in said) == (True, True)
    assert ("They make the NRM referral." in said, "speaks up for a child" in said) == (advises, advises)


def test_a_colleague_of_another_profession_reads_what_theirs_may_do(client: Client) -> None:
    sign_in(client, make_person(profession=Profession.POLICE_OFFICER))
    for page, profession in (("teachers", Profession.POLICE_OFFICER), ("police", Profession.POLICE_OFFICER)):
        assert f'name="profession" value="{profession}"' in client.get(f"/guidance/{page}/").content.decode()
    assert 'name="profession" value="teacher"' in Client().get("/guidance/teachers/").content.decode()
