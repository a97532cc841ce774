"""Bookings as a spreadsheet."""

from collections.abc import Iterator, Sequence

from django.utils.translation import gettext_lazy as _

from bookings.models import Booking
from ctac.dates import UK, uk_day
from ctac.staff.spreadsheets import Cell, Heading
from professionals.areas import authority_called
from professionals.exports import ExportMixin, batches
from professionals.models import Profession


class BookingExportMixin(ExportMixin):
    export_permission = "bookings.export_bookings"
    export_refusal = _("No booking here, so there is nothing to export.")
    # Neither phone numbers nor what people wrote: a list is for counting and planning, and the booking's page has both.
    export_headings = (
        Heading(_("Reference"), 13),
        Heading(_("State"), 12),
        Heading(_("Day"), 12),
        Heading(_("Starts"), 9),
        Heading(_("Ends"), 9),
        Heading(_("Presentation"), 34),
        Heading(_("Where"), 12),
        Heading(_("Presenter"), 22),
        Heading(_("Person"), 22),
        Heading(_("Organisation"), 28),
        Heading(_("Town or city"), 16),
        Heading(_("Postcode"), 10),
        Heading(_("Local authority"), 22),
        Heading(_("Nation"), 16),
        Heading(_("Who is coming"), 22),
        Heading(_("People expected"), 12),
        Heading(_("People who came"), 12),
        Heading(_("Came by"), 9),
        Heading(_("Booked on"), 12),
    )

    def export_rows(self, keys: Sequence[int]) -> Iterator[list[Cell]]:
        joined = Booking.objects.select_related("presentation", "presenter", "person__organisation", "attendance").order_by()
        for batch in batches(keys):
            found = joined.filter(pk__in=batch).in_bulk()
            yield from (self._row(found[key]) for key in batch if key in found)

    def _row(self, booking: Booking) -> list[Cell]:
        start, end = booking.agreed if booking.has_time else (None, None)
        authority = authority_called(booking.local_authority)
        attendance = getattr(booking, "attendance", None)
        return [
            booking.reference,
            booking.get_state_display(),
            uk_day(start) if start else None,
            f"{start.astimezone(UK):%H:%M}" if start and not booking.has_only_a_day else None,
            f"{end.astimezone(UK):%H:%M}" if end and not booking.has_only_a_day else None,
            booking.presentation.title,
            booking.get_format_display(),
            booking.presenter.name if booking.presenter else None,
            booking.person.name,
            booking.person.organisation.name if booking.person.organisation else None,
            booking.town,
            booking.postcode,
            str(authority.name) if authority else None,
            booking.get_nation_display(),
            str(Profession(booking.audience_profession).label) if booking.audience_profession else None,
            booking.audience_size,
            attendance.people if attendance else None,
            booking.get_channel_display(),
            uk_day(booking.created_at),
        ]
