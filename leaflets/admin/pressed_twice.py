"""Copies that came in and corrections: the same entered twice, by Back or after an answer that got lost, is asked about."""

from dataclasses import replace
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse

from ctac.staff import ObjectAction, StaffModelAdmin, in_our_words
from leaflets.models import Edition
from leaflets.services.stock import EnteredAlready, Seen, last_entry


def page(model_admin: StaffModelAdmin, request: HttpRequest, edition: Edition, action: ObjectAction) -> HttpResponse:
    """The form carries which entry was the last when it was opened, and of which ones refusals have told since."""
    change_url = reverse("staff:leaflets_edition_change", args=[edition.pk])
    form = in_our_words(action.form_class)(request.POST if request.method == "POST" else None)
    last, told = number(request.POST.get("last", "")), told_of(request)
    if form.is_valid():
        form.cleaned_data["seen"] = None if last is None else Seen(last, frozenset(told))
        if model_admin.perform(request, noting(action, told), edition, form):
            return redirect(change_url)
    context: dict[str, Any] = {
        **model_admin.about_action(request, action, edition, change_url),
        "form": form,
        "media": model_admin.media + form.media,
        "last": last_entry(edition) if last is None else last,
        "told": told,
    }
    return TemplateResponse(request, "leaflets/staff/stock_entry.html", context)


def noting(action: ObjectAction, told: list[int]) -> ObjectAction:
    """The same action; the entry that it names when it refuses is added to those that were told of."""

    def perform(*args: Any, **kwargs: Any) -> None:
        try:
            action.perform(*args, **kwargs)
        except EnteredAlready as refusal:
            told.append(refusal.entry.pk)
            raise

    return replace(action, perform=perform)


def told_of(request: HttpRequest) -> list[int]:
    return [key for key in map(number, request.POST.getlist("told")) if key is not None]


def number(typed: str) -> int | None:
    """None for a page that did not say."""
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 19 else None
