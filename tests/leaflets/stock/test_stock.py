"""Stock comes in, is corrected, and is proved."""

import io

import pytest
from django.core.management import CommandError, call_command

from core.errors import DomainError
from leaflets.models import Edition, MovementKind, OrderLine, StockMovement
from leaflets.orders.services.transitions import dispatch_order, start_packing
from leaflets.stock.services import DuplicateEntry, NothingToChange, correct_stock, ledger_differences, receive_stock
from tests.factories import make_person, make_staff, sign_in_staff
from tests.leaflets.factories import make_edition, make_order

pytestmark = pytest.mark.django_db


def test_copies_that_come_in_are_on_hand_and_in_the_ledger(now):
    staff, edition = make_staff(), make_edition(now, stock=0)
    receive_stock(edition=edition, copies=200, by=staff, now=now, reason="Delivery note 17")
    edition.refresh_from_db()
    assert (edition.on_hand, edition.allocated) == (200, 0)
    movement = StockMovement.objects.get()
    assert (movement.kind, movement.copies, movement.by, movement.reason) == (
        MovementKind.RECEIVED,
        200,
        staff,
        "Delivery note 17",
    )


@pytest.mark.parametrize("opened_again", [False, True], ids=["the answer got lost", "went back"])
@pytest.mark.parametrize(("slug", "typed"), [("receive", {"copies": "40"}), ("correct", {"change": "40"})])
def test_the_same_page_sent_twice_counts_once_until_it_is_pressed_again(client, now, slug, typed, opened_again):
    """A delivery that counts twice is a shelf that nobody finds. Back gives a new page with what was typed still in it."""
    edition = make_edition(now, stock=0)
    sign_in_staff(client, make_staff())
    url = f"/staff/leaflets/edition/{edition.pk}/do/{slug}/"
    page = {**typed, "reason": "Two boxes", "last": client.get(url).context["last"]}
    assert client.post(url, page).status_code == 302
    again = client.post(url, {**page, "last": client.get(url).context["last"]} if opened_again else page)
    assert "If this is a different change, press the button again." in again.content.decode()
    edition.refresh_from_db()
    assert edition.on_hand == 40
    # What orders move meanwhile is no reason to ask.
    make_order(make_person(), now, {edition.leaflet: 5})
    assert client.post(url, {**page, "last": again.context["last"], "told": again.context["told"]}).status_code == 302
    edition.refresh_from_db()
    assert edition.on_hand == 80


def pressed_until_it_is_in(client, url, page):
    """The answers that asked before it was taken; each is pressed again as its page says."""
    asked = []
    while (answer := client.post(url, page)).status_code == 200:
        asked.append(answer.content.decode())
        assert len(asked) < 5
        page |= {name: answer.context[name] for name in ("last", "told")}
    return asked


@pytest.mark.parametrize("opened_first", [False, True], ids=["opened after the others", "opened before them"])
@pytest.mark.parametrize("order", [("receive", "correct"), ("correct", "receive")], ids="-".join)
def test_each_entry_is_told_of_once_in_whatever_order_they_are_and_then_it_is_taken(client, now, order, opened_first):
    edition = make_edition(now, stock=20)
    sign_in_staff(client, make_staff())
    urls = {slug: f"/staff/leaflets/edition/{edition.pk}/do/{slug}/" for slug in order}
    opened = client.get(urls["receive"]).context["last"]
    typed = {"receive": {"copies": "100", "reason": ""}, "correct": {"change": "-1", "reason": "One torn"}}
    for slug in order:
        assert client.post(urls[slug], {**typed[slug], "last": client.get(urls[slug]).context["last"]}).status_code == 302
    last = opened if opened_first else client.get(urls["receive"]).context["last"]
    asked = pressed_until_it_is_in(client, urls["receive"], {**typed["receive"], "last": last})
    assert sum("that came in, at" in page for page in asked) == 1
    assert sum("Somebody already corrected the stock" in page for page in asked) == int(opened_first)
    edition.refresh_from_db()
    assert edition.on_hand == 20 + 100 - 1 + 100


