"""The public pages: whom to call first, the approved text after it, and nothing else; light, found and well formed."""

import gzip
import itertools
import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import brotli
import pytest
import time_machine
from django.conf import settings as installation
from django.contrib.staticfiles import finders
from django.test import Client
from django.utils import timezone, translation
from PIL import Image

from guidance.content import AUDIENCES, NATIONS, Audience, read_guidance, read_nation
from guidance.models import GuidancePage
from guidance.views import OFFICIAL_LINKS
from leaflets.catalogue import titles
from office.site_settings.queries import site_settings
from professionals.models import Language, Profession
from tests.clock import MOMENTS
from tests.face.page import Page
from tests.factories import make_person, sign_in
from tests.guidance.approvals import approve, guidance_page

pytestmark = pytest.mark.django_db
ENGLAND = "/guidance/health-visitors/england/"
ANSWER = "/guidance/who-to-tell/"
SILENT = "We are checking our guidance on this page"
MOST_BYTES, MOST_REQUESTS, MOST_STATEMENTS = 20_000, 4, 12
HEADERS = 800  # bytes of an answer’s head, more than any of ours takes


@pytest.fixture
def approved() -> None:
    approve(*GuidancePage.objects.all())


def read(client: Client, path: str) -> Page:
    return Page(client.get(path).content.decode())


def in_language(client: Client, language: str) -> Client:
    client.cookies[installation.LANGUAGE_COOKIE_NAME] = language
    return client


def says_the_text(page: Page, audience: str = "health-visitors") -> bool:
    headings = [heading.text for heading in page.all("h2")]
    return "Signs" in headings and "What to do now" in headings


@pytest.mark.usefixtures("approved")
@pytest.mark.parametrize("path", ["/guidance/", "/guidance/teachers/", "/guidance/teachers/wales/"])
def test_it_is_well_formed_with_one_h1_and_no_level_skipped(client: Client, path: str) -> None:
    page = read(client, path)
    assert page.mistakes == []
    assert len(page.ids) == len(set(page.ids))
    assert len(page.all("h1")) == 1
    levels = [int(each.tag[1]) for each in page.elements if each.tag in {"h1", "h2", "h3", "h4"}]
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))


@pytest.mark.parametrize("path", ["/guidance/", "/guidance/police/", ENGLAND])
def test_whom_to_call_comes_first_on_every_page(client: Client, path: str) -> None:
    page = read(client, path)
    panel = page.one("section", "worried")
    links = [a.attrs["href"] for a in page.all("a") if panel in a.inside]
    assert links == ["tel:999", "tel:101", "tel:08088005000"]
    assert page.all("h2")[0].text == "Worried about a child now?"
    assert "children’s services" in panel.text


@pytest.mark.tuesday
def test_it_says_that_the_line_is_open(client: Client) -> None:
    assert "The line is open now." in read(client, "/guidance/").one("section", "worried").text


def test_it_says_when_a_closed_line_opens_and_where_to_turn_until_then(client: Client, change_settings: Any) -> None:
    change_settings(out_of_hours_route="call the duty social worker")
    with time_machine.travel(MOMENTS["saturday"]):
        text = read(client, "/guidance/").one("section", "worried").text
    assert "Our advice line on 0808 800 5000 is closed now: it opens on Monday at 9.30am." in text
    assert "Until then: call the duty social worker." in text


@pytest.mark.parametrize("path", ["/guidance/nobody/", "/guidance/teachers/france/", "/guidance/nobody/england/"])
def test_there_is_no_other_page(client: Client, path: str) -> None:
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("language", Language.values)
@pytest.mark.parametrize("nation", NATIONS)
@pytest.mark.parametrize("audience", AUDIENCES)
def test_an_approved_page_has_the_text_of_audience_and_nation(client: Client, audience: str, nation: str, language: str) -> None:
    approve(guidance_page(audience, nation, language))
    page = read(in_language(client, language), f"/guidance/{audience}/{nation}/")
    headings = [heading.text for heading in page.elements if heading.tag in {"h2", "h3"}]
    for section in (*read_guidance(audience, language).sections, *read_nation(nation, language).sections):
        assert section.heading in headings
    text = page.one("main").text
    with translation.override(language):
        assert translation.gettext("We are checking our guidance on this page, so we don’t show it today.") not in text
        assert translation.gettext("Sample text, approved for trying out only.") not in text
    assert ("We will review it by" if language == "en-gb" else "Byddwn yn ei adolygu erbyn") in text
    assert [each.attrs["lang"] for each in page.all("section") if "lang" in each.attrs] == []


