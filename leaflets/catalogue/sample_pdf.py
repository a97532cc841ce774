"""The sample PDF of a leaflet, made from the same text as its web page, until staff upload the approved edition.

Two A4 pages. The first is the cover, what trafficking is, and where one meets it; the second the signs, what to do, and whom
to call. Headings hang in a narrow column on the left, so that the lines of text stay short.
"""

from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext as _

from leaflets.models import Leaflet
from leaflets.pdf import ACCENT, WHITE, Colour, TaggedPdf, draw_mark, draw_mark_path

INK: Colour = (22, 35, 43)
QUIET: Colour = (74, 88, 97)
BRAND: Colour = (11, 74, 84)
BRAND_LIGHT: Colour = (24, 97, 108)
WASH: Colour = (243, 246, 245)
HAIRLINE: Colour = (185, 197, 200)
ERROR: Colour = (168, 32, 26)

MARGIN, TEXT_LEFT = 18, 66  # mm from the left: the headings' column and the text's
TEXT_WIDTH = 210 - TEXT_LEFT - MARGIN
STEP_WIDTH = TEXT_WIDTH - 9
HEADING_WIDTH = TEXT_LEFT - MARGIN - 10
COVER_HEIGHT, CALL_HEIGHT = 112, 54  # mm high: the cover panel and the panel of whom to call
BODY_SIZE = 11.5  # points
FOOT_TOP = 286  # mm from the top
PAGES = 2


class LeafletPdf(TaggedPdf):
    def __init__(self, leaflet: Leaflet, label: str, made_at: datetime) -> None:
        super().__init__(title=leaflet.title, made_at=made_at)
        self.set_margins(MARGIN, MARGIN)
        self.leaflet, self.label = leaflet, label


def sample_pdf(leaflet: Leaflet, *, label: str, made_at: datetime) -> bytes:
    """The bytes of the PDF; the same text gives the same bytes."""
    pdf = LeafletPdf(leaflet, label, made_at)
    sample_notice = _("Sample. Staff replace it with the approved edition.")
    pdf.add_page()
    pdf.panel(0, 0, pdf.w, COVER_HEIGHT, BRAND)
    # The mark, so large that it runs out of the cover: a path that turns towards a light.
    scale, x, y = 4.7, 92, -9
    with pdf.decoration(), pdf.local_context(), pdf.rect_clip(0, 0, pdf.w, COVER_HEIGHT):
        draw_mark_path(pdf, x, y, scale, BRAND_LIGHT)
    pdf.panel(0, COVER_HEIGHT, pdf.w, 2, ACCENT)
    draw_mark(pdf, MARGIN, 16, size=14, square=BRAND_LIGHT)
    pdf.set_xy(MARGIN + 19, 18.5)
    pdf.write_block("P", _("Child trafficking advice centre"), size=13, bold=True, colour=WHITE, width=90)
    title, _colon, audience = pdf.leaflet.title.partition(": ")
    pdf.set_xy(MARGIN, 45)
    with pdf.tagged("H1", pdf.leaflet.title):
        pdf.draw_text(title, size=34, bold=True, colour=WHITE, width=128, leading=1.12)
        if audience:
            pdf.set_xy(MARGIN, pdf.y + 2)
            pdf.draw_text(audience[:1].upper() + audience[1:], size=19, colour=WHITE, width=112, leading=1.2)
    pdf.set_xy(MARGIN, COVER_HEIGHT - 13)
    pdf.write_block("P", sample_notice, size=10, bold=True, colour=WHITE, width=120)
    pdf.set_xy(TEXT_LEFT, COVER_HEIGHT + 13)
    for paragraph in pdf.leaflet.introduction.splitlines():
        pdf.write_block("P", paragraph, size=13, colour=INK, width=TEXT_WIDTH, leading=1.4)
        pdf.set_xy(TEXT_LEFT, pdf.y + 2.5)
    pdf.set_y(pdf.y + 5)
    pdf.panel(MARGIN, pdf.y, pdf.w - 2 * MARGIN, 0.3, HAIRLINE)
    pdf.set_y(pdf.y + 1)
    _section(pdf, _("Where you may meet a trafficked child"), leaflet.situation_points)
    _foot(pdf)
    pdf.add_page()
    pdf.panel(0, 0, pdf.w, 13, BRAND)
    pdf.panel(0, 13, pdf.w, 1.2, ACCENT)
    pdf.set_xy(MARGIN, 4.2)
    pdf.write_block("P", sample_notice, size=10, bold=True, colour=WHITE, width=120)
    pdf.set_y(18)
    few = _("One sign alone may mean nothing. Several together, or one that troubles you, are a reason to act.")
    _section(pdf, _("Signs that a child may be at risk"), leaflet.sign_points, first=few)
    _what_to_do(pdf)
    _whom_to_call(pdf)
    return bytes(pdf.output())


