"""Copies that came in and corrections: the same delivery entered twice, by Back or a lost answer, is noticed and asked about."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse

from ctac.staff import ObjectAction, StaffModelAdmin, in_our_words
from leaflets.models import Edition
from leaflets.services import last_entry


def page(model_admin: StaffModelAdmin, request: HttpRequest, edition: Edition, action: ObjectAction) -> HttpResponse:
    """The form carries which entry was the last when it was opened; refused, it carries the one that came meanwhile."""
    change_url = reverse("staff:leaflets_edition_change", args=[edition.pk])
    form = in_our_words(action.form_class)(request.POST if request.method == "POST" else None)
    seen = request.POST.get("last", "")
    if form.is_valid():
        form.cleaned_data["after"] = number_of_entry(seen)
        if model_admin.perform(request, action, edition, form):
            return redirect(change_url)
        seen = ""
    context: dict[str, Any] = {
        **model_admin.about_action(request, action, edition, change_url),
        "form": form,
        "media": model_admin.media + form.media,
        "last": seen or last_entry(edition),
    }
    return TemplateResponse(request, "leaflets/staff/stock_entry.html", context)


def number_of_entry(typed: str) -> int | None:
    """None for a page that did not say."""
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 19 else None