# -- Nothing unapproved advises anybody --


def spoil_nothing() -> None:
    """Nobody has approved it."""


def spoil_by_time() -> None:
    approve(*GuidancePage.objects.all())
    yesterday = timezone.now().date() - timedelta(days=2)
    GuidancePage.objects.update(review_on=yesterday)


def spoil_the_text() -> None:
    approve(*GuidancePage.objects.all())
    GuidancePage.objects.update(digest="of the text before")


def spoil_by_sample() -> None:
    approve(*GuidancePage.objects.all())
    GuidancePage.objects.update(is_sample=True)


@pytest.mark.parametrize("path", ["/guidance/health-visitors/", ENGLAND])
@pytest.mark.parametrize("spoil", [spoil_nothing, spoil_by_time, spoil_the_text, spoil_by_sample])
def test_in_production_a_page_that_is_not_approved_says_only_whom_to_call(
    client: Client, settings: Any, spoil: Any, path: str
) -> None:
    spoil()
    settings.PRODUCTION, settings.DEVELOPMENT = True, False
    content = client.get(path).content.decode()
    page = Page(content)
    assert SILENT in page.one("main").text
    assert page.all("section", "worried")
    assert not says_the_text(page)
    for section in (*read_guidance("health-visitors").sections, *read_nation("england").sections):
        for paragraph in re.findall(r"[A-Z][^.<>*\[\]]{30,}\.", section.markdown):
            assert paragraph[:60] not in content
    links = [a.attrs["href"] for a in page.all("a") if a.attrs["href"].startswith("https://")]
    assert links == [url for _name, url in OFFICIAL_LINKS]
    assert "ld+json" not in content
    assert '<meta name="robots" content="noindex">' in content


def test_one_page_that_is_approved_leaves_the_others_silent(client: Client) -> None:
    approve(guidance_page())
    assert says_the_text(read(client, ENGLAND))
    # What all nations share is shown without a nation only when it is approved for all of them.
    for path in ("/guidance/health-visitors/", "/guidance/health-visitors/wales/", "/guidance/police/england/"):
        assert not says_the_text(read(client, path))


@pytest.mark.urls("tests.notifications.mailbox_urls")
def test_a_development_copy_shows_what_is_not_approved_and_says_so(client: Client, settings: Any) -> None:
    settings.DEVELOPMENT = True
    page = read(client, ENGLAND)
    assert says_the_text(page)
    assert "Nobody has approved this text." in page.one("main").text


@pytest.mark.parametrize("path", ["/guidance/health-visitors/", ENGLAND])
@pytest.mark.usefixtures("approved")
def test_samples_say_that_they_are(client: Client, path: str) -> None:
    GuidancePage.objects.update(is_sample=True)
    page = read(client, path)
    assert says_the_text(page)
    assert "Sample text, approved for trying out only." in page.one("main").text


# -- The language --

ONLY_ENGLISH = "Dim ond yn Saesneg y mae’r dudalen hon"


@pytest.fixture
def production(settings: Any) -> None:
    settings.PRODUCTION, settings.DEVELOPMENT = True, False


def spoil_the_welsh_by_text() -> None:
    GuidancePage.objects.filter(language="cy").update(digest="of the text before")


def spoil_the_welsh_by_sample() -> None:
    GuidancePage.objects.filter(language="cy").update(is_sample=True)


def spoil_the_welsh_by_time() -> None:
    GuidancePage.objects.filter(language="cy").update(review_on=timezone.now().date() - timedelta(days=2))


