"""What a client can do about orders of leaflets and their stock, and about mail that staff send again."""

from dataclasses import replace
from datetime import timedelta

from leaflets.models import Dispatch, MissingParcel, Order
from leaflets.orders.services import change as services_change, create, create as missing_services, transitions
from leaflets.stock import services as stock_services
from notifications.delivery.services import sweep
from notifications.models import Notification
from notifications.outbox import resend
from tests.leaflets.factories import DELIVERY, unsaved_order
from tests.races.driver.client import Actor
from tests.races.driver.operations import polite, staff_action, went_on
from tests.races.driver.world import PLACES

LATER = timedelta(days=15)  # when a parcel that leaves now may be said to be lost
WEIGHTS = {
    "order_page": 40,
    "cancel_order_page": 15,
    "staff_order_page": 25,
    "place_order": 120,
    "wait_for_copies": 30,
    "ask_for_more": 25,
    "decide_on_more": 25,
    "change_order": 60,
    "change_order_page": 20,
    "cancel_order": 40,
    "start_packing": 60,
    "dispatch": 50,
    "evening": 40,
    "never_came": 25,
    "decide_on_missing": 25,
    "receive_stock": 20,
    "correct_stock": 15,
    "send_again": 20,
}


def order_page(actor: Actor) -> bool:
    page = actor.page_of(actor.person())
    with polite():
        for leaflet, copies in actor.basket().items():
            page.post_form(f"/leaflets/{leaflet.slug}/", **{f"{leaflet.slug}-copies": str(copies)})
        page.post_form("/order/delivery/", address_line_1="1 Broad Street", town="Kirkwall", postcode=PLACES[0])
        return went_on(page.send("/order/check/", page.get("/order/check/").form("token")), "/placed/")


def any_order(actor: Actor, **which: object) -> Order:
    rows = Order.objects.filter(person__in=actor.people)
    return actor.one_of((rows.filter(**which) if actor.chance.random() < 0.9 else rows).select_related("person__user"))


def cancel_order_page(actor: Actor) -> bool:
    order = any_order(actor, state="received")
    page, path = actor.page_of(order.person), f"/orders/{order.reference}/cancel/"
    with polite():
        return went_on(page.send(path, page.get(path).form("csrfmiddlewaretoken")))


def staff_order_page(actor: Actor) -> bool:
    slug = actor.chance.choice(["start-packing", "dispatch", "cancel"])
    order = any_order(actor, state="packing" if slug == "dispatch" else "received")
    typed = {"dispatch": {"tracking_number": "X1"}, "cancel": {"reason": "Twice"}}.get(slug, {})
    return staff_action(actor, f"/staff/leaflets/order/{order.pk}/do/{slug}/", typed)


def place_order(actor: Actor) -> None:
    person = actor.person()
    create.place_order(order=unsaved_order(person), basket=actor.basket(), by=person.user, now=actor.now)


def wait_for_copies(actor: Actor) -> None:
    person, basket = actor.person(), {leaflet: copies * 4 for leaflet, copies in actor.basket().items()}
    order = unsaved_order(person)
    create.place_order(order=order, basket=basket, will_wait_for=list(basket), by=person.user, now=actor.now)


def ask_for_more(actor: Actor) -> None:
    person, basket = actor.person(), {leaflet: copies * 5 for leaflet, copies in actor.basket().items()}
    order = unsaved_order(person, over_limit_reason="A whole ward")
    create.place_order(order=order, basket=basket, by=person.user, now=actor.now)


def decide_on_more(actor: Actor) -> None:
    order = any_order(actor, state="requested")
    if actor.chance.random() < 0.3:
        return transitions.decline_order(order=order, by=actor.staff(), now=actor.now, reason="None are left")
    granted = {line.pk: actor.chance.randint(0, line.backordered) for line in order.lines.all()}
    return transitions.approve_order(order=order, granted=granted, by=actor.staff(), now=actor.now)


def change_order(actor: Actor) -> None:
    """More, fewer or none of each title, now and then to another place; one in ten from a page that is too old."""
    order, chance = any_order(actor, state__in=["received", "waiting", "requested"]), actor.chance
    titles = services_change.ordered_titles(order.lines.in_catalogue_order(), {})
    shown = services_change.change_page_digest(titles, order.delivery) if chance.random() < 0.9 else "another"
    delivery = replace(order.delivery, postcode=chance.choice(PLACES)) if chance.random() < 0.3 else order.delivery
    copies = {title.leaflet.pk: chance.randint(0, title.copies + 5) for title in titles}
    waits = list(copies) if chance.random() < 0.5 else []
    change = services_change.OrderChange(copies, delivery, shown, will_wait_for=waits)
    services_change.change_order(order=order, change=change, by=chance.choice([order.person.user, actor.staff()]), now=actor.now)


def change_order_page(actor: Actor) -> bool:
    order = any_order(actor, state="received")
    page, path = actor.page_of(order.person), f"/orders/{order.reference}/change/"
    with polite():
        form = page.get(path).form("version")
        copies = {name: str(actor.chance.randint(0, 12)) for name in form.fields if name.startswith("copies-")}
        return went_on(page.send(path, form, **copies), f"/orders/{order.reference}/")


def cancel_order(actor: Actor) -> None:
    order = any_order(actor, state__in=["received", "waiting", "requested"])
    transitions.cancel_order(order=order, by=actor.chance.choice([order.person.user, actor.staff()]), now=actor.now)


def start_packing(actor: Actor) -> None:
    transitions.start_packing(order=any_order(actor, state="received"), by=actor.staff(), now=actor.now)


def dispatch(actor: Actor) -> None:
    transitions.dispatch_order(order=any_order(actor, state="packing"), by=actor.staff(), now=actor.now)


def never_came(actor: Actor) -> None:
    """As if three weeks had passed, so its emails are not due while the clients run."""
    parcels = Dispatch.objects.filter(order__person__in=actor.people).select_related("order__person__user")
    parcel = actor.one_of(parcels)
    missing_services.report_missing(parcel=parcel, by=parcel.order.person.user, now=actor.now + LATER)


def decide_on_missing(actor: Actor) -> None:
    reports = MissingParcel.objects.filter(parcel__order__person__in=actor.people)
    missing = actor.one_of(reports.select_related("parcel__order__person"))
    if actor.chance.random() < 0.5:
        return missing_services.close_missing_report(
            missing=missing, by=actor.staff(), now=actor.now + LATER, reason="It was there"
        )
    missing_services.resend_missing_parcel(missing=missing, delivery=DELIVERY, by=actor.staff(), now=actor.now + LATER)
    return None


def evening(actor: Actor) -> None:
    """The email about all that has left for somebody today is due now, whether or not more leaves at this moment."""
    rows = Notification.objects.filter(recipient__in=[person.email for person in actor.people], state="pending")
    digest = actor.one_of(rows.filter(kind="order-dispatched"))
    Notification.objects.filter(pk=digest.pk, state="pending").update(due_at=actor.now)
    sweep(now=actor.now)


def receive_stock(actor: Actor) -> None:
    copies = actor.chance.randint(10, 60)
    stock_services.receive_stock(edition=actor.edition(), copies=copies, by=actor.staff(), now=actor.now)


def correct_stock(actor: Actor) -> None:
    change = actor.chance.randint(-20, 10)
    stock_services.correct_stock(edition=actor.edition(), change=change, by=actor.staff(), now=actor.now, reason="Counted")


# Mail


def send_again(actor: Actor) -> None:
    rows = Notification.objects.filter(recipient__in=[person.email for person in actor.people], state="sent")
    resend(actor.one_of(rows), by=actor.staff(), now=actor.now)
