"""The texts of emails and pages on the staff site: our wording, staff's own, who approved it, and how to go back."""

import re
from collections import defaultdict
from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Prefetch, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _, gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_safe

from core.errors import DomainError
from core.forms import FORM_METHODS
from core.pages import framed_response
from office.texts.forms import SendBackForm, TextForm
from office.texts.markup import editable_text
from office.texts.models import StepKind, TextStep, TextVersion
from office.texts.queries import preview_wording, unused_reason
from office.texts.services import approve_text, restore_default_wording, send_back_text, take_back_text, write_text
from office.texts.sources import TextSource, get_sentences, sentence_rows, text_sources
from staff.actions import ObjectAction
from staff.audit import audit_note
from staff.first_run import CONTENT_SECTION, FirstRunCheck, Light, register_first_run_check
from staff.lists import EMPTY_VALUE, OptionsFilter, column, datetime_column, format_short_datetime, state_tag
from staff.menu import MENU_PAGES, MenuPage
from staff.model_admin import ReadOnlyAdmin
from staff.site import staff_site
from staff.today import WaitingLine

VIEW_PERMISSION, ADD_PERMISSION = "office.view_textversion", "office.add_textversion"
MAX_VERSIONS_SHOWN = 20
MAX_TEXT_SOURCES_NAMED = 5
MAX_UNUSED_SHOWN = 50


class StateFilter(OptionsFilter):
    title = gettext_lazy("state")
    parameter_name = "state"
    options = {
        "waiting": (gettext_lazy("To approve"), lambda versions, now: versions.waiting()),
        "live": (gettext_lazy("Readers get it"), lambda versions, now: versions.live()),
    }


class LanguageFilter(admin.SimpleListFilter):
    title = gettext_lazy("language")
    parameter_name = "language"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(settings.LANGUAGES)

    def queryset(self, request: HttpRequest, queryset: Any) -> QuerySet[TextVersion]:
        return queryset.filter(language=self.value()) if self.value() else queryset


def is_live(version: TextVersion) -> bool:
    return TextVersion.objects.live().filter(pk=version.pk).exists()


def is_waiting(version: TextVersion) -> bool:
    return TextVersion.objects.waiting().filter(pk=version.pk).exists()