@pytest.mark.usefixtures("approved", "production")
@pytest.mark.parametrize("path", ["/guidance/health-visitors/", ENGLAND])
@pytest.mark.parametrize("spoil", [spoil_the_welsh_by_text, spoil_the_welsh_by_sample, spoil_the_welsh_by_time])
def test_where_the_welsh_is_not_approved_a_welsh_reader_has_the_english_and_is_told_so(
    client: Client, spoil: Any, path: str
) -> None:
    spoil()
    content = in_language(client, "cy").get(path).content.decode()
    page = Page(content)
    assert '<html lang="cy">' in content
    assert says_the_text(page)
    assert ONLY_ENGLISH in page.one("main").text
    assert page.one("h1").attrs["lang"] == "en-gb"
    sections = [each for each in page.all("section") if each.attrs.get("lang") == "en-gb"]
    assert len(sections) == (2 if path == ENGLAND else 1)
    english = {section.heading for section in (*read_guidance("health-visitors").sections, *read_nation("england").sections)}
    headings = [each for each in page.elements if each.tag in {"h2", "h3"} and each.text in english]
    assert headings
    assert all(any(section in heading.inside for section in sections) for heading in headings)
    assert '"inLanguage": "en-GB"' in content
    for section in (*read_guidance("health-visitors", "cy").sections, *read_nation("england", "cy").sections):
        assert section.html not in content


@pytest.mark.usefixtures("production")
def test_welsh_that_is_approved_is_for_those_who_read_welsh_alone(client: Client) -> None:
    approve(guidance_page(language="cy"))
    content = client.get(ENGLAND).content.decode()
    assert SILENT in content
    assert "ld+json" not in content
    assert read_guidance("health-visitors", "cy").sections[0].html not in content
    page = read(in_language(client, "cy"), ENGLAND)
    assert page.one("h1").text == read_guidance("health-visitors", "cy").title
    assert ONLY_ENGLISH not in page.one("main").text
    # What all nations share is shown without a nation only when it is approved for all of them.
    assert "Arwyddion" not in [heading.text for heading in read(client, "/guidance/health-visitors/").all("h2")]


@pytest.mark.usefixtures("production")
@pytest.mark.parametrize("path", ["/guidance/health-visitors/", ENGLAND])
def test_where_neither_is_approved_a_welsh_reader_sees_only_whom_to_call(client: Client, path: str) -> None:
    content = in_language(client, "cy").get(path).content.decode()
    page = Page(content)
    assert page.all("section", "worried")
    assert '<meta name="robots" content="noindex">' in content
    assert "ld+json" not in content
    assert ONLY_ENGLISH not in content
    for language in Language.values:
        for section in (*read_guidance("health-visitors", language).sections, *read_nation("england", language).sections):
            assert section.html not in content


@pytest.mark.urls("tests.notifications.mailbox_urls")
def test_a_development_copy_shows_the_welsh_that_nobody_has_approved(client: Client, settings: Any) -> None:
    settings.DEVELOPMENT = True
    page = read(in_language(client, "cy"), ENGLAND)
    assert page.one("h1").text == read_guidance("health-visitors", "cy").title
    assert "Nid oes neb wedi cymeradwyo’r testun hwn." in page.one("main").text


@pytest.mark.usefixtures("approved")
@pytest.mark.parametrize("path", ["/guidance/health-visitors/", ENGLAND])
def test_samples_say_so_in_welsh(client: Client, path: str) -> None:
    GuidancePage.objects.update(is_sample=True)
    with translation.override("cy"):
        notice = translation.gettext("Sample text, approved for trying out only.")
    assert notice != "Sample text, approved for trying out only."
    assert notice in read(in_language(client, "cy"), path).one("main").text


@pytest.mark.usefixtures("approved")
def test_no_cache_keeps_the_page_of_one_reader_for_another(client: Client) -> None:
    english = client.get(ENGLAND)
    welsh = in_language(client, "cy").get(ENGLAND)
    assert [answer["Cache-Control"] for answer in (english, welsh)] == ["private, no-store"] * 2
    assert "Arwyddion" in welsh.content.decode()
    assert "Arwyddion" not in english.content.decode()
    assert "Arwyddion" not in in_language(client, "en-gb").get(ENGLAND).content.decode()


# -- The professions --


@pytest.mark.parametrize("language", Language.values)
@pytest.mark.parametrize("profession", Profession)
@pytest.mark.parametrize("approve_first", [False, True])
def test_every_profession_is_led_by_name_to_a_page_that_says_who_it_is_for(
    client: Client, profession: Profession, language: str, approve_first: bool
) -> None:
    if approve_first:
        approve(*GuidancePage.objects.all())
    with translation.override(language):
        label = str(Audience.ALL_PROFESSIONALS.label if profession == Profession.OTHER else profession.label)
    (link,) = [a for a in read(in_language(client, language), "/guidance/").all("a") if a.text == label]
    page = read(client, link.attrs["href"])
    assert label in page.one("span", "govuk-caption-l").text.split(" · ")
    # The page of another audience leads there too.
    elsewhere = read(client, "/guidance/police/wales/" if "police" not in link.attrs["href"] else "/guidance/teachers/wales/")
    assert f"{link.attrs['href']}wales/" in [a.attrs["href"] for a in elsewhere.all("a") if a.text == label]


