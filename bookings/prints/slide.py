"""The slide that a presenter shows at the end: one page as wide as a screen, with the link, a code for phones, one sentence."""

from datetime import datetime

from django.utils.translation import gettext as _

from bookings.models import Afterwards
from bookings.short_links import full_link, short_link
from leaflets.drawn_mark import ACCENT, draw_mark
from leaflets.prints.paper import BRAND, INK, PAPER, QUIET, PrintPdf
from leaflets.prints.qr import draw_code

WIDE, HIGH = 338.7, 190.5  # mm: 16 to 9
EDGE, HEAD = 22, 34
CODE = 122  # with its empty edge
BRAND_LIGHT = (24, 97, 108)


def feedback_slide(afterwards: Afterwards, *, made_at: datetime) -> bytes:
    with PrintPdf(title=_("How was it?"), made_at=made_at) as pdf:
        pdf.add_page(orientation="landscape", format=(HIGH, WIDE))
        pdf.panel(0, 0, WIDE, HEAD, BRAND)
        pdf.panel(0, HEAD, WIDE, 2, ACCENT)
        draw_mark(pdf, EDGE, 9, size=16, square=BRAND_LIGHT)
        pdf.say("P", _("Child trafficking advice centre"), EDGE + 22, 12, width=220, size=22, bold=True, colour=PAPER)
        _words(pdf, afterwards)
        alt = _("QR code that opens %(link)s") % {"link": full_link(afterwards)}
        draw_code(pdf, full_link(afterwards), WIDE - EDGE - CODE + 8, HEAD + 17, CODE, alt=alt)
        return bytes(pdf.output())


def _words(pdf: PrintPdf, afterwards: Afterwards) -> None:
    width = WIDE - 2 * EDGE - CODE
    y = pdf.say("H1", _("How was it?"), EDGE, HEAD + 22, width=width, size=56, bold=True, colour=BRAND)
    sentence = _("Three questions, no name, no account; and a certificate of attendance if you want one.")
    y = pdf.say("P", sentence, EDGE, y + 7, width=width, size=24, leading=1.3, colour=INK)
    y = pdf.say("P", _("Scan the code, or type:"), EDGE, y + 10, width=width, size=20, colour=QUIET)
    link = short_link(afterwards)
    size = 34.0
    while pdf.width_of(link, size=size, bold=True) > width and size > 16:
        size -= 1
    pdf.say("P", link, EDGE, y + 2, width=width, size=size, bold=True, colour=INK)
