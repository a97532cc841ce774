"""The staff guide inside the staff site: whole, searched, and each staff page linked to the part that explains it."""

import re
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.test import Client
from django.urls import URLResolver, get_resolver

from accounts.roles import ROLES_BY_SLUG
from staff.guide import (
    GUIDE_FILE,
    PART_BY_ROUTE,
    ROUTES_BY_PART,
    GuideSearchResult,
    find_part_for_route,
    help_address,
    read_guide,
    search_guide,
    word_pattern,
)
from tests.bookings.rows import at, make_booking, make_presenter
from tests.factories import make_staff, sign_in_staff
from tests.matrix.asking import named_routes
from tests.matrix.people import OUTSIDE, PEOPLE
from tests.matrix.table import read_table

GUIDE = "/staff/guide/"
HELP = re.compile(r'<a href="(/staff/guide/[^"]*)">Help</a>')


def desk(role: str = "") -> Client:
    return sign_in_staff(Client(), make_staff(role=role) if role else make_staff())


class Anchors(HTMLParser):
    """What a page can be entered at, where its links lead, and its pictures."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.names, self.links, self.pictures = set[str](), list[str](), list[dict[str, str | None]]()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.names.add(given.get("id") or "")
        if tag == "a":
            self.links.append(given.get("href") or "")
        if tag == "img":
            self.pictures.append(given)


def test_every_link_and_every_part_of_the_guide_is_there() -> None:
    guide = read_guide()
    pages = {f"{GUIDE}{slug}/": Anchors(section.html) for slug, section in guide.sections.items()}
    links = {*guide.addresses.values(), *(link for page in pages.values() for link in page.links)}
    assert len(guide.sections) > 15
    assert links > set(pages)
    dead = set()
    for link in links:
        page, _mark, name = link.partition("#")
        if page not in pages or (name and name not in pages[page].names):
            dead.add(link)
    assert dead == set()


def test_no_two_headings_have_the_same_name_and_the_contents_name_every_section() -> None:
    text = GUIDE_FILE.read_text()
    assert len(re.findall(r"^###? ", text, re.MULTILINE)) == len(read_guide().addresses)
    assert set(re.findall(r"\]\(#([^)]+)\)", text.partition("\n## ")[0])) == set(read_guide().sections)


def test_the_guide_says_all_that_the_file_says() -> None:
    text = GUIDE_FILE.read_text().partition("\n## ")[2]
    written = re.findall(r"\w+", re.sub(r"!\[[^\]]*\]\([^)]*\)|\]\([^)]*\)|^ *\d+\.", "", text, flags=re.MULTILINE))
    shown = " ".join(
        re.sub(r"<[^>]+>", "", f"{section.parts[0].heading} {section.html}") for section in read_guide().sections.values()
    )
    assert re.findall(r"\w+", shown.replace("&amp;", "&")) == written


def test_its_pictures_are_static_files_with_their_words() -> None:
    pictures = [each for section in read_guide().sections.values() for each in Anchors(section.html).pictures]
    assert len(pictures) == GUIDE_FILE.read_text().count("](pictures/") > 0
    for each in pictures:
        found = finders.find(str(each["src"]).removeprefix(settings.STATIC_URL))
        assert found, each
        assert Path(str(found)).stat().st_size < 120_000
        assert len(str(each["alt"]).split()) > 5


@pytest.mark.django_db
@pytest.mark.parametrize("role", ROLES_BY_SLUG)
def test_every_role_reads_it(role: str) -> None:
    client = desk(role)
    index = client.get(GUIDE).content.decode()
    for slug, section in read_guide().sections.items():
        assert f'href="{GUIDE}{slug}/"' in index
        assert section.html in client.get(f"{GUIDE}{slug}/").content.decode()


@pytest.mark.django_db
def test_it_is_for_staff_alone() -> None:
    assert Client().get(f"{GUIDE}orders/").status_code == 302
    assert desk().get(f"{GUIDE}no-such-part/").status_code == 404


# Its search.


def headings(typed: str) -> list[str]:
    return [found.part.heading for found in search_guide(typed)]


@pytest.mark.parametrize(
    ("typed", "text", "matches"),
    [
        *(("reminder", "Stop reminders now", True), ("reminders", "a Reminder", True), ("reminder", "REMINDERS", True)),
        *(("copies", "a copy", True), ("copy", "two copies", True), ("days", "a day", True), ("day", "days", True)),
        *(("boxes", "a box", True), ("box", "boxes", True), ("addresses", "the address", True), ("batches", "a batch", True)),
        *(("days", "data", False), ("do", "document", False), ("dl", "(DL)", True), ("order", "reorder", False)),
        ("presenter", "each presenter’s page", True),
    ],
)
def test_a_word_is_found_in_the_plural_and_the_singular(typed: str, text: str, matches: bool) -> None:
    assert (re.search(word_pattern(typed), text, re.IGNORECASE) is not None) is matches


def test_the_part_with_the_words_in_its_heading_comes_first_and_shows_the_sentence_around() -> None:
    found = search_guide("breach of data")
    assert found[0].part.heading == "Report a breach of data"
    assert found[0].part.address == f"{GUIDE}what-a-manager-does/#report-a-breach-of-data"
    [cancel] = [each for each in search_guide("moved a cancelled order forwards") if each.part.heading.startswith("Something")]
    assert "".join(cancel.pieces) in cancel.part.sentences


def test_a_question_in_everyday_words_finds_the_parts_that_have_most_of_them() -> None:
    assert headings("how do I print address labels?")[0] == "Pack"
    assert headings("REMINDERS") == headings("reminder") != []
    assert headings("who is where")[0] == "Who is where"
    assert headings("take-back") == headings("take back") != []
    assert headings("zxqv") == headings("zxqv, qwrtp!") == headings("") == headings("?!") == headings("a") == []


def test_the_search_for_everything_wants_all_the_words() -> None:
    assert search_guide("label sheet", whole=True)
    assert search_guide("label zxqv")
    assert search_guide("label zxqv", whole=True) == []
    assert search_guide("", whole=True) == []


@pytest.mark.django_db
def test_what_is_typed_is_shown_as_text_and_as_far_as_a_box_takes_it() -> None:
    client = desk()
    page = client.get(GUIDE, {"q": '"><script>alert(1)</script>'}).content.decode()
    assert "<script>alert" not in page
    assert "&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;" in page
    for typed in ("(", "[a-", "\\", "*+?{9999}", "label " * 5000, "\x07", "ö" * 500):
        assert client.get(GUIDE, {"q": typed}).status_code == 200
    assert "has none of these words" in client.get(GUIDE, {"q": "zxqv"}).content.decode()


@pytest.mark.django_db
def test_the_words_are_marked_in_their_sentence() -> None:
    page = desk().get(GUIDE, {"q": "reorder LEVEL"}).content.decode()
    assert "than the <mark>reorder</mark> <mark>level</mark> on the leaflet’s page" in " ".join(page.split())


@pytest.mark.django_db
def test_the_box_of_every_page_finds_it_too() -> None:
    make_booking(make_presenter(), at("10:00"))
    page = desk("fulfilment").get("/staff/find/", {"q": "address labels"})
    assert page.context["found"].kinds == []
    assert f'<a href="{GUIDE}pack/">Pack</a>' in page.content.decode()
    assert "We found nothing" not in page.content.decode()
    assert "found-guide" not in desk().get("/staff/find/", {"q": "leeds zxqv"}).content.decode()


def test_a_part_is_found_once() -> None:
    found: list[GuideSearchResult] = search_guide("order")
    assert len({each.part.address for each in found}) == len(found)


# Which part explains a page.


def staff_routes() -> dict[str, set[str]]:
    """Of all pages under /staff/, the presenters' own among them."""
    found = {}
    for each in get_resolver().url_patterns:
        if str(each.pattern).startswith("staff/"):
            namespace = f"{each.namespace}:" if isinstance(each, URLResolver) and each.namespace else ""
            patterns = each.url_patterns if isinstance(each, URLResolver) else [each]
            found |= dict(named_routes(patterns, namespace))
    return found