# -- The nation --


@pytest.mark.usefixtures("approved")
def test_without_a_nation_all_four_are_offered(client: Client) -> None:
    page = read(client, "/guidance/police/")
    offered = [a.attrs["href"] for a in page.all("a", "filter__choice")]
    assert offered == [f"/guidance/police/{nation}/" for nation in NATIONS]
    assert "Guardians" not in [heading.text for heading in page.all("h3")]


@pytest.mark.usefixtures("approved")
@pytest.mark.parametrize(("postcode", "nation"), [("G2 1DU", "Scotland"), ("CF10 4UW", "Wales"), ("JE2 3NG", ""), ("", "")])
def test_whoever_is_signed_in_reads_the_page_of_their_workplace(client: Client, postcode: str, nation: str) -> None:
    page = read(sign_in(client, make_person(postcode=postcode)), "/guidance/police/")
    chosen = [a.text for a in page.all("a", "filter__choice") if "aria-current" in a.attrs]
    assert chosen == ([nation] if nation else [])
    assert ("Guardians" in [heading.text for heading in page.all("h3")]) == bool(nation)


@pytest.mark.usefixtures("approved")
def test_other_audiences_keep_the_nation(client: Client) -> None:
    hrefs = [a.attrs["href"] for a in read(client, "/guidance/police/wales/").all("a")]
    assert "/guidance/teachers/wales/" in hrefs
    assert "/guidance/police/wales/" not in hrefs[:20] or "/guidance/police/england/" in hrefs
    assert "/guidance/teachers/" in [a.attrs["href"] for a in read(client, "/guidance/police/").all("a")]


# -- Light and found --


@pytest.mark.usefixtures("approved")
@pytest.mark.parametrize("language", Language.values)
@pytest.mark.parametrize("who", ["signed out", "signed in"])
def test_it_asks_the_database_little(client: Client, who: str, language: str, django_assert_max_num_queries: Any) -> None:
    in_language(client, language)
    if who == "signed in":
        sign_in(client, make_person())
    for path in ("/guidance/", "/guidance/police/", ENGLAND):
        with django_assert_max_num_queries(MOST_STATEMENTS if who == "signed in" else 1):
            assert client.get(path).status_code == 200


def weight_of_file(href: str) -> int:
    path = finders.find(href.removeprefix(installation.STATIC_URL))
    assert isinstance(path, str)
    return len(brotli.compress(Path(path).read_bytes()))


@pytest.mark.usefixtures("approved")
@pytest.mark.parametrize("language", Language.values)
@pytest.mark.parametrize(
    "path", ["/", ANSWER, "/guidance/", *(f"/guidance/{audience}/northern-ireland/" for audience in AUDIENCES)]
)
@pytest.mark.parametrize("moment", ["tuesday", "night"])
def test_a_first_visit_is_light(client: Client, path: str, language: str, moment: str) -> None:
    in_language(client, language)
    with time_machine.travel(MOMENTS[moment]):
        html = (client.post(path, {"postcode": "BT1 5GS"}) if path == ANSWER else client.get(path)).content
    page = Page(html.decode())
    files = [each.attrs["href"] for each in page.all("link") if each.attrs["rel"] in {"stylesheet", "icon"}]
    files += [each.attrs["src"] for each in page.elements if each.tag in {"script", "img"} and "src" in each.attrs]
    sizes = [len(gzip.compress(html, 6)), *map(weight_of_file, files)]
    assert len(sizes) <= MOST_REQUESTS
    assert sum(sizes) + HEADERS * len(sizes) <= MOST_BYTES, sizes


def test_it_is_one_tap_away_from_every_page(client: Client) -> None:
    for path in ("/", "/leaflets/", "/presentations/", "/account/login/", "/no-such-page/"):
        page = read(client, path)
        for part in ("header", "footer"):
            assert [a for a in page.all("a") if page.one(part) in a.inside and a.attrs["href"] == "/guidance/"], (path, part)


