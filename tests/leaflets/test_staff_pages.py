"""What staff do, through the pages that they do it on."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from leaflets.catalogue.services import count_pages
from leaflets.catalogue.titles import sample_pdf
from leaflets.models import Edition, EditionState, Leaflet, Order, OrderEventKind, OrderState, StockMovement
from leaflets.orders.services.transitions import start_packing
from leaflets.stock.services import receive_stock
from tests.factories import make_organisation, make_person, sign_in
from tests.leaflets.factories import make_edition, make_leaflet, make_order
from tests.leaflets.staff_site import ORDERS, act, change, said, told_the_lead
from tests.leaflets.statements import statements

pytestmark = pytest.mark.django_db


@pytest.fixture
def order(now):
    return make_order(make_person(email="sam@leeds.nhs.uk"), now, {make_edition(now, stock=50).leaflet: 5})


def test_professionals_do_not_get_in(client, order):
    sign_in(client, make_person())
    assert client.get(ORDERS).status_code == 302


# -- Lists ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "typed",
    [
        "{reference}",
        " {squeezed} ",
        "Sam Taylor",
        "sam@leeds.nhs.uk",
        "LS1 4AP",
        "ls14ap",
        "Health Visiting",
        "General Infirmary",
    ],
)
def test_orders_are_found_by_whatever_a_caller_says(client, staff, now, order, typed):
    order.person.organisation = make_organisation("Leeds General Infirmary")
    order.person.save()
    other = make_order(make_person(name="Kim Lee", email="kim@york.gov.uk", organisation=make_organisation("York")), now)
    Order.objects.filter(pk=other.pk).update(name="Kim Lee", organisation_name="York", postcode="YO1 7HH")
    typed = typed.format(reference=order.reference, squeezed=order.reference.replace("-", "").lower())
    response = client.get(ORDERS, {"q": typed})
    assert [found.reference for found in response.context["cl"].result_list] == [order.reference]


def test_orders_can_be_filtered_by_state_and_show_their_age(client, staff, now, order):
    packing = make_order(make_person(), now)
    start_packing(order=packing, by=staff, now=now)
    Order.objects.filter(pk=packing.pk).update(created_at=now - timedelta(days=3))
    response = client.get(ORDERS, {"state__exact": "packing"})
    assert [found.reference for found in response.context["cl"].result_list] == [packing.reference]


@pytest.mark.parametrize("count", [1, 3])
def test_the_lists_take_the_same_few_statements_for_any_number_of_rows(client, staff, now, count):
    for _ in range(count):
        make_order(make_person(), now)
    client.get(ORDERS)
    taken = {
        name: len(statements(lambda name=name: client.get(reverse(f"staff:leaflets_{name}_changelist"))))
        for name in ("order", "edition", "leaflet", "stockmovement")
    }
    assert taken == {"order": 9, "edition": 7, "leaflet": 8, "stockmovement": 8}


@pytest.mark.parametrize("count", [1, 3])
def test_an_orders_page_takes_the_same_few_statements_for_any_number_of_lines(client, staff, now, count):
    order = make_order(make_person(), now, {make_edition(now).leaflet: 1 for _ in range(count)}, by=staff)
    client.get(change("order", order))
    assert len(statements(lambda: client.get(change("order", order)))) <= 15


# -- One order --------------------------------------------------------------------------------------------------------


def test_an_order_is_packed_and_dispatched_with_its_tracking_number(client, staff, order):
    assert said(act(client, "order", order, "start-packing")) == ["The order is being packed."]
    assert said(act(client, "order", order, "dispatch", tracking_number="RM 1")) == [
        "The order is dispatched. The person will get an email this evening."
    ]
    order.refresh_from_db()
    assert order.state == OrderState.DISPATCHED
    assert order.dispatches.get().tracking_number == "RM 1"
    assert list(order.events.values_list("kind", "by").order_by("pk"))[1:] == [
        (OrderEventKind.PACKING, staff.pk),
        (OrderEventKind.DISPATCHED, staff.pk),
    ]


def test_cancelling_asks_why(client, staff, order):
    assert "reason" in act(client, "order", order, "cancel").context["form"].errors
    act(client, "order", order, "cancel", reason="Asked by phone")
    order.refresh_from_db()
    assert order.state == OrderState.CANCELLED
    assert order.events.get(kind=OrderEventKind.CANCELLED).reason == "Asked by phone"


def test_an_action_that_came_too_late_is_refused_politely(client, staff, order):
    act(client, "order", order, "cancel", reason="Asked by phone")
    [message] = said(act(client, "order", order, "start-packing"))
    assert "since you opened the page, so this is no longer possible" in message


def test_opening_an_action_changes_nothing(client, staff, order):
    client.get(reverse("staff:leaflets_order_action", args=[order.pk, "start-packing"]))
    order.refresh_from_db()
    assert order.state == OrderState.RECEIVED


def test_nothing_of_an_order_can_be_typed_over(client, staff, order):
    client.post(change("order", order), {"state": "dispatched", "name": "Somebody else", "postcode": "YO1 7HH"})
    order.refresh_from_db()
    assert (order.state, order.name, order.postcode) == (OrderState.RECEIVED, "Sam Taylor", "LS1 4AP")
    assert 'name="_save"' not in client.get(change("order", order)).content.decode()


def test_an_orders_page_tells_what_happened_itself_and_offers_no_second_log(client, staff, order):
    page = client.get(change("order", order)).content.decode()
    assert "historylink" not in page
    assert order.events.get().get_kind_display() in page


def test_orders_are_not_deleted(client, staff, order):
    assert client.post(f"{ORDERS}{order.pk}/delete/", {"post": "yes"}).status_code == 403


# -- Many orders ------------------------------------------------------------------------------------------------------


def press(client, action, orders):
    return client.post(ORDERS, {"action": action, "_selected_action": [order.pk for order in orders]}, follow=True)


def test_many_orders_are_dispatched_in_one_press_and_those_that_refuse_are_named(client, staff, now):
    leaflet = make_edition(now, stock=50).leaflet
    orders = [make_order(make_person(), now, {leaflet: 5}) for _ in range(4)]
    assert said(press(client, "start_packing_all", orders[:3])) == ["3 orders are being packed."]
    act(client, "order", orders[0], "cancel", reason="Asked by phone")
    first, *reasons = said(press(client, "dispatch_all", orders))
    assert first == "2 orders are dispatched. Each person will get one email this evening."
    assert reasons == [
        f"{orders[0].reference} was skipped: This order has already been cancelled, so nothing was changed.",
        f"{orders[3].reference} was skipped: Nobody has started to pack this order yet. Start packing first.",
    ]
    assert sorted(Order.objects.values_list("state", flat=True)) == ["cancelled", "dispatched", "dispatched", "received"]
    assert Edition.objects.values_list("on_hand", "allocated").get() == (40, 5)


# -- Catalogue and stock ----------------------------------------------------------------------------------------------


def upload(client, leaflet, content, name="leaflet.pdf", **changes):
    typed = {"leaflet": leaflet.pk, "label": "May 2027", "published_on": "01/05/2027", "review_on": "01/05/2029", **changes}
    return client.post("/staff/leaflets/edition/add/", {**typed, "pdf": SimpleUploadedFile(name, content)}, follow=True)


def test_a_new_edition_is_uploaded(client, staff, now):
    old = make_edition(now)
    content = sample_pdf(old.leaflet, label="May 2027", made_at=now)
    upload(client, old.leaflet, content, name="whatever.exe")
    new = Edition.objects.get(label="May 2027")
    old.refresh_from_db()
    assert (new.state, old.state) == (EditionState.CURRENT, EditionState.SUPERSEDED)
    assert (new.pages, new.size, new.on_hand) == (count_pages(content), len(content), 0)


def test_a_first_edition_is_uploaded(client, staff, now):
    leaflet = make_leaflet()
    upload(client, leaflet, sample_pdf(leaflet, label="May 2027", made_at=now))
    assert leaflet.editions.get().state == EditionState.CURRENT


@pytest.mark.parametrize("content", [b"MZ this is a program", b"<script>alert(1)</script>", b"%PDF-1.4 but no more"])
def test_a_file_that_only_calls_itself_a_pdf_is_refused(client, staff, now, content):
    leaflet = make_edition(now).leaflet
    response = upload(client, leaflet, content)
    assert list(response.context["adminform"].form.errors) == ["pdf"]
    assert leaflet.editions.count() == 1


def test_a_file_over_20_mb_is_refused(client, staff, now):
    leaflet = make_edition(now).leaflet
    content = sample_pdf(leaflet, label="May 2027", made_at=now)
    response = upload(client, leaflet, content[:-7] + b" " * 20 * 1024 * 1024 + content[-7:])
    assert "larger than 20 MB" in str(response.context["adminform"].form.errors["pdf"])


def test_the_review_comes_after_the_publication(client, staff, now):
    leaflet = make_edition(now).leaflet
    response = upload(client, leaflet, sample_pdf(leaflet, label="May 2027", made_at=now), review_on="01/04/2027")
    assert list(response.context["adminform"].form.errors) == ["review_on"]


def test_a_label_is_used_once_a_leaflet(client, staff, now):
    edition = make_edition(now, label="May 2027")
    response = upload(client, edition.leaflet, sample_pdf(edition.leaflet, label="May 2027", made_at=now))
    assert response.context["adminform"].form.errors
    assert edition.leaflet.editions.count() == 1


def test_changing_an_editions_dates_leaves_its_figures_alone(client, staff, now, monkeypatch):
    edition = make_edition(now, stock=50)
    original = Edition.save

    def save_after_a_delivery(self, **kwargs):
        receive_stock(edition=edition, copies=10, by=None, now=now)
        original(self, **kwargs)

    monkeypatch.setattr(Edition, "save", save_after_a_delivery)
    typed = {"label": edition.label, "published_on": "02/03/2026", "review_on": "01/06/2029"}
    client.post(change("edition", edition), typed)
    edition.refresh_from_db()
    assert (str(edition.review_on), edition.on_hand) == ("2029-06-01", 60)


def test_stock_is_received_corrected_and_an_edition_withdrawn(client, staff, now):
    edition = make_edition(now, stock=0)
    assert said(act(client, "edition", edition, "receive", copies="40", reason="Note 7")) == ["The copies are in stock."]
    assert said(act(client, "edition", edition, "correct", change="-3", reason="Wet")) == ["The stock is corrected."]
    assert said(act(client, "edition", edition, "withdraw")) == ["The edition is withdrawn."]
    edition.refresh_from_db()
    assert (edition.on_hand, edition.state) == (37, EditionState.WITHDRAWN)
    assert list(StockMovement.objects.order_by("pk").values_list("kind", "on_hand_change", "by", "reason")) == [
        ("received", 40, staff.pk, "Note 7"),
        ("corrected", -3, staff.pk, "Wet"),
    ]


# -- No child's details (product.md, rule 6) ---------------------------------------------------------------------------

CHILD = "For Amy Brown, dob 3/4/2019"


def test_a_reason_for_cancelling_that_looks_like_a_childs_details_is_asked_about_and_the_lead_told(
    client, staff, order, settings
):
    response = act(client, "order", order, "cancel", reason=CHILD)
    assert list(response.context["form"].errors) == ["reason"]
    order.refresh_from_db()
    assert (order.state, told_the_lead()) == (OrderState.RECEIVED, [])
    assert said(act(client, "order", order, "cancel", reason=CHILD, keep_what_i_wrote="on")) == [
        "The order is cancelled. The person will get an email, and the copies are back in stock."
    ]
    assert told_the_lead() == [(settings.SAFEGUARDING_LEAD_EMAIL, order.reference)]


@pytest.mark.parametrize(("slug", "typed"), [("receive", {"copies": "3"}), ("correct", {"change": "3"})])
def test_so_is_a_note_on_stock_and_the_lead_finds_it_in_the_ledger(client, staff, now, settings, slug, typed):
    edition = make_edition(now, stock=0)
    response = act(client, "edition", edition, slug, reason=CHILD, **typed)
    assert list(response.context["form"].errors) == ["reason"]
    assert (StockMovement.objects.count(), told_the_lead()) == (0, [])
    act(client, "edition", edition, slug, reason=CHILD, keep_what_i_wrote="on", **typed)
    entry = StockMovement.objects.get()
    assert told_the_lead() == [(settings.SAFEGUARDING_LEAD_EMAIL, entry.reference)]
    receive_stock(edition=edition, copies=1, by=staff, now=now)
    found = client.get("/staff/leaflets/stockmovement/", {"q": entry.reference.lower()}).context["cl"].result_list
    assert list(found) == [entry]


def test_an_ordinary_reason_tells_nobody(client, staff, order):
    act(client, "order", order, "cancel", reason="Asked by phone")
    assert told_the_lead() == []


@pytest.mark.parametrize(
    ("slug", "typed"), [("correct", {"change": "-41", "reason": "Flood"}), ("correct", {"change": "0", "reason": "?"})]
)
def test_a_correction_that_can_not_be_is_refused_on_its_page(client, staff, now, slug, typed):
    edition = make_edition(now, stock=40)
    assert act(client, "edition", edition, slug, **typed).context["form"].non_field_errors()
    edition.refresh_from_db()
    assert edition.on_hand == 40


@pytest.mark.parametrize("copies", ["0", "-5", "ten", "", "1e9", "99999999999999999999"])
def test_a_wrong_number_of_copies_received_is_refused(client, staff, now, copies):
    edition = make_edition(now, stock=40)
    assert list(act(client, "edition", edition, "receive", copies=copies).context["form"].errors) == ["copies"]
    edition.refresh_from_db()
    assert edition.on_hand == 40


def test_the_ledger_can_only_be_read(client, staff, order):
    movement = StockMovement.objects.first()
    assert client.get("/staff/leaflets/stockmovement/add/").status_code == 403
    assert client.post(f"/staff/leaflets/stockmovement/{movement.pk}/delete/", {"post": "yes"}).status_code == 403
    assert order.reference in client.get("/staff/leaflets/stockmovement/").content.decode()


def test_a_leaflets_words_are_edited_and_it_is_taken_out_of_the_catalogue(client, staff, now):
    leaflet = make_edition(now).leaflet
    names = ("slug", "title", "for_whom", "audience", "summary", "introduction", "situations", "signs", "what_to_do")
    names += ("language", "format", "usual_copies", "most_per_order", "most_per_person", "most_per_workplace")
    typed = {name: getattr(leaflet, name) for name in (*names, "position")}
    figures = {"usual_copies": "20", "most_per_person": "700", "most_per_workplace": "700"}
    client.post(change("leaflet", leaflet), {**typed, "summary": "New words.", **figures})
    leaflet = Leaflet.objects.get()
    assert (leaflet.summary, leaflet.active) == ("New words.", False)
    assert (leaflet.usual_copies, leaflet.most_per_person, leaflet.most_per_workplace) == (20, 700, 700)