def match(asked: str) -> Any:
    """As Django resolves "staff:bookings_booking_action cancel"."""
    route, _space, slug = asked.partition(" ")
    return SimpleNamespace(url_name=route.rpartition(":")[2], kwargs={"slug": slug})


def test_every_page_of_the_staff_site_has_its_part() -> None:
    """Each that opens for somebody: a new page gets its line in staff/guide.py."""
    routes, table = staff_routes(), read_table()
    assert len(routes) > 200
    missing = []
    for line, answers in table.items():
        method, asked = line.split(" ", 1)
        opens = "200" in [answer for person, answer in zip(PEOPLE, answers, strict=True) if person not in OUTSIDE]
        if method == "GET" and asked.partition(" ")[0] in routes and opens and find_part_for_route(match(asked)) is None:
            missing.append(asked)
    assert missing == []


def test_every_part_that_is_named_exists_and_so_does_every_page() -> None:
    assert {part for part in PART_BY_ROUTE.values() if part and part not in read_guide().addresses} == set()
    assert len(ROUTES_BY_PART[""].split()) <= 5
    table = [line.split(" ", 1)[1].rpartition(":")[2].replace("_action ", " ") for line in read_table()]
    assert [name for name in PART_BY_ROUTE if not any(f"{asked}_".startswith((f"{name}_", f"{name} ")) for asked in table)] == []