@pytest.mark.usefixtures("approved")
@pytest.mark.parametrize(
    ("query", "audiences"),
    [
        ("q=health+visitor", ["health-visitors"]),
        ("q=helth+vistor", ["health-visitors"]),
        ("q=teacher", ["teachers"]),
        ("q=police", ["police"]),
        ("q=dentist", ["all-professionals"]),
        ("q=child", ["all-professionals"]),
        ("for=social-worker", ["social-workers"]),
        ("q=zzzzzz", []),
    ],
)
def test_the_search_of_leaflets_leads_to_the_guidance(client: Client, query: str, audiences: list[str]) -> None:
    titles.load_titles()
    page = read(client, f"/leaflets/?{query}")
    main = page.one("main")
    hrefs = [a.attrs["href"] for a in page.all("a") if main in a.inside and a.attrs["href"].startswith("/guidance/")]
    assert hrefs == [f"/guidance/{audience}/" for audience in audiences]


def meta(page: Page) -> dict[str, str]:
    found = [each.attrs for each in page.all("meta")]
    return {attrs.get("name") or attrs.get("property") or "": attrs.get("content", "") for attrs in found}


@pytest.mark.usefixtures("approved")
@pytest.mark.parametrize("language", Language.values)
def test_each_page_says_what_it_is_to_search_engines(client: Client, settings: Any, language: str) -> None:
    in_language(client, language)
    titles_of_pages = set()
    paths = ["/guidance/", *(f"/guidance/{audience}/{nation}/" for audience in AUDIENCES for nation in NATIONS)]
    for path in [*paths, "/", "/leaflets/", "/presentations/", "/sessions/", "/about/"]:
        page = read(client, path)
        facts = meta(page)
        assert 50 <= len(facts["description"]) <= 155, path
        assert facts["og:description"] == facts["description"]
        assert facts["og:url"] == f"{settings.SITE_URL}{path}"
        assert facts["og:image"].startswith(f"{settings.SITE_URL}/static/img/share")
        titles_of_pages.add(page.one("title").text)
    assert len(titles_of_pages) == len(paths) + 5


def test_the_picture_for_messengers_is_small_and_of_the_right_shape() -> None:
    path = installation.BASE_DIR / "static" / "img" / "share.png"
    assert path.stat().st_size <= 40_000
    with Image.open(path) as picture:
        assert picture.size == (1200, 630)


@pytest.mark.usefixtures("approved")
@pytest.mark.parametrize(("language", "tag"), [("en-gb", "en-GB"), ("cy", "cy")])
@pytest.mark.parametrize("path", [ENGLAND, "/guidance/emergency-care/"])
def test_structured_data_can_be_read(client: Client, path: str, settings: Any, language: str, tag: str) -> None:
    settings.SITE_URL = "https://ctac.example"
    content = in_language(client, language).get(path).content.decode()
    (block,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', content, re.DOTALL)
    data = json.loads(block)
    audience = path.split("/")[2]
    assert (data["@context"], data["@type"], data["url"]) == ("https://schema.org", "WebPage", f"https://ctac.example{path}")
    assert data["inLanguage"] == tag
    assert data["name"] == read_guidance(audience, language).title
    assert data["description"] == read_guidance(audience, language).description
    assert data["publisher"]["contactPoint"]["telephone"] == site_settings().advice_phone
    assert ("spatialCoverage" in data, "lastReviewed" in data) == (path == ENGLAND, path == ENGLAND)


def test_the_sitemap_has_what_is_public_and_approved(client: Client, settings: Any) -> None:
    settings.SITE_URL = "https://ctac.example"
    titles.load_titles()
    approve(guidance_page(), *GuidancePage.objects.filter(audience="police"), guidance_page("teachers", language="cy"))
    answer = client.get("/sitemap.xml")
    assert answer["Content-Type"].startswith("application/xml")
    found = set(re.findall(r"<loc>(.*?)</loc>", answer.content.decode()))
    assert len(found) == answer.content.decode().count("<loc>")
    paths = {url.removeprefix("https://ctac.example") for url in found}
    assert {
        "/",
        "/guidance/",
        "/leaflets/",
        "/leaflets/health-visitors/",
        "/presentations/",
        ENGLAND,
        "/guidance/police/",
    } <= paths
    assert "/guidance/health-visitors/" not in paths
    assert "/guidance/teachers/england/" not in paths
    assert [path for path in paths if client.get(path).status_code != 200] == []
    assert "Sitemap: https://ctac.example/sitemap.xml" in client.get("/robots.txt").content.decode()