def _section(pdf: LeafletPdf, heading: str, points: list[str], *, first: str = "") -> None:
    """The heading on the left, the points on the right."""
    top = pdf.y
    pdf.set_xy(MARGIN, top + 5)
    pdf.write_block("H2", heading, size=15, bold=True, colour=BRAND, width=HEADING_WIDTH, leading=1.2)
    pdf.set_xy(TEXT_LEFT, top + 5)
    if first:
        pdf.write_block("P", first, size=BODY_SIZE, bold=True, colour=INK, width=TEXT_WIDTH)
        pdf.set_y(pdf.y + 2)
    with pdf.element("L"):
        for point in points:
            top = pdf.y
            with pdf.element("LI"):
                with pdf.tagged("Lbl", "•"):
                    pdf.set_fill_color(*BRAND)
                    pdf.circle(TEXT_LEFT + 1, top + 2.75, 0.9, style="F")
                pdf.set_xy(TEXT_LEFT + 5, top)
                pdf.write_block("LBody", point, size=BODY_SIZE, colour=INK, width=TEXT_WIDTH - 5)
            pdf.set_xy(TEXT_LEFT, pdf.y + 1.5)
    pdf.set_y(pdf.y + 4)


def _foot(pdf: LeafletPdf, colour: Colour = QUIET) -> None:
    """The edition stands on the first page alone; the page's number is for those who hold the paper."""
    pdf.set_xy(MARGIN, FOOT_TOP)
    if pdf.page == 1:
        pdf.write_block("P", pdf.label, size=9, colour=colour, width=120)
    pdf.set_xy(pdf.w - MARGIN - 30, FOOT_TOP)
    with pdf.decoration():
        pdf.set_font("Helvetica", "", 9)
        pdf.set_text_color(*colour)
        number = _("Page %(page)d of %(pages)d") % {"page": pdf.page, "pages": PAGES}
        pdf.cell(30, 4.3, number, align="R")


def _what_to_do(pdf: LeafletPdf) -> None:
    """Numbered, on a panel of its own that reaches down to whom to call."""
    top = pdf.y
    pdf.panel(0, top, pdf.w, pdf.h - CALL_HEIGHT - top, WASH)
    pdf.set_xy(MARGIN, top + 6)
    pdf.write_block("H2", _("What to do with a concern"), size=20, bold=True, colour=BRAND, width=HEADING_WIDTH, leading=1.15)
    pdf.set_xy(TEXT_LEFT, top + 6.5)
    steps = pdf.leaflet.what_to_do_points
    # Millimetres from one step to the next, so that few fill the panel as many do.
    heights = [pdf.height_of(text, size=BODY_SIZE, bold=text == steps[0], width=STEP_WIDTH) for text in steps]
    gap = max(1.5, min(5, ((pdf.h - CALL_HEIGHT - 8 - pdf.y) - sum(heights)) / max(1, len(steps) - 1)))
    with pdf.element("L"):
        for number, text in enumerate(steps, start=1):
            top, urgent = pdf.y, number == 1  # the first is the most urgent one, and looks it
            with pdf.element("LI"):
                with pdf.tagged("Lbl", f"{number}."):
                    pdf.set_fill_color(*(ERROR if urgent else BRAND))
                    pdf.circle(TEXT_LEFT + 2.8, top + 2.75, 2.8, style="F")
                    pdf.set_xy(TEXT_LEFT, top + 0.3)
                    pdf.set_font("Helvetica", "B", 10)
                    pdf.set_text_color(*WHITE)
                    pdf.cell(5.6, 4.9, str(number), align="C")
                pdf.set_xy(TEXT_LEFT + 9, top)
                pdf.write_block("LBody", text, size=BODY_SIZE, bold=urgent, colour=INK, width=STEP_WIDTH)
            pdf.set_xy(TEXT_LEFT, pdf.y + gap)


def _whom_to_call(pdf: LeafletPdf) -> None:
    top = pdf.h - CALL_HEIGHT
    pdf.panel(0, top, pdf.w, CALL_HEIGHT, BRAND)
    pdf.panel(0, top - 1.2, pdf.w, 1.2, ACCENT)
    pdf.set_xy(MARGIN, top + 8)
    pdf.write_block("H2", _("Whom to call"), size=20, bold=True, colour=WHITE, width=HEADING_WIDTH, leading=1.15)
    pdf.set_xy(TEXT_LEFT, top + 8.5)
    lead = _("Not sure? Talk it through with our advice line for professionals:")
    pdf.write_block("P", lead, size=BODY_SIZE, colour=WHITE, width=TEXT_WIDTH)
    pdf.write_block("P", settings.ADVICE_PHONE, size=30, bold=True, colour=WHITE, width=TEXT_WIDTH, leading=1.25)
    facts = {"hours": settings.ADVICE_HOURS, "email": settings.ADVICE_EMAIL}
    pdf.write_block("P", _("%(hours)s. Or email %(email)s.") % facts, size=BODY_SIZE, colour=WHITE, width=TEXT_WIDTH)
    pdf.set_xy(TEXT_LEFT, pdf.y + 2)
    danger = _("If a child is in immediate danger, call 999.")
    pdf.write_block("P", danger, size=BODY_SIZE + 1.5, bold=True, colour=WHITE, width=TEXT_WIDTH)
    _foot(pdf, colour=WHITE)
