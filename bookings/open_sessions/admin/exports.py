"""Open sessions as a spreadsheet: who came is counted, nobody is named but the presenter."""

from collections.abc import Iterator, Sequence

from django.utils.translation import gettext_lazy as _

from bookings.models import OpenSession
from ctac.dates import UK, uk_day
from ctac.staff.spreadsheets import Cell, Heading
from professionals.exports import ExportMixin, batches


class SessionExportMixin(ExportMixin):
    export_permission = "bookings.export_sessions"
    export_refusal = _("No open session is in this list, so there is nothing to export.")
    export_headings = (
        Heading(_("Reference"), 13),
        Heading(_("State"), 12),
        Heading(_("Day"), 12),
        Heading(_("Starts"), 9),
        Heading(_("Ends"), 9),
        Heading(_("Presentation"), 34),
        Heading(_("Presenter"), 22),
        Heading(_("Series"), 22),
        Heading(_("Places"), 9),
        Heading(_("Places taken"), 12),
        Heading(_("Waiting"), 9),
        Heading(_("People who came"), 12),
        Heading(_("Planned on"), 12),
    )

    def export_rows(self, keys: Sequence[int]) -> Iterator[list[Cell]]:
        joined = OpenSession.objects.select_related("presentation", "presenter", "series", "attendance").order_by()
        for batch in batches(keys):
            found = joined.filter(pk__in=batch).in_bulk()
            yield from (self._row(found[key]) for key in batch if key in found)

    def _row(self, session: OpenSession) -> list[Cell]:
        attendance = getattr(session, "attendance", None)
        return [
            session.reference,
            session.get_state_display(),
            uk_day(session.starts_at),
            f"{session.starts_at.astimezone(UK):%H:%M}",
            f"{session.ends_at.astimezone(UK):%H:%M}",
            session.presentation.title,
            session.presenter.name if session.presenter else None,
            session.series.name if session.series else None,
            session.capacity,
            session.occupied,
            session.waiting,
            attendance.people if attendance else None,
            uk_day(session.created_at),
        ]
