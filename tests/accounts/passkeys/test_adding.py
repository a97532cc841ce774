"""Adding, renaming and removing a passkey: one's own alone, asked again, told by email, in the security log."""

import json
import logging

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.test import Client

from accounts import services as accounts_services
from tests.accounts.factors.proof import enrol, grow_old
from tests.accounts.passkeys.device import ADD, Device, OldDevice, add_passkey, options_in
from tests.factories import make_person, make_staff, sign_in, sign_in_staff
from tests.professionals.mailing import mails_to

pytestmark = pytest.mark.django_db
LIST = "/account/passkeys/"
REFUSED = "That passkey did not work here"


def own(person):
    return Authenticator.objects.filter(user=person.user, type="webauthn")


def offered(client):
    return options_in(client.get(ADD).content.decode())


def test_a_passkey_is_asked_for_that_knows_whose_it_is_and_asks_for_finger_face_or_pin(client):
    person = make_person()
    options = offered(sign_in(client, person))

    assert options["rp"] == {"id": "localhost", "name": "CTAC"}
    assert options["user"]["name"] == person.email
    chosen = options["authenticatorSelection"]
    assert (chosen["residentKey"], chosen["userVerification"]) == ("required", "required")


def test_it_is_added_told_by_email_and_in_the_log(client, caplog, django_capture_on_commit_callbacks):
    person = make_person()
    sign_in(client, person)
    with caplog.at_level(logging.INFO, "ctac.security"), django_capture_on_commit_callbacks(execute=True):
        device = add_passkey(client)

    [kept] = own(person)
    assert set(kept.data["credential"]) == {"id", "rawId", "type", "response"}
    assert kept.data["credential"]["id"] == json.loads(device.create(options_in(client.get(ADD).content.decode())))["id"]
    assert "Work phone" in client.get(LIST).content.decode()
    assert [mail.subject for mail in mails_to(person.email)] == ["A passkey was added to your account"]
    assert f"passkey added: user {person.user.pk}" in caplog.messages
    assert Authenticator.objects.filter(user=person.user).count() == 1  # no recovery codes: a code by email stands beside


def test_before_adding_and_removing_it_asks_again_who_it_is(client):
    person = make_person()
    sign_in(client, person)
    add_passkey(client)
    [kept] = own(person)
    grow_old(client)

    for address in (ADD, f"{LIST}{kept.pk}/remove/"):
        for answer in (client.get(address), client.post(address, {"name": "x"})):
            assert (answer.status_code, answer["Location"].partition("?")[0]) == (302, "/account/reauthenticate/")
    assert own(person).count() == 1


def test_who_has_a_second_factor_shows_that_one_first(client):
    staff = make_staff()
    enrol(staff)
    sign_in_staff(client, staff, second_factor=False)

    assert client.get(ADD)["Location"].startswith("/account/2fa/reauthenticate/")


def test_staff_without_one_set_up_their_app_first(client):
    sign_in_staff(client, make_staff(), second_factor=False)

    assert client.get(ADD)["Location"].startswith("/account/2fa/totp/activate/")


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "http://localhost.evil.example", "http://x.localhost:8000", "https://sub.localhost", "null"],
)
def test_one_made_on_another_site_is_refused(client, origin):
    person = make_person()
    sign_in(client, person)

    response = client.post(ADD, {"name": "x", "credential": Device(origin).create(offered(client))})

    assert (response.status_code, REFUSED in response.content.decode(), own(person).count()) == (200, True, 0)


def test_one_made_for_an_earlier_question_is_refused(client):
    person = make_person()
    sign_in(client, person)
    earlier = Device().create(offered(client))
    offered(client)

    response = client.post(ADD, {"name": "x", "credential": earlier})

    assert (response.status_code, own(person).count()) == (200, 0)


def test_one_that_asks_for_nothing_is_refused(client):
    person = make_person()
    sign_in(client, person)

    response = client.post(ADD, {"name": "x", "credential": Device(verifies=False).create(offered(client))})

    assert (response.status_code, own(person).count()) == (200, 0)


def test_one_that_signs_with_a_weak_hash_is_refused(client):
    person = make_person()
    sign_in(client, person)
    assert -65535 not in [each["alg"] for each in offered(client)["pubKeyCredParams"]]

    response = client.post(ADD, {"name": "x", "credential": OldDevice().create(offered(client))})

    assert (response.status_code, own(person).count()) == (200, 0)


