"""Whoever sends more fields than the form has changes nothing by them: some by name, and how our code reads what is sent.

Every form that can be reached is sent with and without in test_extra_fields.py.
"""

import ast
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django import forms
from django.apps import apps
from django.db.models import Model
from django.test import Client

from accounts.models import User
from bench.figures import PACKAGES
from leaflets.models import KeptAddress, Order
from tests.factories import make_organisation, make_person, make_staff, sign_in, sign_in_staff
from tests.leaflets.factories import make_edition
from tests.leaflets.orders.test_ordering import ADDRESS, CHECK, fill, hidden
from tests.professionals.mailing import last_code
from tests.security.test_fields import form_classes

# What makemessages takes apart stands beside its template as .py for a moment (tests/welsh/test_catalogue.py).
pytestmark = pytest.mark.xdist_group("sources")

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
    browser = Client()
    browser.post("/account/login/", {**wished, **DETAILS, "login": "new@leeds.nhs.uk"})
    browser.post("/account/login/code/confirm/", {**wished, **DETAILS, "code": last_code("new@leeds.nhs.uk")})
    browser.post("/account/details/", {**wished, **DETAILS})
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


# Who reads all that was sent, and what keeps a name that the form does not have from doing anything.
ALL_OF_IT = {
    "accounts/sessions.py lists": "shown to whoever sent it, to be sent again to the same form",
    "bookings/booking/views/book.py dict": "what a form shows at first, which looks its own fields up in it",
    "professionals/access.py dict": "what a form shows at first, which looks its own fields up in it",
    "leaflets/orders/views.py items": "of a form that was stopped, by the names of its fields",
    "leaflets/recalls/admin.py get": "by the names of the form's fields, for the page after it",
    "staff/lists.py getlist": "what is ticked in a list: keys, or it is refused",
    "bookings/booking/admin/bookings.py getlist": "what is ticked in the list: keys, or it is refused",
    "leaflets/dispatch/admin.py copy": "a form reads it, and its own fields are looked up in it",
    "reach/invitations/admin.py dict": "a form reads it, and its own fields are looked up in it",
    "reach/regional_sessions/views.py dict": "a form reads it, and its own fields are looked up in it",
    "reach/near_visits/views.py Subscript": "the value of one of its own three buttons",
    "office/texts/admin.py copy": "shown again by its form, which looks its own fields up in it",
}


def reads_of_post() -> Iterator[tuple[str, str]]:
    """Of each mention of request.POST in our code: the file and, if it is more than a form or a name, what is done with it."""
    for app in PACKAGES:
        folder = Path(apps.get_app_config(app).path)
        for path in sorted(folder.rglob("*.py")):
            tree = ast.parse(path.read_text())
            above = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
            for node in ast.walk(tree):
                if isinstance(node, ast.Attribute) and node.attr == "POST" and "request" in ast.unparse(node.value):
                    yield str(path.relative_to(folder.parent)), more_than_a_name(node, above)


def more_than_a_name(node: ast.AST, above: dict[ast.AST, ast.AST]) -> str:
    """Nothing, where it is given to a form as it is, or asked for one name that stands in the code."""
    parent = above[node]
    while isinstance(parent, ast.IfExp | ast.BoolOp | ast.Tuple):
        node, parent = parent, above[parent]
    if isinstance(parent, ast.Attribute):
        call = above[parent]
        asked = isinstance(call, ast.Call) and call.args and isinstance(call.args[0], ast.Constant)
        return "" if parent.attr in {"get", "getlist"} and asked else parent.attr
    if isinstance(parent, ast.Compare):
        return "" if isinstance(parent.left, ast.Constant) else "in"
    whole = isinstance(parent, ast.Call | ast.Assign | ast.Return) or (isinstance(parent, ast.keyword) and parent.arg is not None)
    return "" if whole else type(parent).__name__


def test_what_is_sent_is_read_by_forms_and_by_names_that_stand_in_the_code() -> None:
    found = list(reads_of_post())
    assert len(found) > 80
    assert {f"{file} {how}" for file, how in found if how} == set(ALL_OF_IT)


@pytest.mark.parametrize(
    "code",
    [
        "[setattr(row, *pair) for pair in request.POST.items()]",
        "Model(**request.POST)",
        "x = request.POST[name]",
        "request.POST.get(name)",
    ],
)
def test_a_careless_way_to_read_would_be_seen(code: str) -> None:
    tree = ast.parse(code)
    above = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    [post] = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr == "POST"]
    assert more_than_a_name(post, above)
