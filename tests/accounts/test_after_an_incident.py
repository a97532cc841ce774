"""What docs/security.md tells to do when a key or a session may be in other hands."""

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.core.management import call_command
from django.test import Client

from accounts import encryption
from tests.accounts.test_second_factor import SECRET, enrol
from tests.factories import make_person, make_staff, sign_in, sign_in_staff

pytestmark = pytest.mark.django_db


def test_everybody_is_signed_out(capsys):
    person, staff, theirs, ours = make_person(), make_staff(), Client(), Client()
    sign_in(theirs, person)
    sign_in_staff(ours, staff)
    assert (theirs.get("/my/").status_code, ours.get("/staff/").status_code) == (200, 200)

    call_command("end_sessions")

    assert theirs.get("/my/")["Location"].startswith("/account/login/")
    assert ours.get("/staff/")["Location"].startswith("/staff/login/")
    assert capsys.readouterr().out == "Sessions ended: 2.\n"


def test_the_key_is_changed_and_the_old_one_goes_without_anybody_losing_a_second_factor(settings, capsys):
    staff = make_staff()
    totp = enrol(staff)
    codes = RecoveryCodes.activate(staff)
    before = codes.get_unused_codes()
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "the new key, long and random", [settings.SECRET_KEY]

    call_command("reencrypt")
    settings.SECRET_KEY_FALLBACKS = []

    totp.refresh_from_db()
    assert encryption.decrypt(totp.data["secret"]) == SECRET
    assert RecoveryCodes(Authenticator.objects.get(type="recovery_codes")).get_unused_codes() == before
    assert capsys.readouterr().out == "Second factors encrypted with the new key: 2.\n"


def test_without_sealing_anew_the_old_key_can_not_go(settings):
    totp = enrol(make_staff())
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "the new key, long and random", []
    with pytest.raises(encryption.DecryptionError):
        encryption.decrypt(totp.data["secret"])


def test_a_second_factor_whose_key_is_lost_is_left_alone(settings):
    totp = enrol(make_staff())
    settings.SECRET_KEY = "the new key, long and random"
    call_command("reencrypt", verbosity=0)
    before = dict(totp.data)
    totp.refresh_from_db()
    assert totp.data == before


def test_a_changed_key_alone_ends_every_session(settings):
    person, client = make_person(), Client()
    sign_in(client, person)
    settings.SECRET_KEY = "the new key, long and random"
    assert client.get("/my/").status_code == 302
