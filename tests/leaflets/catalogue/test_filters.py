"""The catalogue narrowed by profession, topic, language and format, alone and together; versions beside their titles."""

import html
from datetime import datetime

import pytest
from django.test import Client

from leaflets.catalogue.admin import LeafletAdmin
from leaflets.models import Format, Language, Leaflet
from professionals.models import Profession
from tests.face.page import Page
from tests.leaflets.factories import make_edition, make_leaflet

pytestmark = pytest.mark.django_db


@pytest.fixture
def signs(now: datetime) -> Leaflet:
    """A title for midwives with three versions, and one for everyone without any."""
    title = make_edition(now, slug="signs", title="Know the signs", audience=Profession.MIDWIFE, topics="Health\nDebt").leaflet
    for language, form in (
        (Language.ARABIC, Format.STANDARD),
        (Language.ENGLISH, Format.LARGE_PRINT),
        (Language.ARABIC, Format.EASY_READ),
    ):
        slug = f"signs-{language}-{form}"
        make_leaflet(slug, title=slug, audience=Profession.MIDWIFE, language=language, format=form, version_of=title)
    make_edition(now, slug="basics", title="The basics", topics="Debt")
    return title


def slugs(client: Client, **asked: str) -> list[str]:
    return [card.leaflet.slug for card in client.get("/leaflets/", asked).context["shelf"].cards]


def options(client: Client, name: str, **asked: str) -> dict[str, bool]:
    """What the choice says, and whether it is chosen."""
    page = Page(client.get("/leaflets/", asked).content.decode())
    select = page.one("select", name=name)
    return {each.text: "selected" in each.attrs for each in page.all("option") if select in each.inside}


@pytest.mark.usefixtures("signs")
def test_versions_stand_on_the_card_of_their_title(client: Client) -> None:
    assert slugs(client) == ["signs", "basics"]
    also = next(card.also for card in client.get("/leaflets/").context["shelf"].cards if card.leaflet.slug == "signs")
    assert set(also) == {
        ("signs-arabic-standard", "Arabic"),
        ("signs-english-large-print", "Large print"),
        ("signs-arabic-easy-read", "Arabic, easy read"),
    }


@pytest.mark.usefixtures("signs")
@pytest.mark.parametrize(
    ("asked", "left"),
    [
        ({"language": "arabic"}, ["signs-arabic-standard", "signs-arabic-easy-read"]),
        ({"language": "arabic", "format": "easy-read"}, ["signs-arabic-easy-read"]),
        ({"format": "large-print"}, ["signs-english-large-print"]),
        ({"topic": "Health"}, ["signs"]),
        ({"topic": "Debt", "for": "gp"}, ["basics"]),
        ({"topic": "Debt", "for": "midwife"}, ["signs", "basics"]),
        ({"q": "basics", "for": "midwife"}, ["basics"]),
        ({"language": "klingon", "format": "?", "for": "nobody", "page": "-1"}, ["signs", "basics"]),
        ({"language": "welsh"}, []),
    ],
)
def test_choices_are_combined(client: Client, asked: dict[str, str], left: list[str]) -> None:
    assert slugs(client, **asked) == left


@pytest.mark.usefixtures("signs")
def test_each_choice_says_how_many_it_would_show(client: Client) -> None:
    assert options(client, "language") == {"Any (2)": True, "English (2)": False, "Arabic (2)": False}
    arabic = options(client, "format", language="arabic")
    assert arabic == {"Any (2)": True, "Standard print (1)": False, "Easy read (1)": False}
    assert options(client, "topic", topic="Debt") == {"Any (2)": False, "Debt (2)": True, "Health (1)": False}
    make_leaflet(audience=Profession.GP, topics="Debt")
    midwives = 'href="/leaflets/?for=midwife&amp;topic=Debt">Midwife (2)</a>'
    assert midwives in client.get("/leaflets/?topic=Debt").content.decode()


@pytest.mark.usefixtures("signs")
def test_nothing_says_what_to_do(client: Client) -> None:
    page = Page(client.get("/leaflets/", {"q": "basics", "language": "welsh"}).content.decode())
    assert page.one("h2", "govuk-heading-m").text == "No leaflet matches “basics”"
    assert 'href="/leaflets/?q=basics"' in client.get("/leaflets/", {"q": "basics", "language": "welsh"}).content.decode()
    assert "0808 800 5000" in page.one("main").text
    typed = client.get("/leaflets/", {"q": "<b>basiks</b>"}).content.decode()
    assert ("&lt;b&gt;basiks&lt;/b&gt;" in typed, "<b>basiks" in typed) == (True, False)


@pytest.mark.usefixtures("signs")
def test_what_is_put_into_the_basket_leads_back_to_what_was_shown(client: Client) -> None:
    address = "/leaflets/?q=basics&for=midwife&topic=Debt"
    assert f'action="{html.escape(address)}"' in client.get(address).content.decode()
    added = client.post(address, {"add": "basics", "basics-copies": "2"})
    assert added.headers["Location"] == address
    refused = client.post(address, {"add": "basics", "basics-copies": "many"})
    assert [card.leaflet.slug for card in refused.context["shelf"].cards] == ["basics"]


