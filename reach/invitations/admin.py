"""Inviting an area, campaigns and role mailboxes on the staff site."""

import uuid
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.decorators import permission_required
from django.core.validators import URLValidator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _, gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from accounts.access import signed_in_user
from bookings.models import Format, Presentation
from core.dates import format_datetime_range
from core.errors import DomainError
from core.forms import FORM_METHODS, PageForm, normalise_postcode
from notifications.models import Notification
from notifications.rendering import render as render_email
from professionals.admin import OrganisationAdmin
from professionals.models import Organisation
from reach.areas import Area, Unit, areas_of
from reach.invitations.emails import VisitInvitation
from reach.invitations.queries import (
    central_place,
    free_times,
    get_campaign_outcome,
    invitable_mailboxes,
    invitable_people,
    mailboxes_in_areas,
    recent_invites,
    subscribers_in_areas,
)
from reach.invitations.services import add_mailbox, invite_area, record_objection
from reach.models import MIN_INVITATION_INTERVAL, Basis, Campaign, RoleMailbox
from staff.actions import ObjectAction
from staff.audit import audit_note
from staff.lists import EMPTY_VALUE, column, datetime_column
from staff.menu import MENU_PAGES, MenuPage
from staff.model_admin import ReadOnlyAdmin
from staff.site import staff_site
from staff.story import MAX_RELATED_ROWS, RelatedList, RelatedRow, register_related_list

INVITE_PERMISSION = "reach.invite"
MENU_PAGES.append(MenuPage(gettext_lazy("Reach"), gettext_lazy("Invite an area"), "staff:reach_invite", INVITE_PERMISSION))

# Without JavaScript, the areas are those of the unit that the page was opened with.
UNIT_HELP_TEXT = gettext_lazy("If you choose another unit, press “Show who would get it” to see its areas.")
AREA_ERROR_MESSAGES = dict.fromkeys(("required", "invalid_choice"), gettext_lazy("Choose an area of this unit."))


class InviteForm(PageForm):
    """The questions of the page, with the areas of the chosen unit. Shows no errors until an area is asked for."""

    unit = forms.ChoiceField(label=gettext_lazy("Unit"), choices=Unit, help_text=UNIT_HELP_TEXT)
    area = forms.ChoiceField(label=gettext_lazy("Area"), error_messages=AREA_ERROR_MESSAGES)
    presentation = forms.ModelChoiceField(
        Presentation.objects.offered().filter(formats__contains=[Format.WORKPLACE]),
        label=gettext_lazy("Presentation"),
        empty_label=None,
    )

    def __init__(self, asked: Mapping[str, str], **kwargs: Any) -> None:
        unit = Unit(asked["unit"]) if asked.get("unit") in Unit.values else Unit.UPPER
        presentations = InviteForm.base_fields["presentation"].queryset.all()  # type: ignore[attr-defined]
        first = presentations.first() if "presentation" not in asked else None
        begins = {"unit": unit, "area": "", **({"presentation": first.pk} if first else {})}
        super().__init__({**begins, **asked, "unit": unit} if "area" in asked else None, initial=begins, **kwargs)
        choices = [("", _("Choose")), *((area.code, area.name) for area in areas_of(unit).values())]
        self.fields["area"].choices = choices  # type: ignore[attr-defined]

    @property
    def found(self) -> tuple[Area, Presentation] | None:
        if not self.is_valid():
            return None
        area = areas_of(Unit(self.cleaned_data["unit"]))[self.cleaned_data["area"]]
        return area, self.cleaned_data["presentation"]


@dataclass(frozen=True)
class InvitationCounts:
    """How many people asked for invitations there, were invited lately, and would get one now; and how many mailboxes would."""

    chose: int
    lately: int
    ready: int
    mailboxes: int

    @property
    def rows(self) -> list[dict[str, object]]:
        lately = _("Invited in the last %(days)d days") % {"days": MIN_INVITATION_INTERVAL.days}
        figures = {
            _("Asked for visits near them"): self.chose,
            lately: self.lately,
            _("Would get it now"): self.ready,
            _("Role mailboxes that could get it"): self.mailboxes,
        }
        return [{"label": label, "value": f"{figure:,}"} for label, figure in figures.items()]


@require_http_methods(FORM_METHODS)
@permission_required(INVITE_PERMISSION, raise_exception=True)
def invite_page(request: HttpRequest) -> HttpResponse:
    """Shows who would get which times; the button sends, once however often it is pressed."""
    now = timezone.now()
    form = InviteForm((request.POST if request.method == "POST" else request.GET).dict())
    context: dict[str, Any] = {
        **staff_site.each_context(request),
        "title": _("Invite an area to book a visit"),
        "form": form,
        "days": MIN_INVITATION_INTERVAL.days,
    }
    if found := form.found:
        area, presentation = found
        place = central_place([area])
        times, token = free_times(presentation, place, now) if place else [], get_form_token(request)
        if request.method == "POST" and times and (response := send_invitations(request, area, presentation, times, token, now)):
            return response
        people, mailboxes = subscribers_in_areas([area]), mailboxes_in_areas([area])
        readers = InvitationCounts(
            chose=people.count(),
            lately=recent_invites(now).filter(person__in=people).count(),
            ready=invitable_people(people, now).count(),
            mailboxes=invitable_mailboxes(mailboxes, now).count(),
        )
        # The text of the email that people would get.
        campaign = Campaign(presentation=presentation, times=times)
        message = VisitInvitation(Notification(), campaign=campaign, times=times).message() if times else None
        context |= {
            "area": area,
            "presentation": presentation,
            "readers": readers,
            "rows": readers.rows,
            "times": [format_datetime_range(start, start + presentation.length) for start in times],
            "email": render_email(message).text if message else "",
            "token": token,
        }
    return TemplateResponse(request, "reach/staff/invite.html", context)


