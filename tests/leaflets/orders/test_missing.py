"""A parcel that never came: told of once, and sent again or closed once."""

from collections import Counter
from dataclasses import asdict, replace
from datetime import datetime, timedelta

import pytest
from django.conf import settings
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from core.errors import DomainError
from leaflets.catalogue.services import withdraw_edition
from leaflets.models import Dispatch, Leaflet, MissingParcel, MissingState, Order, OrderState
from leaflets.orders.allowances import Workplace, recent_orders
from leaflets.orders.queries import reportable_from
from leaflets.orders.services.change import OrderChange, ReplacesLostParcel, change_order, change_page_digest, lock_titles
from leaflets.orders.services.create import (
    MissingReportAlreadyDecided,
    NothingToSendAgain,
    close_missing_report,
    report_missing,
    resend_missing_parcel,
)
from leaflets.orders.services.transitions import dispatch_order, start_packing
from leaflets.privacy import erase_orders, export_orders
from leaflets.stock.services import ledger_differences, receive_stock
from notifications.models import Notification
from notifications.registry import get_email_class
from notifications.rendering import render
from professionals.models import FlagDecision, FlaggedText
from tests.factories import make_person, make_staff, sign_in, sign_in_staff
from tests.leaflets.factories import DELIVERY, make_edition, make_order
from tests.leaflets.staff_site import act, change, said, told_the_lead
from tests.leaflets.statements import statements
from tests.leaflets.test_races import at_once

pytestmark = pytest.mark.django_db
ON_TIME, LATE = timedelta(days=10), timedelta(days=90)


@pytest.fixture
def person(db):
    return make_person()


@pytest.fixture
def edition(now):
    return make_edition(now, stock=20, title="One", most_per_order=30, most_per_person=30)


def lose(person, edition, now, copies=5, **fields) -> Dispatch:
    """A parcel that left; `now` is when."""
    order = make_order(person, now, {edition.leaflet: copies}, **fields)
    start_packing(order=order, by=None, now=now)
    return dispatch_order(order=order, by=None, now=now, tracking_number="RM 1")


def told(parcel, now, **more) -> MissingParcel:
    return report_missing(parcel=parcel, by=parcel.order.person.user, now=now, **more)[0]


def kinds_told() -> Counter:
    return Counter(Notification.objects.filter(about__startswith="missing:").values_list("kind", flat=True))


def words_of(kind: str) -> str:
    row = Notification.objects.get(kind=kind)
    assert get_email_class(kind)(row).is_still_due()
    return render(get_email_class(kind)(row).message()).text


def kinds_of(order: Order) -> list[str]:
    return list(order.events.values_list("kind", flat=True))


@pytest.mark.parametrize(
    ("left", "since"),
    [
        ("2027-01-12T10:00", "2027-01-21"),  # Tuesday to Thursday of the next week
        ("2027-01-15T10:00", "2027-01-26"),  # Friday
        ("2027-01-16T10:00", "2027-01-26"),  # Saturday
        ("2027-07-01T23:30", "2027-07-13"),  # past midnight in the UK: Friday
    ],
)
def test_it_is_missing_seven_working_days_after_it_left(left, since):
    parcel = Dispatch(dispatched_at=datetime.fromisoformat(f"{left}:00+00:00"))
    assert reportable_from(parcel).isoformat() == since


def test_it_is_told_of_in_time_and_once(person, edition, now):
    parcel = lose(person, edition, now)
    with pytest.raises(DomainError, match="If it has not come by Thursday 21 January 2027, tell us then"):
        told(parcel, now + timedelta(days=8))
    with pytest.raises(DomainError, match="This parcel left too long ago for us to look for it"):
        told(parcel, now + LATE + timedelta(days=1))
    missing, made = report_missing(parcel=parcel, by=person.user, now=now + LATE, note="We moved")
    assert made
    assert report_missing(parcel=parcel, by=person.user, now=now + LATE, note="Again") == (missing, False)
    assert kinds_of(parcel.order).count("missing") == 1
    assert kinds_told() == {"order-missing": 1, "staff-order-missing": 1}
    assert (missing.note, missing.state) == ("We moved", MissingState.OPEN)
    assert "5 copies: One" in words_of("order-missing")
    staff = words_of("staff-order-missing")
    assert f"{settings.SITE_URL}{change('missingparcel', missing)}" in staff
    assert "We moved" not in staff


