"""A changed address: the old one is told and has a week to put it back, whatever happens meanwhile."""

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.test import Client
from django.utils import timezone

from accounts import services as accounts_services
from accounts.models import Session, User
from notifications.models import Notification
from notifications.rendering import render
from office.site_settings.queries import site_settings
from privacy import retention as privacy_retention, services as privacy_services
from professionals.emails import AddressObjection
from professionals.models import AddressChange, Person
from tests.accounts.sessions.browsers import is_in
from tests.factories import make_person, make_staff, sign_in, sign_in_staff
from tests.professionals.mailing import last_code, mails_to
from tests.professionals.test_sign_up import sign_up

pytestmark = pytest.mark.django_db
OLD, NEW, NEWER = "nadia@leeds.nhs.uk", "nadia@bradford.nhs.uk", "nadia@york.nhs.uk"
CHANGE, CONFIRM = "/account/email/", "/account/confirm-email/"
SIGN_IN, SIGN_IN_CODE = "/account/login/", "/account/login/code/confirm/"
RESET = "/account/password/reset/"
RESET_CODE, NEW_PASSWORD = f"{RESET}confirm/", f"{RESET}complete/"


@pytest.fixture
def person() -> Person:
    return make_person(email=OLD)


@pytest.fixture
def here(client: Client, person: Person) -> Client:
    return sign_in(client, person)


def move(client: Client, to: str = NEW) -> Any:
    client.post(CHANGE, {"email": to})
    return client.post(CONFIRM, {"code": last_code(to)})


def link(to: str = OLD) -> str:
    """The newest one that this address got, as a path."""
    found = re.findall(r"/account/address/\S+", " ".join(mail.text for mail in mails_to(to)))
    return str(found[-1])


def address_of(person: Person) -> tuple[str, str, list[tuple[str, bool, bool]]]:
    person = Person.objects.select_related("user").get(pk=person.pk)
    rows = EmailAddress.objects.filter(user=person.user).values_list("email", "verified", "primary")
    return person.email, person.user.email, list(rows)


def all_is(email: str) -> tuple[str, str, list[tuple[str, bool, bool]]]:
    return email, email, [(email, True, True)]


def test_the_old_address_is_told_what_when_and_how_to_put_it_back(person):
    with time_machine.travel("2027-01-12 10:00+00:00", tick=False):
        move(sign_in(Client(), person))

        assert address_of(person) == all_is(NEW)
        [mail] = mails_to(OLD)
    assert NEW in mail.text
    assert "Tuesday 12 January 2027, 10am" in mail.text
    assert "Tuesday 19 January 2027, 10am" in mail.text
    assert link().rpartition("/")[0] not in " ".join(mail.text for mail in mails_to(NEW))


def test_only_a_hash_of_the_token_is_stored(here):
    move(here)
    token = link().split("/")[3]
    change = AddressChange.objects.get()

    assert len(token) == 43
    assert token not in str(AddressChange.objects.values()[0])
    assert change.until - change.changed_at == timedelta(days=7)
    assert [row for row in Notification.objects.values() if token in str(row)] == []  # only sealed


def test_a_first_address_is_no_change(client):
    sign_up(client)

    assert (Person.objects.count(), AddressChange.objects.count()) == (1, 0)


def test_opening_the_link_changes_nothing(here, person):
    move(here)
    page = Client().get(link())

    assert page.status_code == 200
    assert "Put my old address back" in page.content.decode()
    assert (page["Referrer-Policy"], page["X-Robots-Tag"]) == ("strict-origin", "noindex, nofollow")
    assert "no-store" in page["Cache-Control"]
    assert Client().head(link()).status_code == 200
    assert address_of(person) == all_is(NEW)
    assert is_in(here)


def test_a_press_puts_it_back_and_signs_everyone_out(here, person):
    move(here)
    person.user.refresh_from_db()
    person.user.set_password("a thief knows this")
    person.user.save()
    Authenticator.objects.create(user=person.user, type=Authenticator.Type.WEBAUTHN, data={})

    answer = Client().post(link(), follow=True)

    assert "Your old email address is back" in answer.content.decode()
    assert address_of(person) == all_is(OLD)
    user = User.objects.get(pk=person.user.pk)
    assert (user.has_usable_password(), Session.objects.filter(user=user).count(), user.authenticator_set.count()) == (
        False,
        0,
        0,
    )


def test_both_addresses_and_staff_are_told(here, person):
    move(here)
    Client().post(link())

    assert [mails_to(email)[-1].subject for email in (OLD, NEW)] == ["An old email address with us is back"] * 2
    assert "The account no longer has this address" in mails_to(NEW)[-1].text
    [row] = Notification.objects.filter(kind="address-objection")
    assert row.recipient == settings.STAFF_EMAIL


def test_what_staff_get_names_nobody_and_leads_to_the_person(here, person):
    move(here)
    Client().post(link())
    row = Notification.objects.get(kind="address-objection")
    text = render(AddressObjection(row).message()).text

    assert f"/staff/professionals/person/{person.pk}/change/" in text
    assert OLD not in text
    assert NEW not in text


def test_pressing_twice_does_it_once(here, person):
    move(here)
    for _press in range(2):
        assert Client().post(link()).status_code == 302

    assert Notification.objects.filter(kind="address-objection").count() == 1
    assert address_of(person) == all_is(OLD)


def test_pressed_long_ago_it_undoes_no_later_change(here, person):
    """The link was used; then its owner changes the address themselves."""
    move(here)
    used = link()
    Client().post(used)
    move(sign_in(Client(), Person.objects.get(pk=person.pk)), NEWER)

    assert Client().post(used).status_code == 302
    assert address_of(person) == all_is(NEWER)


