"""The sizes of paper that a leaflet's pages are told by."""

from django.db import models
from django.utils.translation import gettext_lazy as _

MM_A_POINT = 25.4 / 72
TOLERANCE = 5.0  # points, some 1.8 mm: programs round, and a DL leaflet is 99 or 100 mm wide


class Paper(models.TextChoices):
    """Upright unless it says otherwise."""

    A3 = "a3", _("A3")
    A4 = "a4", _("A4")
    A5 = "a5", _("A5")
    A6 = "a6", _("A6")
    DL = "dl", _("DL")
    A3_LANDSCAPE = "a3-landscape", _("A3 landscape")
    A4_LANDSCAPE = "a4-landscape", _("A4 landscape")
    A5_LANDSCAPE = "a5-landscape", _("A5 landscape")
    A6_LANDSCAPE = "a6-landscape", _("A6 landscape")
    DL_LANDSCAPE = "dl-landscape", _("DL landscape")
    OTHER = "other", _("Another size")


# ISO 216; DL: a third of A4. Width and height in millimetres.
UPRIGHT = {
    Paper.A3: (297, 420),
    Paper.A4: (210, 297),
    Paper.A5: (148, 210),
    Paper.A6: (105, 148),
    Paper.DL: (99, 210),
}


def paper_of(width: float, height: float) -> Paper:
    """The paper that is that large, in points; OTHER if it is none of them."""
    short, long = sorted((width, height))
    for paper, (across, down) in UPRIGHT.items():
        if abs(short - across / MM_A_POINT) <= TOLERANCE and abs(long - down / MM_A_POINT) <= TOLERANCE:
            return Paper(f"{paper.value}-landscape") if width > height else paper
    return Paper.OTHER
