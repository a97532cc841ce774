"""The page of one area: its figures against a count of another kind, who is there, who could go, and who may see which of it."""

import random
import re
from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.roles import ROLES_BY_SLUG
from bookings.models import BookingState, Format, JourneyTime, PlaceState
from bookings.travel import CROSSING_MINUTES, estimate_minutes, find_place
from professionals.models import Nation, NoteKind, Organisation, Person, Profession
from professionals.services import add_note
from reach.areas import Unit, areas_of
from reach.gaps.queries import MAX_CONTACTS, last_contacts, nearest_presenters, upcoming_bookings, upcoming_sessions
from reach.invitations.queries import central_place
from reach.models import CountKind, ReachCount, ReachRun
from tests.bookings.open_sessions.rows import make_place, make_session
from tests.bookings.rows import YORK as YORK_POSTCODE, make_booking, make_presenter, make_request
from tests.factories import make_organisation, make_person, make_staff, sign_in_staff
from tests.leaflets.factories import make_order
from tests.leaflets.statements import statements
from tests.reach.rows import BARNSLEY, BELFAST, CARDIFF, LEEDS, SCILLY, YORK, make_count

pytestmark = pytest.mark.django_db
LEEDS_PAGE = f"/staff/reach/area/upper/{LEEDS}/"
DAY = timedelta(days=1)


def desk(role: str = "", *permissions: str) -> Client:
    user = make_staff(role=role or (), superuser=not (role or permissions))
    for name in permissions:
        app, _dot, codename = name.partition(".")
        user.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))
    return sign_in_staff(Client(), user)


def page_of(where: str, unit: str = "upper", client: Client | None = None, query: str = "") -> str:
    response = (client or desk()).get(f"{reverse('staff:reach_area', args=[unit, where])}{query}")
    assert response.status_code == 200
    return response.content.decode()


def part(page: str, name: str) -> str:
    """The section with that heading's id, in words."""
    found = page.partition(f'<section aria-labelledby="{name}">')[2].partition("</section>")[0]
    return words(found)


