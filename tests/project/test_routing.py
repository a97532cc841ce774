"""Only routes that begin with the first word of an address are tried, and each is found as it was."""

import pytest
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, include, path

from ctac.routing import ByFirstWord


def view(request: HttpRequest, **words: str) -> HttpResponse:
    return HttpResponse()


FOUND = ByFirstWord(
    [
        path("", view, name="home"),
        path("leaflets/", view, name="leaflets"),
        path("staff/", include([path("emails/", view, name="emails")])),
        path("leaflets/<slug:slug>/", view, name="leaflet"),
        path("staff/<slug:slug>/", view, name="desk"),
    ]
)


@pytest.mark.parametrize(
    ("address", "name", "route"),
    [
        ("", "home", ""),
        ("leaflets/", "leaflets", "leaflets/"),
        ("leaflets/teachers/", "leaflet", "leaflets/<slug:slug>/"),
        ("staff/emails/", "emails", "staff/emails/"),
        ("staff/orders/", "desk", "staff/<slug:slug>/"),
    ],
)
def test_an_address_is_found_by_the_first_route_that_fits(address: str, name: str, route: str) -> None:
    match = FOUND.resolve(address)
    assert (match.url_name, match.route) == (name, route)


@pytest.mark.parametrize("address", ["leaflets", "nobody/", "/", "leaflets//", "staff/", "a"])
def test_any_other_is_not_found(address: str) -> None:
    with pytest.raises(Resolver404):
        FOUND.resolve(address)


@pytest.mark.parametrize("route", ["<slug:slug>/", "a<int:number>/", "word"])
def test_a_route_that_begins_with_no_word_is_refused_at_the_start(route: str) -> None:
    with pytest.raises(ValueError, match="begins with no word"):
        ByFirstWord([path(route, view)])


def test_names_lead_back_to_addresses() -> None:
    assert FOUND.reverse("leaflet", slug="teachers") == "leaflets/teachers/"
