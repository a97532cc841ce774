"""Bookings that exist only to be shown in emails: nothing of them is stored."""

from datetime import UTC, datetime, timedelta
from typing import Any

from bookings.models import (
    Booking,
    Brought,
    Channel,
    Format,
    Nation,
    Presentation,
    Presenter,
    State,
    Visit,
)
from leaflets.orders.emails import sample_order as an_order
from notifications.samples import NAMES, NOW, PRESENTER, READER
from professionals.models import Organisation, Person, Profession

STARTS = datetime(2027, 3, 9, 13, 30, tzinfo=UTC)
LONGEST_TITLE = "Spotting the signs of child trafficking when a family moves often, and what to write down before the next visit"
LONGEST_ORGANISATION = (
    "Cambridgeshire and Peterborough Safeguarding Children Partnership, Community Paediatrics and Health Visiting Service"
)
LONGEST_EMAIL = "maximiliana.featherstonehaugh-cholmondeley@safeguarding.cambridgeshireandpeterborough.nhs.uk"
NO_TIME: dict[str, Any] = {"state": State.REQUESTED, "starts_at": None, "ends_at": None, "presenter": None}
ONLINE: dict[str, Any] = {
    "format": Format.ONLINE,
    "address_line_1": "",
    "address_line_2": "",
    "town": "",
    "postcode": "",
    "room": "",
}


def sample_booking(**fields: Any) -> Booking:
    defaults = {
        "pk": 1,
        "reference": "BK-7Q4M-2F",
        "person": sample_person(),
        "presentation": Presentation(pk=1, slug="signs", title="Spotting the signs of child trafficking", length_minutes=90),
        "presenter": sample_presenter(),
        "state": State.CONFIRMED,
        "format": Format.WORKPLACE,
        "starts_at": STARTS,
        "ends_at": STARTS + timedelta(minutes=90),
        "address_line_1": "St James Health Centre",
        "address_line_2": "1 Park Row",
        "town": "Leeds",
        "postcode": "LS1 4AP",
        "room": "Room 2.14. Ring at the side door; parking is behind the building.",
        "audience_size": 24,
        "audience_profession": Profession.HEALTH_VISITOR,
        "contact_name": "Jo Green",
        "contact_phone": "0113 496 0001",
        "access_needs": "One of us uses a wheelchair.",
        "notes": "Half of the team is new to this work.",
        "channel": Channel.WEB,
        "ical_uid": "sample@ctac.example",
        "created_at": NOW,
    }
    beside = [fields.pop(name) for name in ("visit", "brought") if name in fields]
    made = Booking(**{**defaults, **fields})
    Booking._meta.get_field("brought").set_cached_value(made, None)  # so that nothing is asked of the database
    for there in beside:
        there.booking = made  # which makes it booking.visit too
    return made


def sample_brought(**fields: Any) -> Brought:
    """The order of a visit's leaflets, of one of which there were too few."""
    title = "Child trafficking is child abuse"
    order = an_order(brought_with="BK-7Q4M-2F", **fields)
    return Brought(pk=1, order=order, missing=[{"slug": "all-professionals", "title": title, "copies": 5}])


def sample_visit(**fields: Any) -> Visit:
    return Visit(**{"presenter": sample_presenter(), **fields})


def sample_person(**fields: Any) -> Person:
    defaults = {
        "name": NAMES[READER],
        "email": READER,
        "phone": "0113 496 0123",
        "profession": Profession.HEALTH_VISITOR,
        "organisation": Organisation(pk=1, name="Leeds Community Healthcare"),
    }
    return Person(pk=1, **{**defaults, **fields})


def sample_presenter(**fields: Any) -> Presenter:
    defaults = {
        "name": NAMES[PRESENTER],
        "email": PRESENTER,
        "phone": "0113 496 0002",
        "nation": Nation.ENGLAND,
        "joining_link": "https://meet.example/ctac-1",
    }
    return Presenter(pk=1, **{**defaults, **fields})


def longest_fields() -> dict[str, Any]:
    """As long as people's names, employers and addresses are in earnest, and a little longer."""
    organisation = Organisation(pk=1, name=LONGEST_ORGANISATION)
    name = "Dr Maximiliana Wilhelmina Featherstonehaugh-Cholmondeley"
    return {
        "person": sample_person(name=name, email=LONGEST_EMAIL, organisation=organisation, profession=Profession.EMERGENCY_CARE),
        "presenter": sample_presenter(name="Oluwaseun Adebayo-Fitzwilliam Okonkwo-Ramsbottom"),
        "presentation": Presentation(pk=1, slug="signs", title=LONGEST_TITLE, length_minutes=90),
        "address_line_1": LONGEST_ORGANISATION,
        "address_line_2": "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch House, Unit 14b",
        "contact_name": name,
        "notes": "We would like most of the time for questions. " * 6,
    }