def get_form_token(request: HttpRequest) -> uuid.UUID:
    """The form's token; a new one if none was sent, or none of ours."""
    with suppress(ValueError):
        return uuid.UUID(request.POST.get("token", ""))
    return uuid.uuid4()


def send_invitations(
    request: HttpRequest, area: Area, presentation: Presentation, times: list[datetime], token: uuid.UUID, now: datetime
) -> HttpResponse | None:
    """None if it was refused; the page then shows why."""
    try:
        campaign = invite_area(
            areas=[area],
            presentation=presentation,
            times=times,
            by=signed_in_user(request),
            now=now,
            token=token,
            to_mailboxes="mailboxes" in request.POST,
        )
    except DomainError as refusal:
        messages.error(request, str(refusal.message))
        return None
    audit_note(request).add("added", kind=Campaign._meta.label_lower, keys=[campaign.pk])
    count = campaign.invites.count()
    sentence = ngettext("%(n)d invitation is on its way.", "%(n)d invitations are on their way.", count)
    messages.success(request, sentence % {"n": count})
    return redirect("staff:reach_campaign_change", campaign.pk)


staff_site.add_page("reach/invite/", invite_page, "reach_invite")


def area_names(campaign: Campaign) -> str:
    known = areas_of(Unit(campaign.unit))
    return ", ".join(known[code].name if code in known else code for code in campaign.areas)


BOOKED_AFTER_TEXT = gettext_lazy(
    "%(n)d in the %(days)d days after, by people who were invited, or by anybody in these areas at an organisation whose "
    "role mailbox was invited. Nothing tracks who reads an email."
)


@admin.register(Campaign, site=staff_site)
class CampaignAdmin(ReadOnlyAdmin):
    """Its results are counted from the outbox and from bookings."""

    nobody_may = ("add", "change", "delete")
    actions = None
    list_display = ("planned", "where", "kind", "presentation", "by")
    list_select_related = ("presentation", "planned_by")
    sorts_quickly = ("planned",)
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
    planned = datetime_column("planned_at", gettext_lazy("planned"), short=True)
    where = column(gettext_lazy("areas"), area_names)
    by = column(gettext_lazy("by"), lambda campaign: str(campaign.planned_by or EMPTY_VALUE))
    booking_link = column(gettext_lazy("visit"), lambda campaign: change_link("bookings_booking", campaign.booking))
    session_link = column(gettext_lazy("open session"), lambda campaign: change_link("bookings_opensession", campaign.session))
    offered = column(
        gettext_lazy("times offered"),
        lambda campaign: "\n".join(
            format_datetime_range(start, start + campaign.presentation.length) for start in campaign.times
        ),
    )
    sent = column(gettext_lazy("emails sent"), lambda campaign: _("%(sent)d of %(invited)d") % vars(campaign.outcome))
    booked_after = column(
        gettext_lazy("booked"),
        lambda campaign: BOOKED_AFTER_TEXT % {"n": campaign.outcome.booked, "days": MIN_INVITATION_INTERVAL.days},
    )
    came = column(gettext_lazy("people who attended these"), lambda campaign: f"{campaign.outcome.people:,}")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Campaign]:
        return super().get_queryset(request).select_related("presentation", "planned_by", "booking", "session")

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> Campaign | None:
        """The campaign with its figures, read once."""
        found: Campaign | None = super().get_object(request, object_id, from_field)
        if found:
            found.outcome = get_campaign_outcome(found)  # type: ignore[attr-defined]
        return found


def change_link(page: str, row: Any) -> SafeString | str:
    return format_html('<a href="{}">{}</a>', reverse(f"staff:{page}_change", args=[row.pk]), row.reference) if row else ""


@admin.register(RoleMailbox, site=staff_site)
class RoleMailboxAdmin(ReadOnlyAdmin):
    """Added on the page of an organisation."""

    nobody_may = ("add", "delete")
    actions = None
    list_display = ("name", "organisation", "added", "objected")
    list_select_related = ("organisation",)
    sorts_quickly = ("added",)
    fields = readonly_fields = ("name", "organisation", "source", "basis", "postcode", "added", "added_by", "objected", "how")
    may_be_empty = ("how",)
    added = datetime_column("added_at", gettext_lazy("added"), short=True)
    objected = datetime_column("objected_at", gettext_lazy("told us not to write"), short=True)
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
        return normalise_postcode(self.cleaned_data["postcode"])


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


def related_mailboxes(organisation: Organisation) -> Iterator[RelatedRow]:
    for mailbox in organisation.role_mailboxes.order_by("address")[: MAX_RELATED_ROWS + 1]:
        yield RelatedRow(
            mailbox.address, mailbox.get_basis_display(), reverse("staff:reach_rolemailbox_change", args=[mailbox.pk])
        )


register_related_list(Organisation, RelatedList(gettext_lazy("Role mailboxes"), related_mailboxes, "reach.view_rolemailbox"))
