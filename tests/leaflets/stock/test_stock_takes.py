"""A stock-take: counted blind and in steps, compared with the ledger of the moment of counting, put right in one act."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse

from core.errors import DomainError
from leaflets.models import Edition, MovementKind, OrderEventKind, OrderState, StockMovement, StockTake, TitleCount
from leaflets.orders.services.transitions import cancel_order, dispatch_order, prioritise_order, start_packing
from leaflets.stock.services import correct_stock, ledger_differences, receive_stock
from leaflets.stock.stock_takes import (
    RecountNeeded,
    StockTakeIsOver,
    TypedCount,
    confirm_stock_take,
    differences_digest,
    find_differences,
    record_counts,
    start_stock_take,
    stock_take_counts,
)
from tests.factories import make_person, make_staff
from tests.leaflets.factories import make_edition, make_order
from tests.leaflets.staff_site import act, change, said
from tests.leaflets.statements import statements

pytestmark = pytest.mark.django_db


def counting(now, *editions, by=None):
    return start_stock_take(editions=editions, by=by, now=now)


def count(take, now, figures, by=None):
    """`figures` by edition; whoever counts has just opened the page."""
    found = {each.edition_id: each for each in stock_take_counts(take)}
    typed = {found[edition.pk].pk: TypedCount(copies, found[edition.pk].at) for edition, copies in figures.items()}
    return record_counts(take=take, typed=typed, by=by, now=now)


def confirm(take, now, by=None):
    return confirm_stock_take(take=take, seen=differences_digest(find_differences(take)), by=by, now=now)


def figures(edition):
    edition.refresh_from_db()
    return edition.on_hand, edition.allocated


def packed(now, edition, copies):
    order = make_order(make_person(), now, {edition.leaflet: copies})
    start_packing(order=order, by=None, now=now)
    return order


def test_each_title_that_differs_gets_one_correction_with_who_and_why(now):
    staff = make_staff()
    fewer, more, same, not_counted = (make_edition(now, stock=50) for _ in range(4))
    take = counting(now, fewer, more, same, not_counted, by=staff)
    assert count(take, now, {fewer: 47, more: 62, same: 50}, by=staff) == {}
    confirm(take, now, by=staff)
    written = StockMovement.objects.filter(kind=MovementKind.CORRECTED).order_by("edition")
    why = "Stock-take of 12 January 2027"
    assert list(written.values_list("edition", "on_hand_change", "by", "reason")) == [
        (fewer.pk, -3, staff.pk, why),
        (more.pk, 12, staff.pk, why),
    ]
    assert [figures(edition) for edition in (fewer, more, same, not_counted)] == [(47, 0), (62, 0), (50, 0), (50, 0)]
    with pytest.raises(StockTakeIsOver):
        confirm(take, now, by=staff)
    assert list(ledger_differences()) == []


def test_what_leaves_and_comes_in_between_counting_and_confirming_is_not_counted_twice(now):
    edition = make_edition(now, stock=50)
    order, take = packed(now, edition, 5), counting(now, edition)
    count(take, now, {edition: 48})  # the packed copies among them
    dispatch_order(order=order, by=None, now=now)
    receive_stock(edition=edition, copies=20, by=None, now=now)
    [found] = find_differences(take)
    assert (found.change, found.count.came, found.count.went, found.on_hand_after) == (-2, 20, 5, 63)
    confirm(take, now)
    assert figures(edition) == (63, 0)
    assert list(ledger_differences()) == []


def test_what_moves_while_somebody_counts_is_asked_about_and_what_they_typed_then_holds(now):
    edition, other = make_edition(now, stock=50), make_edition(now, stock=9)
    order, take = packed(now, edition, 5), counting(now, edition, other)
    seen = {each.edition_id: TypedCount(copies, each.at) for each, copies in zip(stock_take_counts(take), (45, 9), strict=True)}
    keys = {each.edition_id: each.pk for each in stock_take_counts(take)}
    dispatch_order(order=order, by=None, now=now)
    refused = record_counts(take=take, typed={keys[key]: typed for key, typed in seen.items()}, by=None, now=now)
    assert list(refused) == [keys[edition.pk]]
    assert "5 left at 10am" in refused[keys[edition.pk]]
    assert list(TitleCount.objects.filter(counted=None).values_list("edition", flat=True)) == [edition.pk]
    assert count(take, now, {edition: 45}) == {}
    confirm(take, now)
    assert figures(edition) == (45, 0)


def test_the_same_sent_twice_is_kept_once_and_a_colleagues_figure_stays(now):
    first, second, edition = make_staff(), make_staff(), make_edition(now, stock=50)
    take = counting(now, edition)
    count(take, now, {edition: 48}, by=first)
    order = packed(now, edition, 5)
    dispatch_order(order=order, by=None, now=now)
    assert count(take, now + timedelta(minutes=5), {edition: 48}, by=second) == {}  # the back button
    [why] = count(take, now, {edition: 43}, by=second).values()
    assert why.startswith(f"{first} has already counted 48 of this.")
    confirm(take, now)
    assert figures(edition) == (43, 0)


def test_a_figure_that_was_corrected_since_is_counted_again_so_two_stock_takes_correct_once(now):
    edition = make_edition(now, stock=50)
    one, two = counting(now, edition), counting(now, edition)
    for take in (one, two):
        count(take, now, {edition: 48})
    confirm(one, now)
    with pytest.raises(RecountNeeded):
        confirm(two, now)
    with pytest.raises(DomainError, match="Nobody has counted anything yet"):
        confirm(counting(now, edition), now)
    assert figures(edition) == (48, 0)
    assert count(two, now, {edition: 48}) == {}
    confirm(two, now)
    assert (figures(edition), StockMovement.objects.filter(kind="corrected").count()) == ((48, 0), 1)
    assert list(ledger_differences()) == []


def test_fewer_than_are_promised_lets_the_last_in_the_queue_wait_again(now):
    staff, edition = make_staff(), make_edition(now, stock=30)
    older, newer, newest = (
        make_order(make_person(), now - timedelta(days=days), {edition.leaflet: 10}, will_wait_for=[edition.leaflet])
        for days in (3, 2, 1)
    )
    take = counting(now, edition)
    count(take, now, {edition: 14})
    [found] = find_differences(take)
    assert {line.order: copies for line, copies in found.fewer_for.items()} == {newest: 10, newer: 6}
    confirm(take, now, by=staff)
    assert figures(edition) == (14, 14)
    assert [order.lines.get().allocated for order in (older, newer, newest)] == [10, 4, 0]
    for order in (older, newer, newest):
        order.refresh_from_db()
    assert [order.state for order in (older, newer, newest)] == [OrderState.RECEIVED, OrderState.RECEIVED, OrderState.WAITING]
    taken = newest.events.get(kind=OrderEventKind.TAKEN_BACK)
    assert (taken.by, taken.reason) == (staff, "Stock-take of 12 January 2027")
    receive_stock(edition=edition, copies=16, by=None, now=now)
    assert figures(edition) == (30, 30)
    assert list(ledger_differences()) == []


def test_who_was_passed_forward_loses_a_promise_last_and_what_is_packed_is_never_taken(now):
    edition = make_edition(now, stock=30)
    leaflet = edition.leaflet
    old, forward = (make_order(make_person(), now - timedelta(days=days), {leaflet: 10}) for days in (3, 1))
    in_parcel = packed(now, edition, 10)
    waits = make_order(make_person(), now, {leaflet: 1}, will_wait_for=[leaflet])
    other = make_edition(now, stock=0)
    forward_too = make_order(make_person(), now, {other.leaflet: 1}, will_wait_for=[other.leaflet])
    prioritise_order(order=forward_too, by=None, now=now, reason="A court hearing")
    type(forward).objects.filter(pk=forward.pk).update(prioritised_at=now)
    take = counting(now, edition)
    count(take, now, {edition: 20})
    [found] = find_differences(take)
    assert {line.order: copies for line, copies in found.fewer_for.items()} == {old: 10}
    confirm(take, now)
    again = counting(now, edition)
    count(again, now, {edition: 9})
    [found] = find_differences(again)
    assert (found.needs_recount, found.in_parcels) == (True, 10)
    with pytest.raises(RecountNeeded):
        confirm(again, now)
    assert figures(edition) == (20, 20)
    cancel_order(order=in_parcel, by=None, now=now)
    [found] = find_differences(again)
    assert not found.needs_recount
    assert waits.lines.get().allocated == 0


def test_more_left_since_than_was_counted_can_not_be_right(now):
    edition = make_edition(now, stock=5)
    order, take = packed(now, edition, 5), counting(now, edition)
    count(take, now, {edition: 0})
    dispatch_order(order=order, by=None, now=now)
    with pytest.raises(RecountNeeded):
        confirm(take, now)
    assert figures(edition) == (0, 0)


def test_what_is_found_goes_to_who_waits(now):
    edition = make_edition(now, stock=4)
    order = make_order(make_person(), now, {edition.leaflet: 10}, will_wait_for=[edition.leaflet])
    take = counting(now, edition)
    count(take, now, {edition: 11})
    confirm(take, now)
    assert (figures(edition), order.lines.get().allocated) == ((11, 10), 10)


def test_a_page_of_differences_that_has_become_another_is_shown_again(now):
    edition = make_edition(now, stock=30)
    order, take = make_order(make_person(), now, {edition.leaflet: 10}), counting(now, edition)
    count(take, now, {edition: 5})
    shown = differences_digest(find_differences(take))
    cancel_order(order=order, by=None, now=now)
    with pytest.raises(DomainError, match="The stock has changed since you opened this page"):
        confirm_stock_take(take=take, seen=shown, by=None, now=now)
    assert (figures(edition), StockTake.objects.get().state) == ((30, 0), "open")


def test_reconciling_finds_a_count_that_says_something_else_than_the_ledger_did(now):
    edition = make_edition(now, stock=50)
    take = counting(now, edition)
    count(take, now, {edition: 48})
    confirm(take, now)
    TitleCount.objects.update(expected=49)
    [found] = ledger_differences()
    assert "counted 48, expected 49, ledger then 50; corrected -2" in found


# -- Pages --------------------------------------------------------------------------------------------------------------


def page_of(take, slug="count"):
    return reverse("staff:leaflets_stocktake_action", args=[take.pk, slug])


def press(client, take, slug="count", **typed):
    """What a browser would send: every box and hidden value of the page, with this typed."""
    page = client.get(page_of(take, slug))
    fields = {"version": page.context.get("version", "")}
    boxes = page.context.get("boxes", ())
    fields |= {f"seen-{count.pk}": str(count.at) for _box, count in boxes}
    fields |= {box.name: "" for box, _count in boxes}
    return client.post(page_of(take, slug), fields | typed)


def test_staff_count_blind_in_steps_and_confirm_what_differs(client, staff, now):
    one, two, three = (make_edition(now, stock=stock, title=title) for stock, title in ((517, "One"), (50, "Two"), (8, "Three")))
    started = client.post(reverse("staff:leaflets_stocktake_add"), {"what": "all"})
    take = StockTake.objects.get()
    assert started.url == page_of(take)
    page = client.get(started.url).content.decode()
    assert not re.search(r"\b517\b", page)  # nobody counts towards a figure; a token may have these three among its letters
    assert "on the shelf and in parcels" in page
    first, second, third = (each.pk for each in stock_take_counts(take))
    # One is right, one is no number: the first is kept, the other stays in its box.
    answer = press(client, take, **{f"count-{first}": "515", f"count-{second}": "5o"})
    text = answer.content.decode()
    assert answer.status_code == 200
    assert ('value="5o"' in text, "1 of 3 titles counted" in text, "Enter the number of copies of “Two, March 2026”" in text) == (
        True,
        True,
        True,
    )
    assert press(client, take, **{f"count-{second}": "50"}).url == page_of(take)
    shown = client.get(page_of(take, "confirm")).content.decode()
    assert ("515 counted" in shown, "517" in shown, "Three, March 2026" in shown.split("Not counted")[1]) == (True, True, True)
    assert press(client, take, again=str(first)).url == page_of(take)
    assert "1 of 3 titles counted" in client.get(page_of(take)).content.decode()
    last = press(client, take, **{f"count-{first}": "516", f"count-{third}": "8"})
    assert last.url == page_of(take, "confirm")
    assert press(client, take, "confirm").url == change("stocktake", take)
    assert [figures(edition)[0] for edition in (one, two, three)] == [516, 50, 8]
    assert "One, March 2026: −1 (516 counted, 517 expected)" in client.get(change("stocktake", take)).content.decode()


def test_a_choice_of_titles_is_counted_and_none_is_refused(client, staff, now):
    edition, other = make_edition(now), make_edition(now)
    nothing = client.post(reverse("staff:leaflets_stocktake_add"), {"what": "some"})
    assert "Choose at least one title to count." in nothing.content.decode()
    client.post(reverse("staff:leaflets_stocktake_add"), {"what": "some", "editions": [other.pk]})
    assert [each.edition for each in stock_take_counts(StockTake.objects.get())] == [other]
    assert edition != other


def test_the_pages_of_a_stock_take_say_what_moved_and_who_waits(client, staff, now):
    edition = make_edition(now, stock=30)
    order, take = make_order(make_person(), now, {edition.leaflet: 10}), counting(now, edition)
    page = client.get(page_of(take))
    [(box, row)] = page.context["boxes"]
    receive_stock(edition=edition, copies=5, by=None, now=now)
    late = client.post(page_of(take), {box.name: "4", f"seen-{row.pk}": str(row.at)})
    assert "While you counted, 5 came in at" in late.content.decode()
    assert 'value="4"' in late.content.decode()
    press(client, take, **{box.name: "4"})
    shown = client.get(page_of(take, "confirm")).content.decode()
    assert (order.reference in shown, "6 copies, for Sam Taylor" in shown) == (True, True)
    correct_stock(edition=edition, change=-1, by=None, now=now, reason="Spoilt")
    assert "Titles to count again" in client.get(page_of(take, "confirm")).content.decode()
    assert "You can’t correct some titles yet" in press(client, take, "confirm").content.decode()
    assert said(act(client, "stocktake", take, "abandon")) == ["The stock-take is given up. No stock has changed."]
    assert said(client.get(page_of(take), follow=True))[0].endswith("since you opened the page, so this is no longer possible.")


def test_the_pages_take_the_same_few_statements_for_any_number_of_titles(client, staff, now):
    asked = []
    for titles in (1, 12):
        editions = [make_edition(now, stock=30) for _ in range(titles)]
        for edition in editions:
            make_order(make_person(), now, {edition.leaflet: 10})
        take = counting(now, *editions)
        client.get(page_of(take))
        looked = len(statements(lambda take=take: client.get(page_of(take))))
        typed = {f"count-{each.pk}": "3" for each in stock_take_counts(take)}
        saved = len(statements(lambda take=take, typed=typed: press(client, take, **typed)))
        compared = len(statements(lambda take=take: client.get(page_of(take, "confirm"))))
        confirmed = len(statements(lambda take=take: confirm(take, now)))
        asked.append((looked, saved, compared, confirmed))
    assert asked[0] == asked[1]
    assert Edition.objects.filter(on_hand=3).count() == 13
    assert list(ledger_differences()) == []