@admin.register(TextVersion, site=staff_site)
class TextVersionAdmin(ReadOnlyAdmin):
    nobody_may = ("add", "delete")
    list_display = ("wording", "in_language", "state", "written", "author")
    list_filter = (StateFilter, LanguageFilter)
    list_select_related = ("author",)
    fields = ("state", "ours_shown", "text", "in_language", "author", "written", "reason", "decision")
    readonly_fields = (*fields, "written_by")
    may_be_empty = ("decision",)
    change_form_template = "office/texts/staff/version.html"
    links = {"author": ("accounts.view_user", "written_by")}
    decision = column(
        gettext_lazy("what became of it"), lambda version: "\n".join(step_text(step) for step in version.steps.all())
    )
    written_by = column(gettext_lazy("author"), lambda version: version.author or EMPTY_VALUE)
    wording = column(gettext_lazy("wording"), str)
    in_language = column(gettext_lazy("language"), lambda version: language_name(version.language))
    written = datetime_column("at", gettext_lazy("written"), short=True)
    ours_shown = column(gettext_lazy("our own wording"), lambda version: editable_text(version.ours))
    object_actions = (
        ObjectAction(
            slug="approve",
            label=gettext_lazy("Approve this wording"),
            service=approve_text,
            available=is_waiting,
            explanation=gettext_lazy("Readers get it from the next email or page on, wherever this sentence is."),
            done=gettext_lazy("The wording is approved. Readers get it from now on."),
            weight="main",
        ),
        ObjectAction(
            slug="send-back",
            label=gettext_lazy("Send it back"),
            service=send_back_text,
            available=is_waiting,
            form_class=SendBackForm,
            explanation=gettext_lazy("Readers go on getting what they get now."),
            done=gettext_lazy("The wording is sent back. Its author can write another one."),
        ),
        ObjectAction(
            slug="take-back",
            label=gettext_lazy("Go back to the wording before"),
            service=take_back_text,
            available=is_live,
            explanation=gettext_lazy(
                "Readers get what they got before this wording. Somebody approved that then, so nobody needs to approve it again."
            ),
            done=gettext_lazy("Readers get the wording before from now on."),
            weight="stop",
        ),
        ObjectAction(
            slug="ours",
            label=gettext_lazy("Go back to our own wording"),
            service=restore_default_wording,
            available=is_live,
            explanation=gettext_lazy("Readers get the wording that came with the site."),
            done=gettext_lazy("Readers get our own wording from now on."),
            weight="stop",
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[TextVersion]:
        steps = TextStep.objects.select_related("by").order_by("pk")
        return TextVersion.objects.with_decision().prefetch_related(Prefetch("steps", steps))

    @admin.display(description=gettext_lazy("state"))
    def state(self, version: Any) -> SafeString:
        """The last step of this wording. The page of its sentence shows whether readers still get it."""
        kinds = [step.kind for step in version.steps.all()]
        if not kinds:
            return (
                state_tag(_("Replaced by a newer one"), "stopped") if version.replaced else state_tag(_("To approve"), "waiting")
            )
        return state_tag(StepKind(kinds[-1]).label, "good" if kinds[-1] == StepKind.APPROVED else "stopped")

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        version = self.get_object(request, object_id)
        more = version_context(request, version) if version and self.has_view_permission(request, version) else {}
        return super().change_view(request, object_id, form_url, {**more, **(extra_context or {})})


def step_text(step: TextStep) -> str:
    what = _("%(what)s by %(name)s, %(when)s") % {
        "what": step.get_kind_display(),
        "name": step.by or _("a colleague"),
        "when": format_short_datetime(step.at),
    }
    return f"{what}: {step.reason}" if step.reason else what


def version_context(request: HttpRequest, version: TextVersion) -> dict[str, Any]:
    """For the page of a wording: how it differs from another one, and how each source would look with it."""
    others = list(TextVersion.objects.filter(key=version.key).exclude(pk=version.pk).order_by("-number")[:MAX_VERSIONS_SHOWN])
    asked = request.GET.get("with", "")
    chosen = next((other for other in others if str(other.number) == asked), None)
    sentence = get_sentences().get(version.key)
    shown = [source for source in sentence.sources if source.preview][:MAX_TEXT_SOURCES_NAMED] if sentence else []
    where = request.GET.get("in", "")
    return {
        "others": others,
        "compared": chosen,
        "pieces": word_diff(chosen.text if chosen else editable_text(version.ours), version.text),
        "sentence": sentence,
        "unused": unused_reason(version),
        "shown": shown,
        "shown_source": next((source for source in shown if source.slug == where), shown[0] if shown else None),
    }


def word_diff(before: str, after: str) -> list[tuple[str, str]]:
    """The pieces of both texts, word by word: "same", "gone" or "new"."""
    old, new = re.findall(r"\S+\s*", before), re.findall(r"\S+\s*", after)
    pieces = []
    for tag, a, b, c, d in SequenceMatcher(a=old, b=new, autojunk=False).get_opcodes():
        if tag == "equal":
            pieces.append(("same", "".join(new[c:d])))
        else:
            pieces += [("gone", "".join(old[a:b]))] if b > a else []
            pieces += [("new", "".join(new[c:d]))] if d > c else []
    return pieces


def language_name(language: str) -> str:
    return str(dict(settings.LANGUAGES).get(language, language))


# The pages: all emails and pages, the sentences of one of them, and the form for one sentence.


def require_permission(request: HttpRequest, permission: str) -> None:
    """Require the permission, and note in the audit that the page is about wordings.

    The staff site's admin_view checks the second factor.
    """
    audit_note(request).kind = TextVersion._meta.label_lower
    if not request.user.has_perm(permission):
        raise PermissionDenied


def page_context(request: HttpRequest, **more: object) -> dict[str, object]:
    return {**staff_site.each_context(request), "opts": TextVersion._meta, **more}


def text_source_or_404(slug: str) -> TextSource:
    if slug not in text_sources():
        raise Http404
    return text_sources()[slug]


def sentence_keys(source: TextSource) -> list[str]:
    return [sentence.key for row in sentence_rows(source) for each in row for sentence in each]


@require_safe
def texts(request: HttpRequest) -> HttpResponse:
    """Every source, with how many of its sentences staff have worded, and how many wordings wait."""
    require_permission(request, VIEW_PERMISSION)
    live = {version: unused_reason(version) for version in TextVersion.objects.live().order_by("pk")}
    own = {version.key for version, why in live.items() if not why}
    waiting = set(TextVersion.objects.waiting().values_list("key", flat=True))
    groups: dict[str, list[dict[str, object]]] = defaultdict(list)
    for source in text_sources().values():
        keys = set(sentence_keys(source))
        row = {"source": source, "sentences": len(keys), "own": len(keys & own), "waiting": len(keys & waiting)}
        groups[str(source.group)].append(row)
    unused = [(version, why) for version, why in live.items() if why][:MAX_UNUSED_SHOWN]
    more = {"groups": dict(groups), "unused": unused, "waiting": len(waiting)}
    return TemplateResponse(request, "office/texts/staff/texts.html", page_context(request, title=_("Texts"), **more))


@require_safe
def source_texts(request: HttpRequest, source: str) -> HttpResponse:
    """The sentences of a source in their order, in all languages side by side."""
    require_permission(request, VIEW_PERMISSION)
    found = text_source_or_404(source)
    keys = sentence_keys(found)
    own = {version.key: version for version in TextVersion.objects.live().filter(key__in=keys) if not unused_reason(version)}
    waiting = {version.key: version for version in TextVersion.objects.waiting().filter(key__in=keys)}
    rows = [
        {
            "locked": row[0][0].locked,
            "others": [other for other in row[0][0].sources if other != found],
            "cells": [
                [{"sentence": each, "own": own.get(each.key), "waiting": waiting.get(each.key)} for each in sentences_of_language]
                for sentences_of_language in row
            ],
        }
        for row in sentence_rows(found)
    ]
    more = {"source": found, "rows": rows, "languages": settings.LANGUAGES, "named": MAX_TEXT_SOURCES_NAMED}
    more |= {"may_write": request.user.has_perm(ADD_PERMISSION), "previews": settings.LANGUAGES if found.preview else ()}
    return TemplateResponse(request, "office/texts/staff/source.html", page_context(request, title=str(found.title), **more))


@require_http_methods(FORM_METHODS)
def text(request: HttpRequest, source: str, sentence: str) -> HttpResponse:
    """One sentence: what readers get now, what was written before, and the form for another wording."""
    require_permission(request, ADD_PERMISSION)
    where, found = text_source_or_404(source), get_sentences().get(sentence)
    if found is None or where not in found.sources or found.locked:
        raise Http404
    steps = Prefetch("steps", TextStep.objects.select_related("by").order_by("pk"))
    versions = list(
        TextVersion.objects.filter(key=found.key)
        .with_decision()
        .select_related("author")
        .prefetch_related(steps)
        .order_by("-number")[:MAX_VERSIONS_SHOWN]
    )
    live = next((version for version in TextVersion.objects.live().filter(key=found.key) if not unused_reason(version)), None)
    newest = versions[0] if versions else None
    starts_with = newest or live
    initial = {"seen": newest.number if newest else 0, "text": starts_with.text if starts_with else found.editable}
    form = TextForm(request.POST if request.method == "POST" else None, sentence=found, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            version = write_text(found, by=request.user, now=timezone.now(), **form.cleaned_data)
        except DomainError as refusal:
            form.add_error(None, str(refusal.message))
            answers = request.POST.copy()
            answers["seen"] = str(initial["seen"])
            form.data = answers
        else:
            audit_note(request).add("added", keys=[version.pk])
            messages.success(request, _("Your wording is saved. Readers get it once a colleague has approved it."))
            return redirect("staff:office_textversion_change", version.pk)
    more = {
        "source": where,
        "sentence": found,
        "form": form,
        "live": live,
        "versions": versions,
        "named": MAX_TEXT_SOURCES_NAMED,
    }
    title = _("Word it yourself (%(language)s)") % {"language": language_name(found.language)}
    return TemplateResponse(request, "office/texts/staff/text.html", page_context(request, title=title, **more))


SCRIPT_PATTERN = re.compile("<script.*?</script>", re.DOTALL)


@require_safe
def source_preview(request: HttpRequest, source: str, language: str) -> HttpResponse:
    """The email or page as readers get it now."""
    require_permission(request, VIEW_PERMISSION)
    if language not in dict(settings.LANGUAGES):
        raise Http404
    return render_preview(request, text_source_or_404(source), language)


@require_safe
def version_preview(request: HttpRequest, version_id: int, source: str) -> HttpResponse:
    """The email or page as readers would get it with this wording."""
    require_permission(request, VIEW_PERMISSION)
    version = get_object_or_404(TextVersion, pk=version_id)
    with preview_wording(version.language, version.ours, version.text):
        return render_preview(request, text_source_or_404(source), version.language)


def render_preview(request: HttpRequest, source: TextSource, language: str) -> HttpResponse:
    """The email or page for a preview. Whatever drawing it writes, such as the token of a private link, is rolled back."""
    if source.preview is None:
        raise Http404
    with transaction.atomic(), translation.override(language):
        html = source.preview(request)
        transaction.set_rollback(True)
    html = html or f"<!DOCTYPE html><p>{_('This page can’t be shown here at the moment.')}</p>"
    # allow-same-origin, since our stylesheets go to no other site. Scripts can't run there, so they are taken out.
    return framed_response(SCRIPT_PATTERN.sub("", html), allow="allow-same-origin", styles="'self' 'unsafe-inline'")


staff_site.add_page("texts/", texts, "texts")
staff_site.add_page("texts/<slug:source>/", source_texts, "source_texts", gettext_lazy("Texts of an email or page"))
staff_site.add_page("texts/<slug:source>/<str:sentence>/word/", text, "text", gettext_lazy("Wording of a sentence"))
staff_site.add_page(
    "texts/<slug:source>/preview/<str:language>/", source_preview, "source_preview", gettext_lazy("Preview of a text")
)
staff_site.add_page(
    "texts/<slug:source>/wordings/<int:version_id>/", version_preview, "version_preview", gettext_lazy("Preview of a new wording")
)
MENU_PAGES.append(MenuPage(gettext_lazy("Settings"), gettext_lazy("Texts of emails and pages"), "staff:texts", VIEW_PERMISSION))
staff_site.add_waiting(
    gettext_lazy("Settings"),
    WaitingLine(
        label=gettext_lazy("wordings to approve"),
        one=gettext_lazy("wording to approve"),
        count=TextVersion.objects.waiting,
        address=lambda: f"{reverse('staff:office_textversion_changelist')}?state=waiting",
        permission="office.change_textversion",
    ),
)


def check_used_wordings(request: HttpRequest | None) -> Iterator[FirstRunCheck]:
    """Reports wordings that a new version of the site has put out of use."""
    label = gettext_lazy("Texts in your own words")
    if unused := sum(bool(unused_reason(version)) for version in TextVersion.objects.live()):
        sentence = ngettext(
            "%(n)s wording is no longer used, because our own wording has changed or is locked. Readers get ours.",
            "%(n)s wordings are no longer used, because our own wordings have changed or are locked. Readers get ours.",
            unused,
        )
        link = gettext_lazy("See which ones")
        yield FirstRunCheck(label, Light.AMBER, sentence % {"n": unused}, reverse("staff:texts"), link)
    else:
        yield FirstRunCheck(label, Light.GREEN, _("Readers get every wording that you have approved."))


register_first_run_check(CONTENT_SECTION, gettext_lazy("Texts in your own words"), check_used_wordings)