@pytest.mark.parametrize(
    ("asked", "part"),
    [
        ("staff:index", "start-the-day"),
        ("staff:bookings_booking_change", "change-a-booking"),
        ("staff:bookings_booking_action cancel", "change-a-booking"),
        ("staff:bookings_booking_action attendance", "after-a-visit"),
        ("staff:bookings_booking_add", "somebody-rings"),
        ("staff:audit_export_changelist", "roles"),
        ("staff:leaflets_edition_action correct", "stock"),
        ("staff:leaflets_edition_action withdraw", "leaflets-and-editions"),
        ("presenter_visit", "a-presenters-day"),
        ("staff_calendar_stop", "who-is-where"),
        ("staff:guide_section", ""),
        ("nobody_knows", None),
    ],
)
def test_a_page_leads_to_the_part_that_says_most_of_its_name(asked: str, part: str | None) -> None:
    assert find_part_for_route(match(asked)) == part


def test_what_has_no_part_leads_to_the_whole_guide(rf: Any) -> None:
    request = rf.get("/staff/")
    request.resolver_match = None
    assert help_address(request) == GUIDE


@pytest.mark.django_db
def test_the_head_of_a_page_has_help_that_leads_to_its_part() -> None:
    user = make_staff(role="presenter")
    make_presenter(user=user)
    presenter, coordinator = sign_in_staff(Client(), user), desk("coordinator")
    for client, address, part in (
        (presenter, "/staff/mine/day/", "a-presenters-day/"),
        (presenter, "/staff/mine/availability/", "a-presenters-day/"),
        (coordinator, "/staff/", "start-the-day/"),
        (coordinator, "/staff/bookings/opensession/", "open-sessions/"),
        (coordinator, "/staff/bookings/calendar/", "who-is-where/"),
        (coordinator, "/staff/guidance/areacontact/", "what-a-manager-does/#guidance"),
        (coordinator, GUIDE, ""),
    ):
        [link] = HELP.findall(client.get(address).content.decode())
        assert link == f"{GUIDE}{part}"
        assert client.get(link).status_code == 200