def test_sent_again_it_is_an_order_in_the_prints_of_now_that_waits_for_what_is_not_there(person, edition, now):
    missing = told(lose(person, edition, now, copies=15), now + ON_TIME)
    print_of_now = make_edition(now, leaflet=edition.leaflet, label="January 2027", stock=9)
    Order.objects.filter(pk=missing.parcel.order_id).update(contact_phone="07700 900123")
    missing = MissingParcel.objects.get(pk=missing.pk)
    corrected = replace(DELIVERY, attention="Post room")
    staff = make_staff()
    order = resend_missing_parcel(missing=missing, delivery=corrected, by=staff, now=now + ON_TIME)
    assert order.contact_phone == "07700 900123"
    line = order.lines.get()
    assert (line.edition, line.copies, line.allocated, line.backordered) == (print_of_now, 15, 9, 6)
    assert (order.state, order.attention, order.replaces, missing.replacement) == ("received", "Post room", missing, order)
    assert missing.parcel.order.attention == "The duty desk"
    missing.refresh_from_db()
    assert (missing.state, missing.decided_by) == (MissingState.RESENT, staff)
    assert (kinds_of(order), kinds_of(missing.parcel.order)[-1]) == (["replaces"], "resent")
    mail = words_of("order-resent")
    for text in (order.reference, missing.parcel.order.reference, "15 copies: One", "6 copies of “One”", "Post room"):
        assert text in mail
    # It is an order like any other from here on, and may be lost as well.
    receive_stock(edition=print_of_now, copies=6, by=None, now=now + ON_TIME)
    start_packing(order=order, by=None, now=now + ON_TIME)
    parcel = dispatch_order(order=order, by=None, now=now + ON_TIME)
    assert told(parcel, now + 3 * ON_TIME).parcel == parcel
    assert list(ledger_differences()) == []


def test_of_nothing_in_stock_the_new_order_waits(person, edition, now):
    missing = told(lose(person, edition, now, copies=20), now + ON_TIME)
    assert resend_missing_parcel(missing=missing, delivery=DELIVERY, by=None, now=now + ON_TIME).state == OrderState.WAITING


def test_it_counts_towards_no_limit(person, edition, now):
    missing = told(lose(person, edition, now, copies=15), now + ON_TIME)
    receive_stock(edition=edition, copies=50, by=None, now=now)
    # Over what is left of the person's 30, and over what one order may have.
    edition.leaflet.most_per_order = 10
    edition.leaflet.save()
    make_order(person, now + ON_TIME, {edition.leaflet: 10})
    resend_missing_parcel(missing=missing, delivery=DELIVERY, by=None, now=now + ON_TIME)
    workplace, colleague = Workplace(person.organisation_id, "LS1 4AP"), make_person(organisation=person.organisation)
    for who, own in ((person, 25), (colleague, 0)):
        counted = recent_orders(person=who.pk, workplace=workplace, leaflets=[edition.leaflet], now=now + ON_TIME)
        assert (counted[edition.leaflet.pk].person.copies, counted[edition.leaflet.pk].workplace.copies) == (own, 25)
    assert make_order(person, now + ON_TIME, {edition.leaflet: 5}).state == OrderState.RECEIVED


def test_what_can_not_be_ordered_any_more_is_left_out(person, edition, now):
    other = make_edition(now, title="Two")
    order = make_order(person, now, {edition.leaflet: 5, other.leaflet: 6})
    start_packing(order=order, by=None, now=now)
    missing = told(dispatch_order(order=order, by=None, now=now), now + ON_TIME)
    withdraw_edition(edition=edition)
    assert resend_missing_parcel(missing=missing, delivery=DELIVERY, by=None, now=now + ON_TIME).lines.get().edition == other


