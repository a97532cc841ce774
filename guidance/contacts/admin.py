"""The numbers that staff keep: which are missing, which nobody has checked for a year."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _, gettext_lazy, ngettext

from accounts.access import signed_in_user
from core.dates import format_day, uk_day
from core.forms import validate_phone
from guidance.contacts.models import POLICE_NUMBER, AreaContact
from staff.first_run import CONTENT_SECTION, FirstRunCheck, Light, register_first_run_check
from staff.lists import EMPTY_VALUE, OptionsFilter, column, phone_link
from staff.model_admin import StaffModelAdmin
from staff.site import staff_site
from staff.today import WaitingLine


class NeedsFilter(OptionsFilter):
    title = gettext_lazy("what needs a look")
    parameter_name = "needs"
    options = {
        "number": (gettext_lazy("Number missing"), lambda contacts, now: contacts.missing()),
        "check": (gettext_lazy("Not checked for a year"), lambda contacts, now: contacts.to_check(uk_day(now))),
    }


class PhoneField(forms.CharField):
    """A phone number that anybody can call, or the police's short one."""

    def clean(self, value: Any) -> str:
        phone = " ".join(super().clean(value).split())
        if phone and phone != POLICE_NUMBER:
            validate_phone(phone)
        return phone


class ContactForm(forms.ModelForm):
    class Meta:
        model = AreaContact
        fields = ("name", "phone", "out_of_hours_phone", "web_page")
        field_classes = {"phone": PhoneField, "out_of_hours_phone": PhoneField}

    def clean_web_page(self) -> str:
        web_page = str(self.cleaned_data["web_page"])
        if web_page and not web_page.startswith("https://"):
            raise ValidationError(_("Enter an address that begins with https://."), code="insecure")
        return web_page


@admin.register(AreaContact, site=staff_site)
class AreaContactAdmin(StaffModelAdmin):
    nobody_may = ("add", "delete")
    form = ContactForm
    list_display = ("name", "kind", "nation", "phone_in_list", "out_of_hours_in_list", "checked")
    list_filter = (NeedsFilter, "kind", "nation")
    list_select_related = ("checked_by",)
    search_fields = ("name", "code")
    search_help_text = gettext_lazy("Name, or its code in official statistics")
    sorts_quickly = ("name",)
    readonly_fields = ("kind", "nation", "code", "checked")
    fieldsets = (
        (
            None,
            {
                "fields": ("kind", "nation", "code", "name", "phone", "out_of_hours_phone", "web_page", "checked"),
                "description": gettext_lazy(
                    "Check each number with the authority, or on its own website. Then save: the page says that you checked them "
                    "today. People see the numbers at once, on packing slips and certificates too. From 9am to 5pm on working "
                    "days we show the phone first, and the phone out of hours at all other times. If one number answers day and "
                    "night, enter it twice. For a police force in the UK without a number, people see 101."
                ),
            },
        ),
    )
    phone_in_list = column(gettext_lazy("phone"), lambda contact: phone_link(contact.number), ordering="phone")
    out_of_hours_in_list = column(gettext_lazy("out of hours"), lambda contact: phone_link(contact.out_of_hours_phone))

    @admin.display(description=gettext_lazy("checked"), ordering="checked_on")
    def checked(self, contact: AreaContact) -> str:
        if contact.checked_on is None:
            return EMPTY_VALUE
        who = contact.checked_by or _("somebody who is no colleague any more")
        return _("%(day)s, %(who)s") % {"day": format_day(contact.checked_on), "who": who}

    def save_model(self, request: HttpRequest, obj: AreaContact, form: Any, change: bool) -> None:
        obj.checked_on, obj.checked_by = uk_day(timezone.now()), signed_in_user(request)
        super().save_model(request, obj, form, change)


CONTACTS_ROUTE = "staff:guidance_areacontact_changelist"
for waiting in (
    WaitingLine(
        label=gettext_lazy("areas without a phone number to tell"),
        one=gettext_lazy("area without a phone number to tell"),
        count=AreaContact.objects.missing,
        address=lambda: f"{reverse(CONTACTS_ROUTE)}?needs=number",
        permission="guidance.change_areacontact",
    ),
    WaitingLine(
        label=gettext_lazy("phone numbers of areas that nobody has checked for a year"),
        one=gettext_lazy("phone number of an area that nobody has checked for a year"),
        count=lambda: AreaContact.objects.to_check(uk_day(timezone.now())),
        address=lambda: f"{reverse(CONTACTS_ROUTE)}?needs=check",
        permission="guidance.change_areacontact",
    ),
):
    staff_site.add_waiting(gettext_lazy("Guidance"), waiting)


def check_area_numbers(request: HttpRequest | None) -> Iterator[FirstRunCheck]:
    missing, label = AreaContact.objects.missing().count(), gettext_lazy("Who to tell in each area")
    if missing:
        sentence = ngettext(
            "%(n)s area has no phone number, so people there see none.",
            "%(n)s areas have no phone number, so people there see none.",
            missing,
        )
        address, link = f"{reverse(CONTACTS_ROUTE)}?needs=number", gettext_lazy("See the areas without a number")
        yield FirstRunCheck(label, Light.AMBER, sentence % {"n": missing}, href=address, link=link)
    else:
        yield FirstRunCheck(label, Light.GREEN, _("Every area has a phone number."))


register_first_run_check(CONTENT_SECTION, gettext_lazy("Who to tell in each area"), check_area_numbers)
