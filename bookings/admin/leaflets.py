"""How staff read the leaflets of a visit: on the booking's page, and on the page of their order when they are needed."""

from django.db.models import OuterRef, Subquery
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from bookings import leaflet_words
from bookings.models import Booking
from leaflets.visits import Visits, tell_of_visits


def leaflets_in_words(booking: Booking) -> SafeString | str:
    """What is to be brought, how far that order is, and what was not there; empty if nothing was asked for."""
    brought = leaflet_words.brought_of(booking)
    if brought is None:
        return ""
    missing = ", ".join(f"{each.copies} × {each.title}" for each in brought.not_there)
    short = _("Not there when it was booked: %(what)s") % {"what": missing} if missing else ""
    if brought.order is None:
        return short
    order = brought.order
    return format_html(
        '{}\n<a href="{}">{}</a> ({})\n{}',
        leaflet_words.contents(order),
        reverse("staff:leaflets_order_change", args=[order.pk]),
        order.reference,
        order.state_in_words,
        short,
    )


def visit_in_words(reference: str) -> SafeString | str:
    """For the page of an order that is brought: where, when and by whom."""
    booking = Booking.objects.with_names().filter(reference=reference).first()
    if booking is None:
        return ""
    presenter = booking.presenter.name if booking.presenter else _("no presenter yet")
    url = reverse("staff:bookings_booking_change", args=[booking.pk])
    return format_html('<a href="{}">{}</a>, {}, {}', url, reference, presenter, booking.when)


def start_of_visit() -> Subquery:
    """Of the order in whose query it stands; NULL if no time is agreed, or if it is sent by post."""
    return Subquery(Booking.objects.filter(reference=OuterRef("brought_with")).order_by().values("starts_at"))


tell_of_visits(Visits(visit_in_words, start_of_visit))
