"""A certificate of attendance. The name is what its holder typed: it goes into the PDF, and nowhere else."""

from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bookings.models import Given, agreed_times
from ctac.uk import format_day
from leaflets.drawn_mark import ACCENT, draw_mark
from leaflets.prints.paper import BRAND, HAIRLINE, INK, PAPER, QUIET, PrintPdf

EDGE, TOP = 26, 46
BRAND_LIGHT = (24, 97, 108)
TEXT = 210 - 2 * EDGE


def certificate(given: Given, name: str, *, made_at: datetime) -> bytes:
    start, end = agreed_times(given)
    with PrintPdf(title=_("Certificate of attendance"), made_at=made_at) as pdf:
        pdf.add_page()
        _head(pdf)
        y = pdf.say("H1", _("Certificate of attendance"), EDGE, TOP + 26, width=TEXT, size=32, bold=True, colour=BRAND)
        y = pdf.say("P", name, EDGE, y + 20, width=TEXT, size=_size_of(pdf, name), bold=True, colour=INK)
        pdf.panel(EDGE, y + 2, TEXT, 0.4, HAIRLINE)
        y = pdf.say("P", _("attended the presentation"), EDGE, y + 8, width=TEXT, size=13, colour=QUIET)
        y = pdf.say("P", given.presentation.title, EDGE, y + 3, width=TEXT, size=19, bold=True, colour=INK)
        y = _fact(pdf, _("Day"), format_day(start), y + 16)
        y = _fact(pdf, _("Length"), length(int((end - start).total_seconds() // 60)), y + 2)
        y = _fact(pdf, _("Given by"), _("CTAC, the child trafficking advice centre"), y + 2)
        _foot(pdf)
        return bytes(pdf.output())


def length(minutes: int) -> str:
    """'1 hour 30 minutes'."""
    hours, rest = divmod(minutes, 60)
    said = [
        ngettext("%(n)d hour", "%(n)d hours", hours) % {"n": hours} if hours else "",
        ngettext("%(n)d minute", "%(n)d minutes", rest) % {"n": rest} if rest else "",
    ]
    return " ".join(part for part in said if part)


def _head(pdf: PrintPdf) -> None:
    pdf.panel(0, 0, pdf.w, TOP, BRAND)
    pdf.panel(0, TOP, pdf.w, 2, ACCENT)
    draw_mark(pdf, EDGE, 16, size=14, square=BRAND_LIGHT)
    pdf.say("P", _("Child trafficking advice centre"), EDGE + 19, 19.5, width=120, size=15, bold=True, colour=PAPER)


def _size_of(pdf: PrintPdf, name: str) -> float:
    """A long name in smaller letters, before it needs a second line."""
    size = 28.0
    while pdf.lines_of(name, size=size, width=TEXT, bold=True) > 1 and size > 18:
        size -= 2
    return size


def _fact(pdf: PrintPdf, label: str, value: str, y: float) -> float:
    """'Day: Tuesday 9 March 2027', read as one."""
    with pdf.tagged("P", f"{label}: {value}"):
        pdf.draw_line(label, EDGE, y, size=13, colour=QUIET)
        for line in pdf.wrapped(pdf.printable(value), size=13, width=TEXT - 34):
            pdf.draw_line(line, EDGE + 34, y, size=13, bold=False, colour=INK)
            y += 6.5
    return y


def _foot(pdf: PrintPdf) -> None:
    pdf.panel(EDGE, 252, TEXT, 0.4, HAIRLINE)
    said = _(
        "This says that its holder was there. The presentation is not accredited, and this is no proof of competence. "
        "The name was typed by its holder; CTAC keeps no list of names."
    )
    y = pdf.say("P", said, EDGE, 256, width=TEXT, size=10.5, leading=1.35, colour=QUIET)
    pdf.say("P", str(settings.SITE_URL), EDGE, y + 2, width=TEXT, size=10.5, colour=QUIET)
