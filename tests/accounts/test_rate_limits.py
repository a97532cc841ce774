"""Rate limits: one statement, one table for all processes, in any case of letters, for the pages of accounts too."""

import threading
from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.cache import cache
from django.db import connection
from django.test import Client, RequestFactory

from accounts import rate_limits
from accounts.models import RateLimit
from tests.factories import make_user

pytestmark = pytest.mark.django_db

TWO_A_MINUTE = {"code:a@b.example": (2, timedelta(minutes=1))}


def test_one_too_many_is_named(now):
    assert [set(rate_limits.count_hits(TWO_A_MINUTE, now)) for _ in range(3)] == [set(), set(), {"code:a@b.example"}]


def test_the_window_ends(now):
    for _ in range(3):
        rate_limits.count_hits(TWO_A_MINUTE, now)

    assert set(rate_limits.count_hits(TWO_A_MINUTE, now + timedelta(seconds=59))) == {"code:a@b.example"}
    assert set(rate_limits.count_hits(TWO_A_MINUTE, now + timedelta(seconds=60))) == set()


def test_all_keys_take_one_statement(now, django_assert_num_queries):
    keys = {f"key:{number}": (1, timedelta(hours=1)) for number in range(5)}

    with django_assert_num_queries(1):
        assert set(rate_limits.count_hits(keys, now)) == set()
    assert set(rate_limits.count_hits({**keys, "new": (1, timedelta(hours=1))}, now)) == set(keys)


def test_no_keys_take_no_statement(now, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert set(rate_limits.count_hits({}, now)) == set()


@pytest.mark.parametrize("same", ["CODE:A@B.example", "code:A@b.EXAMPLE", "ｃｏｄｅ:ａ@ｂ.example"])
def test_letters_that_only_look_different_share_a_limit(now, same):
    rate_limits.count_hits(TWO_A_MINUTE, now)
    rate_limits.count_hits({same: (2, timedelta(minutes=1))}, now)

    assert set(rate_limits.count_hits(TWO_A_MINUTE, now)) == {"code:a@b.example"}


def test_no_address_is_stored(now):
    rate_limits.count_hits(TWO_A_MINUTE, now)

    assert "b.example" not in RateLimit.objects.get().key


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_of_twenty_at_once_in_many_connections_exactly_five_get_through(now):
    barrier, refused = threading.Barrier(20), []

    def hit():
        barrier.wait()
        refused.append(bool(rate_limits.count_hits({"hot": (5, timedelta(minutes=1)), "cold": (99, timedelta(minutes=1))}, now)))
        connection.close()

    threads = [threading.Thread(target=hit) for _ in range(20)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]

    assert (refused.count(False), refused.count(True)) == (5, 15)


def request_from(remote, forwarded=None, user=None):
    request = RequestFactory().post("/", REMOTE_ADDR=remote, **({"HTTP_X_FORWARDED_FOR": forwarded} if forwarded else {}))
    request.user, request.person = user or AnonymousUser(), None
    return request


@pytest.mark.parametrize(
    ("proxies", "remote", "forwarded", "address"),
    [
        (0, "203.0.113.9", "198.51.100.1", "203.0.113.9"),
        (1, "10.0.0.1", "198.51.100.1, 203.0.113.9", "203.0.113.9"),
        (2, "10.0.0.1", "198.51.100.1, 203.0.113.9, 10.0.0.2", "203.0.113.9"),
        (2, "10.0.0.1", "203.0.113.9", "10.0.0.1"),
        (1, "10.0.0.1", None, "10.0.0.1"),
        (1, "10.0.0.1", "rubbish", "unknown"),
        (0, "", None, "unknown"),
        (0, "2001:db8:1:2:3:4:5:6", None, "2001:db8:1:2::/64"),
        (0, "::ffff:203.0.113.9", None, "203.0.113.9"),
    ],
)
def test_the_client_is_the_address_that_our_own_proxy_saw(settings, proxies, remote, forwarded, address):
    settings.TRUSTED_PROXY_COUNT = proxies

    assert rate_limits.client_ip(request_from(remote, forwarded)) == address


def test_someone_signed_in_has_a_limit_of_their_own():
    user = make_user()

    assert rate_limits.client_key(request_from("203.0.113.9", user=user), "hold") == f"hold:user:{user.pk}"
    assert rate_limits.client_key(request_from("203.0.113.9"), "hold") == "hold:address:203.0.113.9"


def test_a_forged_forwarded_header_changes_nothing():
    answers = [
        Client()
        .post("/account/login/", {"login": f"{n}@leeds.nhs.uk"}, headers={"x-forwarded-for": f"198.51.100.{n}"})
        .status_code
        for n in range(121)
    ]

    assert answers[-1] == 429


# -- The pages of accounts -----------------------------------------------------------------------------------------------


def test_accounts_are_limited_without_the_cache(monkeypatch):
    def away(key, default=None, *args, **kwargs):
        """What staff own is asked for, and then read from the database."""
        if not key.startswith(("site_", "office_")):
            pytest.fail("allauth used the cache")
        return default

    for name in ("get", "set", "add", "delete"):
        monkeypatch.setattr(cache, name, away)
    for _ in range(4):
        response = Client().post("/account/login/", {"login": "nadia@leeds.nhs.uk"})

    assert response.status_code == 200
    assert "tried too often" in response.content.decode()
