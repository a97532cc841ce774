"""What a session prints. Each print is recorded, and can be made again.

A file is saved by the browser and not shown in place of the page, on which something may have been typed.
"""

from collections.abc import Callable, Sequence
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _

from ctac.staff_lists import short_moment
from ctac.uk import uk_day
from leaflets.models import Order, Outcome, PackingSession, Parcel, Printed, PrintRecord
from leaflets.packing_forms import LabelsForm
from leaflets.packing_page import going, parcels_of, picks_of_parcels
from leaflets.prints.courier import courier_csv
from leaflets.prints.inputs import CourierRow, Item, LabelSheet, Slip
from leaflets.prints.labels import address_labels
from leaflets.prints.picking import pick_list
from leaflets.prints.sheets import LABEL_SHEETS
from leaflets.prints.slips import packing_slips
from leaflets.services.packing.ending import copies_now
from leaflets.services.packing.sessions import record_print
from professionals.taking_out import too_many_sheets

# What has no address is neither labelled nor given to a courier.
OF_POSTED = frozenset({Printed.LABELS, Printed.COURIER})
# What can still be made when the parcels have left.
AFTERWARDS = OF_POSTED


def may_print(session: PackingSession, what: str) -> bool:
    if what not in Printed.values or (session.brought and what in OF_POSTED):
        return False
    return session.is_open or what in AFTERWARDS


def print_page(request: HttpRequest, session: PackingSession, back: str) -> HttpResponseBase:
    """The file, or back to the session with what is wrong. A courier's list counts with the spreadsheets that leave."""
    what = request.POST.get("what", "")
    parcels = to_print(session) if may_print(session, what) else []
    labels = LabelsForm(request.POST)
    if not labels.is_valid():
        messages.error(request, " ".join(str(error) for errors in labels.errors.values() for error in errors))
        return redirect(back)
    if not parcels:
        messages.warning(request, _("There is nothing to print: no parcel of this session goes just now."))
        return redirect(back)
    now = timezone.now()
    wait = too_many_sheets(request, now) if what == Printed.COURIER else None
    if wait is not None:
        return wait
    of_labels = what == Printed.LABELS
    record_print(
        session=session,
        what=Printed(what),
        parcels=len(parcels),
        by=request.user,  # type: ignore[arg-type]
        now=now,
        sheet=labels.label_sheet.key if of_labels else "",
        start=labels.start if of_labels else 1,
    )
    return MAKE[Printed(what)](session, parcels, labels)


def to_print(session: PackingSession) -> list[Parcel]:
    """What goes, or what has gone."""
    parcels = parcels_of(session)
    return going(parcels) if session.is_open else [parcel for parcel in parcels if parcel.outcome == Outcome.SENT]


def named(session: PackingSession, what: Printed, ending: str) -> str:
    return f"packing-{session.pk}-{what.value}.{ending}"


def pick_list_file(session: PackingSession, parcels: Sequence[Parcel], labels: LabelsForm) -> HttpResponseBase:
    made = pick_list(picks_of_parcels(parcels), heading=str(session), made_at=timezone.now())
    return FileResponse(made, as_attachment=True, filename=named(session, Printed.PICK_LIST, "pdf"))


def slips_file(session: PackingSession, parcels: Sequence[Parcel], labels: LabelsForm) -> HttpResponseBase:
    made = packing_slips((slip_of(parcel) for parcel in parcels), made_at=timezone.now())
    return FileResponse(made, as_attachment=True, filename=named(session, Printed.SLIPS, "pdf"))


def slip_of(parcel: Parcel) -> Slip:
    order = parcel.order
    items = [item for line in order.lines.all() if (item := item_of(parcel, line)).copies or item.to_come]
    return Slip(
        number=parcel.number,
        reference=order.reference,
        url=f"{settings.SITE_URL}{order.get_absolute_url()}",
        ordered_on=uk_day(order.created_at),
        address=order.address,
        items=items,
        note=note_of(order),
    )


def item_of(parcel: Parcel, line: Any) -> Item:
    now = copies_now(parcel, line)
    return Item(line.edition.leaflet.title, line.edition.label, now, line.allocated - now + line.backordered)


def note_of(order: Order) -> str:
    """Of what is brought, when it is needed."""
    starts = getattr(order, "visit_starts", None)
    return _("Needed %(moment)s") % {"moment": short_moment(starts)} if starts else ""


def labels_file(session: PackingSession, parcels: Sequence[Parcel], labels: LabelsForm) -> HttpResponseBase:
    addresses = ((parcel.number, parcel.order.address) for parcel in parcels)
    made = address_labels(addresses, sheet=labels.label_sheet, start=labels.start)
    return FileResponse(made, as_attachment=True, filename=named(session, Printed.LABELS, "pdf"))


def courier_file(session: PackingSession, parcels: Sequence[Parcel], labels: LabelsForm) -> HttpResponseBase:
    answer = StreamingHttpResponse(courier_csv(courier_row(parcel) for parcel in parcels), content_type="text/csv")
    answer["Content-Disposition"] = f'attachment; filename="{named(session, Printed.COURIER, "csv")}"'
    return answer


def courier_row(parcel: Parcel) -> CourierRow:
    order = parcel.order
    return CourierRow(
        number=parcel.number,
        reference=order.reference,
        name=order.name,
        attention=order.attention,
        organisation=order.organisation_name,
        address_line_1=order.address_line_1,
        address_line_2=order.address_line_2,
        town=order.town,
        postcode=order.postcode,
        copies=parcel.copies or sum(copies_now(parcel, line) for line in order.lines.all()),
    )


Make = Callable[[PackingSession, Sequence[Parcel], LabelsForm], HttpResponseBase]
MAKE: dict[Printed, Make] = {
    Printed.PICK_LIST: pick_list_file,
    Printed.SLIPS: slips_file,
    Printed.LABELS: labels_file,
    Printed.COURIER: courier_file,
}


def next_label(last: PrintRecord | None) -> tuple[LabelSheet, int]:
    """The sheet that was used last, and its first label that is still there."""
    sheet = next((each for each in LABEL_SHEETS if last and each.key == last.sheet), LABEL_SHEETS[0])
    used = last.start - 1 + last.parcels if last and last.sheet == sheet.key else 0
    return sheet, used % sheet.cells + 1


def made_before(session: PackingSession) -> list[PrintRecord]:
    """The latest first."""
    return list(session.prints.select_related("by"))


def not_allowed() -> HttpResponse:
    """Opening an address prints nothing."""
    return HttpResponse(status=405, headers={"Allow": "POST"})
