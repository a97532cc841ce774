"""The controls: faults that are planted are found, each in as many inputs as the long run draws for a few pages."""

from typing import Any
from urllib.parse import urlencode

import pytest
from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path
from hypothesis import strategies as st

from ctac.urls import handler400, handler403, handler404, urlpatterns as ours
from professionals.models import Organisation
from tests.bookings.rows import make_draft
from tests.security.beforehand import Case
from tests.security.fuzz.addresses import queries
from tests.security.fuzz.forms import fuzzed_form, pages
from tests.security.fuzz.trying import Sent, Tables, fuzzed, look

__all__ = ["handler400", "handler403", "handler404"]
pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]
INPUTS = 150


class AgeForm(forms.Form):
    age = forms.IntegerField(initial=3)


def shown(request: HttpRequest, form: forms.Form) -> HttpResponse:
    return HttpResponse(f"<form method=post>{form.as_p()}</form>")


def reads_a_page(request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(int(request.GET.get("page", "1"))))


def counts_in_the_database(request: HttpRequest) -> HttpResponse:
    form = AgeForm(request.POST or None)
    if form.is_valid():
        Organisation.objects.filter(pk=form.cleaned_data["age"]).exists()
        Organisation.objects.raw("SELECT %s::integer AS id", [form.cleaned_data["age"]])[0]
    return shown(request, form)


def stores_first(request: HttpRequest) -> HttpResponse:
    form = AgeForm(request.POST or None)
    if request.method == "POST":
        Organisation.objects.create(name="Leeds")
    return shown(request, form)


def is_right(request: HttpRequest) -> HttpResponse:
    form = AgeForm(request.POST or None)
    if form.is_valid():
        return HttpResponse(status=302, headers={"Location": "/planted/right/"})
    return shown(request, form)


def leads_nowhere(request: HttpRequest) -> HttpResponse:
    if request.method == "POST" and "age" in request.POST:
        return HttpResponse(status=302, headers={"Location": f"/planted/page/?{urlencode({'page': request.POST['age']})}"})
    return shown(request, AgeForm())


def warns_and_stores(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        Organisation.objects.create(name="Leeds")
        messages.warning(request, "That is not possible.")
        return HttpResponse(status=302, headers={"Location": "/planted/right/"})
    return shown(request, AgeForm())


def keeps_a_draft(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        make_draft(said="Mia, 9")
    return shown(request, AgeForm(request.POST or None))


def stores_in_a_window(request: HttpRequest) -> HttpResponse:
    form = AgeForm(request.POST or None)
    if "_popup" in request.POST:
        Organisation.objects.create(name="Leeds")
    elif form.is_valid():
        return HttpResponse(status=302, headers={"Location": "/planted/right/"})
    return shown(request, form)


def refuses_all(request: HttpRequest) -> HttpResponse:
    return shown(request, AgeForm(request.POST or None))


urlpatterns = [
    path("planted/page/", reads_a_page),
    path("planted/number/", counts_in_the_database),
    path("planted/stored/", stores_first),
    path("planted/right/", is_right),
    path("planted/away/", leads_nowhere),
    path("planted/warned/", warns_and_stores),
    path("planted/draft/", keeps_a_draft),
    path("planted/window/", stores_in_a_window),
    path("planted/refused/", refuses_all),
    *ours,
]


def by_form(address: str) -> None:
    fuzzed_form(pages(Client(), address, Case(), {}), ("1",), Tables(), name=address, inputs=INPUTS, begin=1)


def by_address(address: str, seen: set[str]) -> None:
    tables, drawn = Tables(), queries("home", seen, ("1",))

    def act(data: st.DataObject) -> None:
        look(Client(), Sent("GET", address + data.draw(drawn)), tables)

    fuzzed(act, name=address, inputs=INPUTS, begin=1)


def test_a_parameter_that_breaks_a_page_is_found_and_said() -> None:
    with pytest.raises(ValueError, match=r"invalid literal|Exceeds the limit") as found:
        by_address("/planted/page/", {"page"})
    assert any("Sent was GET /planted/page/?page=" in note for note in said(found.value))


def test_a_number_that_the_database_does_not_hold_is_found() -> None:
    with pytest.raises(Exception, match="out of range") as found:
        by_form("/planted/number/")
    assert any("Sent was POST /planted/number/" in note for note in said(found.value))


def test_what_is_stored_though_it_was_refused_is_found() -> None:
    with pytest.raises(AssertionError, match=r"answered 200, and yet other rows in .*organisation"):
        by_form("/planted/stored/")


def test_what_is_taken_and_breaks_the_page_after_it_is_found() -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        by_form("/planted/away/")


def test_what_is_stored_beside_a_warning_that_it_is_not_is_found() -> None:
    with pytest.raises(AssertionError, match=r"answered 302, and yet other rows in .*organisation"):
        by_form("/planted/warned/")


def test_what_was_typed_and_refused_is_found_in_a_draft() -> None:
    with pytest.raises(AssertionError, match=r"answered 200, and yet other rows in .*draft"):
        by_form("/planted/draft/")


def test_what_is_stored_for_who_says_that_the_page_is_a_window_is_found() -> None:
    with pytest.raises(AssertionError, match=r"answered 200, and yet other rows in .*organisation"):
        by_form("/planted/window/")


def test_a_form_that_takes_nothing_is_found() -> None:
    with pytest.raises(AssertionError, match="all that was sent was refused"):
        by_form("/planted/refused/")


def test_a_form_that_is_right_passes() -> None:
    by_form("/planted/right/")


def said(error: BaseException) -> list[Any]:
    return list(getattr(error, "__notes__", []))
