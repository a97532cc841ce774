"""Texts that may be about a child, for the safeguarding lead: read, then cleared or declared harmless."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import resolve, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst
from django.utils.translation import gettext as _, gettext_lazy

from accounts.access import signed_in_user
from core.errors import DomainError
from professionals.models import FlagDecision, FlaggedEvent, FlaggedEventKind, FlaggedText
from professionals.safeguarding import services
from staff.actions import ObjectAction, page_form_class
from staff.lists import (
    EMPTY_VALUE,
    OptionsFilter,
    column,
    datetime_column,
    format_long_datetime,
    narrow_by,
    period_filter,
    phone_link,
    state_tag,
)
from staff.model_admin import ReadOnlyAdmin
from staff.site import staff_site
from staff.today import WaitingLine, WaitingRow

READ_SLUG = "read"


def read_page(page_admin: "FlaggedTextAdmin", request: HttpRequest, flagged: FlaggedText, action: ObjectAction) -> HttpResponse:
    """Show the words to a colleague who is recorded as their reader. Opening the page doesn't record them; the button does."""
    user = signed_in_user(request)
    if request.method == "POST":
        services.mark_as_read(flagged=flagged, by=user, now=timezone.now())
        return redirect("staff:professionals_flaggedtext_action", flagged.pk, READ_SLUG)
    is_read = flagged.was_read_by(user)
    fields = services.flagged_fields(flagged) if is_read else []
    context = {
        **page_admin.get_action_context(
            request, action, flagged, reverse("staff:professionals_flaggedtext_change", args=[flagged.pk])
        ),
        "is_read": is_read,
        "rows": [*page_admin.get_summary_rows(flagged), *writer_rows(flagged, fields), *field_rows(fields)],
        "is_gone": is_read and not fields,
        "next_actions": [action for action in page_admin.available_actions(request, flagged) if action.slug != READ_SLUG],
    }
    return TemplateResponse(request, "professionals/staff/flagged.html", context)


class DecideForm(forms.Form):
    """Holds the fingerprint of the words on the page, so that nobody decides about words that were changed since."""

    shown = forms.CharField(widget=forms.HiddenInput, required=False, max_length=64)


