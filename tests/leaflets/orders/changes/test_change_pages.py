"""Changing an order until it is packed: its owner on its page, staff for who calls."""

from datetime import timedelta

import pytest
from django.urls import reverse

from leaflets.models import Edition, EditionState, OrderEventKind
from leaflets.orders import allowances
from leaflets.orders.allowances import change_limits, order_limits
from leaflets.orders.services.transitions import dispatch_order, start_packing
from office.site_settings.queries import site_settings
from professionals.models import BlockedAttempt
from tests.factories import make_person, sign_in
from tests.leaflets.factories import make_edition, make_order
from tests.leaflets.orders.changes.order import ADDRESS, change, lines, told, version
from tests.leaflets.staff_site import act, said, told_the_lead
from tests.leaflets.statements import statements

pytestmark = pytest.mark.django_db

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
    assert said(answer) == [f"We have saved your changes to order {order.reference}."]
    [details] = [step["details"] for step in answer.context["history"] if step["what"] == "Changed"]
    assert details == ["“One”: 4 instead of 10", "“Two”: none instead of 5", "Another delivery address"]
    assert [line.edition.leaflet.title for line in answer.context["order"].lines.all()] == ["One"]
    order.refresh_from_db()
    assert (order.postcode, order.attention, lines(order)[0][2]) == ("BT1 5GS", "Ward 7", 4)
    assert said(page.post(url, sent, follow=True)) == [f"We have saved your changes to order {order.reference}."]
    assert len(told(order)) == 1
    same = typed(page, url, **{"copies-one": "4"}, postcode="BT1 5GS", attention="Ward 7")
    assert said(page.post(url, same, follow=True)) == ["Your order already says this, so we changed nothing."]


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
    told = "has changed since you opened this page" in text
    assert (told, "2 copies" in text, 'value="Hull"' in text) == (True, True, True)
    assert lines(order)[0][2] == 10
    page.post(url, {**sent, "version": answer.context["version"]})
    order.refresh_from_db()
    assert (order.town, [line[2] for line in lines(order)]) == ("Hull", [8, 5])


def test_too_late_the_page_says_whom_to_call_and_what_was_typed(page, order, url, now):
    sent = typed(page, url, town="Hull")
    start_packing(order=order, by=None, now=now)
    text = page.post(url, sent).content.decode()
    told = "You can’t change this order here any more" in text
    assert (told, site_settings().advice_phone in text, "Hull" in text) == (True, True, True)
    assert url not in page.get(order.get_absolute_url()).content.decode()


def test_what_was_typed_while_the_session_ran_out_is_there_after_sign_in(client, owner, order, url):
    sent = typed(sign_in(client, owner), url, town="Hull", **{"copies-one": "8"}, attention="Amy Smith, born 3/4/2015")
    client.session.flush()
    assert client.post(url, sent).url.startswith(reverse("account_login"))
    sign_in(client, owner)
    shown = client.get(url)
    assert "We kept what you typed, and have changed nothing yet." in shown.content.decode()
    assert [shown.context["form"][name].value() for name in ("town", "copies-one", "attention")] == ["Hull", "8", None]
    client.post(url, {**sent, "attention": "", "version": shown.context["version"]})
    order.refresh_from_db()
    assert order.town == "Hull"
    assert "We kept what you typed, and have changed nothing yet." not in client.get(url).content.decode()


def test_very_many_changes_or_another_address_of_very_many_are_stopped_and_staff_see_it(page, order, url, monkeypatch):
    monkeypatch.setattr(allowances, "ACCOUNT_RATE_LIMIT", (2, allowances.HOUR))
    for copies in (9, 8):
        assert page.post(url, typed(page, url, **{"copies-one": str(copies)})).status_code == 302
    stopped = page.post(url, typed(page, url, **{"copies-one": "7"}, town="Hull"))
    assert (stopped.status_code, stopped.context["form"]["town"].value()) == (429, "Hull")
    assert "You have done this too often in a short time." in stopped.content.decode()
    assert list(BlockedAttempt.objects.values_list("where", "by", "person")) == [("order-edit", "account", order.person_id)]
    asked = {"to_postcode": "BT1 5GS"}
    request = stopped.wsgi_request
    assert [each.key for each in change_limits(request, **asked)][1:] == [
        each.key for each in order_limits(organisation=None, postcode="BT1 5GS", slugs=())
    ]


def test_details_of_a_child_are_not_kept_in_an_address(page, order, url):
    sent = typed(page, url, attention="Amy Smith, born 3/4/2015")
    assert "attention" in page.post(url, sent).context["form"].errors
    assert "attention" in page.post(url, {**sent, "keep_what_i_wrote": "on"}).context["form"].errors
    assert told_the_lead() == []


@pytest.mark.parametrize("count", [1, 3])
def test_the_page_takes_as_many_statements_for_any_number_of_titles(page, owner, now, count):
    order = make_order(owner, now, {make_edition(now).leaflet: 1 for _ in range(count)})
    make_order(owner, now - timedelta(days=3))
    url = reverse("order_change", args=[order.reference])
    assert len(statements(lambda: page.get(url))) == 7
    sent = {**ADDRESS, "version": version(order), "town": "Hull"}
    sent |= {f"copies-{line.edition.leaflet.slug}": "2" for line in order.lines.in_catalogue_order()}
    assert len(statements(lambda: page.post(url, sent))) == 24
    assert {line[:3] for line in lines(order)} == {(2, 0, 2)}


# -- For staff ----------------------------------------------------------------------------------------------------------


def test_staff_change_it_for_who_calls_over_limits_with_a_reason(client, staff, order, one):
    path = reverse("staff:leaflets_order_action", args=[order.pk, "change"])
    assert "50 in stock for this order. It can have 40 within the limits." in client.get(path).content.decode()
    sent = typed(client, path, **{"copies-one": "45"}, town="Hull", override_reason="")
    answer = client.post(path, sent)
    assert "Give a reason below" in answer.context["form"].errors["copies-one"][0]
    answer = act(client, "order", order, "change", **{**sent, "override_reason": "A whole ward"})
    assert said(answer) == ["The order is changed. The person will get an email."]
    assert "“One”: 45 instead of 10" in answer.content.decode()
    order.refresh_from_db()
    assert (order.town, lines(order)[0][2], len(told(order))) == ("Hull", 45, 1)
    assert list(order.events.filter(reason="A whole ward").values_list("kind", "by")) == [(OrderEventKind.OVER_LIMIT, staff.pk)]


def test_staff_read_what_a_colleague_changed_meanwhile(client, staff, order, now):
    path = reverse("staff:leaflets_order_action", args=[order.pk, "change"])
    sent = typed(client, path, **{"copies-one": "8"})
    change(order, now, two=2)
    answer = client.post(path, sent)
    assert "has changed since you opened this page" in answer.content.decode()
    assert act(client, "order", order, "change", **{**sent, "version": answer.context["version"]}).status_code == 200
    assert [line[2] for line in lines(order)] == [8, 5]
    start_packing(order=order, by=staff, now=now)
    assert said(act(client, "order", order, "change", **sent)) == [
        f"Somebody has changed “{order.reference}” since you opened the page, so this is no longer possible."
    ]


def test_a_withdrawn_print_does_not_stop_the_rest(order, two, now):
    Edition.objects.filter(pk=two.pk).update(state=EditionState.WITHDRAWN)
    change(order, now, two=0)
    start_packing(order=order, by=None, now=now)
    assert dispatch_order(order=order, by=None, now=now).pk
