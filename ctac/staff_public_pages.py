"""From an object of the staff site to its page on the public site, for those who may see the object."""

from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.contenttypes.models import ContentType
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect


def to_public_page(site: AdminSite, request: HttpRequest, content_type_id: str, object_id: str) -> HttpResponse:
    """Django's own view asks only whether somebody is staff, and its redirect names any object: a booking by its reference."""
    kind = ContentType.objects.filter(pk=content_type_id).first() if content_type_id.isdecimal() else None
    model: Any = kind.model_class() if kind else None
    if model is None or not site.is_registered(model):
        raise Http404
    admin = site.get_model_admin(model)
    found = admin.get_object(request, object_id) if admin.has_view_permission(request) and admin.view_on_site else None
    if found is None or not hasattr(found, "get_absolute_url"):
        raise Http404
    return redirect(found.get_absolute_url())