@pytest.mark.parametrize(
    ("kind", "change", "said"),
    [
        (MovementKind.RECEIVED, 1, "Somebody already entered 1 copy that came in, at "),
        (MovementKind.RECEIVED, 2, "Somebody already entered 2 copies that came in, at "),
        (MovementKind.CORRECTED, -1, "Somebody already corrected the stock by 1 copy, at "),
        (MovementKind.CORRECTED, 2, "Somebody already corrected the stock by 2 copies, at "),
    ],
)
def test_one_copy_is_no_copies(now, kind, change, said):
    entry = StockMovement(kind=kind, copies=abs(change), on_hand_change=change, at=now)
    assert str(DuplicateEntry(entry).message).startswith(said)


def test_another_refusal_tells_of_no_entry(client, now):
    edition = make_edition(now, stock=50)
    make_order(make_person(), now, {edition.leaflet: 5})
    sign_in_staff(client, make_staff())
    url = f"/staff/leaflets/edition/{edition.pk}/do/correct/"
    page = {"change": "-60", "reason": "Flood", "last": client.get(url).context["last"]}
    receive_stock(edition=edition, copies=10, by=None, now=now)
    refused = client.post(url, page)
    assert "promised 5 copies" in refused.content.decode()
    page |= {"change": "-6", "last": refused.context["last"], "told": refused.context["told"]}
    assert "already entered 10 copies that came in" in client.post(url, page).content.decode()
    edition.refresh_from_db()
    assert edition.on_hand == 60


def test_another_delivery_is_not_asked_about(client, now):
    edition = make_edition(now, stock=0)
    sign_in_staff(client, make_staff())
    url = f"/staff/leaflets/edition/{edition.pk}/do/receive/"
    for copies in ("40", "60"):
        page = {"copies": copies, "last": client.get(url).context["last"]}
        assert client.post(url, page).status_code == 302
    edition.refresh_from_db()
    assert edition.on_hand == 100


@pytest.mark.parametrize(("change", "on_hand"), [(-12, 38), (30, 80), (-45, 5)])
def test_a_correction_changes_what_is_on_hand(now, change, on_hand):
    edition = make_edition(now, stock=50)
    make_order(make_person(), now, {edition.leaflet: 5})
    correct_stock(edition=edition, change=change, by=make_staff(), now=now, reason="Counted")
    edition.refresh_from_db()
    assert (edition.on_hand, edition.allocated) == (on_hand, 5)
    assert list(ledger_differences()) == []


def test_a_correction_never_takes_what_is_promised(now):
    edition = make_edition(now, stock=50)
    make_order(make_person(), now, {edition.leaflet: 5})
    with pytest.raises(DomainError, match="promised 5 copies"):
        correct_stock(edition=edition, change=-46, by=make_staff(), now=now, reason="Flood")
    edition.refresh_from_db()
    assert edition.on_hand == 50


def test_nothing_is_no_movement(now):
    edition = make_edition(now, stock=50)
    with pytest.raises(NothingToChange):
        receive_stock(edition=edition, copies=0, by=None, now=now)
    with pytest.raises(NothingToChange):
        correct_stock(edition=edition, change=0, by=None, now=now, reason="Counted")


def reconcile():
    out = io.StringIO()
    call_command("reconcile_stock", stdout=out)
    return out.getvalue().splitlines()


def test_reconciling_finds_nothing_after_honest_work(now):
    order = make_order(make_person(), now)
    start_packing(order=order, by=None, now=now)
    dispatch_order(order=order, by=None, now=now)
    make_order(make_person(), now, {order.lines.get().edition.leaflet: 3})
    assert reconcile() == ["The stock ledger and the figures are equal."]


def test_reconciling_finds_a_planted_difference_in_a_figure(now):
    edition = make_edition(now, stock=50)
    Edition.objects.filter(pk=edition.pk).update(on_hand=49)
    out = io.StringIO()
    with pytest.raises(CommandError, match="Differences: 1"):
        call_command("reconcile_stock", stdout=out)
    assert out.getvalue().splitlines() == [
        f"edition {edition.pk} ({edition}): on hand 49, ledger 50; allocated 0, ledger 0, order lines 0"
    ]


def test_reconciling_finds_a_planted_difference_in_an_order(now):
    order = make_order(make_person(), now)
    OrderLine.objects.filter(order=order).update(allocated=4, cancelled=1)
    found = list(ledger_differences())
    assert [line.split(" ")[0] for line in found] == ["edition", "order"]
    assert order.reference in found[1]
