"""What several staff forms ask in the same way."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _


class PresenterChoice(forms.ModelChoiceField):
    """By name, and where their visits start from."""

    def label_from_instance(self, obj: Any) -> str:
        return str(_("%(name)s, from %(postcode)s") % {"name": obj.name, "postcode": obj.base_postcode})
