"""The styleguide's own door: whoever may not see a page is told that it isn't there."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path

from ctac.staff.site import staff_site
from ctac.styleguide import views
from ctac.styleguide.rare import RARE_PAGES


def may_see(request: HttpRequest) -> bool:
    """Anyone on a development copy; elsewhere staff who passed the second factor."""
    return bool(settings.DEVELOPMENT) or staff_site.has_permission(request)


def page(route: str, view: Callable[..., HttpResponse], name: str, **given: Any) -> URLPattern:
    """A route behind the door. Each page of the styleguide is made here, so none forgets it."""

    @wraps(view)
    def behind_the_door(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not may_see(request):
            raise Http404
        return view(request, *args, **kwargs)

    return path(route, behind_the_door, given, name=name)


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
    *[page(f"pages/{p.slug}/", views.rare_page, f"styleguide_page_{p.slug}", page=p) for p in RARE_PAGES],
    page("emails/", views.emails, "styleguide_emails"),
    page("emails/<int:number>/", views.email, "styleguide_email"),
    page("emails/<int:number>/html/", views.email_html, "styleguide_email_html"),
    page("leaflets/", views.leaflets, "styleguide_leaflets"),
]
