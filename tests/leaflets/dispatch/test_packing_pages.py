"""The staff pages of packing: what one sees before, during and after, what is printed, and who may."""

import re
from datetime import timedelta
from html import unescape

import pytest
import time_machine
from django.contrib.auth.models import Permission
from django.urls import reverse

from leaflets.dispatch.queries import PackingChoice
from leaflets.dispatch.services import add_order, start_session
from leaflets.models import Edition, Order, OrderState, PackingSession, PrintRecord
from leaflets.stock.services import ledger_differences
from tests.factories import make_person, make_staff, sign_in_staff
from tests.leaflets.factories import make_edition, make_order
from tests.leaflets.staff_site import act, change, said
from tests.leaflets.statements import statements

pytestmark = pytest.mark.django_db
START = "/staff/leaflets/packingsession/add/"
LIST = "/staff/leaflets/packingsession/"


@pytest.fixture(autouse=True)
def clock(now):
    with time_machine.travel(now, tick=False):
        yield


@pytest.fixture
def edition(now):
    return make_edition(now, stock=50)


def orders_of(edition, now, *copies):
    return [make_order(make_person(), now - timedelta(hours=9 - number), {edition.leaflet: n}) for number, n in enumerate(copies)]


def words(html):
    return " ".join(unescape(re.sub(r"<[^>]+>", "", re.sub(r"<br>|</td>|</th>|</p>|</li>|</h\d>", " ", html))).split())


def text(client, path, **query):
    response = client.get(path, query)
    assert response.status_code == 200
    return words(response.content.decode())


def open_session(staff, now, **choice):
    return start_session(choice=PackingChoice(**choice), by=staff, now=now)


def as_shown(session):
    """What the browser sends of the page of an open session."""
    sent = {}
    for parcel in session.parcels.open().select_related("order"):
        sent |= {f"track-{parcel.number}": parcel.tracking_number, f"why-{parcel.number}": ""}
        sent |= {f"copies-{line.pk}": str(line.allocated) for line in parcel.order.lines.all()}
    return sent


def press(client, session, button="dispatch", **typed):
    return client.post(change("packingsession", session), {**as_shown(session), **typed, button: "1"}, follow=True)


def printed(client, session, what, **more):
    response = client.post(reverse("staff:leaflets_packingsession_print", args=[session.pk]), {"what": what, **more})
    return response, b"".join(response.streaming_content) if response.streaming else b""


def test_one_sees_what_a_choice_makes_and_starts_it(client, staff, edition, now):
    first, second = orders_of(edition, now, 5, 6)
    page = text(client, START)
    assert "2 orders, 11 copies" in page
    assert "Start packing these 2 orders" in page
    assert "1 order, 5 copies" in text(client, START, most="1")
    assert "No order matches" in text(client, START, areas="ZE")
    assert "We don’t know the postcode area QQ" in text(client, START, areas="LS, qq")
    answer = client.post(START, {"most": "1"}, follow=True)
    session = PackingSession.objects.get()
    assert answer.request["PATH_INFO"] == change("packingsession", session)
    assert said(answer) == ["1 order is being packed in this session."]
    assert [parcel.order for parcel in session.parcels.all()] == [first]
    assert f"Packing session {session.pk}" in text(client, START)
    client.post(START, {})
    assert [parcel.order for parcel in PackingSession.objects.first().parcels.all()] == [second]
    assert said(client.post(START, {}))[-1].startswith("No order matches now.")


def test_one_press_ends_in_a_summary(client, staff, edition, now):
    sent, left = orders_of(edition, now, 5, 6)
    session = open_session(staff, now)
    page = text(client, change("packingsession", session))
    assert "2 parcels, 11 copies" in page
    answer = press(client, session, **{"out-2": "on", "why-2": "address", "track-1": "QK 1"})
    page = words(answer.content.decode())
    assert "1 dispatched, 1 not sent" in page
    assert "Left out: The address is not clear" in page
    assert "QK 1" in page
    assert [Order.objects.get(pk=each.pk).state for each in (sent, left)] == [OrderState.DISPATCHED, OrderState.RECEIVED]
    again = press(client, session)
    assert said(again) == ["This session has already ended, so nothing was changed. You can see below what happened to it."]
    assert "1 dispatched, 1 not sent" in words(again.content.decode())
    assert "Dispatched" in text(client, LIST, state__exact="dispatched")


