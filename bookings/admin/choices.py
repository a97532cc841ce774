"""What several staff forms ask in the same way."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.models import Presenter


class PresenterChoice(forms.ModelChoiceField):
    """By name, and where their visits start from."""

    def label_from_instance(self, obj: Any) -> str:
        return str(_("%(name)s, from %(postcode)s") % {"name": obj.name, "postcode": obj.base_postcode})


def any_presenter(nobody: Any) -> PresenterChoice:
    """One of those who are active, or none of them, in those words."""
    label = gettext_lazy("Presenter")
    return PresenterChoice(label=label, queryset=Presenter.objects.active(), required=False, empty_label=nobody)


def reason_to_yield(hint: Any) -> forms.CharField:
    return forms.CharField(label=gettext_lazy("Why outside the rules"), max_length=300, required=False, help_text=hint)