def test_one_that_another_account_has_is_refused(client):
    device = add_passkey(sign_in(Client(), make_person()))
    thief = make_person()
    sign_in(client, thief)

    response = client.post(ADD, {"name": "x", "credential": device.create(offered(client))})

    assert (response.status_code, own(thief).count()) == (200, 0)


@pytest.mark.parametrize(
    "junk",
    [
        "",
        "{}",
        "[]",
        "null",
        "\x00",
        "[" * 19_000,
        "x" * 30_000,
        '{"id": "a", "rawId": "a", "type": "public-key", "response": {}}',
        '{"rawId": 1, "response": 1}',
        '{"rawId": "AA", "response": {"clientDataJSON": "AA", "attestationObject": "AA"}}',
        '{"rawId": "AA", "response": {"clientDataJSON": "e30", "attestationObject": "oA"}}',
    ],
)
def test_junk_is_refused_in_words(client, junk):
    sign_in(client, make_person())
    offered(client)

    response = client.post(ADD, {"name": "x", "credential": junk})

    page = response.content.decode()
    assert (response.status_code, REFUSED in page, "There is a problem" in page) == (200, True, True)


def test_no_more_than_ten(client, monkeypatch):
    monkeypatch.setattr(accounts_services, "MAX_PASSKEYS", 1)
    person = make_person()
    sign_in(client, person)
    add_passkey(client)

    add_passkey(client)

    assert own(person).count() == 1
    assert "You have 10 passkeys already" in client.get(LIST).content.decode()


def test_it_gets_another_name(client):
    person = make_person()
    add_passkey(sign_in(client, person))
    [kept] = own(person)

    response = client.post(f"{LIST}{kept.pk}/rename/", {"name": "Kitchen <b>tablet"})

    assert response["Location"] == LIST
    assert "Kitchen &lt;b&gt;tablet" in client.get(LIST).content.decode()


def test_it_is_removed_told_by_email_and_in_the_log(client, caplog, django_capture_on_commit_callbacks):
    person = make_person()
    add_passkey(sign_in(client, person))
    [kept] = own(person)
    assert "Work phone" in client.get(f"{LIST}{kept.pk}/remove/").content.decode()

    with caplog.at_level(logging.INFO, "ctac.security"), django_capture_on_commit_callbacks(execute=True):
        client.post(f"{LIST}{kept.pk}/remove/")

    assert own(person).count() == 0
    assert mails_to(person.email)[-1].subject == "A passkey was removed from your account"
    assert f"passkey removed: user {person.user.pk}" in caplog.messages


@pytest.mark.parametrize("what", ["rename", "remove"])
def test_another_person_s_is_not_there(client, what):
    add_passkey(sign_in(Client(), make_person()))
    theirs = Authenticator.objects.get(type="webauthn")
    sign_in(client, make_person())

    answers = [client.get(f"{LIST}{theirs.pk}/{what}/"), client.post(f"{LIST}{theirs.pk}/{what}/", {"name": "mine"})]

    assert [answer.status_code for answer in answers] == [404, 404]
    theirs.refresh_from_db()
    assert theirs.data["name"] == "Work phone"


def test_staff_whose_only_second_factor_it_is_keep_it(client):
    staff = make_staff()
    sign_in_staff(client, staff)
    add_passkey(client)
    kept = Authenticator.objects.get(user=staff)

    client.post(f"{LIST}{kept.pk}/remove/")
    assert Authenticator.objects.filter(user=staff).count() == 1
    enrol(staff)
    client.post(f"{LIST}{kept.pk}/remove/")

    assert [each.type for each in Authenticator.objects.filter(user=staff)] == ["totp"]


def test_to_a_professional_it_is_no_second_factor_so_there_are_no_recovery_codes_for_it(client):
    person = make_person()
    add_passkey(sign_in(client, person))

    response = client.post("/account/2fa/recovery-codes/generate/")

    assert (response.status_code, Authenticator.objects.filter(user=person.user).count()) == (200, 1)


def test_recovery_codes_go_with_the_app_though_a_passkey_stays(client):
    person = make_person()
    enrol(person.user)
    RecoveryCodes.activate(person.user)
    add_passkey(sign_in_staff(client, person.user))

    client.post("/account/2fa/totp/deactivate/")

    assert [each.type for each in Authenticator.objects.filter(user=person.user)] == ["webauthn"]
