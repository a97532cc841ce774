"""Pages and states that are hard to reach, such as those of errors, drawn by their real templates."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from bookings import text
from bookings.models import Booking, State
from ctac.pages import HistoryPage
from ctac.styleguide import samples
from leaflets.catalogue.views import Card, review_text
from leaflets.models import OrderState


@dataclass(frozen=True)
class SamplePage:
    slug: str
    title: str | Promise
    template: str
    context: Callable[[], dict[str, Any]] = dict

    def get_absolute_url(self) -> str:
        return reverse(f"styleguide_page_{self.slug}")


ERROR = {"reference": "1A2B3C4D"}
LONGEST_AUDIENCE = "Designated and named professionals, reviewing officers, carers and everyone else who works with children"
CLOSED_REASON = "Nobody of us can be in Leeds that week. Please try June."


def requested_booking() -> dict[str, Any]:
    booking = samples.booking(State.REQUESTED)
    steps = samples.next_steps(booking)
    return {"booking": booking, "facts": text.facts_to_print(booking), "next_steps": steps, "may_cancel": True}


def own_booking(booking: Booking) -> dict[str, Any]:
    facts = {"facts": text.facts_without_title(booking), "details": text.details_rows(booking), "history": samples.history()}
    return {"booking": booking, "has_calendar": booking.is_open, "may_cancel": booking.is_open, **facts}


def every_leaflet() -> dict[str, Any]:
    return {
        "shelf": samples.shelf(
            samples.leaflet(samples.LONGEST_TITLE),
            samples.leaflet("Few copies are left", on_hand=7),
            samples.leaflet("Out of stock", on_hand=0, pages=1),
            samples.leaflet("No edition yet", pages=0),
        ),
        "in_basket": 1,
    }


def withdrawn_leaflet() -> dict[str, Any]:
    return {"leaflet": samples.leaflet(pages=0), "before": samples.withdrawn()}


def translated_leaflet() -> dict[str, Any]:
    leaflet = samples.translation()
    edition = leaflet.current_edition
    versions = [samples.leaflet(), samples.translation()]
    return {
        "leaflet": leaflet,
        "edition": edition,
        "standing": review_text(edition, date(2027, 3, 9)) if edition else "",
        "before": samples.withdrawn(),
        "versions": versions,
        "box": Card(leaflet, (), date(2027, 3, 9)).box,
    }


def every_state() -> dict[str, Any]:
    bookings, orders = [samples.booking(state) for state in State], [samples.order(state) for state in OrderState]
    bookings += [samples.booking(presenter=None), samples.booking(title=samples.LONGEST_TITLE)]
    return {
        "begun": {"title": samples.presentation().title, "url": reverse("presentations")},
        "in_basket": 25,
        "coming_up": [booking for booking in bookings if booking.is_open],
        "on_their_way": [order for order in orders if order["is_open"]],
        "past_bookings": second_page([booking for booking in bookings if not booking.is_open], "bookings"),
        "past_orders": second_page([order for order in orders if not order["is_open"]], "orders"),
    }


def second_page(rows: list[Any], name: str) -> HistoryPage:
    """Of three."""
    return HistoryPage(rows=rows, number=2, newer="?", older=f"?{name}=3", newest="")


SAMPLE_PAGES = (
    SamplePage("400", _("A request that can’t be read (400)"), "errors/400.html", lambda: ERROR),
    SamplePage("403", _("Not for this person (403)"), "errors/403.html", lambda: ERROR),
    SamplePage("csrf", _("A form that stood open too long (403)"), "errors/csrf.html", lambda: ERROR),
    SamplePage("404", _("No such page (404)"), "errors/404.html", lambda: ERROR),
    SamplePage("429", _("Too many tries (429)"), "errors/429.html", lambda: ERROR),
    SamplePage("500", _("Something went wrong (500)"), "errors/500.html", lambda: ERROR),
    SamplePage("no-presentations", _("No presentation is offered"), "bookings/booking/presentations.html"),
    SamplePage(
        "presentations",
        _("Presentations with the longest words"),
        "bookings/booking/presentations.html",
        lambda: {
            "presentations": [
                samples.presentation(samples.LONGEST_TITLE, LONGEST_AUDIENCE),
                samples.presentation("Signs"),
                samples.presentation(),
            ]
        },
    ),
    SamplePage(
        "nothing-free",
        _("Nothing is free for three months"),
        "bookings/booking/when.html",
        lambda: {"presentation": samples.presentation()},
    ),
    SamplePage("request", _("A booking that waits for our answer"), "bookings/booking/placed.html", requested_booking),
    SamplePage(
        "no-presenter",
        _("A booking whose presenter fell ill"),
        "bookings/booking/booking.html",
        lambda: own_booking(samples.booking(presenter=None)),
    ),
    SamplePage(
        "declined",
        _("A booking that we declined"),
        "bookings/booking/booking.html",
        lambda: own_booking(samples.booking(State.DECLINED, closed_reason=CLOSED_REASON)),
    ),
    SamplePage(
        "no-leaflets", _("No leaflet in the catalogue"), "leaflets/catalogue/leaflets.html", lambda: {"shelf": samples.shelf()}
    ),
    SamplePage("leaflets", _("Leaflets in every state of stock"), "leaflets/catalogue/leaflets.html", every_leaflet),
    SamplePage(
        "withdrawn", _("The PDF of an edition that was withdrawn"), "leaflets/catalogue/withdrawn.html", withdrawn_leaflet
    ),
    SamplePage(
        "withdrawn-leaflet", _("A leaflet whose edition was withdrawn"), "leaflets/catalogue/leaflet.html", withdrawn_leaflet
    ),
    SamplePage("translation", _("A leaflet in another language"), "leaflets/catalogue/leaflet.html", translated_leaflet),
    SamplePage("my-first-day", _("My bookings and orders before the first"), "my/index.html"),
    SamplePage("my-every-state", _("My bookings and orders in every state"), "my/index.html", every_state),
    SamplePage("account-inactive", _("A closed account"), "account/account_inactive.html"),
)