def test_fewer_copies_are_asked_about_once_and_nothing_typed_is_lost(client, staff, edition, now):
    [order] = orders_of(edition, now, 12)
    session, box = open_session(staff, now), f"copies-{order.lines.get().pk}"
    wrong = press(client, session, **{box: "13", "track-1": "QK 1"}).content.decode()
    assert "Parcel 1: enter how many copies" in wrong
    assert 'value="13"' in wrong
    assert 'value="QK 1"' in wrong
    assert re.findall(r'name="([^"]+)"[^>]*aria-invalid="true"', wrong) == [box]
    long = press(client, session, **{"track-1": "Q" * 61}).content.decode()
    assert re.findall(r'name="([^"]+)"[^>]*aria-invalid="true"', long) == ["track-1"]
    asked = press(client, session, **{box: "9"}).content.decode()
    assert "Say where the others are. By the figures there are 41 copies" in words(asked)
    assert Order.objects.get().state == OrderState.PACKING
    assert press(client, session, "keep", **{box: "9", "track-1": "QK 1"}).status_code == 200
    kept = client.get(change("packingsession", session)).content.decode()
    assert f'name="{box}" value="9"' in kept
    assert 'value="QK 1"' in kept
    ended = press(client, session, **{box: "9", "rest": "waits"})
    assert "We took 41 copies off the stock" in words(ended.content.decode())
    assert (Edition.objects.get().on_hand, list(ledger_differences())) == (0, [])


def test_why_a_parcel_is_left_out_is_asked_beside_its_box_and_nothing_typed_is_lost(client, staff, edition, now):
    first, _second, third = orders_of(edition, now, 5, 6, 7)
    session, copies = open_session(staff, now), f"copies-{first.lines.get().pk}"
    kept = press(client, session, "keep", **{"out-2": "on"}).content.decode()
    assert "Nothing is dispatched yet" in kept
    assert 'name="out-2" checked' in kept
    assert "id_why-2_error" not in kept
    typed = {"out-2": "on", "out-3": "on", "why-3": "damaged", "track-1": "QK 1", copies: "4"}
    asked = press(client, session, **typed).content.decode()
    said_beside = '<p class="govuk-error-message" id="id_why-2_error">Parcel 2: choose why it is left out.</p>'
    assert said_beside in asked
    assert '<a href="#id_why-2">Parcel 2: choose why it is left out.</a>' in asked
    assert 'left out" aria-invalid="true" aria-describedby="id_why-2_error">' in asked
    assert "Parcel 3: choose" not in asked
    assert "Say where the others are" in asked  # both at once
    for shown in ('"out-2" checked', '"out-3" checked', '<option value="damaged" selected>', 'value="QK 1"', 'value="4"'):
        assert shown in asked
    assert set(Order.objects.values_list("state", flat=True)) == {"packing"}
    ended = words(press(client, session, **typed, **{"why-2": "ask", "rest": "next-time"}).content.decode())
    assert "1 dispatched, 2 not sent" in ended
    assert "Left out: We must ask the person first" in ended
    assert "Left out: The leaflets are damaged" in ended
    assert "Another reason" not in ended
    assert Order.objects.get(pk=third.pk).state == OrderState.RECEIVED


def test_an_order_that_the_page_did_not_show_does_not_leave(client, staff, edition, now):
    orders_of(edition, now, 5)
    session = open_session(staff, now)
    shown = as_shown(session)
    [late] = orders_of(edition, now, 6)
    add_order(session=session, order=late, by=staff, now=now)
    answer = client.post(change("packingsession", session), {**shown, "dispatch": "1"})
    assert "Somebody has added an order to this session" in answer.content.decode()
    assert late.reference in answer.content.decode()
    assert set(Order.objects.values_list("state", flat=True)) == {"packing"}


