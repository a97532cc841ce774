"""Who may see the styleguide: anyone on a development copy, elsewhere staff who passed the second factor; others get a 404."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path

from ctac.staff.site import staff_site
from ctac.styleguide import views
from ctac.styleguide.views import SAMPLE_PAGES


def page(route: str, view: Callable[..., HttpResponse], name: str, **given: Any) -> URLPattern:
    """A route of the styleguide. All are made here, so that none forgets to check who may see it."""

    @wraps(view)
    def permitted(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not (settings.DEVELOPMENT or staff_site.has_permission(request)):
            raise Http404
        return view(request, *args, **kwargs)

    return path(route, permitted, given, name=name)


urlpatterns = [
    page("", views.index, "styleguide"),
    page("colours/", views.colours, "styleguide_colours"),
    page("fields/", views.fields, "styleguide_fields"),
    page("form/", views.form, "styleguide_form"),
    page("form/wrong/", views.wrong_form, "styleguide_wrong_form"),
    page("parts/", views.parts, "styleguide_parts"),
    page("confirmation/", views.confirmation, "styleguide_confirmation"),
    page("staff/", views.staff, "styleguide_staff"),
    page("pages/", views.pages, "styleguide_pages"),
    *[page(f"pages/{p.slug}/", views.sample_page, f"styleguide_page_{p.slug}", page=p) for p in SAMPLE_PAGES],
    page("emails/", views.emails, "styleguide_emails"),
    page("emails/<int:number>/", views.email, "styleguide_email"),
    page("emails/<int:number>/html/", views.email_html, "styleguide_email_html"),
    page("leaflets/", views.leaflets, "styleguide_leaflets"),
]
