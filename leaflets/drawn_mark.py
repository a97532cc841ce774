"""The mark, drawn on paper as in static/img/mark.svg: a path that turns towards a light."""

from leaflets.tagged_pdf import Colour, TaggedPdf

ACCENT: Colour = (244, 180, 69)
PAPER: Colour = (255, 255, 255)
UNITS = 32  # wide and high


def draw_mark(pdf: TaggedPdf, x: float, y: float, *, size: float, square: Colour) -> None:
    """On a square of that colour, `size` millimetres wide."""
    with pdf.decoration(), pdf.local_context():
        pdf.set_fill_color(*square)
        pdf.rect(x, y, size, size, style="F", round_corners=True, corner_radius=size * 3 / 14)
        draw_path(pdf, x, y, size / UNITS, PAPER)


def draw_path(pdf: TaggedPdf, x: float, y: float, scale: float, colour: Colour) -> None:
    """The path in that colour and its light, for inside `decoration`; `scale` is millimetres a unit."""

    def at(*points: tuple[float, float]) -> list[tuple[float, float]]:
        return [(x + across * scale, y + down * scale) for across, down in points]

    pdf.set_draw_color(*colour)
    pdf.set_line_width(4.5 * scale)
    pdf.operate("1 J 1 j")  # round ends
    pdf.bezier(at((7, 28), (7, 20), (10, 18), (15, 17)), style="D")
    pdf.bezier(at((15, 17), (20, 16), (22, 14.5), (22, 10)), style="D")
    pdf.set_fill_color(*ACCENT)
    ((left, top),) = at((22, 8))
    pdf.circle(left, top, 4.5 * scale, style="F")
