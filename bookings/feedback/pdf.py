"""What is shown or taken home of a presentation, as tagged PDFs: the slide with the link, and a certificate of attendance."""

from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bookings.feedback.queries import full_feedback_link, short_feedback_link
from bookings.models import Afterwards, Given
from ctac.dates import format_day
from leaflets.pdf import ACCENT, BRAND, HAIRLINE, INK, QUIET, WHITE, PrintPdf, draw_mark, draw_qr_code

# A certificate of attendance. The name is what its holder typed: it goes into the PDF, and nowhere else.

CERTIFICATE_EDGE, CERTIFICATE_HEAD = 26, 46
BRAND_LIGHT = (24, 97, 108)
CERTIFICATE_TEXT_WIDTH = 210 - 2 * CERTIFICATE_EDGE


def certificate(given: Given, name: str, *, made_at: datetime) -> bytes:
    start, end = given.agreed
    with PrintPdf(title=_("Certificate of attendance"), made_at=made_at) as pdf:
        pdf.add_page()
        pdf.panel(0, 0, pdf.w, CERTIFICATE_HEAD, BRAND)
        pdf.panel(0, CERTIFICATE_HEAD, pdf.w, 2, ACCENT)
        draw_mark(pdf, CERTIFICATE_EDGE, 16, size=14, square=BRAND_LIGHT)
        pdf.say(
            "P", _("Child trafficking advice centre"), CERTIFICATE_EDGE + 19, 19.5, width=120, size=15, bold=True, colour=WHITE
        )
        y = pdf.say(
            "H1",
            _("Certificate of attendance"),
            CERTIFICATE_EDGE,
            CERTIFICATE_HEAD + 26,
            width=CERTIFICATE_TEXT_WIDTH,
            size=32,
            bold=True,
            colour=BRAND,
        )
        size = 28.0  # a long name in smaller letters, before it needs a second line
        while pdf.lines_of(name, size=size, width=CERTIFICATE_TEXT_WIDTH, bold=True) > 1 and size > 18:
            size -= 2
        y = pdf.say("P", name, CERTIFICATE_EDGE, y + 20, width=CERTIFICATE_TEXT_WIDTH, size=size, bold=True, colour=INK)
        pdf.panel(CERTIFICATE_EDGE, y + 2, CERTIFICATE_TEXT_WIDTH, 0.4, HAIRLINE)
        y = pdf.say(
            "P", _("attended the presentation"), CERTIFICATE_EDGE, y + 8, width=CERTIFICATE_TEXT_WIDTH, size=13, colour=QUIET
        )
        y = pdf.say(
            "P", given.presentation.title, CERTIFICATE_EDGE, y + 3, width=CERTIFICATE_TEXT_WIDTH, size=19, bold=True, colour=INK
        )
        y = _certificate_fact(pdf, _("Day"), format_day(start), y + 16)
        hours, minutes = divmod(int((end - start).total_seconds() // 60), 60)
        length = [
            ngettext("%(n)d hour", "%(n)d hours", hours) % {"n": hours} if hours else "",
            ngettext("%(n)d minute", "%(n)d minutes", minutes) % {"n": minutes} if minutes else "",
        ]
        y = _certificate_fact(pdf, _("Length"), " ".join(filter(None, length)), y + 2)
        y = _certificate_fact(pdf, _("Given by"), _("CTAC, the child trafficking advice centre"), y + 2)
        pdf.panel(CERTIFICATE_EDGE, 252, CERTIFICATE_TEXT_WIDTH, 0.4, HAIRLINE)
        foot = _(
            "This certificate says that the person named here was there. It is not an accreditation, and it does not prove that "
            "they are competent. They typed their own name. CTAC keeps no list of names."
        )
        y = pdf.say("P", foot, CERTIFICATE_EDGE, 256, width=CERTIFICATE_TEXT_WIDTH, size=10.5, leading=1.35, colour=QUIET)
        pdf.say("P", str(settings.SITE_URL), CERTIFICATE_EDGE, y + 2, width=CERTIFICATE_TEXT_WIDTH, size=10.5, colour=QUIET)
        return bytes(pdf.output())


def _certificate_fact(pdf: PrintPdf, label: str, value: str, y: float) -> float:
    """'Day: Tuesday 9 March 2027', read as one."""
    with pdf.tagged("P", f"{label}: {value}"):
        pdf.draw_line(label, CERTIFICATE_EDGE, y, size=13, colour=QUIET)
        for line in pdf.wrapped(pdf.printable(value), size=13, width=CERTIFICATE_TEXT_WIDTH - 34):
            pdf.draw_line(line, CERTIFICATE_EDGE + 34, y, size=13, bold=False, colour=INK)
            y += 6.5
    return y


# The slide that a presenter shows at the end: one page as wide as a screen, with the link, a code for phones, one sentence.

SLIDE_WIDTH, SLIDE_HEIGHT = 338.7, 190.5  # mm: 16 to 9
SLIDE_EDGE, SLIDE_HEAD = 22, 34
SLIDE_CODE = 122  # with its empty edge


def feedback_slide(afterwards: Afterwards, *, made_at: datetime) -> bytes:
    with PrintPdf(title=_("How was it?"), made_at=made_at) as pdf:
        pdf.add_page(orientation="landscape", format=(SLIDE_HEIGHT, SLIDE_WIDTH))
        pdf.panel(0, 0, SLIDE_WIDTH, SLIDE_HEAD, BRAND)
        pdf.panel(0, SLIDE_HEAD, SLIDE_WIDTH, 2, ACCENT)
        draw_mark(pdf, SLIDE_EDGE, 9, size=16, square=BRAND_LIGHT)
        pdf.say("P", _("Child trafficking advice centre"), SLIDE_EDGE + 22, 12, width=220, size=22, bold=True, colour=WHITE)
        width = SLIDE_WIDTH - 2 * SLIDE_EDGE - SLIDE_CODE
        y = pdf.say("H1", _("How was it?"), SLIDE_EDGE, SLIDE_HEAD + 22, width=width, size=56, bold=True, colour=BRAND)
        sentence = _("Answer 3 questions. We don’t ask for your name. You can get a certificate of attendance too.")
        y = pdf.say("P", sentence, SLIDE_EDGE, y + 7, width=width, size=24, leading=1.3, colour=INK)
        y = pdf.say("P", _("Scan the code, or type:"), SLIDE_EDGE, y + 10, width=width, size=20, colour=QUIET)
        link = short_feedback_link(afterwards)
        size = 34.0
        while pdf.width_of(link, size=size, bold=True) > width and size > 16:
            size -= 1
        pdf.say("P", link, SLIDE_EDGE, y + 2, width=width, size=size, bold=True, colour=INK)
        alt = _("QR code that opens %(link)s") % {"link": full_feedback_link(afterwards)}
        draw_qr_code(
            pdf, full_feedback_link(afterwards), SLIDE_WIDTH - SLIDE_EDGE - SLIDE_CODE + 8, SLIDE_HEAD + 17, SLIDE_CODE, alt=alt
        )
        return bytes(pdf.output())
