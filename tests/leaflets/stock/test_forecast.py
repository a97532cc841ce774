"""When a title runs out, which are low, and that staff are told once of each fall."""

from datetime import date, timedelta

import pytest
import time_machine
from django.conf import settings
from django.urls import reverse

from core.dates import uk_day
from ctac.celery import build_beat_schedule
from leaflets.catalogue.services import add_edition
from leaflets.catalogue.titles import sample_pdf
from leaflets.models import DispatchCount, Edition, EditionState, Leaflet, LowStock
from leaflets.orders.services.transitions import cancel_order, dispatch_order, start_packing
from leaflets.stock.queries import forecast_text, out_of_stock_since, with_forecast
from leaflets.stock.services import correct_stock, ledger_differences, notify_low_stock, receive_stock
from leaflets.tasks import warn_of_low_stock
from notifications.models import Notification
from notifications.registry import get_email_class
from notifications.rendering import render
from tests.factories import make_person
from tests.leaflets.factories import make_edition, make_order
from tests.leaflets.statements import statements

pytestmark = pytest.mark.django_db
EDITIONS = "/staff/leaflets/edition/"
LEVEL = {"most_per_order": 5}  # so that a title is low by its level or its forecast alone


@pytest.fixture(autouse=True)
def clock(now):
    with time_machine.travel(now, tick=False):
        yield


def leaves(edition, copies, at):
    order = make_order(make_person(), at, {edition.leaflet: copies}, override_reason="", will_wait_for=[edition.leaflet])
    start_packing(order=order, by=None, now=at)
    dispatch_order(order=order, by=None, now=at)


def sent(edition, copies, at):
    """So many copies left, whatever one order may have."""
    Leaflet.objects.filter(pk=edition.leaflet_id).update(most_per_order=1000)
    edition.leaflet.refresh_from_db()
    leaves(edition, copies, at)
    Leaflet.objects.filter(pk=edition.leaflet_id).update(most_per_order=5)


def words(edition, now):
    [found] = with_forecast(Edition.objects.filter(pk=edition.pk), uk_day(now))
    return forecast_text(found, uk_day(now), out_of_stock_since([edition.pk]).get(edition.pk))


def test_it_lasts_as_long_as_what_is_free_at_the_rate_of_twelve_weeks(now):
    edition = make_edition(now - timedelta(days=200), stock=1000, **LEVEL)
    sent(edition, 700, now - timedelta(days=84))  # twelve weeks ago: no longer counted
    assert words(edition, now) == "none sent in 12 weeks"
    sent(edition, 168, now - timedelta(days=20))  # two a day
    assert words(edition, now) == "about 9 weeks, until 19 March 2027"
    make_order(make_person(), now, {edition.leaflet: 5})  # promised is as good as gone
    assert words(edition, now).endswith("until 16 March 2027")
    correct_stock(edition=edition, change=-107, by=None, now=now, reason="Flood")
    assert words(edition, now) == "about 10 days, until 22 January 2027"


def test_a_young_title_is_measured_since_its_first_parcel_and_over_four_weeks_at_least(now):
    edition, newest = make_edition(now, stock=200, **LEVEL), make_edition(now, stock=200, **LEVEL)
    sent(edition, 60, now - timedelta(days=41))
    sent(newest, 28, now - timedelta(days=1))
    assert words(edition, now).startswith("about 14 weeks")  # 140 at 60 in 42 days
    assert words(newest, now).startswith("about 25 weeks")  # 172 at one a day, not at 28


def test_a_new_print_goes_on_at_the_rate_of_the_title(now):
    edition = make_edition(now, stock=84, **LEVEL)
    sent(edition, 84, now - timedelta(days=83))
    content = sample_pdf(edition.leaflet, label="May 2027", made_at=now)
    dates = {"published_on": date(2027, 1, 1), "review_on": date(2029, 4, 1)}
    new = add_edition(leaflet=edition.leaflet, label="May 2027", content=content, now=now, **dates)
    receive_stock(edition=new, copies=70, by=None, now=now)
    assert words(new, now).startswith("about 10 weeks")


def test_it_is_out_since_the_day_on_which_the_last_copy_was_given_out(now):
    edition = make_edition(now - timedelta(days=30), stock=10, **LEVEL)
    first = make_order(make_person(), now - timedelta(days=20), {edition.leaflet: 5})
    make_order(make_person(), now - timedelta(days=9), {edition.leaflet: 5})
    waits = make_order(make_person(), now - timedelta(days=8), {edition.leaflet: 5}, will_wait_for=[edition.leaflet])
    assert words(edition, now) == "none left since 3 January 2027"
    # What is given back goes on to who waits in one moment: it was never there to give.
    cancel_order(order=first, by=None, now=now - timedelta(days=2))
    assert waits.lines.get().allocated == 5
    assert words(edition, now) == "none left since 3 January 2027"
    correct_stock(edition=edition, change=3, by=None, now=now, reason="Found")
    assert words(edition, now) == "none sent in 12 weeks"
    assert words(make_edition(now, stock=0), now) == "none left"


def test_the_sums_of_days_are_the_ledgers_and_reconciling_proves_it(now):
    edition = make_edition(now, stock=100, **LEVEL)
    late = now.replace(month=7, hour=23, minute=30)  # the next day in summer in the UK
    for at in (now, now, late):
        leaves(edition, 5, at)
    assert list(DispatchCount.objects.order_by("day").values_list("day", "copies")) == [
        (date(2027, 1, 12), 10),
        (date(2027, 7, 13), 5),
    ]
    assert list(ledger_differences()) == []
    DispatchCount.objects.filter(copies=5).update(copies=6)
    assert list(ledger_differences()) == [f"edition {edition.pk}, 2027-07-13: 6 counted as dispatched that day, ledger 5"]


