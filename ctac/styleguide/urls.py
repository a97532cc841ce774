"""Who may see the styleguide: anyone on a development copy, elsewhere staff who passed the second factor; others get a 404."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path

from ctac.styleguide import views
from ctac.styleguide.views import SAMPLE_PAGES
from staff.site import staff_site


def styleguide_path(route: str, view: Callable[..., HttpResponse], name: str, **given: Any) -> URLPattern:
    """A route of the styleguide. All are made here, so that none forgets to check who may see it."""

    @wraps(view)
    def permitted(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not (settings.DEVELOPMENT or staff_site.has_permission(request)):
            raise Http404
        return view(request, *args, **kwargs)

    return path(route, permitted, given, name=name)


urlpatterns = [
    styleguide_path("", views.index, "styleguide"),
    styleguide_path("colours/", views.colours, "styleguide_colours"),
    styleguide_path("fields/", views.fields, "styleguide_fields"),
    styleguide_path("form/", views.form, "styleguide_form"),
    styleguide_path("form/wrong/", views.wrong_form, "styleguide_wrong_form"),
    styleguide_path("parts/", views.parts, "styleguide_parts"),
    styleguide_path("confirmation/", views.confirmation, "styleguide_confirmation"),
    styleguide_path("staff/", views.staff, "styleguide_staff"),
    styleguide_path("pages/", views.pages, "styleguide_pages"),
    *[styleguide_path(f"pages/{p.slug}/", views.sample_page, f"styleguide_page_{p.slug}", page=p) for p in SAMPLE_PAGES],
    styleguide_path("emails/", views.emails, "styleguide_emails"),
    styleguide_path("emails/<int:number>/", views.email, "styleguide_email"),
    styleguide_path("emails/<int:number>/html/", views.email_html, "styleguide_email_html"),
    styleguide_path("leaflets/", views.leaflets, "styleguide_leaflets"),
]
