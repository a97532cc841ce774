"""Subject access by staff, and the list of erasures and copies: what was done with somebody's data, by whom, when."""

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ctac.staff import ObjectAction, in_our_words, staff_site
from ctac.staff_lists import LooksOnly, moment_of
from professionals import privacy
from professionals.access import signed_in
from professionals.admin import PersonAdmin
from professionals.data_file import FileForm, as_file
from professionals.erased_mail import erase_and_tell
from professionals.models import DataAction, Person, User
from professionals.taking_out import too_many_sheets


class GiveDataForm(forms.Form):
    file_form = forms.ChoiceField(
        label=gettext_lazy("In which form?"), choices=FileForm.choices, initial=FileForm.HTML, widget=forms.RadioSelect
    )
    sure = forms.BooleanField(
        label=gettext_lazy("I have checked that it is this person who asks, and that the copy goes to them alone.")
    )


def give_data_page(page: PersonAdmin, request: HttpRequest, person: Person, action: ObjectAction) -> HttpResponse:
    """A copy counts with the spreadsheets that leave, so that nobody takes out everybody one by one."""
    form = in_our_words(GiveDataForm)(request.POST if request.method == "POST" else None)
    if form.is_valid():
        now = timezone.now()
        wait = too_many_sheets(request, now)
        if wait is not None:
            return wait
        data = privacy.give_data(person, by=signed_in(request), now=now)
        return as_file(data, form.cleaned_data["file_form"])
    change_url = reverse("staff:professionals_person_change", args=[person.pk])
    context = {**page.about_action(request, action, person, change_url), "form": form}
    return TemplateResponse(request, "admin/object_action.html", context)


GIVE_DATA = ObjectAction(
    slug="give-data",
    label=gettext_lazy("Give them a copy of their data"),
    page=give_data_page,
    explanation=gettext_lazy(
        "A file of all that we hold about this person, for somebody who asks for it. The law gives us a month. "
        "It is written down that you took it. Send it in a way that only they can open."
    ),
    permission="give_data",
    available=lambda person: person.erased_at is None,
    asks_again=True,
)


class EraseForm(forms.Form):
    sure = forms.BooleanField(
        label=gettext_lazy("I have checked that this person asked for it, or that the time we may keep their data is over.")
    )


def erase(person: Person, *, by: User, sure: bool) -> None:
    erase_and_tell(person, by=by, now=timezone.now())


ERASE = ObjectAction(
    slug="erase",
    label=gettext_lazy("Erase this person"),
    perform=erase,
    form_class=EraseForm,
    explanation=gettext_lazy(
        "Takes name, contact details, sign-in and messages out of everything we hold, and cancels what lies ahead: "
        "presenters are told. One last email tells the person that it is done. It can’t be undone."
    ),
    done=gettext_lazy("The person is erased."),
    permission="erase",
    available=lambda person: (
        person.erased_at is None and (person.user is None or not person.user.is_staff)  # that account is closed first
    ),
    weight="stop",
    asks_again=True,
)
PersonAdmin.object_actions = [ERASE, GIVE_DATA, *PersonAdmin.object_actions]


@admin.register(DataAction, site=staff_site)
class DataActionAdmin(LooksOnly):
    """It names nobody: whoever is erased is called so, and a person who is not is a link away."""

    list_display = ("when", "what", "why", "whose", "by")
    list_display_links = None
    list_select_related = ("by",)
    sorts_quickly = ("when",)
    ordering = ("-at", "-pk")
    actions = None
    when = moment_of("at", gettext_lazy("when"), short=True)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: DataAction | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: DataAction | None = None) -> bool:
        return False

    @admin.display(description=gettext_lazy("what was done"))
    def what(self, row: DataAction) -> str:
        return row.get_done_display()

    @admin.display(description=gettext_lazy("why"))
    def why(self, row: DataAction) -> str:
        return row.get_reason_display()

    @admin.display(description=gettext_lazy("whose"))
    def whose(self, row: DataAction) -> SafeString:
        href = reverse("staff:professionals_person_change", args=[row.person_id])
        return format_html('<a href="{}">{}</a>', href, _("Person %(key)s") % {"key": row.person_id})
