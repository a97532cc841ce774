"""A session that ends while a request of it is under way: nothing brings it back."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg2
import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts import sessions
from accounts.models import Session, User
from tests.accounts.sessions.browsers import DETAILS, PASSWORD, browser, is_in, key_of, signed_in
from tests.professionals.waiting import begun

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)

TYPED = {"phone": "0113 496 0001", "profession": "midwife", "postcode": "LS1 4AP", "organisation_name": "Leeds"}


def twin(client: Client) -> Client:
    """Another window of the same browser."""
    other = browser()
    other.cookies.load(client.cookies)
    return other


@contextmanager
def held(sql: str, *values: object) -> Iterator[Any]:
    """What another connection has done and not yet committed."""
    other = psycopg2.connect(
        **{key: value for key, value in connection.get_connection_params().items() if key != "cursor_factory"}
    )
    try:
        with other.cursor() as cursor:
            cursor.execute(sql, values)
        yield other
    finally:
        other.close()


def under_way(work: Callable[[], Any]) -> tuple[threading.Thread, list[Any]]:
    answers: list[Any] = []
    return begun(work, answers), answers


def test_signing_out_while_a_form_is_saved_stays_signed_out(person):
    client = signed_in(person.user)
    window, key = twin(client), key_of(client)
    with held("SELECT 1 FROM professionals_person WHERE id = %s FOR UPDATE", person.pk) as other:
        thread, answers = under_way(lambda: window.post(DETAILS, {**TYPED, "name": "Saved"}))
        client.post("/account/logout/")
        other.rollback()
        thread.join()

    person.refresh_from_db()
    assert (answers[0].status_code, person.name) == (302, "Saved")  # no error: it came before the end
    assert settings.SESSION_COOKIE_NAME not in answers[0].cookies
    assert Session.objects.filter(user=person.user).count() == 0
    window.cookies[settings.SESSION_COOKIE_NAME] = key
    assert not is_in(window)


def test_a_new_key_for_a_session_that_is_ended_meanwhile_brings_it_not_back(person):
    """A thief changes the password at the moment at which the owner signs them out."""
    thief = signed_in(person.user)
    new = {"oldpassword": PASSWORD, "password1": "quite another password", "password2": "quite another password"}
    with held("SELECT 1 FROM accounts_user WHERE id = %s FOR UPDATE", person.user.pk) as other:
        thread, _answers = under_way(lambda: thief.post("/account/password/change/", new))
        sessions.end_sessions(user=person.user)
        other.rollback()
        thread.join()

    assert Session.objects.filter(user=person.user).count() == 0
    assert not is_in(thief)


def test_an_account_that_is_closed_while_somebody_signs_in_is_given_no_session(person):
    client = browser()
    with held("UPDATE accounts_user SET is_active = false WHERE id = %s", person.user.pk) as other:
        work = {"login": person.email, "password": PASSWORD}
        thread, _answers = under_way(lambda: client.post("/account/login/password/", work))
        other.commit()
        thread.join()

    assert Session.objects.filter(user=person.user).count() == 0
    User.objects.update(is_active=True)
    assert not is_in(client)


def test_two_requests_at_once_with_an_expired_session_are_both_sent_to_sign_in(person):
    client = signed_in(person.user)
    Session.objects.update(expire_date=timezone.now())
    windows, barrier, answers = [twin(client), twin(client)], threading.Barrier(2), []

    def go(window: Client) -> None:
        try:
            barrier.wait()
            answers.append(window.get(DETAILS))
        finally:
            connection.close()

    threads = [threading.Thread(target=go, args=[window]) for window in windows]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [answer["Location"].partition("?")[0] for answer in answers] == ["/account/login/"] * 2
    assert Session.objects.live(timezone.now()).count() == 0
    assert Session.objects.count() == 1
