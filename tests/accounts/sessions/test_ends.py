"""What ends a session, seen in two browsers of one account: the row goes, and the cookie opens nothing."""

from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.contrib.sessions.backends.base import UpdateError
from django.test import Client

from accounts import services as accounts_services
from accounts.models import Session, User
from privacy import services as privacy_services
from tests.accounts.sessions.browsers import IPHONE, PASSWORD, is_in, key_of, row_of, signed_in
from tests.accounts.test_second_factor import enrol
from tests.factories import make_person, make_staff, make_user, sign_in, sign_in_staff
from tests.professionals.mailing import last_code

pytestmark = pytest.mark.django_db

NEW = "another horse battery staple"


@pytest.fixture
def there(person):
    return signed_in(person.user, IPHONE)


@pytest.fixture(autouse=True)
def stranger():
    """Whom none of it may touch."""
    client = sign_in(Client(), make_person())
    yield client
    assert is_in(client)


def left(user: User) -> int:
    return Session.objects.filter(user=user).count()


def opens(key: str) -> bool:
    thief = Client()
    thief.cookies["session"] = key
    return is_in(thief)


def test_signing_out_ends_this_one_and_its_key(person, here, there):
    key = key_of(here)
    here.post("/account/logout/")

    assert (is_in(here), is_in(there), left(person.user), opens(key)) == (False, True, 1, False)


def test_signing_out_of_the_staff_site_ends_it(client):
    staff = make_staff()
    sign_in_staff(client, staff)
    key = key_of(client)
    client.post("/staff/logout/")

    assert (left(staff), opens(key)) == (0, False)


def test_a_new_password_ends_the_others(person, here, there):
    before = key_of(here)
    here.post("/account/password/change/", {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW})
    person.user.refresh_from_db()

    assert person.user.check_password(NEW)
    assert (is_in(here), is_in(there), left(person.user), opens(before)) == (True, False, 1, False)


def test_a_first_password_ends_the_others():
    person = make_person()
    here, there = sign_in(Client(), person), sign_in(Client(), person)
    here.post("/account/reauthenticate/")
    here.post("/account/password/set/", {"password1": NEW, "password2": NEW})
    person.user.refresh_from_db()

    assert person.user.check_password(NEW)
    assert (is_in(here), is_in(there), left(person.user)) == (True, False, 1)


def test_a_forgotten_password_ends_all(person, here, there):
    stranger = Client()
    stranger.post("/account/password/reset/", {"email": person.email})
    stranger.post("/account/password/reset/confirm/", {"code": last_code(person.email)})
    stranger.post("/account/password/reset/complete/", {"password1": NEW, "password2": NEW})
    person.user.refresh_from_db()

    assert person.user.check_password(NEW)
    assert (is_in(here), is_in(there), left(person.user)) == (False, False, 0)


def test_another_address_ends_the_others(person, here, there):
    here.post("/account/email/", {"email": "new@leeds.nhs.uk"})
    here.post("/account/confirm-email/", {"code": last_code("new@leeds.nhs.uk")})
    person.user.refresh_from_db()

    assert person.user.email == "new@leeds.nhs.uk"
    assert (is_in(here), is_in(there), left(person.user)) == (True, False, 1)


def test_a_reset_of_the_second_factor_ends_all(now):
    staff = make_staff()
    enrol(staff)
    here, there = sign_in_staff(Client(), staff), sign_in_staff(Client(), staff)
    accounts_services.reset_second_factor(user=staff, by=None, now=now)

    assert (is_in(here), is_in(there), left(staff)) == (False, False, 0)


def test_erasing_somebody_ends_all(person, here, there, now):
    exported = privacy_services.export_person(person)["person"]["sign_in"]["signed_in"]
    assert [each["device"] for each in exported] == ["Firefox on Windows", "Safari on an iPhone"]
    user = person.user
    privacy_services.erase_person(person, by=None, now=now)

    assert (is_in(here), is_in(there), left(user)) == (False, False, 0)


@pytest.fixture
def manager():
    return sign_in_staff(Client(), make_staff())


@pytest.fixture
def coordinator():
    user = make_user("coordinator@ctac.example", is_staff=True)
    user.groups.add(Group.objects.get_or_create(name="Coordinator")[0])
    return user


def change(manager: Client, user: User, **changed: Any) -> None:
    """As the form of the staff site does it."""
    groups = list(user.groups.values_list("pk", flat=True))
    sent = {"email": user.email, "is_active": "on", "is_staff": "on", "groups": groups, **changed}
    answer = manager.post(f"/staff/accounts/user/{user.pk}/change/", {name: value for name, value in sent.items() if value})
    assert answer.status_code == 302, answer.content


@pytest.mark.parametrize("taken", ["is_active", "is_staff", "groups"])
def test_closing_an_account_or_changing_what_it_may_ends_all(manager, coordinator, taken):
    here, there = sign_in_staff(Client(), coordinator), sign_in_staff(Client(), coordinator)
    roles = {"groups": ""} if taken == "is_staff" else {}  # which are for staff only
    change(manager, coordinator, **{taken: "", **roles})

    assert (is_in(here), is_in(there), left(coordinator)) == (False, False, 0)
    change(manager, coordinator, is_active="on", is_staff="on")
    assert (is_in(here), is_in(there)) == (False, False)


def test_saving_an_account_unchanged_ends_nothing(manager, coordinator):
    here = sign_in_staff(Client(), coordinator)
    change(manager, coordinator)

    assert is_in(here)


def test_the_database_ends_them_whoever_closes_the_account(person, here):
    User.objects.filter(pk=person.user.pk).update(is_active=False)

    assert left(person.user) == 0


def test_a_closed_account_is_given_no_session(person, client):
    """Closed between the code and the second factor, say."""
    User.objects.filter(pk=person.user.pk).update(is_active=False)
    session = client.session
    session["_auth_user_id"] = str(person.user.pk)
    with pytest.raises(UpdateError):
        session.save()

    assert left(person.user) == 0


def test_who_becomes_staff_gets_the_limits_of_staff(person, here):
    User.objects.filter(pk=person.user.pk).update(is_staff=True)
    assert not is_in(here)

    assert row_of(sign_in_staff(Client(), person.user)).of_staff
