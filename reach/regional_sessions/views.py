"""A regional session: staff plan an open session on its own page, and invite the people of a region to it."""

import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _, gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from accounts.access import signed_in_user
from bookings.models import Format, OpenSession, Presentation
from core.errors import DomainError
from core.forms import FORM_METHODS, PageForm
from reach.areas import Area, Unit, areas_of
from reach.invitations.admin import AREA_ERROR_MESSAGES, INVITE_PERMISSION, UNIT_HELP_TEXT
from reach.models import MIN_INVITATION_INTERVAL, Campaign
from reach.regional_sessions.services import invitable_people_by_topic, invite_to_session
from staff.audit import audit_note
from staff.menu import MENU_PAGES, MenuPage
from staff.site import staff_site
from staff.story import RelatedList, RelatedRow, register_related_list

MENU_PAGES.append(MenuPage(gettext_lazy("Reach"), gettext_lazy("Regional session"), "staff:reach_session", INVITE_PERMISSION))
MAX_SESSIONS, MAX_PRESENTATIONS = 50, 20


class SessionForm(PageForm):
    """The questions of the page, from its address, with the areas of the chosen unit.

    Shows no errors if a link gives only the area or only the session.
    """

    unit = forms.ChoiceField(label=gettext_lazy("Unit"), choices=Unit, help_text=UNIT_HELP_TEXT)
    area = forms.ChoiceField(label=gettext_lazy("Area"), error_messages=AREA_ERROR_MESSAGES)
    session = forms.ChoiceField(
        label=gettext_lazy("Open session"),
        error_messages=dict.fromkeys(("required", "invalid_choice"), gettext_lazy("Choose an open session.")),
    )

    def __init__(self, asked: Mapping[str, str], sessions: Mapping[str, OpenSession], **kwargs: Any) -> None:
        unit = Unit(asked["unit"]) if asked.get("unit") in Unit.values else Unit.REGION
        begins = {**asked, "unit": unit}
        super().__init__(begins if {"area", "session"} <= asked.keys() else None, initial=begins, **kwargs)
        area, session = self.fields["area"], self.fields["session"]
        assert isinstance(area, forms.ChoiceField)  # noqa: S101 - these tell the type checker what stands above
        assert isinstance(session, forms.ChoiceField)  # noqa: S101
        area.choices = [("", _("Choose")), *((each.code, each.name) for each in areas_of(unit).values())]
        rows = ((key, f"{each.when}: {each.presentation.title}") for key, each in sessions.items())
        session.choices = [("", _("Choose")), *rows]


@require_http_methods(FORM_METHODS)
@permission_required(INVITE_PERMISSION, raise_exception=True)
def session_page(request: HttpRequest) -> HttpResponse:
    """Shows who would be invited to which session; the button sends, once however often it is pressed."""
    now = timezone.now()
    sessions = {each.reference: each for each in OpenSession.objects.with_related().upcoming(now)[:MAX_SESSIONS]}
    form = SessionForm((request.POST if request.method == "POST" else request.GET).dict(), sessions)
    area = session = None
    if form.is_valid():
        area = areas_of(Unit(form.cleaned_data["unit"]))[form.cleaned_data["area"]]
        session = sessions[form.cleaned_data["session"]]
    if request.method == "POST" and area and session and (response := send_session_invitations(request, area, session)):
        return response
    presentations = Presentation.objects.offered().filter(formats__contains=[Format.ONLINE])[:MAX_PRESENTATIONS]
    plan = reverse("staff:bookings_opensession_add")
    context: dict[str, Any] = {
        **staff_site.each_context(request),
        "title": _("Invite a region to an open session"),
        "form": form,
        "area": area,
        "session": session,
        "days": MIN_INVITATION_INTERVAL.days,
        "plans": [(each.title, f"{plan}?presentation={each.pk}") for each in presentations],
    }
    if area and session:
        context["ready"] = sum(people.count() for people in invitable_people_by_topic(session, [area], now).values())
        context["token"] = request.POST.get("token") or uuid.uuid4()
    return TemplateResponse(request, "reach/staff/session.html", context)


def send_session_invitations(request: HttpRequest, area: Area, session: OpenSession) -> HttpResponse | None:
    """None if it was refused; the page then shows why."""
    try:
        token = uuid.UUID(request.POST.get("token", ""))
        campaign = invite_to_session(session=session, areas=[area], by=signed_in_user(request), now=timezone.now(), token=token)
    except DomainError as refusal:
        messages.error(request, str(refusal.message))
        return None
    except ValueError:
        return None  # a token that no page of ours had
    audit_note(request).add("added", kind=Campaign._meta.label_lower, keys=[campaign.pk])
    count = campaign.invites.count()
    sentence = ngettext("%(n)d invitation goes out at 9am tomorrow.", "%(n)d invitations go out at 9am tomorrow.", count)
    messages.success(request, sentence % {"n": count})
    return redirect("staff:reach_campaign_change", campaign.pk)


def related_invite_link(session: OpenSession) -> Iterator[RelatedRow]:
    """The link from the session's page."""
    if session.is_scheduled and session.starts_at > timezone.now():
        yield RelatedRow(
            _("Invite a region to this session"), "", f"{reverse('staff:reach_session')}?session={session.reference}"
        )


register_related_list(OpenSession, RelatedList(gettext_lazy("Regional session"), related_invite_link, INVITE_PERMISSION))
staff_site.add_page("reach/session/", session_page, "reach_session")
