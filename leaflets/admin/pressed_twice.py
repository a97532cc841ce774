"""Copies that came in and corrections: the same entered twice, by Back or after an answer that got lost, is asked about."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse

from ctac.staff import ObjectAction, StaffModelAdmin, in_our_words
from leaflets.models import Edition
from leaflets.services import Seen, last_entry


def page(model_admin: StaffModelAdmin, request: HttpRequest, edition: Edition, action: ObjectAction) -> HttpResponse:
    """The form carries which entry was the last when it was opened, and after a refusal of which one it told."""
    change_url = reverse("staff:leaflets_edition_change", args=[edition.pk])
    form = in_our_words(action.form_class)(request.POST if request.method == "POST" else None)
    last, told = number(request.POST.get("last", "")), number(request.POST.get("told", ""))
    if form.is_valid():
        form.cleaned_data["seen"] = None if last is None else Seen(last, told or 0)
        if model_admin.perform(request, action, edition, form):
            return redirect(change_url)
        last = told = last_entry(edition)
    context: dict[str, Any] = {
        **model_admin.about_action(request, action, edition, change_url),
        "form": form,
        "media": model_admin.media + form.media,
        "last": last_entry(edition) if last is None else last,
        "told": told or "",
    }
    return TemplateResponse(request, "leaflets/staff/stock_entry.html", context)


def number(typed: str) -> int | None:
    """None for a page that did not say."""
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 19 else None
