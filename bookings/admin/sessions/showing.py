"""What the pages of a session's actions share."""

import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse

from bookings.models import OpenSession
from ctac.staff import ObjectAction

if TYPE_CHECKING:
    from bookings.admin.sessions.listing import OpenSessionAdmin


def address(session: OpenSession) -> str:
    return reverse("staff:bookings_opensession_change", args=[session.pk])


def show(
    page: "OpenSessionAdmin",
    request: HttpRequest,
    session: OpenSession,
    action: ObjectAction,
    template: str,
    form: Any,
    **more: Any,
) -> HttpResponse:
    about = page.about_action(request, action, session, address(session))
    return TemplateResponse(request, template, {**about, "form": form, **more})


def fingerprint(seen: Iterable[Model | str]) -> str:
    """Of what a page has shown: the same rows or sentences in the same order, and nothing else."""
    said = "|".join(each if isinstance(each, str) else str(each.pk) for each in seen)
    return hashlib.sha256(said.encode()).hexdigest()[:32] if said else ""
