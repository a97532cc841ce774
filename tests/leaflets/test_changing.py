"""Changing an order until it is packed: its owner on its page, staff for who calls; stock, limits and mail follow."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from leaflets.models import Edition, EditionState, EventKind, Order, OrderState
from leaflets.services import (
    Change,
    NothingDifferent,
    NothingLeft,
    OrderHasMoved,
    OrderIsAnotherNow,
    PartHasLeft,
    Shortfalls,
    cancel,
    change_order,
    differences,
    dispatch,
    receive_stock,
    start_packing,
    version_of,
    withdraw_edition,
)
from leaflets.services.changing import titles_locked
from leaflets.services.states import rewrite
from leaflets.throttles import of_a_change, of_an_order
from notifications.models import Notification
from notifications.registry import kind_named
from notifications.rendering import render
from professionals.models import Stopped
from tests.factories import make_person, make_staff, sign_in
from tests.leaflets.factories import DELIVERY, make_edition, make_order
from tests.leaflets.staff_site import act, said, told_the_lead
from tests.leaflets.statements import statements

pytestmark = pytest.mark.django_db
ELSEWHERE = replace(DELIVERY, address_line_1="2 High Street", town="Belfast", postcode="BT1 5GS")
ADDRESS = {name: getattr(DELIVERY, name) for name in DELIVERY.__dataclass_fields__}


@pytest.fixture
def owner(db):
    return make_person()


@pytest.fixture
def one(now):
    return make_edition(now, stock=50, slug="one", title="One", most_per_order=40, most_per_person=60, most_per_workplace=80)


@pytest.fixture
def two(now):
    return make_edition(now, stock=50, slug="two", title="Two")


@pytest.fixture
def order(owner, one, two, now):
    return make_order(owner, now, {one.leaflet: 10, two.leaflet: 5}, by=owner.user)


def version(order):
    fresh, titles = titles_locked(order)
    return version_of(titles, fresh.delivery)


def change(order, now, by=None, delivery=None, expected="", waits=(), **copies):
    """As its owner asks it: copies by slug."""
    leaflets = {line.edition.leaflet.slug: line.edition.leaflet.pk for line in order.lines.select_related("edition__leaflet")}
    more = {"override_reason": "Agreed on the phone"} if by and by.is_staff else {}
    wanted = Change(
        {leaflets[slug]: wanted for slug, wanted in copies.items()},
        delivery or Order.objects.get(pk=order.pk).delivery,
        expected or version(order),
        [leaflets[slug] for slug in waits],
        **more,
    )
    change_order(order=order, change=wanted, by=by or order.person.user, now=now)
    order.refresh_from_db()


def lines(order):
    """Of each line its copies, and how many of them are waited for, promised, sent and cancelled."""
    found = order.lines.order_by("pk")
    return [(line.copies, line.backordered, line.allocated, line.dispatched, line.cancelled) for line in found]


def told(order):
    rows = Notification.objects.filter(about=f"order:{order.pk}", kind="order-changed").order_by("version")
    return [(row.version, row.recipient) for row in rows]


def promised(edition):
    edition.refresh_from_db()
    return edition.allocated


# -- What happens to copies ---------------------------------------------------------------------------------------------


def test_more_fewer_and_none_of_a_title_move_the_stock_and_the_ledger(order, one, two, now):
    change(order, now, one=12, two=0)
    assert (lines(order), order.state) == ([(12, 0, 12, 0, 0), (0, 0, 0, 0, 0)], OrderState.RECEIVED)
    assert (promised(one), promised(two), list(differences())) == (12, 0, [])
    change(order, now, one=3)
    assert (lines(order)[0], promised(one), list(differences())) == ((3, 0, 3, 0, 0), 3, [])
    assert order.summary == "3 copies of “One”"
    assert list(order.events.values_list("kind", "by")) == [
        (EventKind.PLACED, order.person.user.pk),
        *[(EventKind.CHANGED, order.person.user.pk)] * 2,
    ]
    assert told(order) == [(1, order.person.email), (2, order.person.email)]


def test_its_own_copies_count_as_in_stock_and_the_rest_can_be_waited_for(order, two, now):
    make_order(make_person(), now, {two.leaflet: 45})
    with pytest.raises(Shortfalls, match="There are only 5 copies of “Two” in stock") as refusal:
        change(order, now, two=8)
    assert [(short.possible, short.may_wait) for short in refusal.value.shortfalls] == [(5, True)]
    change(order, now, two=8, waits=["two"])
    assert lines(order)[1] == (8, 3, 5, 0, 0)
    change(order, now, two=6)  # of fewer than it had, what it waited for is given up first
    assert (lines(order)[1], list(differences())) == ((6, 1, 5, 0, 0), [])


def test_what_is_given_back_goes_to_who_waits(order, two, now):
    two_left = make_order(make_person(), now, {two.leaflet: 45})
    waiting = make_order(make_person(), now, {two.leaflet: 7}, will_wait_for=[two.leaflet])
    change(order, now, two=1)
    waiting.refresh_from_db()
    assert (waiting.state, lines(waiting), lines(two_left)) == (OrderState.RECEIVED, [(7, 3, 4, 0, 0)], [(45, 0, 45, 0, 0)])
    assert Notification.objects.filter(kind="order-stocked", about=f"order:{waiting.pk}").count() == 1
    assert (promised(two), list(differences())) == (50, [])


def test_an_order_waits_when_nothing_is_promised_to_it_any_more(owner, one, now):
    edition = make_edition(now, stock=0, slug="none", title="None")
    order = make_order(owner, now, {one.leaflet: 10, edition.leaflet: 5}, will_wait_for=[edition.leaflet])
    change(order, now, one=0)
    assert (order.state, promised(one)) == (OrderState.WAITING, 0)
    change(order, now, delivery=ELSEWHERE)
    receive_stock(edition=edition, copies=9, by=None, now=now)
    order.refresh_from_db()
    assert (order.state, order.postcode, list(differences())) == (OrderState.RECEIVED, "BT1 5GS", [])


def test_more_copies_come_from_the_print_of_today_and_a_withdrawn_one_can_be_left_out(order, one, two, now):
    newer = make_edition(now, leaflet=one.leaflet, label="April 2027", stock=20)
    change(order, now, one=14)
    assert (lines(order)[0], lines(order)[2]) == ((10, 0, 10, 0, 0), (4, 0, 4, 0, 0))
    change(order, now, one=9)  # the newest go back first, as others can have them
    assert (promised(one), promised(newer)) == (9, 0)
    change(order, now, one=11)
    assert (promised(one), promised(newer), list(differences())) == (9, 2, [])
    withdraw_edition(edition=Edition.objects.get(pk=two.pk))
    with pytest.raises(Shortfalls, match="We can’t add copies of “Two” just now"):
        change(order, now, two=6)
    change(order, now, two=0)
    assert promised(two) == 0


def test_of_an_order_that_left_in_part_the_rest_is_changed(owner, two, now):
    order = make_order(owner, now, {two.leaflet: 60}, will_wait_for=[two.leaflet])
    start_packing(order=order, by=None, now=now)
    dispatch(order=order, by=None, now=now)
    change(order, now, two=4)
    assert (lines(order), order.state) == ([(54, 4, 0, 50, 0)], OrderState.WAITING)
    with pytest.raises(NothingLeft):
        change(order, now, two=0)
    with pytest.raises(PartHasLeft):  # it says where the first parcel went
        change(order, now, delivery=ELSEWHERE)
    with pytest.raises(Shortfalls, match="You can have at most 50 copies of “Two” in one order"):
        change(order, now, two=51, waits=["two"])
    assert list(differences()) == []
    page, url = sign_in(Client(), owner), reverse("order_change", args=[order.reference])
    assert "50 have left already." in page.get(url).content.decode()
    assert "the rest goes to the same address" in page.get(url).content.decode()
    page.post(url, {"version": version(order), "copies-two": "7", "wait-for-two": "on"})
    assert lines(order) == [(57, 7, 0, 50, 0)]


def test_a_request_is_changed_and_still_decided_on(owner, one, now):
    order = make_order(owner, now, {one.leaflet: 120}, asked_because="We train every school")
    change(order, now, one=200)
    assert (order.state, lines(order), promised(one)) == (OrderState.REQUESTED, [(200, 200, 0, 0, 0)], 0)


# -- Limits -------------------------------------------------------------------------------------------------------------


def test_limits_count_other_orders_and_not_this_one(order, owner, one, now):
    with pytest.raises(Shortfalls) as refusal:
        change(order, now, one=41)
    assert str(refusal.value) == (
        "You can have at most 40 copies of “One” in one order. Enter 40 or fewer. "
        "To ask for more, order the rest separately and tell us why."
    )
    make_order(owner, now, {one.leaflet: 35})
    with pytest.raises(Shortfalls, match="You have ordered 35 other copies of “One” lately, so this order can have 25 until"):
        change(order, now, one=26)
    with pytest.raises(Shortfalls, match="There are only 15 copies"):
        change(order, now, one=25)
    change(order, now, one=15)
    assert list(differences()) == []


def test_the_workplace_is_the_one_it_goes_to_now(order, owner, one, now):
    receive_stock(edition=one, copies=200, by=None, now=now)
    for _ in range(2):
        colleague = make_person(organisation=owner.organisation)
        there = make_order(colleague, now, {one.leaflet: 38})
        Order.objects.filter(pk=there.pk).update(postcode=ELSEWHERE.postcode)
    with pytest.raises(Shortfalls, match="Your workplace at this postcode has ordered 76 other copies") as refusal:
        change(order, now, delivery=ELSEWHERE)
    assert [short.possible for short in refusal.value.shortfalls] == [4]
    change(order, now, delivery=ELSEWHERE, one=4)
    assert (order.postcode, order.town, lines(order)[0][0]) == ("BT1 5GS", "Belfast", 4)


def test_what_staff_gave_over_the_limit_may_stay_and_they_may_give_more_with_a_reason(owner, one, now):
    staff = make_staff()
    order = make_order(owner, now, {one.leaflet: 45}, by=staff, override_reason="A whole ward")
    change(order, now, one=44)
    with pytest.raises(Shortfalls, match="at most 44 copies"):
        change(order, now, one=45)
    change(order, now, by=staff, one=50)
    assert lines(order) == [(50, 0, 50, 0, 0)]
    last = order.events.order_by("-pk")[:2]
    assert [(event.kind, event.reason) for event in last] == [
        (EventKind.OVER_LIMIT, "Agreed on the phone"),
        (EventKind.CHANGED, ""),
    ]
    with pytest.raises(Shortfalls, match="There are only 50"):
        change(order, now, by=staff, one=51)


# -- The same form again, another tab, too late -------------------------------------------------------------------------


def test_the_same_form_twice_changes_once(order, now):
    shown = version(order)
    for _ in range(2):
        change(order, now, expected=shown, one=12, two=0)
    assert (len(told(order)), order.events.filter(kind=EventKind.CHANGED).count()) == (1, 1)
    with pytest.raises(NothingDifferent):
        change(order, now, one=12)


@pytest.mark.parametrize("later", [{"one": 7}, {"two": 0}, {"delivery": ELSEWHERE}])
def test_a_page_that_is_too_old_stores_nothing(order, now, later):
    shown = version(order)
    change(order, now, **later)
    before = (lines(order), order.delivery)
    with pytest.raises(OrderIsAnotherNow):
        change(order, now, expected=shown, one=9)
    assert (lines(order), order.delivery) == before


@pytest.mark.parametrize("end", ["packing", "cancelled"])
def test_what_is_packed_or_cancelled_is_not_changed(order, now, end):
    if end == "packing":
        start_packing(order=order, by=None, now=now)
    else:
        cancel(order=order, by=None, now=now)
    with pytest.raises(OrderHasMoved):
        change(order, now, one=9)
    assert (order.state, told(order), list(differences())) == (end, [], [])


def test_the_update_names_the_state_that_it_expects(order, now):
    """Should the lock ever be missing: an order that was read before its end does not come back from it."""
    read_before = Order.objects.get(pk=order.pk)
    cancel(order=order, by=None, now=now)
    with pytest.raises(OrderHasMoved):
        rewrite(read_before, OrderState.RECEIVED, {}, changes={}, by=None, now=now)


# -- Its mail -----------------------------------------------------------------------------------------------------------


def test_the_mail_says_how_it_stands_and_only_the_last_one_goes(order, now):
    change(order, now, one=12, two=0, delivery=ELSEWHERE)
    change(order, now, one=13)
    first, second = Notification.objects.filter(kind="order-changed").order_by("version")
    kind = kind_named("order-changed")
    assert (kind.still_true(first), kind.still_true(second)) == (False, True)
    mail = render(kind.build(second))
    assert mail.subject == f"Your leaflet order {order.reference} is changed"
    assert ("13 copies: One" in mail.text, "Two" in mail.text, "2 High Street" in mail.text) == (True, False, True)
    cancel(order=order, by=None, now=now)
    assert not kind.still_true(second)


# -- The owner's page ---------------------------------------------------------------------------------------------------


@pytest.fixture
def url(order):
    return reverse("order_change", args=[order.reference])


@pytest.fixture
def page(client, owner):
    """The client of its owner."""
    return sign_in(client, owner)


def typed(client, url, **fields):
    return {"version": client.get(url).context["version"], "copies-one": "10", "copies-two": "5", **ADDRESS, **fields}


def test_its_owner_changes_it_from_the_link_on_its_page(page, order, url):
    assert f'href="{url}"' in page.get(order.get_absolute_url()).content.decode()
    sent = typed(page, url, **{"copies-one": "4", "copies-two": "0"}, postcode="bt15gs", attention="Ward  7")
    answer = page.post(url, sent, follow=True)
    assert said(answer) == [f"Order {order.reference} is changed. This is how it stands now."]
    [details] = [step["details"] for step in answer.context["history"] if step["what"] == "Changed"]
    assert details == ["“One”: 4 instead of 10", "“Two”: none instead of 5", "Another delivery address"]
    assert [line.edition.leaflet.title for line in answer.context["order"].lines.all()] == ["One"]
    order.refresh_from_db()
    assert (order.postcode, order.attention, lines(order)[0][2]) == ("BT1 5GS", "Ward 7", 4)
    assert said(page.post(url, sent, follow=True)) == [f"Order {order.reference} is changed. This is how it stands now."]
    assert len(told(order)) == 1
    same = typed(page, url, **{"copies-one": "4"}, postcode="BT1 5GS", attention="Ward 7")
    assert said(page.post(url, same, follow=True)) == ["That is what the order says already, so nothing was changed."]


def test_what_is_wrong_is_said_beside_its_field_and_what_was_typed_stays(page, order, two, url, now):
    make_order(make_person(), now, {two.leaflet: 45})
    sent = typed(page, url, **{"copies-one": "99", "copies-two": "8"}, town="Hull")
    answer = page.post(url, sent)
    form = answer.context["form"]
    assert "at most 40 copies of “One”" in form.errors["copies-one"][0]
    assert "only 5 copies of “Two” in stock" in form.errors["copies-two"][0]
    assert (form["town"].value(), form["copies-one"].value()) == ("Hull", "99")
    text = answer.content.decode()
    assert ('name="wait-for-one"' in text, 'name="wait-for-two"' in text) == (False, True)
    page.post(url, {**sent, "copies-one": "9", "wait-for-two": "on"})
    assert [line[:3] for line in lines(order)] == [(9, 0, 9), (8, 3, 5)]
    for field, wrong in (("copies-one", "ten"), ("postcode", "nowhere"), ("copies-two", "-1"), ("town", "")):
        assert field in page.post(url, typed(page, url, **{field: wrong})).context["form"].errors


def test_at_least_one_copy_stays_or_it_is_cancelled(page, order, url):
    answer = page.post(url, typed(page, url, **{"copies-one": "0", "copies-two": "0"}))
    assert "cancel the order instead" in answer.context["form"].errors["copies-one"][0]
    assert reverse("order_cancel", args=[order.reference]) in answer.content.decode()


def test_a_page_left_open_shows_the_order_as_it_is_now_and_keeps_what_was_typed(page, order, url, now):
    sent = typed(page, url, **{"copies-one": "8"}, town="Hull")
    change(order, now, two=2)
    answer = page.post(url, sent)
    text = answer.content.decode()
    assert ("changed meanwhile" in text, "2 copies" in text, 'value="Hull"' in text) == (True, True, True)
    assert lines(order)[0][2] == 10
    page.post(url, {**sent, "version": answer.context["version"]})
    order.refresh_from_db()
    assert (order.town, [line[2] for line in lines(order)]) == ("Hull", [8, 5])


def test_too_late_the_page_says_whom_to_call_and_what_was_typed(page, order, url, now, settings):
    sent = typed(page, url, town="Hull")
    start_packing(order=order, by=None, now=now)
    text = page.post(url, sent).content.decode()
    assert ("can no longer be changed here" in text, settings.ADVICE_PHONE in text, "Hull" in text) == (True, True, True)
    assert url not in page.get(order.get_absolute_url()).content.decode()


def test_what_was_typed_while_the_session_ran_out_is_there_after_sign_in(client, owner, order, url):
    sent = typed(sign_in(client, owner), url, town="Hull", **{"copies-one": "8"}, attention="Amy Smith, born 3/4/2015")
    client.session.flush()
    assert client.post(url, sent).url.startswith(reverse("account_login"))
    sign_in(client, owner)
    shown = client.get(url)
    assert "We kept what you typed." in shown.content.decode()
    assert [shown.context["form"][name].value() for name in ("town", "copies-one", "attention")] == ["Hull", "8", None]
    client.post(url, {**sent, "attention": "", "version": shown.context["version"]})
    order.refresh_from_db()
    assert order.town == "Hull"
    assert "We kept what you typed." not in client.get(url).content.decode()


def test_very_many_changes_or_another_address_of_very_many_are_stopped_and_staff_see_it(page, order, url, settings):
    settings.ORDER_THROTTLES_TIMES = 0.05  # two changes an hour, and five parcels a day to a postcode
    for copies in (9, 8):
        assert page.post(url, typed(page, url, **{"copies-one": str(copies)})).status_code == 302
    stopped = page.post(url, typed(page, url, **{"copies-one": "7"}, town="Hull"))
    assert (stopped.status_code, stopped.context["form"]["town"].value()) == (429, "Hull")
    assert "You have done this very often in a short time." in stopped.content.decode()
    assert list(Stopped.objects.values_list("where", "by", "person")) == [("order-edit", "account", order.person_id)]
    asked = {"to_postcode": "BT1 5GS"}
    request = stopped.wsgi_request
    assert [each.key for each in of_a_change(request, **asked)][1:] == [
        each.key for each in of_an_order(organisation=None, postcode="BT1 5GS", slugs=())
    ]


def test_details_of_a_child_are_asked_about_and_the_lead_is_told(page, order, url):
    sent = typed(page, url, attention="Amy Smith, born 3/4/2015")
    assert "attention" in page.post(url, sent).context["form"].errors
    page.post(url, {**sent, "keep_what_i_wrote": "on"})
    assert [reference for _lead, reference in told_the_lead()] == [order.reference]


@pytest.mark.parametrize("count", [1, 3])
def test_the_page_takes_as_many_statements_for_any_number_of_titles(page, owner, now, count):
    order = make_order(owner, now, {make_edition(now).leaflet: 1 for _ in range(count)})
    make_order(owner, now - timedelta(days=3))
    url = reverse("order_change", args=[order.reference])
    assert len(statements(lambda: page.get(url))) == 7
    sent = {**ADDRESS, "version": version(order), "town": "Hull"}
    sent |= {f"copies-{line.edition.leaflet.slug}": "2" for line in order.lines.in_order()}
    assert len(statements(lambda: page.post(url, sent))) == 22
    assert {line[:3] for line in lines(order)} == {(2, 0, 2)}


# -- For staff ----------------------------------------------------------------------------------------------------------


def test_staff_change_it_for_who_calls_over_limits_with_a_reason(client, staff, order, one):
    path = reverse("staff:leaflets_order_action", args=[order.pk, "change"])
    assert "50 in stock for this order. Within the limits it can have 40." in client.get(path).content.decode()
    sent = typed(client, path, **{"copies-one": "45"}, town="Hull", override_reason="")
    answer = client.post(path, sent)
    assert "Give a reason below" in answer.context["form"].errors["copies-one"][0]
    answer = act(client, "order", order, "change", **{**sent, "override_reason": "A whole ward"})
    assert said(answer) == ["The order is changed. The person gets an email."]
    assert "“One”: 45 instead of 10" in answer.content.decode()
    order.refresh_from_db()
    assert (order.town, lines(order)[0][2], len(told(order))) == ("Hull", 45, 1)
    assert list(order.events.filter(reason="A whole ward").values_list("kind", "by")) == [(EventKind.OVER_LIMIT, staff.pk)]


def test_staff_read_what_a_colleague_changed_meanwhile(client, staff, order, now):
    path = reverse("staff:leaflets_order_action", args=[order.pk, "change"])
    sent = typed(client, path, **{"copies-one": "8"})
    change(order, now, two=2)
    answer = client.post(path, sent)
    assert "was changed meanwhile" in answer.content.decode()
    assert act(client, "order", order, "change", **{**sent, "version": answer.context["version"]}).status_code == 200
    assert [line[2] for line in lines(order)] == [8, 5]
    start_packing(order=order, by=staff, now=now)
    assert said(act(client, "order", order, "change", **sent)) == [
        f"“{order.reference}” has changed meanwhile, so this can no longer be done."
    ]


def test_a_withdrawn_print_does_not_stop_the_rest(order, two, now):
    Edition.objects.filter(pk=two.pk).update(state=EditionState.WITHDRAWN)
    change(order, now, two=0)
    start_packing(order=order, by=None, now=now)
    assert dispatch(order=order, by=None, now=now).pk
