"""Tagged PDFs to show or to take home: a certificate of attendance, a sheet to sign, and the slide with the link."""

from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext as _, ngettext

from bookings.feedback.queries import full_feedback_link, short_feedback_link
from bookings.models import Booking, BookingOrSession, FollowUp
from core.dates import format_day
from core.pdf.typesetting import charity_line, printable_text, qr_code, render_pdf
from guidance.contacts.queries import WhoToTell


def certificate(given: BookingOrSession, name: str, *, who: WhoToTell, made_at: datetime, ticked: bool = False) -> bytes:
    """The name is what its holder typed: it goes into the PDF, and nowhere else. `ticked`: staff ticked the name of a place."""
    start, end = given.agreed_times
    hours, minutes = divmod(int((end - start).total_seconds() // 60), 60)
    length = [
        ngettext("%(n)d hour", "%(n)d hours", hours) % {"n": hours} if hours else "",
        ngettext("%(n)d minute", "%(n)d minutes", minutes) % {"n": minutes} if minutes else "",
    ]
    typed = _(
        "This certificate says that the person named here was there. It is not an accreditation, and it does not prove that "
        "they are competent. They typed their own name. CTAC keeps no list of names."
    )
    by_staff = _(
        "This certificate says that the person named here was there. It is not an accreditation, and it does not prove that "
        "they are competent. CTAC ticked their name on its list of people with a place."
    )
    data = {
        "title": _("Certificate of attendance"),
        "centre": _("Child trafficking advice centre"),
        "name": printable_text(name),
        "attended": _("attended the presentation"),
        "presentation": printable_text(given.presentation.title),
        "facts": [
            (_("Day"), format_day(start)),
            (_("Length"), " ".join(filter(None, length))),
            (_("Given by"), _("CTAC, the child trafficking advice centre")),
        ],
        "tell": whom_to_tell(who),
        "foot": by_staff if ticked else typed,
        "site": settings.SITE_URL,
    }
    return render_pdf("certificate", data, made_at=made_at)


def whom_to_tell(who: WhoToTell) -> list[str]:
    """999 first, then the numbers for the place."""
    return [_("If a child is in immediate danger, call 999."), *who.lines]


SPARE_LINES = 5


def attendance_sheet(booking: Booking, *, made_at: datetime) -> bytes:
    """A line for each person who is expected, and some more. It stays with the host: we keep numbers, not names."""
    data = {
        "title": _("Who was there"),
        "facts": [
            (_("Presentation"), printable_text(booking.presentation.title)),
            (_("When"), booking.when),
            (_("Reference"), booking.reference),
        ],
        "stays": _("Give this list to the host. CTAC keeps no list of names. Write nothing about a child."),
        "columns": [_("Name"), _("Job"), _("Signature")],
        "lines": booking.audience_size + booking.seats_taken + SPARE_LINES,
        "foot": charity_line(),
    }
    return render_pdf("attendance-sheet", data, made_at=made_at)


def feedback_slide(follow_up: FollowUp, *, who: WhoToTell, made_at: datetime) -> bytes:
    """The slide that a presenter shows at the end."""
    data = {
        "title": _("How was it?"),
        "centre": _("Child trafficking advice centre"),
        "sentence": _("Answer a few questions. We don’t ask for your name. You can get a certificate of attendance too."),
        "how": _("Scan the code, or type:"),
        "shown": short_feedback_link(follow_up),
        "tell": whom_to_tell(who),
        "code": qr_code(full_feedback_link(follow_up)),
    }
    return render_pdf("feedback-slide", data, made_at=made_at)
