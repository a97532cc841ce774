"""Objects to draw with. None is saved, none is read from the database, so the pages look the same on every copy."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.contrib import messages
from django.contrib.messages.storage.base import Message
from django.utils.text import slugify
from django.utils.translation import gettext as _

from bookings.models import Booking, Format, Presentation, State
from bookings.views.times import Kept, Week
from leaflets.forms import AddForm
from leaflets.models import Edition, Leaflet, Order, OrderState
from notifications.models import State as MessageState
from professionals.models import Person, Profession

START = datetime(2027, 3, 9, 13, 30, tzinfo=UTC)
REFERENCE = "BK-7Q4M-2F"
EMAIL = "meera.shah@leeds.example.nhs.uk"
LONGEST_TITLE = "Recognising and responding to the trafficking and exploitation of children cared for away from their families"
SUMMARY = "How children are trafficked, the signs that you may see in your work, and what to do with a concern."
# Each as the product shows it to staff; professionals never read these, so no tag of theirs has a shape of its own.
MESSAGE_KINDS = {
    MessageState.PENDING: "waiting",
    MessageState.SENDING: "waiting",
    MessageState.SENT: "done",
    MessageState.FAILED: "stopped",
    MessageState.EXPIRED: "stopped",
}


def presentation(title: str = "Child trafficking: what to see, what to do", audience: str = "Health visitors") -> Presentation:
    return Presentation(
        slug=slugify(title)[:60],
        title=title,
        audience=audience,
        summary=SUMMARY,
        length_minutes=90,
        formats=[Format.WORKPLACE, Format.ONLINE],
    )


def booking(state: str = State.CONFIRMED, title: str = "Child trafficking: what to see, what to do") -> Booking:
    return Booking(
        reference=REFERENCE,
        state=state,
        presentation=presentation(title),
        person=Person(email=EMAIL),
        starts_at=START,
        ends_at=START + timedelta(minutes=90),
        format=Format.WORKPLACE,
        address_line_1="St George’s Centre",
        address_line_2="60 Great George Street",
        town="Leeds",
        postcode="LS1 3DL",
        audience_size=24,
        audience_profession=Profession.HEALTH_VISITOR,
        contact_name="Meera Shah",
        contact_phone="0113 496 0000",
    )


def leaflet(title: str = "Child trafficking is child abuse", *, on_hand: int = 400, pages: int = 2) -> Leaflet:
    """`on_hand=0` is out of stock; `pages=0` has no edition yet."""
    made = Leaflet(slug=f"sample-{on_hand}-{pages}", title=title, for_whom="health visitors", summary=SUMMARY)
    made.current_editions = [Edition(leaflet=made, pages=pages, size=61_440, on_hand=on_hand)] if pages else []
    return made


def order(state: OrderState) -> dict[str, Any]:
    """As a template reads an order; a real one would read its lines from the database."""
    return {
        "reference": "LF-3K9D-7M",
        "summary": "25 copies of “Child trafficking is child abuse”",
        "created_at": START - timedelta(days=12),
        "get_state_display": state.label,
        "state_kind": Order(state=state).state_kind,
    }


def state_tags() -> list[dict[str, Any]]:
    """Every state that somebody may read, by what it is the state of."""
    return [
        {"name": _("A booking"), "tags": [(state.label, Booking(state=state).state_kind) for state in State]},
        {"name": _("An order"), "tags": [(state.label, Order(state=state).state_kind) for state in OrderState]},
        {"name": _("A message"), "tags": [(state.label, MESSAGE_KINDS[state]) for state in MessageState]},
    ]


def notices() -> list[Message]:
    return [
        Message(messages.SUCCESS, "Your details are saved."),
        Message(messages.INFO, "You are signed in as meera.shah@leeds.example.nhs.uk."),
        Message(messages.WARNING, "“BK-7Q4M-2F” has changed meanwhile, so this can no longer be done."),
        Message(messages.ERROR, "That code is not right, or older than 15 minutes. Ask for a new one."),
    ]


def steps() -> list[dict[str, str]]:
    return [
        {"when": "Within a few minutes", "what": f"You get an email with all of this at {EMAIL}."},
        {"when": "Monday 8 March 2027, 9am", "what": "We send you a reminder."},
        {"when": "Tuesday 9 March 2027, 1:30pm", "what": "Our presenter asks for Meera Shah at reception."},
    ]


def week() -> Week:
    return Week(date(2027, 3, 8), "Week of Monday 8 March 2027", "2027-03-01", "2027-03-15")


def kept() -> Kept:
    return Kept(booking().when, "10:15am")


def cards(*leaflets: Leaflet) -> list[tuple[Leaflet, AddForm]]:
    return [(each, AddForm(leaflet=each)) for each in leaflets]
