"""The lists of the staff site read no more rows of a large table than of a small one: as the database itself counts them."""

import html
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.db.models import Count, F
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from bench import make_data
from bench.pages import PRESENTER, STAFF
from bookings.models import Booking, BusyTime, Presenter
from leaflets.models import Dispatch, Order, OrderLine
from notifications.models import MarkedAddress
from privacy.personal_data import erase_emails_of
from professionals.models import AddressChange, FlaggedText, Person, hash_token
from professionals.services import OBJECTION_PERIOD, recover_account, similar_people
from staff.lists import MAX_COUNTED
from tests.factories import make_staff, sign_in, sign_in_staff
from tests.reading import most_read, read_by, read_in

ROWS = {"people": 9_000, "bookings": 9_000, "orders": 12_000}
# A count reads as far as it counts, and may be asked for what is open and what is closed; a page is less than that.
READ_AT_MOST = 2 * MAX_COUNTED + 500
LISTS = ["bookings/booking", "leaflets/order", "leaflets/stockmovement", "notifications/notification", "bookings/busytime"]
LISTS += ["professionals/person", "accounts/user", "professionals/organisation", "bookings/presenter"]
LISTS += ["audit/entry", "professionals/flaggedtext", "privacy/dataaction", "professionals/blockedattempt"]
LISTS += ["privacy/complaint", "privacy/breach"]
WORDS = ["nobodyatall", "person77@trust77.nhs.uk", "person99077@trust77.nhs.uk", "asha", "asha rahman", "nhs.uk", "ls1 4ap"]
COMMON = {("accounts/user", f"?q={word}") for word in ("ls1 4ap", "asha")}  # every fifth has it: five are read for one found
WHOLE_ROW = {"person": "phone", "user": "date_joined"}  # a column that only the rows of a page are asked for
CHOICE = re.compile(r'href="(\?[^"]+)"')


def few_of_each(links: list[str]) -> list[str]:
    """Three of each filter; not all people of 200 organisations, nor those sorted by how many they are."""
    kept: dict[str, list[str]] = {}
    for link in dict.fromkeys(html.unescape(each) for each in links):
        kept.setdefault(link.split("=")[0], []).append(link)
    return [link for few in kept.values() for link in few[:3] if "all=" not in link and link != "?o=1.0"]


pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("big lists")]


