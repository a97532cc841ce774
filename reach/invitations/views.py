"""Inviting the people of an area, for staff; and saying no for a role mailbox, by the link in its mail."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from accounts.access import signed_in
from bookings.models import Format, Presentation
from ctac.dates import format_span
from ctac.errors import DomainError
from ctac.forms import FORM_METHODS, PageForm
from ctac.pages import keep_private
from ctac.staff.audit import audit_note
from ctac.staff.menu import PAGES, MenuPage
from ctac.staff.site import staff_site
from notifications.models import Notification
from notifications.rendering import render as render_email
from notifications.views import ONE_CLICK, masked
from reach.areas import Area, Unit, areas_of
from reach.invitations.emails import VisitInvitation
from reach.invitations.queries import (
    free_times,
    invitable,
    invitable_mailboxes,
    invited_lately,
    mailboxes_in,
    middle_of,
    people_who_chose,
)
from reach.invitations.services import invite_area, record_objection
from reach.models import INVITED_AT_MOST_EVERY, Campaign, ObjectedBy, RoleMailbox

INVITE = "reach.invite"
PAGES.append(MenuPage(gettext_lazy("Reach"), gettext_lazy("Invite an area"), "staff:reach_invite", INVITE))


class InviteForm(PageForm):
    """What the page is asked, from its address; areas are those of the unit."""

    unit = forms.ChoiceField(label=gettext_lazy("Unit"), choices=Unit)
    area = forms.ChoiceField(label=gettext_lazy("Area"), required=False)
    presentation = forms.ModelChoiceField(
        Presentation.objects.offered().filter(formats__contains=[Format.WORKPLACE]),
        label=gettext_lazy("Presentation"),
        empty_label=None,
    )

    def __init__(self, data: dict[str, Any], **kwargs: Any) -> None:
        asked = {name: value for name, value in data.items() if value}
        unit = asked.get("unit") if asked.get("unit") in Unit.values else Unit.UPPER.value
        super().__init__({"area": "", **asked, "unit": unit}, **kwargs)
        area, presentation = self.fields["area"], self.fields["presentation"]
        assert isinstance(area, forms.ChoiceField)  # noqa: S101 - these tell the type checker what stands above
        assert isinstance(presentation, forms.ModelChoiceField)  # noqa: S101
        found = areas_of(Unit(unit)).values()
        area.choices = [("", _("Choose")), *((each.code, each.name) for each in found)]
        self.offered = list(presentation.queryset or ())
        if "presentation" not in asked and self.offered:
            self.data = {**self.data, "presentation": self.offered[0].pk}

    @property
    def found(self) -> tuple[Area | None, Presentation | None]:
        """What was asked for, where there is such a thing."""
        self.is_valid()
        area = areas_of(Unit(self.data["unit"])).get(self.cleaned_data.get("area", ""))
        return area, self.cleaned_data.get("presentation")


@dataclass(frozen=True)
class Readers:
    """How many asked for invitations there, were invited lately, would get one now; and how many role mailboxes would."""

    chose: int
    lately: int
    ready: int
    mailboxes: int


def readers_in(areas: Sequence[Area], now: datetime) -> Readers:
    people, mailboxes = people_who_chose(areas), mailboxes_in(areas)
    lately = invited_lately(now).filter(person__in=people)
    return Readers(people.count(), lately.count(), invitable(people, now).count(), invitable_mailboxes(mailboxes, now).count())


@require_http_methods(FORM_METHODS)
def invite_page(request: HttpRequest) -> HttpResponseBase:
    """Who would get which times; the button sends, once however often it is pressed."""
    if not request.user.has_perm(INVITE):
        raise PermissionDenied
    now = timezone.now()
    form = InviteForm((request.POST if request.method == "POST" else request.GET).dict())
    area, presentation = form.found
    place = middle_of([area]) if area else None
    times = free_times(presentation, place, now) if presentation and place else []
    sends = request.method == "POST" and area and presentation and times
    if sends and (response := send(request, area, presentation, times, now)):
        return response
    context: dict[str, Any] = {
        **staff_site.each_context(request),
        "title": _("Invite an area to book a visit"),
        "form": form,
        "area": area,
        "days": INVITED_AT_MOST_EVERY.days,
    }
    if area and presentation:
        context |= {
            "presentation": presentation,
            "readers": readers_in([area], now),
            "times": [format_span(start, start + presentation.length) for start in times],
            "email": preview(presentation, times) if times else "",
            "token": request.POST.get("token") or uuid.uuid4(),
        }
    return TemplateResponse(request, "reach/staff/invite.html", context)


def send(
    request: HttpRequest, area: Area, presentation: Presentation, times: list[datetime], now: datetime
) -> HttpResponse | None:
    """None where it was refused, which the page then says."""
    try:
        token = uuid.UUID(request.POST.get("token", ""))
        campaign = invite_area(
            areas=[area],
            presentation=presentation,
            times=times,
            by=signed_in(request),
            now=now,
            token=token,
            to_mailboxes="mailboxes" in request.POST,
        )
    except DomainError as refusal:
        messages.error(request, refusal.message)
        return None
    except ValueError:
        return None  # a token that no page of ours had
    note = audit_note(request)
    note.kind = Campaign._meta.label_lower
    note.add("sent", keys=[campaign.pk])
    count = campaign.invites.count()
    sentence = ngettext("%(n)d invitation is on its way.", "%(n)d invitations are on their way.", count)
    messages.success(request, sentence % {"n": count})
    return redirect("staff:reach_campaign_change", campaign.pk)


def preview(presentation: Presentation, times: Sequence[datetime]) -> str:
    """The text of the email that people would get."""
    campaign = Campaign(presentation=presentation, times=list(times))
    return render_email(VisitInvitation(Notification(), campaign=campaign, times=list(times)).message()).text


staff_site.add_page("reach/invite/", invite_page, "reach_invite")


@csrf_exempt  # mail programs press for their reader, without cookies; all that a POST can do is to stop our mail
@require_http_methods(FORM_METHODS)
def mailbox_objection(request: HttpRequest, token: str) -> HttpResponse:
    """Opening it changes nothing; its button, or that of a mail program, ends our mail to that address for ever."""
    request.address_is_private = True  # type: ignore[attr-defined]
    mailbox = RoleMailbox.objects.filter(token=token).first()
    if mailbox is None:
        return keep_private(request, render(request, "notifications/choices_over.html", status=404), has_a_form=True)
    if request.method == "POST":
        one_click = request.POST.get("List-Unsubscribe") == ONE_CLICK
        how = ObjectedBy.MAIL_PROGRAM if one_click else ObjectedBy.LINK
        record_objection(mailbox, how=how, now=timezone.now())
        if one_click:
            return HttpResponse(_("We will not write to this address again."), content_type="text/plain; charset=utf-8")
        return redirect(request.path)
    context = {"mailbox": mailbox, "shown": masked(mailbox.address), "days": INVITED_AT_MOST_EVERY.days}
    return keep_private(request, render(request, "reach/invitations/objection.html", context), has_a_form=True)
