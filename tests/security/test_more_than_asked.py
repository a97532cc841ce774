"""Whoever sends more fields than the form has changes nothing by them."""

from datetime import datetime
from typing import Any

import pytest
from django import forms
from django.db.models import Model
from django.test import Client

from leaflets.models import KeptAddress, Order
from professionals.models import User
from tests.factories import make_organisation, make_person, make_staff, sign_in, sign_in_staff
from tests.leaflets.factories import make_edition
from tests.leaflets.test_ordering import ADDRESS, CHECK, fill, hidden
from tests.security.test_fields import form_classes

# What somebody would like to set: of themselves, of whose it is, of how it stands.
WISHED = {
    **dict.fromkeys(("is_staff", "is_superuser", "is_active", "recognised", "verified", "lifted", "is_live"), "on"),
    **dict.fromkeys(
        ("pk", "id", "user", "user_id", "person", "person_id", "organisation", "organisation_id", "by", "owner"), "1"
    ),
    **dict.fromkeys(("state", "status", "role", "channel", "reference", "token_hash", "email", "password"), "delivered"),
    **dict.fromkeys(("groups", "user_permissions", "version", "sequence", "on_hand", "allocated", "copies", "flagged"), "1"),
    **dict.fromkeys(("created_at", "placed_at", "verified_at", "erased_at", "last_login", "date_joined"), "2020-01-01"),
}
DETAILS = {
    "name": "Sam Taylor",
    "profession": "health-visitor",
    "organisation_name": "Leeds",
    "phone": "0113 496 0000",
    "postcode": "LS1 4AP",
}


def row(of: Model) -> dict[str, Any]:
    of.refresh_from_db()
    return {field.attname: getattr(of, field.attname) for field in of._meta.concrete_fields}


@pytest.mark.django_db
def test_ones_own_details_hold_no_more_than_they_ask() -> None:
    make_organisation()
    person = make_person(name="Somebody Else")
    assert person.user is not None
    before, user = row(person), row(person.user)
    asked = sign_in(Client(), person).post("/account/details/", WISHED | DETAILS)
    assert asked.status_code == 302
    after = row(person)
    assert {name for name in after if after[name] != before[name]} <= {*DETAILS, "organisation_id", "searched"}
    assert after["name"] == "Sam Taylor"
    now = row(person.user)
    assert {name for name in now if now[name] != user[name]} <= {"last_login"}


@pytest.mark.django_db
def test_signing_up_makes_nobody_staff() -> None:
    wished = {name: value for name, value in WISHED.items() if name != "email"}
    Client().post("/account/signup/", {**wished, **DETAILS, "email": "new@leeds.nhs.uk"})
    user = User.objects.get(email="new@leeds.nhs.uk")
    assert (user.is_staff, user.is_superuser, user.groups.count(), user.has_usable_password()) == (False, False, 0, False)
    assert user.pk != 1 or User.objects.count() == 1


@pytest.mark.django_db
def test_an_order_is_its_senders_and_begins_as_every_order_does(now: datetime) -> None:
    leaflet, victim = make_edition(now, stock=50).leaflet, make_person()
    person = make_person()
    browser = sign_in(Client(), person)
    fill(browser, leaflet, 2)
    theirs = {"person": str(victim.pk), "person_id": str(victim.pk)}
    browser.post(CHECK, WISHED | theirs | hidden(browser.get(CHECK)))
    order = Order.objects.get()
    assert (order.person, order.state, order.channel) == (person, "received", "web")
    assert order.reference.startswith("LO-")
    assert order.lines.get().copies == 2


@pytest.mark.django_db
def test_an_address_is_kept_for_whoever_types_it() -> None:
    victim, person = make_person(), make_person()
    theirs = {"person": str(victim.pk), "person_id": str(victim.pk)}
    sign_in(Client(), person).post("/my/addresses/add/", WISHED | theirs | ADDRESS)
    assert [kept.person for kept in KeptAddress.objects.all()] == [person]


@pytest.mark.django_db
def test_no_page_of_staff_takes_a_field_that_it_does_not_show() -> None:
    person = make_person()
    desk, path = sign_in_staff(Client(), make_staff()), f"/staff/professionals/person/{person.pk}/change/"
    before = row(person)
    shown = desk.get(path).context["adminform"].form
    sent = {name: shown[name].value() or "" for name in shown.fields}
    desk.post(path, {**WISHED, "erased_at_0": "2020-01-01", "erased_at_1": "10:00", **sent})
    after = row(person)
    assert {name for name in after if after[name] != before[name]} <= set(shown.fields)


def test_no_form_of_ours_takes_whatever_its_model_has() -> None:
    """Each names its fields; a field that is new in a model is in no form by itself."""
    found = [form for form in form_classes() if issubclass(form, forms.ModelForm)]
    named = {form.__qualname__: form._meta for form in found}
    assert len(named) > 5
    assert [name for name, meta in named.items() if meta.fields == forms.ALL_FIELDS or meta.exclude] == []
    powers = {"is_staff", "is_superuser", "groups", "user_permissions", "password", "token_hash", "session_key"}
    assert {name for name, meta in named.items() if powers & set(meta.fields or ())} == {"NewUserForm"}
