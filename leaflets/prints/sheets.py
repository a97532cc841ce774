"""The sheets of labels that can be bought: A4, in the sizes that every maker sells."""

from django.utils.translation import gettext_lazy

from leaflets.prints.inputs import LabelSheet

LABEL_SHEETS = (
    LabelSheet("21", gettext_lazy("21 a sheet (63.5 × 38.1 mm)"), 3, 7, 63.5, 38.1, 7.2, 15.15, 66.04, 38.1),
    LabelSheet("24", gettext_lazy("24 a sheet (63.5 × 33.9 mm)"), 3, 8, 63.5, 33.9, 7.2, 12.9, 66.04, 33.9),
    LabelSheet("14", gettext_lazy("14 a sheet (99.1 × 38.1 mm)"), 2, 7, 99.1, 38.1, 4.65, 15.15, 101.6, 38.1),
    LabelSheet("8", gettext_lazy("8 a sheet (99.1 × 67.7 mm)"), 2, 4, 99.1, 67.7, 4.65, 13.1, 101.6, 67.7),
    LabelSheet("65", gettext_lazy("65 a sheet (38.1 × 21.2 mm)"), 5, 13, 38.1, 21.2, 4.75, 10.7, 40.6, 21.2),
)