def decide_page(page_admin: "FlaggedTextAdmin", request: HttpRequest, flagged: FlaggedText, action: ObjectAction) -> HttpResponse:
    """Show the words beside the button to a colleague who has read them; if they have changed meanwhile, the new words."""
    change_url = reverse("staff:professionals_flaggedtext_change", args=[flagged.pk])
    form = page_form_class(DecideForm)(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            action.service(flagged, by=signed_in_user(request), now=timezone.now(), **form.cleaned_data)  # type: ignore[misc]
        except services.TextHasChanged as refusal:
            messages.error(request, str(refusal.message))
            return redirect(request.path)
        except DomainError as refusal:
            form.add_error(None, str(refusal.message))
        else:
            messages.success(request, str(action.done))
            return redirect(change_url)
    fields = services.flagged_fields(flagged) if flagged.was_read_by(signed_in_user(request)) else []
    form.initial["shown"] = services.fields_fingerprint(fields)
    rows = [*page_admin.get_summary_rows(flagged), *writer_rows(flagged, fields), *field_rows(fields)]
    context = {**page_admin.get_action_context(request, action, flagged, change_url), "form": form, "rows": rows}
    return TemplateResponse(request, "admin/object_action.html", context)


def field_rows(fields: Iterable[services.FlaggedField]) -> list[dict[str, object]]:
    return [{"label": capfirst(field.label), "value": field.text} for field in fields]


def writer_rows(flagged: FlaggedText, fields: list[services.FlaggedField]) -> list[dict[str, object]]:
    """Who wrote the words that are on this page, with the phone, so that the lead can call them."""
    if not fields:
        return []
    contacts = [
        [getattr(writer, "name", ""), phone_link(number) if number else "", writer.email]
        for writer in services.find_writers(flagged, fields)
        for number in [getattr(writer, "phone", "") or getattr(writer, "mobile", "")]
    ]
    lines = [(part,) for contact in contacts for part in contact if part]
    text = format_html_join(mark_safe("<br>"), "{}", lines) or _("We don’t know who wrote it.")
    return [{"label": _("Written by"), "value": text}]


def events_html(flagged: FlaggedText, *kinds: FlaggedEventKind) -> SafeString:
    """The colleague and time of each event, one to a line."""
    events = [event for event in flagged.events.all() if event.kind in kinds]
    lines = [(event.by or _("A former colleague"), format_long_datetime(event.at)) for event in events]
    return format_html_join(mark_safe("<br>"), "{}, {}", lines)


class DecisionFilter(OptionsFilter):
    title = gettext_lazy("state")
    parameter_name = "state"
    options = {
        "unread": (gettext_lazy("Not read yet"), narrow_by(read_at=None, decision=FlagDecision.OPEN)),
        "open": (gettext_lazy("Not decided yet"), narrow_by(decision=FlagDecision.OPEN)),
        "done": (gettext_lazy("Decided"), narrow_by(decision__in=[FlagDecision.CLEARED, FlagDecision.NO_CHILD])),
    }


@admin.register(FlaggedText, site=staff_site)
class FlaggedTextAdmin(ReadOnlyAdmin):
    nobody_may = ("add", "delete")
    list_display = ("reference", "written", "state", "readers")
    list_filter = (DecisionFilter, period_filter("flagged_at"))
    sorts_quickly = ("written",)
    ordering = ("-flagged_at", "-pk")
    fields = readonly_fields = ("reference", "where", "written", "state", "readers", "decided")
    may_be_empty = ("decided",)
    where = column(
        gettext_lazy("written with"),
        lambda flagged: format_html('<a href="{}">{}</a>', services.flagged_staff_url(flagged), flagged.reference),
    )
    written = datetime_column("flagged_at", gettext_lazy("written"), short=True)
    readers = column(gettext_lazy("read by"), lambda flagged: events_html(flagged, FlaggedEventKind.READ) or EMPTY_VALUE)
    decided = column(
        gettext_lazy("decided by"),
        lambda flagged: events_html(flagged, FlaggedEventKind.CLEARED, FlaggedEventKind.NO_CHILD),
    )
    object_actions = (
        ObjectAction(
            slug=READ_SLUG,
            label=gettext_lazy("Read what was written"),
            explanation=gettext_lazy(
                "We asked the writer to take this out, and they kept it. We record that you read it, and when. If a "
                "child may be at risk, act as your policy says. Nothing on this site does that for you."
            ),
            available=lambda flagged: flagged.decision != FlagDecision.CLEARED,
            weight="main",
            page=read_page,
        ),
        ObjectAction(
            slug="clear",
            label=gettext_lazy("Clear the words"),
            service=services.clear_flagged,
            page=decide_page,
            available=lambda flagged: not flagged.is_decided,
            explanation=gettext_lazy(
                "This deletes the words for good. First write down what is needed to protect a child, in the place where "
                "your policy says. We keep a record that a text was there, who read it, and that you cleared it."
            ),
            done=gettext_lazy("The words are cleared."),
            weight="stop",
        ),
        ObjectAction(
            slug="no-child",
            label=gettext_lazy("This is not about a child"),
            service=services.mark_as_no_child,
            page=decide_page,
            available=lambda flagged: not flagged.is_decided,
            explanation=gettext_lazy(
                "We will treat this like any other text. Emails and calendar entries may have it from now on."
            ),
            done=gettext_lazy("We now treat this like any other text."),
        ),
    )

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> list[tuple[Any, Any]]:
        """Without the link to the object for a colleague who may not open its page."""
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None:
            return fieldsets
        app, _line, rest = resolve(services.flagged_staff_url(obj)).url_name.partition("_")  # type: ignore[union-attr]
        if request.user.has_perm(f"{app}.view_{rest.removesuffix('_change')}"):
            return fieldsets
        return [(title, {**options, "fields": [n for n in options["fields"] if n != "where"]}) for title, options in fieldsets]

    def get_queryset(self, request: HttpRequest) -> QuerySet[FlaggedText]:
        events = FlaggedEvent.objects.select_related("by")
        return super().get_queryset(request).prefetch_related(Prefetch("events", queryset=events))

    @admin.display(description=gettext_lazy("state"))
    def state(self, flagged: FlaggedText) -> SafeString:
        if flagged.is_decided:
            return state_tag(flagged.get_decision_display(), "done")
        return state_tag(_("Read"), "good") if flagged.read_at else state_tag(_("Not read"), "waiting")

    def get_summary_rows(self, obj: FlaggedText) -> list[dict[str, object]]:
        return [
            {"label": _("Written with"), "value": obj.reference},
            {"label": _("When"), "value": format_long_datetime(obj.flagged_at)},
        ]


staff_site.add_waiting(
    gettext_lazy("People"),
    WaitingLine(
        label=gettext_lazy("texts that may be about a child, not read yet"),
        one=gettext_lazy("text that may be about a child, not read yet"),
        count=lambda: FlaggedText.objects.unread(),
        address=lambda: f"{reverse('staff:professionals_flaggedtext_changelist')}?state=unread",
        permission="professionals.view_flaggedtext",
        urgent=True,
        named=WaitingRow(who="reference", since="flagged_at", label=gettext_lazy("Read it"), slug=READ_SLUG),
    ),
)