def test_if_none_of_it_can_be_ordered_nothing_happens(person, edition, now):
    missing = told(lose(person, edition, now), now + ON_TIME)
    withdraw_edition(edition=edition)
    with pytest.raises(NothingToSendAgain):
        resend_missing_parcel(missing=missing, delivery=DELIVERY, by=None, now=now + ON_TIME)
    missing.refresh_from_db()
    assert (missing.state, Order.objects.count()) == (MissingState.OPEN, 1)


def test_it_is_decided_once(person, edition, now):
    missing = told(lose(person, edition, now), now + ON_TIME)
    close_missing_report(missing=missing, by=None, now=now + ON_TIME, reason="Your reception signed for it.")
    for act_again in (
        lambda: resend_missing_parcel(missing=missing, delivery=DELIVERY, by=None, now=now + ON_TIME),
        lambda: close_missing_report(missing=missing, by=None, now=now + ON_TIME, reason="No"),
    ):
        with pytest.raises(MissingReportAlreadyDecided, match="already closed"):
            act_again()
    assert Order.objects.count() == 1
    assert kinds_told() == {"order-missing": 1, "staff-order-missing": 1, "order-not-resent": 1}
    assert "Your reception signed for it." in words_of("order-not-resent")
    assert kinds_of(missing.parcel.order)[-1] == "not-resent"
    for kind in ("order-missing", "staff-order-missing"):  # no longer true
        assert not get_email_class(kind)(Notification.objects.get(kind=kind)).is_still_due()


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_two_tabs_and_then_two_of_staff_at_once_do_it_once(person, edition, now):
    parcel, later = lose(person, edition, now), now + ON_TIME
    assert at_once(*[lambda: told(parcel, later)] * 4) == ["done"] * 4
    missing = MissingParcel.objects.get()

    def fresh() -> MissingParcel:
        return MissingParcel.objects.get(pk=missing.pk)

    outcomes = at_once(
        *[lambda: resend_missing_parcel(missing=fresh(), delivery=DELIVERY, by=None, now=later)] * 3,
        *[lambda: close_missing_report(missing=fresh(), by=None, now=later, reason="No")] * 3,
    )
    assert Counter(outcomes) == {"done": 1, "MissingReportAlreadyDecided": 5}
    assert sum(kinds_told().values()) == 3
    assert Order.objects.count() == 1 + (fresh().state == MissingState.RESENT)
    assert list(ledger_differences()) == []


def test_control_without_the_condition_both_would_be_done(person, edition, now, monkeypatch):
    missing = told(lose(person, edition, now), now + ON_TIME)
    close_missing_report(missing=missing, by=None, now=now + ON_TIME, reason="No")
    monkeypatch.setattr(MissingParcel.objects.__class__, "open", lambda self: self.all())
    MissingParcel.objects.filter(pk=missing.pk).update(reason="")
    resend_missing_parcel(missing=missing, delivery=DELIVERY, by=None, now=now + ON_TIME)
    assert kinds_told()["order-resent"] == kinds_told()["order-not-resent"] == 1


def test_the_database_refuses_a_decision_without_a_moment_and_a_second_replacement(person, edition, now):
    missing = told(lose(person, edition, now), now + ON_TIME)
    resend_missing_parcel(missing=missing, delivery=DELIVERY, by=None, now=now + ON_TIME)
    other = make_order(person, now, {edition.leaflet: 1})
    with pytest.raises(IntegrityError, match="missing_decided_says_when"), transaction.atomic():
        MissingParcel.objects.update(decided_at=None)
    with pytest.raises(IntegrityError, match="replaces_id"), transaction.atomic():
        Order.objects.filter(pk=other.pk).update(replaces=missing)


