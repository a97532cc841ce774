"""Passwords as people make them: long, of any signs, exactly as typed, and none that others would try first."""

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from tests.accounts.test_sign_in import BY_PASSWORD
from tests.factories import make_person, sign_in

pytestmark = pytest.mark.django_db
SET = "/account/password/set/"


def given(client, password):
    person = make_person(email="nadia@leeds.nhs.uk")
    sign_in(client, person)
    client.post(SET, {"password1": password, "password2": password})
    client.post("/account/logout/")
    return person


def gets_in(client, person, password) -> bool:
    client.post(BY_PASSWORD, {"login": person.email, "password": password})
    inside = "_auth_user_id" in client.session
    client.post("/account/logout/")
    return inside


@pytest.mark.parametrize(
    "password",
    [
        "ferns under glass ponder",
        "жираф-и-чайник-на-окне",
        "ovenmitts" * 7 + "x",
        "  quiet otters hum  ",
        "kiosk!!kiosk??lagoons",
    ],
)
def test_any_signs_and_any_length_will_do(client, password):
    assert gets_in(client, given(client, password), password)


@pytest.mark.parametrize(
    "typed", ["Quiet otters hum lowly", "quiet otters hum lowl", " quiet otters hum lowly", "quiet otters hum lowly "]
)
def test_it_counts_exactly_as_typed(client, typed):
    person = given(client, "quiet otters hum lowly")
    assert gets_in(client, person, "quiet otters hum lowly")
    assert not gets_in(client, person, typed)


@pytest.mark.parametrize("page", [SET, BY_PASSWORD])
def test_the_box_hides_it_and_lets_password_managers_in(client, page):
    if page == SET:
        sign_in(client, make_person())
    html = client.get(page).content.decode()
    assert 'type="password"' in html
    assert 'autocomplete="current-password"' in html or 'autocomplete="new-password"' in html
    assert "onpaste" not in html


@pytest.mark.parametrize(
    "password",
    [
        "password1234",
        "Password!2024",
        "p4ssw0rd2027",
        "leaflet2024leaflet",
        "CTAC-trafficking-1",
        "nspcc-safeguarding",
        "dragonmonkey99",
        "aaaaaaaaaaaaaaa",
        "qwertyqwerty12",
    ],
)
def test_one_or_two_words_that_many_use_are_no_password(password):
    with pytest.raises(ValidationError, match=r"one or two words|too common"):
        validate_password(password)


@pytest.mark.parametrize(
    "password", ["two-kettles-one-plug", "otter lagoon kiosk fern", "three-presenters-one-kettle", "correcthorsebattery"]
)
def test_three_words_are(password):
    validate_password(password)
