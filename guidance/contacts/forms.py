"""Where the child is, and who asks."""

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from ctac.forms import PageForm
from professionals.access import person_in
from professionals.forms import PostcodeField
from professionals.models import Profession


class WhoToTellForm(PageForm):
    autocomplete = {"postcode": "postal-code"}

    postcode = PostcodeField(
        label=_("Postcode"),
        help_text=_("Of the place where the child is. If you don’t know it, use that of your work."),
        error_messages={"required": _("Enter a postcode.")},
    )
    profession = forms.ChoiceField(
        label=_("Your profession"), choices=[("", _("Choose your profession")), *Profession.choices], required=False
    )


def who_to_tell_form(request: HttpRequest) -> WhoToTellForm:
    """As it was sent; else with what we know of whoever has signed in."""
    person = person_in(request)
    known = {"postcode": person.postcode, "profession": person.profession} if person else {}
    return WhoToTellForm(request.POST if request.method == "POST" else None, initial=known)
