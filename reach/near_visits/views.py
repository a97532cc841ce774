"""Around a visit: staff hold times of its presenter for an area nearby that nobody has reached, and invite the people there."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _, gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from accounts.access import signed_in_user
from bookings.models import MAX_HELD_TIMES, Booking, BookingState, Format, HeldTime
from bookings.schedule.admin import StartsField
from bookings.schedule.forms import slot_choices
from bookings.schedule.holds import AreaToVisit, days_around, hold_times, may_hold_around, release_held_time
from bookings.text import moment_text
from core.dates import uk_day
from core.errors import DomainError
from core.forms import FORM_METHODS, PageForm
from reach.areas import Area, areas_of
from reach.invitations.admin import INVITE_PERMISSION
from reach.invitations.services import invite_area
from reach.models import Campaign, CampaignKind
from reach.near_visits.queries import AREA_UNIT, NearbyArea, central_places, nearby_gap_areas
from reach.queries import month_text
from staff.audit import audit_note
from staff.lists import is_valid_key
from staff.site import staff_site
from staff.story import RelatedList, RelatedRow, register_related_list

MAX_HELD_SHOWN = 20  # of the times that were held around one visit


class HoldForm(PageForm):
    """Times of one area. Whether each is still free, the service finds out."""

    starts = StartsField(
        label=gettext_lazy("Times to hold (three at most)"),
        error_messages={"required": gettext_lazy("Choose at least one time to hold.")},
    )

    def __init__(self, data: Any, shown: NearbyArea, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        starts = self.fields["starts"]
        assert isinstance(starts, StartsField)  # noqa: S101 - tells the type checker what stands above
        starts.choices = slot_choices(shown.days)

    def clean_starts(self) -> list[datetime]:
        starts: list[datetime] = self.cleaned_data["starts"]
        if not starts:
            raise forms.ValidationError(_("Choose at least one time to hold."))
        return starts


@dataclass(frozen=True)
class HeldArea:
    """An area with times that are still held. `campaign`: the invitation that offered them, once it is sent."""

    area: Area
    held: list[HeldTime]
    campaign: Campaign | None


@require_http_methods(FORM_METHODS)
@permission_required(INVITE_PERMISSION, raise_exception=True)
def nearby_areas_page(request: HttpRequest, reference: str) -> HttpResponse:
    visit = get_object_or_404(Booking.objects.with_related(), reference=reference, format=Format.WORKPLACE)
    now, form = timezone.now(), None
    if request.method == "POST":
        done, form = handle_button(request, visit, now)
        if done:
            return redirect("staff:reach_around", visit.reference)
    can_hold = may_hold_around(visit, now)
    areas = nearby_gap_areas(visit, now) if can_hold else []
    wanted = request.POST.get("hold") or request.GET.get("area")
    chosen = next((each for each in areas if each.area.code == wanted), None)
    if chosen is not None and form is None:
        form = HoldForm(None, chosen)
    held = list(visit.times_held.select_related("presenter", "busy_time").order_by("ended", "starts_at", "pk")[:MAX_HELD_SHOWN])
    standing = [row for row in held if row.ended == "" and row.expires_at > now]
    # The visit has another day or presenter by now than when the time was held.
    is_elsewhere = any(
        row.presenter_id != visit.presenter_id or not visit.has_time or uk_day(row.starts_at) not in days_around(visit)
        for row in standing
    )
    context = {
        **staff_site.each_context(request),
        "title": _("Around %(reference)s") % {"reference": visit.reference},
        "visit": visit,
        "visit_href": reverse("staff:bookings_booking_change", args=[visit.pk]),
        "can_hold": can_hold,
        "is_elsewhere": is_elsewhere,
        "areas": [(each, month_text(each.last)) for each in areas],
        "chosen": chosen,
        "form": form,
        "held": [(row, held_time_state_text(row, now)) for row in held],
        "standing": standing,
        "held_areas": held_areas(visit, standing),
        "left": MAX_HELD_TIMES - len(standing),
        "token": request.POST.get("token") or uuid.uuid4(),
    }
    return TemplateResponse(request, "reach/staff/around.html", context)


def handle_button(request: HttpRequest, visit: Booking, now: datetime) -> tuple[bool, HoldForm | None]:
    """Does what the pressed button says. Returns whether it is done, and for "hold" the form with the refusal."""
    press = handle_release if "release" in request.POST else handle_invite if "invite" in request.POST else None
    if press is None:
        return handle_hold(request, visit, now)
    try:
        messages.success(request, press(request, visit, now))
    except DomainError as refusal:
        messages.error(request, str(refusal.message))
    return True, None


def handle_hold(request: HttpRequest, visit: Booking, now: datetime) -> tuple[bool, HoldForm | None]:
    areas = nearby_gap_areas(visit, now) if may_hold_around(visit, now) else []
    shown = next((each for each in areas if each.area.code == request.POST.get("hold")), None)
    if shown is None:
        messages.error(request, _("There are no times for that area any more. Choose another one."))
        return True, None
    form = HoldForm(request.POST, shown)
    if not form.is_valid():
        return False, form
    area = AreaToVisit(shown.area.code, shown.area.name, shown.area.keys, central_places()[shown.area.code])
    try:
        held = hold_times(visit=visit, area=area, starts=form.cleaned_data["starts"], by=signed_in_user(request), now=now)
    except DomainError as refusal:
        form.add_error("starts", str(refusal.message))
        return False, form
    audit_note(request).add("added", kind=HeldTime._meta.label_lower, keys=[row.pk for row in held])
    count = {"n": len(held), "area": shown.area.name, "until": moment_text(min(row.expires_at for row in held))}
    sentence = ngettext(
        "%(n)d time is held for %(area)s until %(until)s.", "%(n)d times are held for %(area)s until %(until)s.", len(held)
    )
    messages.success(request, sentence % count)
    return True, None


def handle_release(request: HttpRequest, visit: Booking, now: datetime) -> str:
    key = request.POST["release"]
    held = visit.times_held.filter(pk=key).first() if is_valid_key(HeldTime, key) else None
    if held is None:
        raise Http404
    release_held_time(held, by=signed_in_user(request), now=now)
    audit_note(request).add("changed", kind=HeldTime._meta.label_lower, keys=[held.pk])
    return _("The time on %(when)s is released. Anybody can book it now.") % {"when": held.when}


def handle_invite(request: HttpRequest, visit: Booking, now: datetime) -> str:
    """Raises DomainError if nothing is held any more, or nobody is left to invite."""
    area = areas_of(AREA_UNIT).get(request.POST["invite"])
    held = visit.times_held.open().filter(area=area.code, expires_at__gt=now) if area else HeldTime.objects.none()
    times = list(held.values_list("starts_at", flat=True))
    if area is None or not times:
        raise DomainError(_("No time is held for that area any more, so nobody was invited."))
    try:
        token = uuid.UUID(request.POST.get("token", ""))
    except ValueError:
        raise Http404 from None  # a token that no page of ours had
    campaign = invite_area(
        areas=[area],
        presentation=visit.presentation,
        times=times,
        by=signed_in_user(request),
        now=now,
        token=token,
        kind=CampaignKind.AROUND,
        booking=visit,
        to_mailboxes="mailboxes" in request.POST,
    )
    audit_note(request).add("added", kind=Campaign._meta.label_lower, keys=[campaign.pk])
    count = campaign.invites.count()
    return ngettext("%(n)d invitation is on its way.", "%(n)d invitations are on their way.", count) % {"n": count}


def held_time_state_text(held: HeldTime, now: datetime) -> str:
    if held.ended:
        return held.get_ended_display()
    if held.expires_at <= now:
        return _("Time ran out")
    claim = getattr(held, "busy_time", None)
    if claim is not None and not claim.live:
        return _("Somebody there is booking, or a booking is in the way")
    return _("Held until %(until)s") % {"until": moment_text(held.expires_at)}


def held_areas(visit: Booking, standing: list[HeldTime]) -> list[HeldArea]:
    """The areas with times that are still held. One statement, or none if nothing is held."""
    if not standing:
        return []
    sent = Campaign.objects.filter(booking=visit, kind=CampaignKind.AROUND).order_by("planned_at")
    campaigns = {code: campaign for campaign in sent for code in campaign.areas}
    found = []
    for code in dict.fromkeys(row.area for row in standing):
        theirs, campaign = [row for row in standing if row.area == code], campaigns.get(code)
        offered = campaign if campaign and all(row.starts_at in campaign.times for row in theirs) else None
        if area := areas_of(AREA_UNIT).get(code):
            found.append(HeldArea(area, theirs, offered))
    return found


def related_around_link(visit: Booking) -> Iterator[RelatedRow]:
    """The link from the visit's page. Asks nothing for a request, since nothing was ever held around one."""
    was_fixed = visit.format == Format.WORKPLACE and visit.state != BookingState.REQUESTED
    if may_hold_around(visit, timezone.now()) or (was_fixed and visit.times_held.exists()):
        href = reverse("staff:reach_around", args=[visit.reference])
        yield RelatedRow(_("Areas nearby that nobody has reached"), _("Hold times there and invite people"), href)


register_related_list(Booking, RelatedList(gettext_lazy("Around this visit"), related_around_link, INVITE_PERMISSION))
staff_site.add_page("reach/around/<str:reference>/", nearby_areas_page, "reach_around", gettext_lazy("Around a visit"))