def words(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def rows(page: str, name: str) -> dict[str, list[str]]:
    """Of the first table in that section the cells of each row, by its head."""
    section = page.partition(f'<section aria-labelledby="{name}">')[2].partition("</section>")[0]
    lines = re.findall(r"<tr>.*?</tr>", section.partition("</table>")[0], re.DOTALL)[1:]
    cells = ([words(cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", line, re.DOTALL)] for line in lines)
    return {head: rest for head, *rest in cells}


# Which area.


@pytest.mark.parametrize(
    "address", [f"parish/{LEEDS}", "upper/E99999999", "upper/E07000008", "region/england", f"upper/{LEEDS}x", "upper/"]
)
def test_what_is_no_area_is_not_found(address: str) -> None:
    assert desk().get(f"/staff/reach/area/{address}/").status_code == 404


def test_an_old_code_leads_to_the_area_of_today() -> None:
    make_count("E08000016", date(2026, 12, 1), 7)
    make_count(BARNSLEY, date(2026, 12, 1), 2)
    for code in ("E08000016", BARNSLEY):
        page = page_of(code)
        assert "<h1>Barnsley</h1>" in page
        assert rows(page, "done")["People who attended"] == ["9 : People who attended"]


@pytest.mark.parametrize("unit", Unit)
def test_every_area_has_its_page(unit: Unit) -> None:
    client = desk()
    for code in random.Random(unit).sample(list(areas_of(unit)), min(5, len(areas_of(unit)))):
        assert client.get(reverse("staff:reach_area", args=[unit, code])).status_code == 200


# Figures.


@pytest.mark.parametrize("seed", range(4))
def test_its_figures_are_those_of_another_count(seed: int) -> None:
    draw = random.Random(seed)
    for _number in range(120):
        where = draw.choice([LEEDS, LEEDS, YORK, BELFAST, "", Nation.JERSEY])
        month = date(draw.choice([2024, 2025, 2026]), draw.randint(1, 12), 1)
        key = {"kind": draw.choice(list(CountKind)), "profession": draw.choice(["", *Profession.values])}
        if not ReachCount.objects.filter(month=month, authority=where[:9] if where != Nation.JERSEY else "", **key).exists():
            make_count(where, month, draw.randint(1, 2000), **key)
    page = page_of(LEEDS)
    theirs = [row for row in ReachCount.objects.all() if row.authority == LEEDS]
    lately = [row for row in theirs if row.month.year == 2026]
    by_kind, by_profession, by_month, last = Counter[str](), Counter[str](), Counter[str](), dict[str, date]()
    for row in lately:
        by_kind[row.get_kind_display()] += row.count
        if row.kind == CountKind.ATTENDED:
            by_profession[row.get_profession_display() or "Nobody said"] += row.count
            by_month[f"{row.month:%B %Y}"] += row.count
    for row in theirs:
        if row.kind == CountKind.ATTENDED:
            name = row.get_profession_display() or "Nobody said"
            last[name] = max(last.get(name, row.month), row.month)
    for label in CountKind.labels:
        assert rows(page, "done")[str(label)] == [f"{by_kind[str(label)]:,} : {label}"]
    shown = rows(page, "professions")
    for label in Profession.labels:
        people = by_profession[str(label)]
        expected = f"{people:,} : {label}" if people else "0"
        assert shown[str(label)] == [expected, f"{last[str(label)]:%B %Y}" if str(label) in last else "Never"]
    months = dict(re.findall(r'<th scope="row">(\w+ 20\d\d)</th>.*?>([\d,]+)(?:<span|</td>)', page))
    assert len(months) == 12
    assert {month: int(people.replace(",", "")) for month, people in months.items() if people != "0"} == dict(by_month)


def test_a_figure_opens_its_rows() -> None:
    make_count(LEEDS, date(2026, 12, 1), 3, profession=Profession.GP)
    page = page_of(LEEDS)
    links = [
        parse_qs(urlsplit(link.replace("&amp;", "&")).query) for link in re.findall(r'href="(/staff/reach/rows/[^"]+)"', page)
    ]
    whole = {"first": ["2026-01"], "last": ["2026-12"], "unit": ["upper"], "area": [LEEDS]}
    assert {"kind": ["leaflets"], **whole} in links
    assert {"kind": ["attended"], "profession": ["gp"], **whole} in links
    assert {"kind": ["attended"], **whole, "first": ["2026-12"]} in links


def test_missing_professions_are_named() -> None:
    make_count(LEEDS, date(2026, 12, 1), 3, profession=Profession.GP)
    page = page_of(LEEDS)
    assert "Never yet: Health visitor, Social worker," in part(page, "professions")
    assert ", GP" not in part(page, "professions").partition(".")[0]
    assert "Nobody from here has attended anything yet." in part(page_of(YORK), "professions")


def test_other_months_can_be_asked_for() -> None:
    make_count(LEEDS, date(2024, 5, 1), 8)
    page = page_of(LEEDS, query="?period=own&first=4+2024&last=6+2024")
    assert "April 2024 to June 2024" in page
    assert rows(page, "done")["People who attended"] == ["8 : People who attended"]
    wrong = page_of(LEEDS, query="?period=own&first=Whitsun&last=6+2024")
    assert "<title>Error:" in wrong
    assert "January 2026 to December 2026" in wrong
    long = page_of(LEEDS, query="?period=own&first=1+2001&last=12+2026")
    assert long.count('class="area__bar"') <= 36


# What is published.


def test_what_was_recorded_is_said_as_its_publisher_has_it() -> None:
    assert "found it in the year to March 2025: withheld." in words(page_of("E06000001"))
    assert "we work nothing out from that" in page_of("E06000001")
    middlesbrough = words(page_of("E06000002"))
    assert "found it in the year to March 2025: 24. There were 3,677 assessments that found anything." in middlesbrough
    assert "few findings may mean that nobody looked" in middlesbrough
    for unit, code in (
        ("upper", BELFAST),
        ("upper", CARDIFF),
        ("region", "london"),
        ("nation", "england"),
        ("district", "E07000106"),
    ):
        page = words(page_of(code, unit))
        assert "Figures are published for each council in England alone, and we add up none." in page
        assert "withheld" not in page


def test_northern_ireland_has_children_under_16() -> None:
    page = words(page_of(BELFAST))
    assert "Children under 16" in page
    assert "No later age is published here." in page
    assert "Children under 18" in words(page_of(LEEDS))


def test_a_renewal_is_said_to_be_due() -> None:
    make_count(LEEDS, date(2017, 1, 1), 100)
    make_count(YORK, date(2026, 12, 1), 100)
    assert "Due for renewal" in words(page_of(LEEDS))
    assert "Due for renewal" not in words(page_of(YORK))
    assert "of 100 who attended" in words(page_of(YORK))
    make_count(BELFAST, date(2017, 1, 1), 100)
    assert "We can’t say. Turnover of social workers here: not published." in words(page_of(BELFAST))


def test_the_page_says_when_it_was_counted(now: datetime) -> None:
    assert "We have not counted yet" in page_of(LEEDS)
    ReachRun.objects.create(counted_at=now)
    assert "We last counted on Tuesday 12 January 2027" in page_of(LEEDS)


# Who is there.


@pytest.fixture
def contacts(now: datetime) -> dict[str, Organisation]:
    """An organisation for each way to have had to do with us, the later in the list the longer ago; one in York."""
    names = ["Noted", "Ordered", "Asked", "Came to a session", "Had a visit", "Joined"]
    found = {name: make_organisation(name) for name in names}
    people = {name: make_person(organisation=each, postcode="LS1 4AP") for name, each in found.items()}
    Person.objects.update(created_at=now - 500 * DAY)
    staff = make_staff()
    add_note(person=people["Noted"], kind=NoteKind.WE_RANG, text="Next year.", by=staff, now=now - DAY)
    make_order(people["Ordered"], now - 2 * DAY)
    make_booking(make_presenter(), now + 30 * DAY, person=people["Asked"], created_at=now - 3 * DAY)
    place = {"state": PlaceState.ATTENDED, "created_at": now - 90 * DAY}
    make_place(make_session(make_presenter(), now - 4 * DAY), person=people["Came to a session"], **place)
    visit = {"state": BookingState.DELIVERED, "created_at": now - 90 * DAY, "visit_closed": True}
    make_booking(make_presenter(), now - 5 * DAY, person=people["Had a visit"], **visit)
    make_booking(make_presenter(), now + DAY, person=make_person(postcode=YORK_POSTCODE), postcode=YORK_POSTCODE)
    return found


def test_organisations_come_with_the_last_contact_the_newest_first(contacts: dict[str, Organisation]) -> None:
    page = page_of(LEEDS)
    shown = rows(page, "contacts")
    assert list(shown) == list(contacts)
    assert [what for _day, what in shown.values()] == [
        *("Note of a colleague", "Leaflet order", "Booking asked for", "Place at an open session", "Presentation"),
        "Somebody joined",
    ]
    assert [day for day, _what in shown.values()][:5] == [f"{number} January 2027" for number in (11, 10, 9, 8, 7)]
    assert f'href="/staff/professionals/organisation/{contacts["Noted"].pk}/change/"' in page
    assert rows(page_of(YORK), "contacts").keys() & contacts.keys() == set()


def test_where_there_are_very_many_the_newest_are_looked_at(now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, days in (("Lately", 2), ("Long ago", 90), ("Years ago", 900)):
        make_order(make_person(with_user=False, organisation=make_organisation(name)), now - days * DAY)
    monkeypatch.setattr("reach.gaps.queries.MAX_ROWS_READ", 2)
    Person.objects.update(organisation=None)
    assert list(rows(page_of(LEEDS), "contacts")) == ["Lately", "Long ago"]


def test_each_sees_only_what_they_may(contacts: dict[str, Organisation]) -> None:
    reads = page_of(LEEDS, client=desk("read-only"))
    assert not any(name in reads for name in contacts)
    assert 'id="contacts"' not in reads
    assert 'id="presenters"' not in reads
    assert 'id="ahead"' in reads
    only = page_of(LEEDS, client=desk("", "reach.view_reach", "professionals.view_organisation", "leaflets.view_order"))
    assert list(rows(only, "contacts")) == ["Ordered"]
    assert "Nothing is booked" not in only
    nothing = page_of(LEEDS, client=desk("", "reach.view_reach", "professionals.view_organisation"))
    assert "We know no organisation here." in nothing
    everything = page_of(LEEDS, client=desk("coordinator"))
    assert list(rows(everything, "contacts")) == list(contacts)


def test_the_list_of_organisations_has_an_end(now: datetime) -> None:
    found = Organisation.objects.bulk_create(Organisation(name=f"Team {number}") for number in range(MAX_CONTACTS + 10))
    for number, each in enumerate(found):
        make_person(organisation=each, with_user=False, created_at=now - number * DAY)
    page = page_of(LEEDS)
    assert list(rows(page, "contacts")) == [f"Team {number}" for number in range(MAX_CONTACTS)]
    assert f"These are the {MAX_CONTACTS} that we had to do with last." in page


def test_a_name_is_written_as_text() -> None:
    make_person(organisation=make_organisation("<script>alert(1)</script>"))
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page_of(LEEDS)


def test_what_is_to_come_there(now: datetime) -> None:
    here = make_booking(make_presenter(), now + 9 * DAY)
    asked = make_request()
    there = make_booking(make_presenter(), now + 9 * DAY, postcode=YORK_POSTCODE)
    over = make_booking(make_presenter(), now - 9 * DAY)
    session = make_session(make_presenter(), now + 20 * DAY, capacity=9)
    for _number in range(2):
        make_place(session, person=make_person(postcode="LS1 4AP"))
    make_place(session, person=make_person(postcode=YORK_POSTCODE))
    ahead = part(page_of(LEEDS), "ahead")
    assert here.reference in ahead
    assert asked.reference in ahead
    assert f"{session.reference} : " in ahead
    assert "2 places for here" in ahead
    assert there.reference not in ahead
    assert over.reference not in ahead
    assert "1 place for here" in part(page_of(YORK), "ahead")
    assert "Nothing is booked here." in page_of(CARDIFF)


# Who could go.


def minutes_to(code: str, presenters: Iterable[Any], unit: Unit = Unit.UPPER) -> list[tuple[str, int]]:
    """In the words of bookings.travel, without Journeys."""
    middle = central_place([areas_of(unit)[code]])
    assert middle
    found = [(each.name, estimate_minutes(find_place(each.base_postcode), middle)) for each in presenters]
    return sorted(found, key=lambda pair: (pair[1], pair[0]))


def test_the_nearest_presenters_and_their_journeys(now: datetime) -> None:
    presenters = [
        make_presenter(name="Ann", base_postcode="LS1 4AP"),
        make_presenter(name="Bob", base_postcode="YO1 7HH", trained_until=date(2026, 12, 31)),
        make_presenter(name="Cem", base_postcode="SE1 7PB", max_travel_minutes=600, areas_covered=["SE"]),
        make_presenter(name="Dee", base_postcode="EH1 1YZ"),
        make_presenter(name="Eve", base_postcode="CF10 1EP"),
        make_presenter(name="Fay", base_postcode="BT1 5GS"),
    ]
    make_presenter(name="Gus", base_postcode="LS1 4AP", formats=[Format.ONLINE])
    make_presenter(name="Hal", base_postcode="LS1 4AP", active=False)
    near = [(each.presenter.name, each.minutes) for each in nearest_presenters(areas_of(Unit.UPPER)[LEEDS], now)]
    assert near == minutes_to(LEEDS, presenters)[:5]
    shown = rows(page_of(LEEDS), "presenters")
    assert list(shown) == [name for name, _minutes in near]
    assert shown["Ann"] == ["30 min", "Yes"]
    assert shown["Bob"][1] == "No: their DBS check or training has ended"
    assert shown["Cem"][1] == "Not an area that they cover"
    assert shown["Dee"][1] == "Further than they usually go"
    assert re.fullmatch(r"\d h \d+ min", shown["Dee"][0])


def test_a_crossing_and_what_staff_set_count(now: datetime) -> None:
    presenter = make_presenter(name="Ann", base_postcode="TR18 2AA")
    jersey, scilly = areas_of(Unit.UPPER)[Nation.JERSEY], areas_of(Unit.UPPER)[SCILLY]
    for area, island in ((jersey, "jersey"), (scilly, "scilly")):
        middle = central_place([area])
        assert middle
        assert middle.zone in CROSSING_MINUTES
        assert nearest_presenters(area, now)[0].minutes >= CROSSING_MINUTES[middle.zone], island
    middle = central_place([jersey])
    assert middle
    JourneyTime.objects.create(area_a="TR18", area_b=middle.postcode, minutes=77, reason="By plane", set_at=now)
    assert nearest_presenters(jersey, now)[0].minutes == 77
    assert rows(page_of(Nation.JERSEY), "presenters")[presenter.name][0] == "1 h 17 min"


# Large areas, buttons, roles, statements.


@pytest.mark.parametrize(
    ("unit", "code", "inside"), [("region", "london", 33), ("nation", "wales", 22), ("police", "E23000010", 5)]
)
def test_a_large_area_leads_to_those_in_it(unit: str, code: str, inside: int, contacts: dict[str, Organisation]) -> None:
    page = page_of(code, unit)
    assert len(set(re.findall(r"/staff/reach/area/upper/(\w+)/", page))) == inside
    assert 'id="contacts"' not in page
    assert 'id="presenters"' not in page


def test_a_county_leads_to_its_districts() -> None:
    make_count("E07000106", date(2026, 12, 1))
    assert rows(page_of("E10000016"), "smaller")["Canterbury"] == ["December 2026"]
    assert 'id="smaller"' not in page_of(LEEDS)


def test_the_button_to_invite_is_for_those_who_may() -> None:
    link = f'href="{reverse("staff:reach_invite")}?unit=upper&amp;area={LEEDS}"'
    assert link in page_of(LEEDS, client=desk("coordinator"))
    assert link not in page_of(LEEDS, client=desk("read-only"))


@pytest.mark.parametrize("role", ROLES_BY_SLUG)
def test_the_page_is_for_those_who_may_see_reach(role: str) -> None:
    sees = role in {"coordinator", "manager", "read-only"}
    assert desk(role).get(LEEDS_PAGE).status_code == (200 if sees else 403)


@pytest.mark.parametrize("role", ["", "coordinator", "read-only"])
def test_the_page_takes_few_statements(role: str, contacts: dict[str, Organisation], now: datetime) -> None:
    make_count(LEEDS, date(2026, 12, 1), 3, profession=Profession.GP)
    ReachRun.objects.create(counted_at=now)
    client = desk(role)
    client.get(LEEDS_PAGE)
    asked = statements(lambda: client.get(LEEDS_PAGE))
    assert len(asked) <= 20, [sql[:120] for sql in asked]


@pytest.mark.parametrize("unit", Unit)
def test_headings_are_in_order(unit: Unit) -> None:
    page = page_of(next(iter(areas_of(unit))), unit)
    levels = [int(level) for level in re.findall(r"<h(\d)", page.partition('id="content"')[2].partition('class="staff-foot"')[0])]
    assert levels[0] == 1
    assert set(levels[1:]) == {2}


def test_what_is_read_of_an_area_is_found_by_an_index(contacts: dict[str, Organisation], now: datetime) -> None:
    """Of many bookings, places and orders it reads those of the area alone. Tables as small as here would be read through."""
    user, area = make_staff(), areas_of(Unit.UPPER)[LEEDS]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    read = "bookings_booking", "bookings_sessionplace", "leaflets_order", "professionals_note"
    for act in (lambda: last_contacts(area, user), lambda: upcoming_bookings(area, now), lambda: upcoming_sessions(area, now)):
        for sql in statements(act):
            with connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN {sql}")
                plan = "\n".join(line for (line,) in cursor.fetchall())
            assert not any(f"Seq Scan on {table}" in plan for table in read), plan
