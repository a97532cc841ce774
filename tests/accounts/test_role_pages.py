"""What each role finds on the staff site: its menu, what waits for it, and no link that it may not follow."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from bookings.leave.services import record_leave
from bookings.models import LeaveKind
from tests.accounts.role_pages import colleague, crawl, lines, menu, read
from tests.bookings.open_sessions.rows import make_world_of_sessions
from tests.bookings.rows import at, make_option, make_request, make_world
from tests.factories import make_person, make_staff
from tests.leaflets import factories as leaflets

pytestmark = pytest.mark.django_db
OF_PRESENTERS = ["Presenters", "Duty shifts", "Busy time", "Journey times", "Presentations"]
BOOKINGS, CALENDAR = ["Bookings", "What people said", "Leave", *OF_PRESENTERS], ["Calendar", "Open sessions"]
MESSAGES, PEOPLE = ["Messages", "Addresses that mail came back from"], ["People", "Organisations", "What was stopped"]
LEAFLETS = ["Orders", "Parcels that never came", "Editions", "Stock-takes", "Leaflets", "Stock movements", "Imports"]
REACH_PAGES = ("Gaps first", "Coverage", "Renewal")
REACH = (
    "Reports for funders",
    "Campaigns",
    "Role mailboxes",
    "Gaps first",
    "Coverage",
    "Renewal",
    "Invite an area",
    "Regional session",
)
MENUS = {
    "coordinator": [
        *(*BOOKINGS, *CALENDAR),
        *("Orders", "Parcels that never came", "Editions", "Leaflets", "Recalls", "Packing", *REACH, "Who to tell in each area"),
        *MESSAGES,
        *PEOPLE,
        *("Closures", "Banners", "Wordings", "Recognised domains", "Bank holidays", "Texts of emails and pages"),
    ],
    "presenter": ["Bookings", "Open sessions"],
    "fulfilment": [*LEAFLETS, "Packing", "Closures", "Banners", "Bank holidays"],
    "manager": [
        *(*BOOKINGS, *CALENDAR),
        *(*LEAFLETS, "Recalls", "Packing", *REACH, "Guidance pages", "Who to tell in each area"),
        *(*MESSAGES, "How the team gets its mail"),
        *(*PEOPLE, "Texts that may be about a child", "Erasures and copies", "Retention"),
        *("Complaints about data", "Breaches of data"),
        *(
            "Closures",
            "Banners",
            "Wordings",
            "Accounts",
            "Roles",
            "Who did what",
            "Exports",
            "Recognised domains",
            "Imports of old records",
        ),
        *("Bank holidays", "First-run check", "Texts of emails and pages", "Settings of the site"),
    ],
    "read-only": [
        *("Bookings", "What people said", "Presentations", *CALENDAR),
        *("Orders", "Editions", "Stock-takes", "Leaflets", "Stock movements", "Reports for funders", *REACH_PAGES),
        *("Who to tell in each area", "Closures", "Banners", "Bank holidays"),
    ],
}
TO_DECIDE = [
    "to decide",
    "waiting too long for our answer",
    "to decide, with dates that we no longer keep",
    "waiting for the professional’s answer",
]
TO_GIVE = [
    *("without a presenter", "with no check-in or check-out", "online without a joining link", "while we are closed"),
    "today or tomorrow",
]
CHECKS = "presenters whose DBS check or training ends soon, or is not recorded"
AFTER_CHECKS = "after their presenter’s DBS check or training ends"
OF_BOOKINGS = [*TO_DECIDE, *TO_GIVE, AFTER_CHECKS, "to mark as delivered"]
OF_SESSIONS = [
    *("without a presenter", "without a joining link", "soon, and how to join not sent", "today or tomorrow"),
    *("while we are closed", "to mark as delivered"),
]
OF_ORDERS = ["to pack", "being packed", "waiting for stock", "passed forward and waiting"]
OF_STOCK = ["low in stock", "to review soon"]
OF_ALL = [
    *(*TO_DECIDE, "requests for leave", *TO_GIVE, AFTER_CHECKS, CHECKS, "to mark as delivered", *OF_SESSIONS),
    *("to decide on", "waiting too long for our answer", *OF_ORDERS, "parcel that never came", "people to call about a recall"),
    *(*OF_STOCK, "packing session open"),
    *("addresses that mail comes back from", "failed lately", "mail servers that don’t answer", "attempts stopped by a limit"),
]
OF_DATA = [
    "breaches past the 72 hours, Information Commissioner not told",
    "breaches: tell the Information Commissioner, or say why not",
    "breaches: tell the people concerned, or say why not",
    "complaints past the 30 days, not acknowledged",
    *("complaints to acknowledge", "complaints to answer"),
]
OF_AREAS = ["areas without a phone number to tell", "phone numbers of areas that nobody has checked for a year"]
OF_GUIDANCE = ["guidance pages to approve", "guidance pages to review within 30 days"]
LINES = {
    "coordinator": [*OF_ALL, *OF_AREAS],
    "presenter": [],
    "fulfilment": [*OF_ORDERS, "parcel that never came", *OF_STOCK, "packing session open"],
    "manager": [
        *(*OF_ALL[:-1], "texts that may be about a child, not read yet", OF_ALL[-1], *OF_GUIDANCE, *OF_AREAS, *OF_DATA),
        *("wordings to approve", "imports to go on with"),
    ],
    "read-only": [*OF_BOOKINGS, *OF_SESSIONS, *OF_ORDERS, *OF_STOCK],
}


@pytest.fixture
def world() -> dict[str, Any]:
    """One of everything. The visit and the session are given by the colleague with the role of a presenter."""
    now, owner = timezone.now(), make_person()
    rows = make_world(owner, now) | leaflets.make_world(owner, now)
    rows |= make_world_of_sessions(owner, rows["bookings_presenter"], now)
    return {**rows, "owner": owner}


def signed_in(role: str, world: dict[str, Any]) -> Client:
    client, user = colleague(role)
    if role == "presenter":
        presenter = world["bookings_presenter"]
        presenter.user = user
        presenter.save()
    return client


@pytest.mark.parametrize("role", MENUS)
def test_a_role_has_its_menu_and_what_waits_for_it(role: str, world: dict[str, Any]) -> None:
    client = signed_in(role, world)
    first = "/staff/bookings/booking/" if role == "presenter" else "/staff/"  # a presenter begins with a page of their own
    assert menu(client, first) == MENUS[role]
    assert sorted(lines(client)) == sorted(LINES[role])  # what there is stands before what there is not


# Those who see most have hundreds of pages.
SEES_MUCH = [pytest.param(role, marks=pytest.mark.slow) for role in ("coordinator", "manager")]


@pytest.mark.parametrize("role", ["presenter", "fulfilment", "read-only", *SEES_MUCH])
def test_no_page_of_a_role_leads_to_one_that_refuses_it(role: str, world: dict[str, Any]) -> None:
    found = crawl(signed_in(role, world), "/staff/mine/day/" if role == "presenter" else "/staff/")
    assert len(found) > 15
    assert {path: status for path, status in found.items() if status not in (200, 302)} == {}


@pytest.mark.slow
def test_read_only_has_no_button_that_does_anything(world: dict[str, Any]) -> None:
    client = signed_in("read-only", world)
    for path, status in crawl(client).items():
        page = read(client, path) if status == 200 else None
        forms = [form for form in page.all("form") if form.attrs.get("method", "get").lower() == "post"] if page else []
        said = [b.text for form in forms for b in page.all("button") if page and form in b.inside]
        assert (path, set(said) - {"Sign out"}) == (path, set())
        links = [a.text for a in page.all("a", "staff-button")] if page else []
        assert (path, [link for link in links if not link.startswith("See ")]) == (path, [])


@pytest.mark.parametrize("path", ["bookings/booking", "bookings/opensession", "leaflets/order"])
def test_read_only_sees_no_link_by_which_people_join_and_no_way_to_reach_them(path: str, world: dict[str, Any]) -> None:
    row, owner = world[path.replace("/", "_")], world["owner"]
    text = signed_in("read-only", world).get(f"/staff/{path}/{row.pk}/change/").content.decode()
    assert [secret for secret in ("https://meet.example", owner.email, owner.phone) if secret in text] == []


CANARY = "Glandular fever, says Xanthippe"
OF_ILLNESS = re.compile(r"\b(?:ill|illness|sick|sickness)\b|glandular|xanthippe", re.IGNORECASE)


@pytest.fixture
def freed(world: dict[str, Any]) -> list[str]:
    """The pages of what an ill presenter was to give: a visit, an open session, and a request whose date was kept with them."""
    presenter, now, request = world["bookings_presenter"], timezone.now(), make_request(person=world["owner"])
    until = now + timedelta(days=50)
    make_option(request, presenter, at("14:00", (now + timedelta(days=22)).date()), expires_at=until)
    illness = {"kind": LeaveKind.ILLNESS, "reason": CANARY, "starts_at": now, "ends_at": until}
    hit = record_leave(presenter=presenter, by=make_staff(role="coordinator"), now=now, **illness)
    assert ([*hit.freed, *hit.sessions]) == [world["bookings_booking"], world["bookings_opensession"]]
    of = [(row._meta.model_name, row.pk) for row in (*hit.freed, *hit.sessions, request)]
    return [f"/staff/bookings/{kind}/{key}/change/" for kind, key in of]


def test_no_page_of_read_only_says_that_a_presenter_is_ill(world: dict[str, Any], freed: list[str]) -> None:
    said: dict[str, str] = {}
    crawl(signed_in("read-only", world), said=said)
    assert [path for path in freed[:2] if "Needs a presenter" not in said[path]] == []
    assert set(freed) < set(said)
    told = {path: OF_ILLNESS.findall(page) for path, page in said.items() if not path.startswith("/staff/guide/")}
    assert len(told) > 15
    assert {path: words for path, words in told.items() if words} == {}


def test_a_coordinator_is_led_from_the_story_to_the_leave_and_reads_the_reason_there(
    world: dict[str, Any], freed: list[str]
) -> None:
    client = signed_in("coordinator", world)
    leave = f"/staff/bookings/leave/?presenter={world['bookings_presenter'].pk}"
    visit, session, _request = (client.get(path).content.decode() for path in freed)
    assert (leave in visit, leave in session, OF_ILLNESS.findall(visit + session)) == (True, True, [])
    assert CANARY in client.get(leave).content.decode()


REFUSED = {
    "coordinator": [
        "accounts/user/",
        "auth/group/",
        "audit/export/",
        "leaflets/sheetimport/add/",
    ],
    "presenter": ["leaflets/order/", "professionals/person/", "bookings/presenter/", "bookings/leave/", "bookings/busytime/"],
    "fulfilment": ["bookings/booking/", "bookings/opensession/", "professionals/person/", "notifications/notification/"],
    "read-only": [
        *(
            "professionals/person/",
            "notifications/notification/",
            "bookings/leave/",
            "bookings/presenter/",
            "accounts/user/",
        ),
        "leaflets/sheetimport/list/?kind=stock&form=csv",
        "leaflets/sheetimport/list/?kind=catalogue&form=xlsx",
        "bookings/booking/add/",
        "leaflets/order/add/",
        "bookings/booking/stand-ins/",
    ],
}


@pytest.mark.parametrize(("role", "path"), [(role, path) for role, paths in REFUSED.items() for path in paths])
def test_what_a_role_may_not_is_refused(role: str, path: str, world: dict[str, Any]) -> None:
    assert signed_in(role, world).get(f"/staff/{path}").status_code == 403


@pytest.mark.parametrize("role", ["coordinator", "presenter", "fulfilment", "read-only"])
def test_only_a_manager_takes_orders_out(role: str, world: dict[str, Any]) -> None:
    path = "/staff/leaflets/order/export/"
    assert signed_in(role, world).post(path, {"form": "csv"}).status_code == 403
    assert signed_in("manager", world).post(path, {"form": "csv"}).status_code == 200


def test_a_volunteer_counts_stock_and_leaves_the_editions_alone(world: dict[str, Any]) -> None:
    client, edition = signed_in("fulfilment", world), world["leaflets_edition"]
    at = f"/staff/leaflets/edition/{edition.pk}"
    before = edition.on_hand
    assert client.post(f"{at}/do/receive/", {"copies": "40", "reason": "Two boxes"}).status_code == 302
    assert client.post(f"{at}/do/withdraw/", {"why": "x"}).status_code == 403
    assert client.post(f"{at}/change/", {"published_on": "1 1 2020"}).status_code == 403
    edition.refresh_from_db()
    assert (edition.on_hand, edition.withdrawn_on) == (before + 40, None)


def test_who_decides_orders_does_not_pack_them(world: dict[str, Any]) -> None:
    order = world["leaflets_order"]
    at = f"/staff/leaflets/order/{order.pk}/do"
    assert signed_in("coordinator", world).post(f"{at}/start-packing/").status_code == 403
    assert signed_in("fulfilment", world).post(f"{at}/approve/").status_code == 403
