"""Rows of the staff site are asked for by keys, lists by their filters; anything else broke Django's pages, the fuzz found."""

import pytest
from django.test import Client
from django.urls import reverse

from professionals.models import RecognisedDomain
from tests.factories import make_staff, sign_in_staff


@pytest.fixture
def desk(db: None) -> Client:
    return sign_in_staff(Client(), make_staff())


@pytest.mark.parametrize("ticked", ["1.5", "", "one", "²", "9" * 30, "-9" * 12, pytest.param("1" * 5000, id="long")])
def test_what_is_ticked_in_a_list_is_a_key(desk: Client, ticked: str) -> None:
    there = reverse("staff:professionals_recogniseddomain_changelist")
    many = RecognisedDomain.objects.count()
    some = [str(RecognisedDomain.objects.earliest("pk").pk), ticked]
    sent = {"action": "delete_selected", "_selected_action": some, "index": "0", "post": "yes"}
    assert desk.post(there, sent).status_code == 400
    assert RecognisedDomain.objects.count() == many


def test_an_address_that_names_no_field_leads_to_the_row_with_the_key(desk: Client) -> None:
    row = RecognisedDomain.objects.earliest("pk")
    there = reverse("staff:professionals_recogniseddomain_change", args=[row.pk])
    assert desk.get(f"{there}?_to_field=").status_code == 200
    assert desk.get(f"{there}?_to_field=domain").status_code == 400


@pytest.mark.parametrize(
    "asked",
    ["last_login__year=-1", "email__regex=(", "password__startswith=pbkdf2", "pk__in=1", "person__name__contains=a", "unknown=1"],
)
def test_a_list_is_narrowed_by_its_own_filters_alone(desk: Client, asked: str) -> None:
    there = reverse("staff:accounts_user_changelist")
    answer = desk.get(f"{there}?{asked}")
    assert (answer.status_code, answer.headers["Location"]) == (302, f"{there}?e=1")


@pytest.mark.parametrize("asked", ["is_staff__exact=1", "is_active__isnull=x", "role=manager"])
def test_a_filter_still_narrows(desk: Client, asked: str) -> None:
    assert desk.get(f"{reverse('staff:accounts_user_changelist')}?{asked}").status_code == 200
