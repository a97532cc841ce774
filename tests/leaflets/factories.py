"""A small catalogue with stock, and orders in it."""

import itertools
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime, timedelta
from functools import cache
from io import BytesIO
from typing import Any

import pypdfium2
from django.db import models, transaction

from accounts.models import User
from audit.models import Export
from core.models import random_reference
from leaflets.catalogue.services import add_edition
from leaflets.dispatch.queries import PackingChoice
from leaflets.dispatch.services import start_session
from leaflets.models import (
    Advice,
    Delivery,
    Edition,
    Leaflet,
    MissingParcel,
    MovementKind,
    Order,
    OrderLine,
    PackingSession,
    RecallReplacement,
    SheetImport,
)
from leaflets.orders.services.create import keep_address, place_order
from leaflets.orders.services.transitions import dispatch_order, start_packing
from leaflets.recalls.services import RecallRequest, recall_edition
from leaflets.stock.services import lock_editions, movement_for_line, receive_stock, record_movements
from leaflets.stock.stock_takes import start_stock_take
from professionals.models import Person

_number = itertools.count(1)
DELIVERY = Delivery(
    name="Sam Taylor",
    attention="The duty desk",
    organisation_name="Leeds Health Visiting",
    address_line_1="1 Park Row",
    town="Leeds",
    postcode="LS1 4AP",
)


def make_leaflet(slug: str = "", **fields: Any) -> Leaflet:
    number = next(_number)
    defaults: dict[str, Any] = {
        "title": f"Leaflet {number}",
        "for_whom": "every professional",
        "summary": "What to look for.",
        "introduction": "One.\nTwo.",
        "situations": "At school.\nAt home.",
        "signs": "A sign.",
        "what_to_do": "Call 999.",
        "most_per_order": 100,
        "most_per_person": 10_000,
        "most_per_workplace": 100_000,
        "position": number,
    }
    return Leaflet.objects.create(slug=slug or f"leaflet-{number}", **{**defaults, **fields})


@cache
def empty_pages() -> bytes:
    """Two of A4, as a PDF."""
    document, content = pypdfium2.PdfDocument.new(), BytesIO()
    for _page in range(2):
        document.new_page(595.28, 841.89)
    document.save(content)
    document.close()
    return content.getvalue()


def pdf_of(label: str) -> bytes:
    """A real PDF, the same for all leaflets: laying out what one says would take longer than the rows do."""
    return empty_pages() + f"% {label}\n".encode()


def make_edition(
    now: datetime, *, stock: int = 50, leaflet: Leaflet | None = None, label: str = "March 2026", **fields: Any
) -> Edition:
    """The current edition of a leaflet, with a real PDF and stock that the ledger knows of."""
    leaflet = leaflet or make_leaflet(**fields)
    content = pdf_of(label)
    dates = {"published_on": date(2026, 3, 2), "review_on": date(2028, 3, 1)}
    edition = add_edition(leaflet=leaflet, label=label, content=content, now=now, **dates)
    if stock:
        receive_stock(edition=edition, copies=stock, by=None, now=now)
    return Edition.objects.get(pk=edition.pk)


def make_order(
    person: Person, now: datetime, basket: dict[Leaflet, int] | None = None, *, by: User | None = None, **fields: Any
) -> Order:
    basket = basket or {make_edition(now).leaflet: 5}
    of_service = ("override_reason", "will_wait_for", "flagged")
    asked = {name: fields.pop(name) for name in of_service if name in fields}
    return place_order(order=unsaved_order(person, **fields), basket=basket, by=by, now=now, **asked)


def unsaved_order(
    person: Person, *, delivery: Delivery = DELIVERY, token: str | None = None, digest: str = "", **columns: Any
) -> Order:
    """As the website and staff hand it to the service."""
    return Order(person=person, submission_token=token, submission_digest=digest, **vars(delivery), **columns)


@transaction.atomic
def make_many_orders(many: int, editions: Sequence[Edition], now: datetime, *, email: str = "", **address: str) -> list[Order]:
    """As placed, a minute apart, every third of two titles. `email` has a place for a number, or is not given."""
    people = Person.objects.bulk_create(
        Person(name=f"Sam Taylor {n}", email=email.format(n) if email else "", phone="0113 496 0000", profession="teacher")
        for n in range(many)
    )
    to = {**asdict(DELIVERY), **address}
    orders = Order.objects.bulk_create(
        Order(person=person, reference=random_reference("LO"), created_at=now + timedelta(minutes=n), **to)
        for n, person in enumerate(people)
    )
    titles = [2 if n % 3 == 0 and len(editions) > 1 else 1 for n in range(many)]
    wanted = [(order, editions[(n + more) % len(editions)]) for n, order in enumerate(orders) for more in range(titles[n])]
    lines = OrderLine.objects.bulk_create(OrderLine(order=o, edition=e, copies=5, allocated=5) for o, e in wanted)
    lock_editions([edition.pk for edition in editions])
    record_movements([movement_for_line(line, MovementKind.ALLOCATED, 5) for line in lines], by=None, now=now)
    return orders


def make_session(owner: Person, now: datetime) -> PackingSession:
    """An open one, with an order of its own."""
    make_order(owner, now - timedelta(days=1))
    return start_session(choice=PackingChoice(most=1), by=None, now=now)


def make_world(owner: Person, now: datetime) -> dict[str, models.Model]:
    """One of each, by 'app_model', for the matrix of routes and people."""
    order = make_order(owner, now)
    line = order.lines.get()
    lost = make_order(owner, now)
    start_packing(order=lost, by=None, now=now)
    parcel = dispatch_order(order=lost, by=None, now=now)
    wrong = RecallRequest(why="The number is wrong.", advice=Advice.RECYCLE, instead=RecallReplacement.CANCEL)
    return {
        "leaflets_recall": recall_edition(edition=make_edition(now), request=wrong, by=None, now=now),
        "leaflets_missingparcel": MissingParcel.objects.create(parcel=parcel, reported_at=now),
        "audit_export": Export.objects.create(of="leaflets.order", at=now, form="csv", rows=1, lines=1),
        "leaflets_sheetimport": SheetImport.objects.create(kind="stock", rows=[], uploaded_at=now),
        "address": keep_address(person=owner, delivery=DELIVERY),
        "leaflets_leaflet": line.edition.leaflet,
        "leaflets_edition": line.edition,
        "leaflets_order": order,
        "leaflets_packingsession": make_session(owner, now),
        "leaflets_stocktake": start_stock_take(editions=[line.edition], by=None, now=now),
        "leaflets_stockmovement": line.movements.get(),
    }