def test_the_new_order_can_have_fewer_copies_and_no_more(person, edition, now):
    missing = told(lose(person, edition, now, copies=5), now + ON_TIME)
    order = resend_missing_parcel(missing=missing, delivery=DELIVERY, by=None, now=now + ON_TIME)
    make_order(person, now + ON_TIME, {edition.leaflet: 10})
    elsewhere = replace(DELIVERY, postcode="LS2 8BB")
    Leaflet.objects.update(most_per_order=3, most_per_person=3, most_per_workplace=3)  # no limit is asked

    def change_to(copies: int) -> None:
        fresh, titles = lock_titles(order)
        wanted = OrderChange({edition.leaflet.pk: copies}, elsewhere, change_page_digest(titles, fresh.delivery))
        change_order(order=order, change=wanted, by=person.user, now=now + ON_TIME)

    with pytest.raises(ReplacesLostParcel):
        change_to(6)
    change_to(4)
    assert order.lines.get().allocated == 4


def test_it_is_exported_and_erased(person, edition, now):
    missing = told(lose(person, edition, now), now + ON_TIME, note="We moved", flagged=True)
    assert told_the_lead() == [(settings.SAFEGUARDING_LEAD_EMAIL, missing.parcel.order.reference)]
    assert export_orders(person)[0]["parcels"][0]["never_came"]["wrote"] == "Kept back: ask the safeguarding lead"
    FlaggedText.objects.update(decision=FlagDecision.NO_CHILD)
    assert export_orders(person)[0]["parcels"][0]["never_came"]["wrote"] == "We moved"
    erase_orders(person, now + ON_TIME)
    missing.refresh_from_db()
    assert (missing.state, missing.note, missing.reason) == (MissingState.CLOSED, "", "")


# Pages

DAYS_AGO = {"new": 1, "lost": 20, "old": 100}


@pytest.fixture
def moment():
    """When each parcel of these tests left, counted from the clock that the pages read."""
    return {name: timezone.now() - timedelta(days=days) for name, days in DAYS_AGO.items()}


def page(order: Order) -> str:
    return reverse("order_missing", args=[order.reference])


def read(client, address: str) -> str:
    return " ".join(client.get(address, follow=True).content.decode().split())


def test_the_owner_reads_when_tells_us_and_is_told_what_became_of_it(client, person, edition, moment):
    sign_in(client, person)
    new, lost, old = (lose(person, edition, moment[name], copies=2).order for name in DAYS_AGO)
    assert "you can tell us on this page from then on" in read(client, new.get_absolute_url())
    assert "If it has not come, call us" in read(client, old.get_absolute_url())
    assert "from 7 working days until 90 days" in read(client, page(new))
    assert page(lost) in read(client, lost.get_absolute_url())
    shown = read(client, page(lost))
    for text in ("2 copies of “One”", "1 Park Row", "RM 1", "Ask your post room"):
        assert text in shown
    assert MissingParcel.objects.count() == 0  # looking tells nothing
    [parcel] = lost.dispatches.all()
    typed = {"parcel": parcel.pk, "note": "Amy Smith, born 3/4/2015"}
    assert "This looks like details of a child" in client.post(page(lost), typed).content.decode()
    answer = client.post(page(lost), {**typed, "note": "We moved"}, follow=True)
    assert said(answer) == ["Thank you for telling us. We will look into it and email you our answer."]
    assert "that it never came. We will look into it" in answer.content.decode()
    again = client.post(page(lost), {**typed, "note": "We moved"}, follow=True)
    assert said(again) == ["You have already told us about this parcel. We will look into it and email you our answer."]
    resend_missing_parcel(missing=parcel.missing, delivery=DELIVERY, by=None, now=timezone.now())
    replacement = Order.objects.get(replaces__isnull=False)
    assert replacement.get_absolute_url() in read(client, lost.get_absolute_url())
    assert lost.get_absolute_url() in read(client, replacement.get_absolute_url())
    client.logout()
    sign_in(client, make_person())
    assert client.get(page(lost)).status_code == client.post(page(lost), typed).status_code == 404