def test_the_list_begins_with_what_is_needed_most_and_says_how_long_each_lasts(client, staff, now):
    lasts, quiet, level, soon, out, old = (
        make_edition(now, stock=stock, title=title, **LEVEL)
        for title, stock in (("Lasts", 900), ("Quiet", 50), ("Level", 200), ("Soon", 40), ("Out", 5), ("Old", 50))
    )
    for edition, copies in ((lasts, 84), (soon, 20)):
        sent(edition, copies, now - timedelta(days=83))
    leaves(out, 5, now - timedelta(days=3))
    Leaflet.objects.filter(pk=level.leaflet_id).update(reorder_level=250)
    Edition.objects.filter(pk=old.pk).update(state=EditionState.SUPERSEDED)
    Leaflet.objects.filter(pk=old.leaflet_id).update(active=False)
    Edition.objects.filter(pk=soon.pk).update(on_hand=5)
    listed = client.get(EDITIONS)
    assert [edition.leaflet.title for edition in listed.context["cl"].result_list] == [
        "Out",
        "Soon",
        "Level",
        "Lasts",
        "Quiet",
        "Old",
    ]
    text = listed.content.decode()
    assert "none left since 9 January 2027" in text
    assert "about 116 weeks, until" in text or "more than two years" in text
    first_page = {str(line["label"]): line for each in client.get("/staff/").context["waits"] for line in each["lines"]}
    low = first_page["low in stock"]
    assert low["figure"] == 3
    assert [edition.leaflet.title for edition in client.get(low["href"]).context["cl"].result_list] == ["Out", "Soon", "Level"]
    assert quiet.available == 50
    changed = client.get(reverse("staff:leaflets_edition_change", args=[out.pk])).content.decode()
    assert "none left since 9 January 2027" in changed


def test_the_list_and_the_first_page_take_the_same_few_statements_for_any_number_of_titles(client, staff, now):
    asked = []
    for titles in (2, 8):
        for number in range(titles):
            leaves(make_edition(now, stock=5 + number % 2, **LEVEL), 5, now)
        client.get(EDITIONS)
        asked.append([len(statements(lambda path=path: client.get(path))) for path in (EDITIONS, "/staff/")])
    assert asked[0] == asked[1]
    assert asked[0][0] == 8


def mails():
    return Notification.objects.filter(kind="staff-low-stock").order_by("pk")


def test_staff_are_told_once_of_each_fall_and_again_after_stock_came_in(now):
    edition, fine = make_edition(now, stock=60, title="Know the signs", **LEVEL), make_edition(now, stock=500, **LEVEL)
    Leaflet.objects.filter(pk=edition.leaflet_id).update(reorder_level=50)
    assert notify_low_stock(now=now) == 0
    for _number in range(2):
        make_order(make_person(), now, {edition.leaflet: 5})
    days = iter(now + timedelta(days=number) for number in range(1, 20))
    assert [notify_low_stock(now=next(days)) for _day in range(3)] == [1, 0, 0]
    text = render(get_email_class("staff-low-stock")(mails().get()).message()).text
    assert "Know the signs" in text
    assert "50 free to give: none sent in 12 weeks. Its reorder level is 50." in " ".join(text.split())
    assert "It doesn’t name anyone" in text
    assert mails().get().recipient == settings.STAFF_EMAIL
    # Not when an order is cancelled and another takes its copies; only what comes in arms it again, enough or not.
    order = make_order(make_person(), now, {edition.leaflet: 5})
    cancel_order(order=order, by=None, now=now)
    assert notify_low_stock(now=next(days)) == 0
    receive_stock(edition=edition, copies=200, by=None, now=next(days))
    assert notify_low_stock(now=next(days)) == 0
    assert not get_email_class("staff-low-stock")(mails().get()).is_still_due()
    correct_stock(edition=edition, change=-210, by=None, now=next(days), reason="Flood")
    assert notify_low_stock(now=next(days)) == 1
    assert mails().count() == 2
    assert fine.leaflet_id not in LowStock.objects.values_list("leaflet", flat=True)


def test_several_are_told_of_in_one_email_the_most_needed_first(now):
    soon, out = make_edition(now, stock=90, title="Soon", **LEVEL), make_edition(now, stock=5, title="Out", **LEVEL)
    sent(soon, 84, now - timedelta(days=83))
    leaves(out, 5, now)
    warn_of_low_stock()
    warn_of_low_stock()
    text = render(get_email_class("staff-low-stock")(mails().get()).message()).text
    assert text.index("Out") < text.index("Soon")
    assert "none left since 12 January 2027" in text
    assert "6 free to give: about 6 days, until 18 January 2027" in text
    assert "level" not in text
    assert build_beat_schedule()["warn of low stock"]["task"] == warn_of_low_stock.name


def test_staff_set_the_level_on_the_leaflet(client, staff, now):
    leaflet = make_edition(now).leaflet
    page = client.get(reverse("staff:leaflets_leaflet_change", args=[leaflet.pk]))
    typed = {name: value for name, value in page.context["adminform"].form.initial.items() if value is not None}
    client.post(reverse("staff:leaflets_leaflet_change", args=[leaflet.pk]), {**typed, "reorder_level": "75", "active": "on"})
    leaflet.refresh_from_db()
    assert leaflet.reorder_level == 75
