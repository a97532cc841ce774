"""The page of the rows behind a figure: what it lists comes to the figure, for every kind, area and profession."""

import re
from datetime import UTC, date, datetime, timedelta
from html import unescape

import pytest
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bookings.models import Booking, BookingState, PlaceState, SessionState
from leaflets.models import Order, OrderChannel, OrderLine
from leaflets.orders.services.transitions import dispatch_order, start_packing
from professionals.models import Import, ImportedCount, Profession
from reach import rows
from reach.areas import Unit, areas_of
from reach.models import CountKind
from reach.queries import Period, counts_by_area
from reach.rows import NONE_CHOICE, ReachFigure, parse_figure, rows_url
from reach.services import count_reach
from reach.sources import sources_of
from tests.bookings.open_sessions.rows import make_place, make_session
from tests.bookings.rows import make_booking
from tests.factories import make_person, make_staff, sign_in_staff
from tests.leaflets.factories import make_edition, make_order
from tests.reach.oracle import counts_by
from tests.reach.test_counting import came

pytestmark = pytest.mark.django_db
EVER = Period(date(2000, 1, 1), date(2027, 12, 1))
LEEDS = areas_of(Unit.UPPER)["E08000035"]


def a_bit_of_all(now: datetime) -> None:
    """Of each source some rows, in all corners."""
    postcodes = ("LS1 4AP", "YO1 7HH", "BT1 5GS", "JE2 3AB", "LS0Z 9ZZ", "BF1 2AB", "S70 2TA")
    edition = make_edition(now, stock=100)
    session = make_session(None, now - timedelta(days=40), capacity=20, state=SessionState.DELIVERED)
    for number, postcode in enumerate(postcodes):
        profession = list(Profession)[number % 3].value
        person = make_person(postcode=postcode, profession=profession, name=f"Sam {number}")
        fields = {"person": person, "state": BookingState.DELIVERED, "audience_profession": profession if number % 2 else ""}
        visit = make_booking(None, now - timedelta(days=20 * number + 1), postcode=postcode, **fields)
        if postcode == "S70 2TA":  # Barnsley, by its code of before
            Booking.objects.filter(pk=visit.pk).update(nation="england", local_authority="E08000016")
        came({profession: number + 1, "teacher": 2}, booking=visit)
        make_place(session, PlaceState.ATTENDED if number else PlaceState.TAKEN, person)
        order = make_order(person, now, {edition.leaflet: number + 1})
        start_packing(order=order, by=None, now=now)
        dispatch_order(order=order, by=None, now=now - timedelta(days=number))
    came({"health-visitor": 9, "social-worker": 4, "emergency-care": 3}, session=session)
    other = make_session(None, now - timedelta(days=40), state=SessionState.DELIVERED)
    make_place(other, PlaceState.ATTENDED, person)
    came({"gp": 4, "teacher": 1}, session=other)  # of none as its place says
    old = Order.objects.create(
        person=person, reference="LO-0000-XX", postcode="BT1 5GS", state="dispatched", channel=OrderChannel.LIST,
        created_at=datetime(2026, 5, 1, 12, tzinfo=UTC), imported_at=now,
    )  # fmt: skip
    OrderLine.objects.create(order=old, edition=edition, copies=30, dispatched=30)
    import_job = Import.objects.create(kind="bookings", uploaded_at=now, progressed_at=now)
    for kind in ("bookings", "orders"):
        sort = {"month": date(2010, 5, 1), "nation": "england", "authority": "E08000035", "profession": "gp"}
        ImportedCount.objects.create(parent=import_job, kind=kind, rows=2, people=31, copies=40, **sort)
    count_reach(now)


def listed(figure: ReachFigure) -> int:
    return sum(row.number for source in sources_of(figure.kind) for row in figure.rows_of(source))


def test_the_rows_of_every_figure_come_to_it(now: datetime) -> None:
    a_bit_of_all(now)
    figures = 0
    for kind in CountKind:
        whole = ReachFigure(kind, EVER)
        assert whole.count == listed(whole) == sum(counts_by("profession", kind, period=EVER).values()) > 0
        for profession, number in counts_by("profession", kind, period=EVER).items():
            figure = ReachFigure(kind, EVER, profession=profession or NONE_CHOICE)
            assert figure.count == listed(figure) == number
        for unit in Unit:
            by_area = counts_by_area(kind, EVER, unit)
            for code, number in by_area.items():
                figure = ReachFigure(kind, EVER, areas_of(unit)[code] if code else unit)
                assert figure.count == listed(figure) == number, (kind, unit, code)
                figures += 1
            assert sum(by_area.values()) == whole.count
        months = [(year, month) for year in range(2025, 2028) for month in range(1, 13)] + [(2010, 5)]
        by_month = [ReachFigure(kind, Period(date(*month, 1), date(*month, 1))) for month in months]
        assert [figure.count for figure in by_month] == [listed(figure) for figure in by_month]
        assert sum(figure.count for figure in by_month) == whole.count
    assert figures > 100