def test_orders_are_added_taken_out_and_the_session_is_closed(client, staff, edition, now):
    first, second = orders_of(edition, now, 5, 6)
    session = open_session(staff, now)
    [late] = orders_of(edition, now, 7)
    assert (
        "find an order with that reference"
        in act(client, "packingsession", session, "add", reference="LO-0000-00").content.decode()
    )
    act(client, "packingsession", session, "add", reference=late.reference.lower())
    act(client, "packingsession", session, "take-out", which="1")
    act(client, "packingsession", session, "take-out", which=second.reference)
    assert "That parcel is not in this session" in act(client, "packingsession", session, "take-out", which="9").content.decode()
    states = dict(Order.objects.values_list("pk", "state"))
    assert states == {first.pk: "received", second.pk: "received", late.pk: "packing"}
    assert "Taken out: 1" in text(client, change("packingsession", session))
    act(client, "packingsession", session, "close")
    assert set(Order.objects.values_list("state", flat=True)) == {"received"}
    assert "Closed without dispatch" in text(client, change("packingsession", session))


@pytest.mark.parametrize(("what", "begins"), [("pick-list", b"%PDF"), ("slips", b"%PDF"), ("labels", b"%PDF"), ("courier", b"")])
def test_each_print_is_recorded_and_can_be_repeated(client, staff, edition, now, what, begins):
    [order, left] = orders_of(edition, now, 5, 6)
    session = open_session(staff, now)
    press(client, session, "keep", **{"out-2": "on"})
    for _ in range(2):
        response, content = printed(client, session, what, sheet="24", first="9")
        assert response.status_code == 200
        assert content.startswith(begins)
    if what == "courier":
        assert order.reference in content.decode("utf-8-sig")
        assert left.reference not in content.decode("utf-8-sig")
    records = list(PrintRecord.objects.values_list("what", "parcels", "by", "sheet", "start"))
    of_labels = ("24", 9) if what == "labels" else ("", 1)
    assert records == [(what, 1, staff.pk, *of_labels)] * 2
    assert "Printed so far (2)" in text(client, change("packingsession", session))


def test_a_print_is_refused_with_the_reason(client, staff, edition, now):
    orders_of(edition, now, 5)
    session = open_session(staff, now)
    response, _content = printed(client, session, "labels", sheet="24", first="25")
    assert said(client.get(response.url)) == ["That sheet has 24 labels. Enter a number from 1 to 24."]
    press(client, session)
    response, _content = printed(client, session, "slips")
    assert said(client.get(response.url)) == ["You have nothing to print: every parcel in this session is left out."]
    assert printed(client, session, "courier")[0].status_code == 200
    assert client.get(reverse("staff:leaflets_packingsession_print", args=[session.pk])).status_code == 405


def test_the_next_sheet_of_labels_begins_where_the_last_ended(client, staff, edition, now):
    orders_of(edition, now, 5, 6, 7)
    session = open_session(staff, now)
    printed(client, session, "labels", sheet="8", first="7")
    page = client.get(change("packingsession", session)).content.decode()
    assert 'name="first" inputmode="numeric" autocomplete="off" value="2"' in page
    assert '<option value="8" selected>' in page


def test_who_may_not_pack_may_look_or_not_even_that(client, edition, now):
    orders_of(edition, now, 5)
    session = open_session(None, now)
    nobody = make_staff(superuser=False)
    sign_in_staff(client, nobody)
    assert client.get(START).status_code == 403
    assert client.get(change("packingsession", session)).status_code == 403
    nobody.user_permissions.add(Permission.objects.get(codename="view_packingsession"))
    page = client.get(change("packingsession", session)).content.decode()
    assert "Dispatch the parcels" not in page
    assert press(client, session).status_code == 403
    assert printed(client, session, "slips")[0].status_code == 403
    assert Order.objects.get().state == OrderState.PACKING


def test_the_pages_ask_as_much_for_one_as_for_many(client, staff, edition, now):
    def asked(path):
        client.get(path)
        return len(statements(lambda: client.get(path)))

    orders_of(edition, now, 1)
    one = (asked(START), asked(change("packingsession", open_session(staff, now))))
    orders_of(edition, now, *[1] * 20)
    many = (asked(START), asked(change("packingsession", open_session(staff, now))))
    assert one == many
    assert max(many) <= 12


def test_an_order_says_in_which_session_it_is(client, staff, edition, now):
    [order] = orders_of(edition, now, 5)
    session = open_session(staff, now)
    assert f"Packing session {session.pk}, parcel 1" in text(client, change("order", order))
