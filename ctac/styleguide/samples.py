"""Objects to draw with. None is saved, none is read from the database, so the pages look the same on every copy."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.contrib import messages
from django.contrib.messages.storage.base import Message
from django.utils.text import slugify
from django.utils.translation import gettext as _

from bookings import text as bookings_text
from bookings.booking.views.book import HeldSlot
from bookings.models import Booking, BookingState, Format, Presentation, Presenter
from bookings.schedule.availability import Slot
from bookings.schedule.forms import WhenForm, slot_value
from bookings.schedule.picker import PartOfDay, Picker, PickerLink, PickerWeek, SlotChoice
from bookings.schedule.slots import SlotQuery
from leaflets.catalogue.queries import NO_FILTERS, SearchResult
from leaflets.catalogue.views import Card, CataloguePage
from leaflets.models import Edition, EditionState, Language, Leaflet, Order, OrderState, Paper
from notifications.models import NotificationState
from office.closures.models import Banner, BannerKind
from professionals.models import Person, Profession

START = datetime(2027, 3, 9, 13, 30, tzinfo=UTC)
REFERENCE = "BK-7Q4M-2F"
TITLE = "Child trafficking: what to see, what to do"
EMAIL = "meera.shah@leeds.example.nhs.uk"
LONG_TITLE = "Recognising and responding to the trafficking and exploitation of children cared for away from their families"
SUMMARY = "How children are trafficked, the signs that you may see in your work, and what to do with a concern."
OTHER_VERSIONS = (("sample-400-2", "Welsh"), ("sample-7-2", "Arabic"), ("sample-0-1", "Large print"))
PRESENTER = Presenter(pk=1, name="Ruth Adeyemi")
# Tags that only staff see.
MESSAGE_KINDS = {
    NotificationState.PENDING: "waiting",
    NotificationState.SENDING: "waiting",
    NotificationState.SENT: "done",
    NotificationState.FAILED: "stopped",
    NotificationState.EXPIRED: "stopped",
    NotificationState.GATHERED: "done",
}


def presentation(title: str = TITLE, audience: str = "Health visitors") -> Presentation:
    return Presentation(
        slug=slugify(title)[:60],
        title=title,
        audience=audience,
        summary=SUMMARY,
        length_minutes=90,
        formats=[Format.WORKPLACE, Format.ONLINE],
    )


def booking(
    state: str = BookingState.CONFIRMED, title: str = TITLE, *, presenter: Presenter | None = PRESENTER, closed_reason: str = ""
) -> Booking:
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
        presenter=presenter,
        closed_reason=closed_reason,
    )


def history() -> list[bookings_text.Step]:
    return [
        bookings_text.Step("Monday 1 February 2027, 4:10pm", "You booked it."),
        bookings_text.Step("Tuesday 2 February 2027, 9:05am", "We confirmed it."),
    ]


def leaflet(title: str = "Child trafficking is child abuse", *, on_hand: int = 400, pages: int = 2) -> Leaflet:
    """A leaflet. With `on_hand=0` it is out of stock, with `pages=0` it has no edition yet."""
    sample = Leaflet(slug=f"sample-{on_hand}-{pages}", title=title, for_whom="health visitors", summary=SUMMARY)
    dates = {"label": "March 2026", "published_on": date(2026, 3, 2), "review_on": date(2029, 3, 1)}
    file = {"pages": pages, "size": 61_440, "paper": Paper.A5}
    sample.current_editions = [Edition(leaflet=sample, on_hand=on_hand, **file, **dates)] if pages else []
    return sample


def withdrawn_edition() -> Edition:
    """A withdrawn edition, with a title to use instead."""
    return Edition(
        leaflet=leaflet(),
        label="March 2026",
        state=EditionState.WITHDRAWN,
        use_instead=leaflet(LONG_TITLE),
        withdrawn_on=date(2027, 3, 9),
        withdrawn_why="The phone number on page 2 is wrong.",
    )


def translation() -> Leaflet:
    """A leaflet written from right to left."""
    sample = leaflet(f"{leaflet().title} (Arabic)")
    sample.language, sample.own_title, sample.introduction = Language.ARABIC, "الاتجار بالأطفال إساءة للأطفال", "الاتجار بالأطفال"
    sample.situations, sample.signs, sample.what_to_do = "في المدرسة", "الطفل خائف", "اتصل بالرقم 999"
    return sample


def order(state: OrderState) -> dict[str, Any]:
    """An order as a template reads it. A real one would read its lines from the database."""
    return {
        "reference": "LF-3K9D-7M",
        "summary": "25 copies of “Child trafficking is child abuse”",
        "created_at": START - timedelta(days=12),
        **{name: getattr(Order(state=state), name) for name in ("state_text", "status_colour", "is_open", "owner_may_cancel")},
    }


def state_tags() -> list[dict[str, Any]]:
    """Every state that somebody may read, by the kind of object."""
    return [
        {"name": _("A booking"), "tags": [(state.label, Booking(state=state).status_colour) for state in BookingState]},
        {"name": _("An order"), "tags": [(state.label, Order(state=state).status_colour) for state in OrderState]},
        {"name": _("A message"), "tags": [(state.label, MESSAGE_KINDS[state]) for state in NotificationState]},
    ]


def notices() -> list[Message]:
    return [
        Message(messages.SUCCESS, "Your details are saved."),
        Message(messages.INFO, "You are signed in as meera.shah@leeds.example.nhs.uk."),
        Message(messages.WARNING, "Somebody has changed “BK-7Q4M-2F” since you opened the page, so this is no longer possible."),
        Message(messages.ERROR, "That code is not right, or older than 10 minutes. Ask for a new one."),
    ]


def next_steps(booking: Booking) -> list[bookings_text.Step]:
    return bookings_text.booking_next_steps(booking, START - timedelta(days=20), reminds=True) if booking.is_open else []


def banner() -> Banner:
    text = "Our phones don’t work this morning. Please email us, or call 999 if a child is in danger."
    in_welsh = "Nid yw ein ffonau’n gweithio y bore yma. Anfonwch e-bost atom, neu ffoniwch 999 os yw plentyn mewn perygl."
    return Banner(kind=BannerKind.URGENT, text=text, text_cy=in_welsh, link="https://www.example.com/")


def picker() -> Picker:
    """A week with times to choose from, as the booking step shows it."""
    form = WhenForm(days=days_with_slots(), initial={"start": slot_value(START)})
    week = PickerWeek(date(2027, 3, 8), "Week of Monday 8 March 2027", "?week=2027-03-01", "?week=2027-03-15")
    parts = [PickerLink(part.label, f"?part={part}", part == PartOfDay.ANY) for part in PartOfDay]
    return Picker(
        SlotQuery(presentation(), Format.WORKPLACE, None),
        form,
        days_with_slots(),
        week,
        "",
        parts,
        SlotChoice("Tuesday 9 March 2027, 9am to 10:30am", slot_value(START)),
    )


def days_with_slots() -> list[tuple[date, list[Slot]]]:
    """Two days with free times, as on the booking page."""
    found = []
    for day, hours in ((9, (9, 10, 12, 13, 15)), (10, (9, 13))):
        starts = [START.replace(day=day, hour=hour) for hour in hours]
        found.append((date(2027, 3, day), [Slot(start, start + timedelta(minutes=90)) for start in starts]))
    return found


def held_slot() -> HeldSlot:
    return HeldSlot(booking().when, "10:15am", 600, may_extend=True)


def catalogue_page(*leaflets: Leaflet) -> CataloguePage:
    """The catalogue with these leaflets."""
    cards = [Card(each, OTHER_VERSIONS if number == 0 else (), date(2027, 3, 9)) for number, each in enumerate(leaflets)]
    return CataloguePage(NO_FILTERS, SearchResult([]), len(cards), 1, cards)
