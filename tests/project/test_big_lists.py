"""The lists of the staff site read no more rows of a large table than of a small one: as the database itself counts them."""

import html
import json
import re
from datetime import date
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bench import make_data
from ctac.staff_big_lists import MOST, days_of, period_in_words, pieces, words_in
from leaflets.models import Order
from professionals.models import Organisation, Person
from tests.factories import make_staff, sign_in_staff

ROWS = {"people": 9_000, "bookings": 9_000, "orders": 12_000}
# A count reads as far as it counts, and may be asked for what is open and what is closed; a page is less than that.
READ_AT_MOST = 2 * MOST + 500
LISTS = ["bookings/booking", "leaflets/order", "leaflets/stockmovement", "notifications/notification", "bookings/busytime"]
LISTS += ["professionals/person", "professionals/user", "professionals/organisation", "bookings/presenter"]
WORDS = ["nobodyatall", "person77@trust77.nhs.uk", "nhs.uk", "ls1 4ap"]
COMMON = {("professionals/user", "?q=ls1 4ap")}  # every fifth has it, so five are read for each that counts
SMALL = {"bookings_presenter", "bookings_presentation", "leaflets_edition", "leaflets_leaflet"}  # a hundred rows at most
CHOICE = re.compile(r'href="(\?[^"]+)"')


def few_of_each(links: list[str]) -> list[str]:
    """Three of each filter; not all people of 200 organisations, nor those sorted by how many they are."""
    kept: dict[str, list[str]] = {}
    for link in dict.fromkeys(html.unescape(each) for each in links):
        kept.setdefault(link.split("=")[0], []).append(link)
    return [link for few in kept.values() for link in few[:3] if "all=" not in link and link != "?o=1.0"]


@pytest.fixture
def large(db: Any) -> None:
    """What bench/sql makes, inside this test's transaction."""
    call_command("load_sample_data", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # nothing may wait when make_data alters tables
        make_data.lay_in(cursor, **ROWS)
        cursor.execute("SET LOCAL session_replication_role = origin")
        cursor.execute("ANALYZE")
        # At a few thousand rows it would read a whole table rather than look up fifty; at a million it never does.
        cursor.execute("SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off")
        cursor.execute("SET LOCAL random_page_cost = 1")  # nothing was vacuumed here, so that an index seems dear


@pytest.fixture
def desk(client: Client, db: Any) -> Client:
    return sign_in_staff(client, make_staff())


def read_of(plan: dict[str, Any]) -> int:
    """The most rows that one step of the plan took from a large table or its index."""
    kept = plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0) + plan.get("Rows Removed by Index Recheck", 0)
    reads = plan.get("Relation Name", plan.get("Index Name", "")) not in {"", *SMALL}
    return max([round(kept * plan["Actual Loops"]) if reads else 0, *(read_of(each) for each in plan.get("Plans", []))])


def read_by(client: Client, address: str) -> int:
    """The most rows that any statement of this page read in one step."""
    with CaptureQueriesContext(connection) as taken:
        response = client.get(address)
    assert response.status_code == 200, address
    most = 0
    for sql in (query["sql"] for query in taken.captured_queries if query["sql"].startswith("SELECT")):
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN (ANALYZE, TIMING off, FORMAT json) {sql.replace('%', '%%')}", ())
            found = cursor.fetchone()[0]
        most = max(most, read_of((json.loads(found) if isinstance(found, str) else found)[0]["Plan"]))
    return most


def test_no_list_no_filter_and_no_search_reads_a_large_table_through(desk: Client, large: None) -> None:
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


def test_a_long_list_says_so_and_sorts_only_by_what_an_index_has(desk: Client, large: None) -> None:
    page = desk.get("/staff/leaflets/order/?p=20")
    assert "More than 1,000 in this list." in page.content.decode()
    assert len(page.context["cl"].result_list) == 50
    assert desk.get("/staff/leaflets/order/?p=21").status_code == 302  # there is no such page
    usual, by_postcode = (
        [order.pk for order in desk.get(f"/staff/leaflets/order/{sort}").context["cl"].result_list] for sort in ("", "?o=6")
    )
    assert by_postcode == usual


def test_a_short_list_sorts_by_every_column(desk: Client, large: None) -> None:
    address = "/staff/professionals/person/?q=person77"
    column = desk.get(address).context["cl"].list_display.index("email_in_list")
    found = desk.get(f"{address}&o={column}").context["cl"].result_list
    emails = [person.email for person in found]
    assert len(emails) > 10
    assert emails == sorted(emails)


def test_the_parts_of_a_list_follow_one_another(desk: Client, large: None) -> None:
    """What waits, the longest first, over two pages; then what is done, the latest first."""
    shown = [o.pk for page in (9, 10, 11) for o in desk.get(f"/staff/leaflets/order/?p={page}").context["cl"].result_list]
    waiting = list(Order.objects.open().order_by("created_at", "-pk").values_list("pk", flat=True))
    done = list(Order.objects.exclude(pk__in=waiting).order_by("-created_at", "-pk").values_list("pk", flat=True)[:500])
    assert shown == (waiting + done)[400:550]


@pytest.mark.django_db
def test_words_follow_whoever_writes_them() -> None:
    leeds = Organisation.objects.create(name="Leeds Trust")
    person = Person.objects.create(name="Sam O’Brien", email="sam@leeds.nhs.uk", phone="0113", organisation=leeds)
    Organisation.objects.filter(pk=leeds.pk).update(name="York Trust")
    person.refresh_from_db()
    assert person.searched == " sam o’brien sam@leeds.nhs.uk  york trust 0113 0113"
    stale = Person.objects.get(pk=person.pk)
    Person.objects.filter(pk=person.pk).update(name="Erased", email="", phone="")
    stale.save(update_fields=["searched"])  # an old copy brings nothing back
    person.refresh_from_db()
    assert "sam" not in person.searched


def test_what_is_looked_for() -> None:
    assert list(words_in('Sam "LS1 4AP" - @')) == ["sam", "ls1 4ap"]


def test_periods_lead_from_years_to_days() -> None:
    first, last = date(2025, 11, 28), date(2026, 1, 2)
    assert pieces("", first, last) == ["2026", "2025"]
    assert pieces("2025", first, last) == ["2025-12", "2025-11"]
    assert pieces("2025-11", first, last) == ["2025-11-30", "2025-11-29", "2025-11-28"]
    assert pieces("2025-11-30", first, last) == pieces("2020", first, last) == []
    assert days_of("2026-02") == (date(2026, 2, 1), date(2026, 2, 28))
    assert [days_of(wrong) for wrong in ("", "2026-13", "2026-02-30", "9999", "26")] == [None] * 5
    assert period_in_words("2026-11") == "November 2026"
