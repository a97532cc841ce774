"""What is asked of somebody who takes a place at an open session."""

from django import forms
from django.utils.translation import gettext_lazy

from bookings.forms import TEXT_ROWS
from ctac.forms import PageForm
from professionals.safeguarding import ChildDetailsMixin


class PlaceForm(ChildDetailsMixin, PageForm):
    """Everything else we know from the account."""

    access_needs = forms.CharField(
        label=gettext_lazy("Do you need anything to take part?"),
        help_text=gettext_lazy("For example captions, or slides in advance. Do not give any child’s details here."),
        max_length=1000,
        widget=forms.Textarea(TEXT_ROWS),
        required=False,
    )

    free_text_fields = ("access_needs",)