@pytest.fixture(scope="module", autouse=True)
def large(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """What bench/sql makes, once for all tests of this file: each runs inside the transaction that this rolls back."""
    with django_db_blocker.unblock(), transaction.atomic():
        call_command("load_sample_data", verbosity=0)
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # nothing may wait when make_data alters tables
            make_data.lay_in(cursor, **ROWS)
            cursor.execute("SET LOCAL session_replication_role = origin")
            cursor.execute("ANALYZE")
            # At a few thousand rows it would read a whole table rather than look up fifty; at a million it never does.
            cursor.execute("SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off")
            cursor.execute("SET LOCAL random_page_cost = 1")  # nothing was vacuumed here, so that an index seems dear
        yield
        transaction.set_rollback(True)


@pytest.fixture
def desk(client: Client, db: Any) -> Client:
    return sign_in_staff(client, make_staff())


@pytest.mark.slow
def test_no_list_no_filter_and_no_search_reads_a_large_table_through(desk: Client) -> None:
    too_much = {}
    for name in LISTS:
        address = f"/staff/{name}/"
        choices = few_of_each(CHOICE.findall(desk.get(address).content.decode()))
        for query in ["", *choices, *(f"?q={words}" for words in WORDS)]:
            if (read := read_by(desk, address + query)) > READ_AT_MOST and (name, query) not in COMMON:
                too_much[address + query] = read
    if (read := read_by(desk, "/staff/")) > READ_AT_MOST:
        too_much["/staff/"] = read
    assert too_much == {}


@pytest.mark.parametrize(
    ("typed", "most"),
    [
        *(
            (typed, READ_AT_MOST)
            for typed in ("nobodyatall", "asha", "asha rahman", "nhs.uk", "ls1 4ap", "0113 496 0999", "merrion")
        ),
        ("asah okafro", 6 * MAX_COUNTED),  # every sixth has the rarer word: six are read for one found
    ],
)
def test_the_search_box_reads_no_large_table_through(desk: Client, typed: str, most: int) -> None:
    with CaptureQueriesContext(connection) as taken:
        assert desk.get("/staff/find/", {"q": typed}).status_code == 200
    assert most_read(taken) <= most


@pytest.mark.parametrize(("name", "theirs"), [("bookings/booking", Booking), ("leaflets/order", Order)])
def test_what_is_one_persons_is_found_by_an_index(desk: Client, name: str, theirs: Any) -> None:
    """No more is read than they have: of one a few, of another more than a list counts.

    A person's story reads the texts that wait for the safeguarding lead too. Those are few, whatever has been written.
    """
    owners = theirs.objects.order_by().values("person").annotate(many=Count("pk")).order_by("many", "person")
    few, most = owners.first(), owners.last()
    assert (few["many"] < 10, most["many"] > 500) == (True, True)
    assert read_by(desk, f"/staff/{name}/?person={few['person']}") <= 10
    waiting = FlaggedText.objects.undecided().count()
    assert read_by(desk, f"/staff/professionals/person/{few['person']}/change/") <= 30 + waiting
    assert read_by(desk, f"/staff/{name}/?person={most['person']}") <= READ_AT_MOST


def test_what_is_laid_in_belongs_to_somebody(large: None, db: None) -> None:
    """The foreign keys are not asked while it goes in."""
    for model, field in (
        (BusyTime, "presenter"),
        (Booking, "person"),
        (Order, "person"),
        (OrderLine, "order"),
        (Dispatch, "order"),
    ):
        known = model._meta.get_field(field).related_model._base_manager.values("pk")
        assert model._base_manager.exclude(**{field: None}).exclude(**{f"{field}__in": known}).count() == 0, (model, field)


def test_a_long_list_says_so_and_sorts_only_by_what_an_index_has(desk: Client) -> None:
    page = desk.get("/staff/leaflets/order/?p=20")
    assert "More than 1,000 in this list." in page.content.decode()
    assert len(page.context["cl"].result_list) == 50
    assert desk.get("/staff/leaflets/order/?p=21").status_code == 302  # there is no such page
    usual, by_postcode = (
        [order.pk for order in desk.get(f"/staff/leaflets/order/{sort}").context["cl"].result_list] for sort in ("", "?o=6")
    )
    assert by_postcode == usual


def test_a_short_list_sorts_by_every_column(desk: Client) -> None:
    address = "/staff/professionals/person/?q=person77"
    column = desk.get(address).context["cl"].list_display.index("email_in_list")
    emails = [person.email for person in desk.get(f"{address}&o={column}").context["cl"].result_list]
    assert len(emails) > 10
    assert emails == sorted(emails)


@pytest.mark.parametrize("name", ["bookings/booking", "leaflets/order", "notifications/notification", "professionals/person"])
def test_a_search_looks_for_the_words_once(desk: Client, name: str) -> None:
    with CaptureQueriesContext(connection) as taken:
        found = desk.get(f"/staff/{name}/?q=person777").context["cl"].result_list
    assert len(found) >= 1
    assert len([query for query in taken.captured_queries if " LIKE '%person777%'" in query["sql"]]) == 1


def test_the_parts_of_a_list_follow_one_another(desk: Client) -> None:
    """What waits, the longest first, over two pages; then what is done, the latest first."""
    shown = [o.pk for page in (9, 10, 11) for o in desk.get(f"/staff/leaflets/order/?p={page}").context["cl"].result_list]
    waiting = list(Order.objects.open().order_by("created_at", "-pk").values_list("pk", flat=True))
    done = list(Order.objects.exclude(pk__in=waiting).order_by("-created_at", "-pk").values_list("pk", flat=True)[:500])
    assert shown == (waiting + done)[400:550]


def test_accounts_are_found_by_their_persons_words_whatever_else_is_asked(desk: Client) -> None:
    """Every one of 9,000 has a word of its address: any thousand are shown, the newest first; a filter looks among all."""
    page = desk.get("/staff/accounts/user/?q=nhs.uk")
    assert "More than 1,000 in this list." in page.content.decode()
    keys = [user.pk for user in page.context["cl"].result_list]
    assert keys == sorted(keys, reverse=True)
    assert {user.email.endswith("nhs.uk") for user in page.context["cl"].result_list} == {True}
    oldest = User.objects.filter(email__contains="nhs.uk").order_by("pk")[0]
    User.objects.filter(pk=oldest.pk).update(is_active=False)
    found = desk.get("/staff/accounts/user/?q=nhs.uk&is_active__exact=0").context["cl"].result_list
    assert [user.pk for user in found] == [oldest.pk]


@pytest.mark.parametrize(
    ("name", "model", "sort", "order"),
    [
        ("person", Person, "", ["name", "pk"]),
        ("person", Person, "&o=-0", ["-name", "-pk"]),
        ("user", User, "", ["-pk"]),
        ("user", User, "&o=0", ["email"]),
    ],
)
def test_what_many_have_is_put_in_order_once(desk: Client, name: str, model: Any, sort: str, order: list[str]) -> None:
    """Every fifth has it: of a thousand of them each page shows its fifty in the list's order, and reads only those."""
    address = f"/staff/{model._meta.app_label}/{name}/?q=ls1 4ap{sort}"
    with CaptureQueriesContext(connection) as taken:
        pages = [desk.get(f"{address}&p={number}").context["cl"].result_list for number in (1, 2)]
    shown = [row.pk for page in pages for row in page]
    assert shown == list(model.objects.filter(pk__in=shown).order_by(*order).values_list("pk", flat=True))
    assert len(shown) == 100
    rows = [query["sql"] for query in taken.captured_queries if f'"{model._meta.db_table}"."{WHOLE_ROW[name]}"' in query["sql"]]
    assert max(read_in(sql) for sql in rows) <= 50


def test_what_there_is_to_pack_is_counted_as_far_as_a_list(desk: Client) -> None:
    """Of 8,500 orders to pack: the page on which packing is started, whole and by area."""
    more = list(Order.objects.filter(state="dispatched").order_by("-created_at").values_list("pk", flat=True)[:8_000])
    Order.objects.filter(pk__in=more).update(state="received")
    OrderLine.objects.filter(order__in=more).update(allocated=F("dispatched"), dispatched=0)
    waiting = list(Order.objects.filter(state="received").order_by("-created_at").values_list("pk", flat=True)[:2_000])
    OrderLine.objects.filter(order__in=waiting[::2]).update(backordered=F("allocated"), allocated=0)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE leaflets_order, leaflets_orderline")
    page = desk.get("/staff/leaflets/packingsession/add/")
    said = " ".join(page.content.decode().split())
    assert "200 orders" in said
    assert "More than 1,000 orders match. The oldest are taken." in said
    assert page.context["preview"].matching == MAX_COUNTED + 1
    for query in ("", "?areas=LS"):
        assert read_by(desk, f"/staff/leaflets/packingsession/add/{query}") <= READ_AT_MOST


def test_one_persons_own_page_reads_what_it_shows(client: Client) -> None:
    """The one with the most: 900 bookings and 1,200 orders of the past."""
    busiest = Person.objects.get(email="person2@trust2.nhs.uk")
    assert busiest.orders.count() > 1_000
    sign_in(client, busiest)
    assert read_by(client, "/my/") <= 50


def test_a_presenters_diary_reads_what_is_to_come(client: Client) -> None:
    presenter = Presenter.objects.get(user__email=STAFF)
    assert read_by(sign_in_staff(client, presenter.user), reverse("presenter_diary")) <= READ_AT_MOST


@pytest.mark.parametrize("query", ["", "?kind__exact=booking", "?p=3", "?q=former presenter", "?q=ls1 4ap"])
def test_busy_time_to_come_is_found_without_walking_through_the_past(desk: Client, query: str) -> None:
    """Whatever the planner believes of how much is to come: here it shuns putting anything in order by itself."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_sort = off")
    assert read_by(desk, f"/staff/bookings/busytime/{query}") <= READ_AT_MOST


def test_whose_an_address_is_is_looked_up(client: Client) -> None:
    """By the link that puts back an old address, by staff who move an account, and when somebody's mail is erased."""
    now, staff = timezone.now(), make_staff()
    user, other = User.objects.filter(email__startswith="person3").select_related("person")[:2]
    times = {"changed_at": now, "until": now + OBJECTION_PERIOD}
    AddressChange.objects.create(user=user, old="before@leeds.nhs.uk", new=user.email, token_hash=hash_token("a link"), **times)
    assert read_by(client, reverse("account_address_put_back", args=["a link"])) <= 50
    told = {"called": "The switchboard", "number": "0113 496 0999"}
    with CaptureQueriesContext(connection) as taken:
        recover_account(user=other, by=staff, email="after@leeds.nhs.uk", **told, now=now)
        erase_emails_of(user.person, now)
    assert most_read(taken) <= 50


def test_a_presenters_own_bookings_are_found_among_everybodys(client: Client) -> None:
    presenter = Presenter.objects.get(user__email=PRESENTER)
    assert Booking.objects.filter(presenter__name="Former presenter 7").update(presenter=presenter) > 50
    sign_in_staff(client, presenter.user)
    for query in ("", "?p=2", "?q=asha"):
        assert read_by(client, f"/staff/bookings/booking/{query}") <= READ_AT_MOST


def test_whom_a_caller_may_be_is_found_by_indexes(large: None, db: None) -> None:
    """A common name at a common postcode, a number in another spelling, an address one letter away."""
    caller = Person.objects.get(email="person77@trust77.nhs.uk")
    typed = {"name": caller.name, "organisation_name": "Organisation 7", "postcode": caller.postcode, "phone": "0113 496 0999"}
    with CaptureQueriesContext(connection) as taken:
        similar_people(**typed, email="persom77@trust77.nhs.uk")
    assert most_read(taken) <= READ_AT_MOST


def test_an_organisations_page_reads_the_newest_of_what_its_people_did(desk: Client) -> None:
    """Of the one with the most: 900 bookings and 1,200 orders of one person alone."""
    busiest = Person.objects.get(email="person2@trust2.nhs.uk")
    assert read_by(desk, f"/staff/professionals/organisation/{busiest.organisation_id}/change/") <= READ_AT_MOST


def test_what_mail_comes_back_from_is_counted_as_far_as_a_list(desk: Client) -> None:
    """Nearly 3,000 addresses are marked: the first page says more than 1,000, and names some of them."""
    marked = MarkedAddress.objects.marked()
    assert marked.count() > 2 * MAX_COUNTED
    page = desk.get("/staff/").content.decode()
    assert "more than 1,000" in page
    assert all(address in page for address in marked.order_by("last_at", "pk").values_list("address", flat=True)[:3])
