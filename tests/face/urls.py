"""The real routes, the styleguide's form and parts without its door, and a page that breaks."""

from django.http import HttpRequest, HttpResponse
from django.urls import path

from ctac import urls as real
from ctac.styleguide import views as styleguide_views
from ctac.styleguide.views import EverythingForm

__all__ = ["EverythingForm"]
handler400, handler403, handler404 = real.handler400, real.handler403, real.handler404
handler429, handler500 = real.handler429, real.handler500


def broken_page(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("on purpose")


urlpatterns = [
    path("t/form/", styleguide_views.form),
    path("t/parts/", styleguide_views.parts),
    path("t/broken/", broken_page),
    *real.urlpatterns,
]