def test_of_several_parcels_one_is_chosen_and_the_history_names_each(client, person, edition, moment):
    sign_in(client, person)
    order = make_order(person, moment["lost"], {edition.leaflet: 30}, will_wait_for=[edition.leaflet])
    for hours, number in enumerate(("RM 1", "RM 2")):
        left = moment["lost"] + timedelta(hours=hours)
        start_packing(order=order, by=None, now=left)
        dispatch_order(order=order, by=None, now=left, tracking_number=number)
        receive_stock(edition=edition, copies=10, by=None, now=left)
        order.refresh_from_db()
    first, second = order.dispatches.all()
    assert "20 copies of “One”" in (shown := read(client, page(order)))
    assert shown.count('type="radio"') == 2
    assert "Choose the parcel that never came." in client.post(page(order), {}).content.decode()
    client.post(page(order), {"parcel": second.pk})
    assert [row.parcel for row in MissingParcel.objects.all()] == [second]
    # A page of before that still offers it says that we know.
    assert said(client.post(page(order), {"parcel": second.pk}, follow=True))[-1].startswith("You have already told us")
    close_missing_report(missing=second.missing, by=None, now=timezone.now(), reason="It is in your post room.")
    shown = client.get(order.get_absolute_url())
    assert "will not send it again. It is in your post room." in shown.content.decode()
    assert [step["what"] for step in shown.context["history"]] == [
        "Order received",
        "Packing started",
        "Part of it dispatched, tracking number RM 1",
        "Copies came in for it",
        "Packing started",
        "Dispatched, tracking number RM 2",
        "Told us that a parcel never came",
        "Looked into and not sent again",
    ]
    assert client.post(page(order), {"parcel": first.pk}, follow=True).status_code == 200
    assert MissingParcel.objects.count() == 2


def test_the_pages_take_as_many_statements_for_many_parcels_as_for_one(client, person, now, moment):
    sign_in(client, person)
    edition = make_edition(now, stock=10)
    order = make_order(person, moment["lost"], {edition.leaflet: 60}, will_wait_for=[edition.leaflet])
    counts = []
    for hours in range(3):
        left = moment["lost"] + timedelta(hours=hours)
        start_packing(order=order, by=None, now=left)
        dispatch_order(order=order, by=None, now=left)
        receive_stock(edition=edition, copies=10, by=None, now=left)
        order.refresh_from_db()
        counts.append(tuple(len(statements(lambda to=to: client.get(to))) for to in (order.get_absolute_url(), page(order))))
    assert len(set(counts)) == 1
    assert max(counts[0]) <= 12


def test_staff_see_it_and_send_it_again_to_a_corrected_address_or_close_it(client, person, edition, moment):
    parcels = [lose(person, edition, moment["lost"], copies=2) for _ in range(2)]
    first, second = (told(parcel, timezone.now(), note="We moved") for parcel in parcels)
    sign_in_staff(client, make_staff())
    assert "parcels that never came" in read(client, "/staff/")
    rows = read(client, "/staff/leaflets/missingparcel/?state__exact=open")
    assert rows.index(first.parcel.order.reference) < rows.index(second.parcel.order.reference)
    assert "We moved" in read(client, change("missingparcel", first))
    asked = client.get(f"{change('missingparcel', first).removesuffix('change/')}do/send-again/").content.decode()
    assert 'value="1 Park Row"' in asked
    typed = {**asdict(DELIVERY), "address_line_1": "9 Elland Road"}
    refused = act(client, "missingparcel", first, "send-again", **{**typed, "town": ""})
    assert "Enter the town or city." in refused.content.decode()
    answer = act(client, "missingparcel", first, "send-again", **typed)
    assert said(answer) == ["We have placed a new order for it. The person will get an email."]
    order = Order.objects.get(replaces=first)
    assert order.address_line_1 == "9 Elland Road"
    assert order.reference in read(client, change("missingparcel", first))
    assert order.reference in read(client, change("order", first.parcel.order))
    assert first.parcel.order.reference in read(client, change("order", order))
    assert "Write why" in act(client, "missingparcel", second, "close", reason="").content.decode()
    act(client, "missingparcel", second, "close", reason="Your reception signed for it.")
    second.refresh_from_db()
    assert (second.state, second.reason) == (MissingState.CLOSED, "Your reception signed for it.")
    # A colleague who still has the page open is told.
    assert Order.objects.filter(replaces__isnull=False).count() == 1
    act(client, "missingparcel", second, "send-again", **typed)
    assert Order.objects.filter(replaces__isnull=False).count() == 1
