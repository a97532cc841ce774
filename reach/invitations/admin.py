"""Campaigns and role mailboxes on the staff site."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib import admin
from django.core.validators import URLValidator
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ctac.dates import format_span
from ctac.forms import tidy_postcode
from ctac.staff.site import NOTHING, LooksOnly, ObjectAction, column, moment_of, staff_site
from ctac.staff.story import ROWS_BESIDE, Related, Row, add_related
from professionals.admin import OrganisationAdmin
from professionals.models import Organisation
from reach.areas import Unit, areas_of
from reach.invitations.queries import outcome_of
from reach.invitations.services import add_mailbox, record_objection
from reach.models import INVITED_AT_MOST_EVERY, Basis, Campaign, RoleMailbox


def area_names(campaign: Campaign) -> str:
    known = areas_of(Unit(campaign.unit))
    return ", ".join(known[code].name if code in known else code for code in campaign.areas)


class LooksOnlyAdmin(LooksOnly):
    """Rows that services write."""

    actions = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Campaign, site=staff_site)
class CampaignAdmin(LooksOnlyAdmin):
    """What came of it is counted from the outbox and from bookings."""

    list_display = ("planned", "where", "kind", "presentation", "by")
    list_select_related = ("presentation", "planned_by")
    sorts_quickly = ("planned",)
    ordering = ("-planned_at", "-pk")
    fields = readonly_fields = (
        "planned",
        "by",
        "kind",
        "where",
        "presentation",
        "booking_link",
        "session_link",
        "offered",
        "sent",
        "booked_after",
        "came",
    )
    may_be_empty = ("booking_link", "session_link", "offered")
    planned = moment_of("planned_at", gettext_lazy("planned"), short=True)
    where = column(gettext_lazy("areas"), area_names)
    by = column(gettext_lazy("by"), lambda campaign: str(campaign.planned_by or NOTHING))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Campaign]:
        return super().get_queryset(request).select_related("presentation", "planned_by", "booking", "session")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> Campaign | None:
        """With its figures, read once."""
        found: Campaign | None = super().get_object(request, object_id, from_field)
        if found:
            found.outcome = outcome_of(found)  # type: ignore[attr-defined]
        return found

    @admin.display(description=gettext_lazy("visit"))
    def booking_link(self, campaign: Campaign) -> SafeString | str:
        return link_to("bookings_booking", campaign.booking)

    @admin.display(description=gettext_lazy("open session"))
    def session_link(self, campaign: Campaign) -> SafeString | str:
        return link_to("bookings_opensession", campaign.session)

    @admin.display(description=gettext_lazy("times offered"))
    def offered(self, campaign: Campaign) -> str:
        return "\n".join(format_span(start, start + campaign.presentation.length) for start in campaign.times)

    @admin.display(description=gettext_lazy("emails sent"))
    def sent(self, campaign: Any) -> str:
        return _("%(sent)d of %(invited)d") % {"sent": campaign.outcome.sent, "invited": campaign.outcome.invited}

    @admin.display(description=gettext_lazy("booked"))
    def booked_after(self, campaign: Any) -> str:
        sentence = _("%(n)d, by people who were invited, in the %(days)d days after. Nothing tracks who reads an email.")
        return sentence % {"n": campaign.outcome.booked, "days": INVITED_AT_MOST_EVERY.days}

    @admin.display(description=gettext_lazy("people who attended these"))
    def came(self, campaign: Any) -> str:
        return f"{campaign.outcome.people:,}"


def link_to(page: str, row: Any) -> SafeString | str:
    return format_html('<a href="{}">{}</a>', reverse(f"staff:{page}_change", args=[row.pk]), row.reference) if row else ""


@admin.register(RoleMailbox, site=staff_site)
class RoleMailboxAdmin(LooksOnlyAdmin):
    """Added on the page of an organisation."""

    list_display = ("name", "organisation", "added", "objected")
    list_select_related = ("organisation",)
    sorts_quickly = ("added",)
    ordering = ("-added_at", "-pk")
    fields = readonly_fields = ("name", "organisation", "source", "basis", "postcode", "added", "added_by", "objected", "how")
    may_be_empty = ("source", "postcode", "organisation", "objected", "how")
    added = moment_of("added_at", gettext_lazy("added"), short=True)
    objected = moment_of("objected_at", gettext_lazy("told us not to write"), short=True)
    name = column(gettext_lazy("address"), lambda mailbox: mailbox.address or _("Deleted"))
    how = column(gettext_lazy("how they objected"), lambda mailbox: mailbox.get_objected_by_display())
    object_actions = (
        ObjectAction(
            "objection",
            gettext_lazy("Stop mail to this address for ever"),
            record_objection,
            available=lambda mailbox: mailbox.objected_at is None,
            explanation=gettext_lazy(
                "Do this if its readers told us not to write to them. We delete the address, and nobody can add it again. "
                "You can’t undo this."
            ),
            done=gettext_lazy("We will not write to this address again."),
            weight="stop",
        ),
    )


class MailboxForm(forms.Form):
    address = forms.EmailField(
        label=gettext_lazy("Address"),
        help_text=gettext_lazy("Of a role, such as safeguarding.team@leeds.gov.uk. Never somebody’s own."),
        error_messages={"required": gettext_lazy("Enter the address.")},
    )
    source = forms.URLField(
        label=gettext_lazy("Page where we found it"),
        assume_scheme="https",
        validators=[URLValidator(schemes=["http", "https"])],
        help_text=gettext_lazy("Each email to the address says this."),
        error_messages={"required": gettext_lazy("Enter the address of the page.")},
    )
    basis = forms.ChoiceField(label=gettext_lazy("Why may we write to it?"), choices=Basis, widget=forms.RadioSelect)
    postcode = forms.CharField(
        label=gettext_lazy("Postcode of their workplace"),
        max_length=10,
        error_messages={"required": gettext_lazy("Enter the postcode.")},
    )

    def clean_postcode(self) -> str:
        return tidy_postcode(self.cleaned_data["postcode"])


OrganisationAdmin.object_actions = [
    *OrganisationAdmin.object_actions,
    ObjectAction(
        "mailbox",
        gettext_lazy("Add a role mailbox"),
        add_mailbox,
        form_class=MailboxForm,
        explanation=gettext_lazy(
            "We may write to the address of a role, to offer a free visit, every 90 days at most. Each email says where we found "
            "the address and how to object."
        ),
        done=gettext_lazy("The role mailbox is added. Nothing has been sent."),
    ),
]


def mailboxes_of(organisation: Organisation) -> Iterator[Row]:
    for mailbox in organisation.role_mailboxes.order_by("address")[: ROWS_BESIDE + 1]:
        yield Row(mailbox.address, mailbox.get_basis_display(), reverse("staff:reach_rolemailbox_change", args=[mailbox.pk]))


add_related(Organisation, Related(gettext_lazy("Role mailboxes"), mailboxes_of, "reach.view_rolemailbox"))
