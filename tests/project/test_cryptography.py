"""What is secret is long, random, and closed by what is known to hold."""

import math
import re
from importlib import import_module

import pytest
from allauth.account.adapter import get_adapter
from cryptography.fernet import Fernet
from django.contrib.auth.hashers import identify_hasher, make_password

from accounts import encryption
from notifications import rendering
from notifications.rendering import Rendered

from .test_settings import start

OWASP_ITERATIONS = 600_000  # PBKDF2 with SHA-256, by OWASP's Password Storage Cheat Sheet


def test_passwords_are_kept_as_a_slow_hash_in_production():
    code = (
        "from django.conf import settings as s; s.configure(); from django.contrib.auth.hashers import get_hasher as g; h = g()"
    )
    result = start(f"{code}; print(h.algorithm, h.iterations, hasattr(settings, 'PASSWORD_HASHERS'))")
    algorithm, iterations, set_otherwise = result.stdout.split()
    assert (algorithm, int(iterations) >= OWASP_ITERATIONS, set_otherwise) == ("pbkdf2_sha256", True, "False")


def test_the_same_password_is_never_the_same_hash():
    one, another = make_password("two-kettles-one-plug"), make_password("two-kettles-one-plug")
    assert one != another
    assert identify_hasher(one).algorithm == identify_hasher(another).algorithm


@pytest.mark.django_db
def test_a_session_key_has_more_than_128_bits_and_never_comes_twice(settings):
    store = import_module(settings.SESSION_ENGINE).SessionStore
    keys = {store()._get_new_session_key() for _ in range(50)}
    assert len(keys) == 50
    assert all(re.fullmatch(r"[a-z0-9]{32}", key) for key in keys)  # 36 ** 32 is more than 2 ** 165


def test_what_is_sealed_can_not_be_changed_without_being_noticed():
    locked = encryption.encrypt("CTACTRYITOUTATHOMEONLY234567ABCD")
    for place in (20, 60, len(locked) - 5):
        other = "A" if locked[place] != "A" else "B"
        with pytest.raises(encryption.DecryptionError):
            encryption.decrypt(locked[:place] + other + locked[place + 1 :])


def test_each_use_of_the_secret_key_has_a_key_of_its_own():
    locked = encryption.encrypt("a")
    with pytest.raises(rendering.UnreadableError):
        rendering.decrypt(locked.encode())
    with pytest.raises(encryption.DecryptionError):
        encryption.decrypt(rendering.encrypt(Rendered("s", "t", "")).decode())


def test_it_is_the_library_that_encrypts():
    assert isinstance(encryption._fernet("a long secret")._fernets[0], Fernet)


@pytest.mark.django_db
def test_a_code_by_email_has_more_than_20_bits():
    codes = {get_adapter().generate_login_code() for _ in range(200)}
    letters = set("".join(codes)) - {"-"}
    shortest = min(len(code.replace("-", "")) for code in codes)
    assert len(codes) > 190
    assert shortest * math.log2(len(letters)) > 20