def test_a_leaflet_lists_its_other_versions_and_marks_what_is_in_another_language(client: Client, signs: Leaflet) -> None:
    words = {"own_title": "اعرف العلامات", "introduction": "مقدمة", "signs": "علامة"}
    Leaflet.objects.filter(slug="signs-arabic-standard").update(**words)
    page = client.get("/leaflets/signs-arabic-standard/").content.decode()
    for marked in ('<p class="govuk-body-l" lang="ar" dir="rtl">اعرف', '<p class="govuk-body" lang="ar" dir="rtl">مقدمة'):
        assert marked in page
    assert '<ul class="govuk-list govuk-list--bullet" lang="ar" dir="rtl"><li>علامة' in page
    links = [a.attrs["href"] for a in Page(page).all("a") if a.attrs.get("href", "").startswith("/leaflets/signs")]
    assert links == [
        "/leaflets/signs-arabic-standard/alert/",  # it has no edition
        *("/leaflets/signs/", "/leaflets/signs-english-large-print/", "/leaflets/signs-arabic-easy-read/"),
    ]
    assert 'lang="en"' not in client.get("/leaflets/signs/").content.decode().split("<body")[1]


@pytest.mark.usefixtures("staff")
def test_staff_add_a_version_and_fill_it_in(client: Client) -> None:
    figures = {"usual_copies": 20, "most_per_order": 400, "most_per_person": 500, "most_per_workplace": 600}
    title = make_leaflet("signs", title="Know the signs", topics="Debt", **figures)
    action = f"/staff/leaflets/leaflet/{title.pk}/do/version/"
    client.post(action, {"language": "arabic", "form": "large-print"})
    version = title.versions.get()
    said = (version.slug, version.title, version.version, version.active)
    assert said == ("signs-arabic-large-print", "Know the signs (Arabic, large print)", "Arabic, large print", False)
    assert {name: getattr(version, name) for name in figures} == figures
    for again in ({"language": "arabic", "form": "large-print"}, {"language": "english", "form": "standard"}):
        assert "This title already has that version." in client.post(action, again).content.decode()
    assert f'<a href="/staff/leaflets/leaflet/{version.pk}/change/">Arabic, large print</a>' in (
        client.get(f"/staff/leaflets/leaflet/{title.pk}/change/").content.decode()
    )
    assert client.get(f"/staff/leaflets/leaflet/{version.pk}/do/version/").status_code == 302


@pytest.mark.usefixtures("staff")
def test_versions_are_told_apart_by_their_titles(client: Client) -> None:
    """All that a pick list and a packing slip say of them."""
    title = make_leaflet(title="Know the signs")
    version = make_leaflet(title="Know the signs (Welsh)", version_of=title, language=Language.WELSH)
    names = ("slug", "title", "for_whom", "summary", "introduction", "situations", "signs", "what_to_do", "language", "format")
    names += (*(name for name in LeafletAdmin.figures if name != "reorder_level"), "position")
    typed = {name: getattr(version, name) for name in names} | {"version_of": title.pk}
    for as_another, taken in (("know the SIGNS", False), ("Know the signs: Welsh", True)):
        answer = client.post(f"/staff/leaflets/leaflet/{version.pk}/change/", {**typed, "title": as_another})
        assert ("Say in the title what is different" in answer.content.decode()) == (not taken)
        version.refresh_from_db()
        assert (version.title == as_another) == taken


@pytest.mark.usefixtures("staff")
def test_a_topic_is_worded_as_on_other_titles_and_a_title_with_versions_is_no_version(client: Client) -> None:
    title, other = make_leaflet(topics="County lines"), make_leaflet()
    make_leaflet(version_of=title, language=Language.WELSH)
    names = ("slug", "title", "for_whom", "summary", "introduction", "situations", "signs", "what_to_do", "language", "format")
    names += (*(name for name in LeafletAdmin.figures if name != "reorder_level"), "position")
    typed = {name: getattr(other, name) for name in names}
    client.post(f"/staff/leaflets/leaflet/{other.pk}/change/", {**typed, "topics": "county LINES\r\n\r\nDebt\r\ndebt"})
    assert Leaflet.objects.get(pk=other.pk).topics == "County lines\nDebt"
    typed = {name: getattr(title, name) for name in names}
    page = client.post(f"/staff/leaflets/leaflet/{title.pk}/change/", {**typed, "version_of": other.pk}).content.decode()
    assert "This title has versions of its own, so it can’t be a version." in page
    typed = {name: getattr(other, name) for name in names}
    of_itself = client.post(f"/staff/leaflets/leaflet/{other.pk}/change/", {**typed, "version_of": other.pk})
    assert (of_itself.status_code, Leaflet.objects.get(pk=other.pk).version_of) == (200, None)
    assert f'<option value="{other.pk}"' not in of_itself.content.decode()