def test_an_address_says_its_figure_and_no_other_is_answered() -> None:
    for area in (None, LEEDS, Unit.POLICE, areas_of(Unit.NATION)["jersey"]):
        for profession in ("", "gp", NONE_CHOICE):
            figure = ReachFigure(CountKind.PLACES, Period(date(2026, 4, 1), date(2027, 3, 1)), area, profession)
            address = rows_url(kind=figure.kind, period=figure.period, area=area, profession=profession)
            assert parse_figure(QueryDict(address.partition("?")[2]), timezone.now()) == figure
    assert parse_figure(QueryDict(""), timezone.now()) == ReachFigure(
        CountKind.ATTENDED, Period(date(2026, 1, 1), date(2026, 12, 1))
    )
    assert rows_url(kind=CountKind.ATTENDED, period=EVER, area=LEEDS, profession="gp") == (
        "/staff/reach/rows/?kind=attended&first=2000-01&last=2027-12&unit=upper&area=E08000035&profession=gp"
    )


@pytest.mark.parametrize(
    "wrong",
    [
        "kind=bookings",
        "kind=",
        "first=2026-13",
        "first=0001-01",
        "first=2026-1",
        "last=9999-12",
        "last=1999-01",
        "unit=county",
        "area=E99999999",
        "profession=plumber",
        "list=nothing",
    ],
)
def test_an_address_that_no_page_has_written_is_not_found(wrong: str, now: datetime) -> None:
    right = rows_url(kind=CountKind.ATTENDED, period=EVER, area=LEEDS)
    name, _is, value = wrong.partition("=")
    asked = QueryDict(right.partition("?")[2], mutable=True)
    client = sign_in_staff(Client(), make_staff())
    assert client.get(f"/staff/reach/rows/?{asked.urlencode()}").status_code == 200
    address = f"/staff/reach/rows/?{re.sub(rf'&?{name}=[^&]*', '', asked.urlencode())}&{name}={value}"
    assert client.get(address).status_code == 404


def words_of(content: bytes) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", content.decode())).split())


@pytest.mark.parametrize("kind", CountKind)
def test_the_page_lists_the_rows_with_their_pages(kind: CountKind, now: datetime) -> None:
    a_bit_of_all(now)
    client = sign_in_staff(Client(), make_staff())
    address = rows_url(kind=kind, period=EVER)
    for source in sources_of(kind):
        with CaptureQueriesContext(connection) as made:
            page = client.get(f"{address}&list={source.slug}")
        assert len(made) <= 20
        text = words_of(page.content)
        assert f"{ReachFigure(kind, EVER).count:,} – Everywhere, January 2000 to December 2027" in text
        assert "rows have changed" not in text
        links = set(re.findall(r'<th scope="row" role="rowheader"><a href="(/staff/[^"]+/change/)"', page.content.decode()))
        assert links
        assert all(client.get(link).status_code == 200 for link in links)


def test_however_many_rows_it_takes_as_few_statements_and_pages_through_them(
    now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, address = sign_in_staff(Client(), make_staff()), rows_url(kind=CountKind.ATTENDED, period=EVER, area=LEEDS)
    for number in range(7):
        came({"gp": 3}, booking=make_booking(None, now - timedelta(days=number), state=BookingState.DELIVERED))
    count_reach(now)
    with CaptureQueriesContext(connection) as few:
        client.get(address)
    monkeypatch.setattr(rows, "PAGE_SIZE", 3)
    seen = []
    for number in (1, 2, 3):
        with CaptureQueriesContext(connection) as made:
            page = client.get(f"{address}&p={number}").content.decode()
        assert len(made) == len(few)
        seen.append(re.findall(r"BK-\d{4}-XX", page))
        assert ("Older rows" in page, "Newer rows" in page) == (number < 3, number > 1)
    assert [len(each) for each in seen] == [3, 3, 1]
    assert len({reference for each in seen for reference in each}) == 7
    monkeypatch.setattr(rows, "MAX_COUNTED", 5)
    text = words_of(client.get(address).content)
    assert "21 – Leeds" in text  # the figure stays
    assert "More than 5 rows" in text
    assert "1 to 3 of 5 rows" in text


def test_it_says_that_rows_have_changed_since_the_count(now: datetime) -> None:
    client, address = sign_in_staff(Client(), make_staff()), rows_url(kind=CountKind.ATTENDED, period=EVER, area=LEEDS)
    assert "We have not counted yet" in words_of(client.get(address).content)
    count_reach(now)
    came({"gp": 3}, booking=make_booking(None, now, state=BookingState.DELIVERED))
    text = words_of(client.get(address).content)
    assert "0 – Leeds" in text
    assert "they now come to 3" in text


def test_who_may_not_see_a_list_sees_none_of_its_rows(now: datetime) -> None:
    a_bit_of_all(now)
    coordinator = sign_in_staff(Client(), make_staff(role="coordinator"))
    address = rows_url(kind=CountKind.ATTENDED, period=EVER)
    text = words_of(coordinator.get(address).content)
    assert "Old records that were only counted (you can’t see this list)" in text
    assert f"{ReachFigure(CountKind.ATTENDED, EVER).count:,} – Everywhere" in text
    assert coordinator.get(f"{address}&list=old").status_code == 404
    assert sign_in_staff(Client(), make_staff(role="presenter")).get(address).status_code == 403
    assert sign_in_staff(Client(), make_staff(), second_factor=False).get(address).status_code == 302
