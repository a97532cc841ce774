"""Who do I tell here? A postcode and perhaps a profession; the numbers of that place."""

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from ctac.forms import FORM_METHODS, PageForm
from guidance.contacts.queries import FORCES_POST, referral_text, who_to_tell
from professionals.access import person_in
from professionals.forms import PostcodeField
from professionals.models import Profession


class WhoToTellForm(PageForm):
    autocomplete = {"postcode": "postal-code"}

    postcode = PostcodeField(
        label=_("Postcode"),
        help_text=_("Use the postcode of the place where the child is, or of your work."),
        error_messages={"required": _("Enter a postcode.")},
    )
    profession = forms.ChoiceField(
        label=_("Your profession"), choices=[("", _("Choose your profession")), *Profession.choices], required=False
    )


def who_to_tell_form(request: HttpRequest, profession: str = "") -> WhoToTellForm:
    """As it was sent; else with what we know of whoever has signed in. A page for one `profession` need not ask for it."""
    person = person_in(request)
    known = {"postcode": person.postcode, "profession": person.profession} if person else {}
    form = WhoToTellForm(request.POST if request.method == "POST" else None, initial=known)
    if profession:
        form.fields["profession"].widget, form.initial["profession"] = forms.HiddenInput(), profession
    return form


@csrf_exempt  # it changes nothing, so nobody can forge anything; and it must work where a browser refuses cookies
@require_http_methods(FORM_METHODS)
def who_to_tell_page(request: HttpRequest) -> HttpResponse:
    """A form that is sent, so that the postcode is in no address and no log. Whoever has signed in is answered at once."""
    form, person = who_to_tell_form(request), person_in(request)
    if person and person.postcode and not form.is_bound:
        form = WhoToTellForm(form.initial)
    context: dict[str, object] = {"form": form}
    if form.is_valid():
        postcode = form.cleaned_data["postcode"]
        who = who_to_tell(postcode)
        context |= {
            "postcode": postcode,
            "who": who,
            "referral": referral_text(who.nation, form.cleaned_data["profession"]),
            "is_forces_post": postcode.startswith(FORCES_POST),
        }
    return render(request, "guidance/who_to_tell.html", context)