def test_after_seven_days_it_is_too_late(here, person):
    with time_machine.travel("2027-01-12 10:00+00:00", tick=False) as clock:
        move(sign_in(Client(), person))
        path = link()
        clock.shift(timedelta(days=7) - timedelta(seconds=1))
        assert Client().get(path).status_code == 200
        clock.shift(timedelta(seconds=1))
        answers = [Client().get(path), Client().post(path)]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert site_settings().advice_phone in answers[1].content.decode()
    assert address_of(person) == all_is(NEW)


@pytest.mark.parametrize("token", ["x", "a" * 43, "%00"])
def test_a_link_that_is_nobodys_says_whom_to_call(client, token):
    for answer in (client.get(f"/account/address/{token}/"), client.post(f"/account/address/{token}/")):
        assert answer.status_code == 404
        assert site_settings().advice_phone in answer.content.decode()


def test_the_oldest_wins(here, person):
    """A thief moves on: the first address, put back, undoes both; the middle one can't take it again."""
    move(here)
    move(here, NEWER)
    first, second = link(OLD), link(NEW)
    assert address_of(person) == all_is(NEWER)

    Client().post(first)
    assert address_of(person) == all_is(OLD)
    Client().post(second)
    assert address_of(person) == all_is(OLD)


def test_the_middle_one_may_and_then_the_first(here, person):
    move(here)
    move(here, NEWER)
    Client().post(link(NEW))
    assert address_of(person) == all_is(NEW)

    Client().post(link(OLD))
    assert address_of(person) == all_is(OLD)


def test_taken_by_another_account_it_says_so(here, person):
    move(here)
    make_person(email=OLD)
    for answer in (Client().get(link()), Client().post(link())):
        assert answer.status_code == 404
        assert "belongs to another account" in answer.content.decode()
        assert site_settings().advice_phone in answer.content.decode()
    assert address_of(person) == all_is(NEW)
    assert is_in(here)


def test_an_account_whose_address_nobody_verified_takes_nothing(here, person):
    """Such as one of staff. Asking for a code makes none at all: else a thief would hold the old address by it."""
    move(here)
    Client().post("/account/login/", {"login": OLD})
    assert User.objects.filter(email=OLD).count() == 0
    accounts_services.open_account(user=User(email=OLD), by=None, now=timezone.now())

    Client().post(link())

    assert address_of(person) == all_is(OLD)
    assert User.objects.filter(email=OLD).get() == person.user


def test_what_staff_entered_under_the_old_address_meanwhile_is_one_with_it(here, person):
    move(here)
    make_person(email=OLD, with_user=False)

    Client().post(link())

    assert address_of(person) == all_is(OLD)
    assert Person.objects.with_email(OLD).count() == 1


def test_a_closed_account_stays_closed(here, person):
    move(here)
    User.objects.filter(pk=person.user.pk).update(is_active=False)
    for answer in (Client().get(link()), Client().post(link())):
        assert answer.status_code == 404
        assert "This account is closed." in answer.content.decode()
    assert address_of(person) == all_is(NEW)


def test_the_second_factor_of_staff_stays(client):
    staff = make_staff(email=OLD)
    Authenticator.objects.create(user=staff, type=Authenticator.Type.TOTP, data={"secret": "x"})
    move(sign_in_staff(client, staff))
    Client().post(link())

    staff.refresh_from_db()
    assert (staff.email, staff.authenticator_set.count()) == (OLD, 1)


def test_a_sign_in_code_sent_to_the_address_that_is_gone_opens_nothing(here, person):
    move(here)
    thief = Client()
    thief.post(SIGN_IN, {"login": NEW})
    Client().post(link())

    thief.post(SIGN_IN_CODE, {"code": code_of(NEW)})

    assert not is_in(thief)
    assert Session.objects.filter(user=person.user).count() == 0


def code_of(email: str) -> str:
    """The newest mail with a code in it: after it came what tells of the address."""
    codes = [re.search(r"^([B-Z]{4}-[B-Z]{4})$", mail.text, re.MULTILINE) for mail in mails_to(email)]
    return [found[1] for found in codes if found][-1]


@pytest.mark.parametrize("confirmed_before", [False, True])
def test_nor_does_a_code_to_reset_the_password(here, person, confirmed_before):
    move(here)
    thief = Client()
    thief.post(RESET, {"email": NEW})
    code = {"code": code_of(NEW)}
    if confirmed_before:
        thief.post(RESET_CODE, code)
    Client().post(link())
    if not confirmed_before:
        thief.post(RESET_CODE, code)

    thief.post(NEW_PASSWORD, {"password1": "two-kettles-one-plug", "password2": "two-kettles-one-plug"})

    assert User.objects.get(pk=person.user.pk).has_usable_password() is False
    assert address_of(person) == all_is(OLD)


def test_it_is_exported_and_erased_with_the_person(here, person):
    move(here)
    person = Person.objects.get(pk=person.pk)
    [row] = privacy_services.export_person(person)["person"]["sign_in"]["changes_of_address"]
    assert (row["old"], row["new"]) == (OLD, NEW)

    privacy_services.erase_person(person, by=None, now=timezone.now())
    assert AddressChange.objects.count() == 0


def test_it_is_cleared_a_week_after_nobody_can_object(here, person):
    move(here)
    until = AddressChange.objects.get().until

    assert privacy_retention.clear_expired(now=until + timedelta(days=7) - timedelta(seconds=1))["changes of address"] == 0
    assert privacy_retention.clear_expired(now=until + timedelta(days=7))["changes of address"] == 1
