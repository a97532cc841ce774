"""Who reads nothing at an address, and what an address gives away."""

import json
import logging
from datetime import timedelta

import pytest
from django.db import connection

from bookings.calendars.views import feed_token, revoke_feed
from bookings.models import CalendarFeed, Presenter
from core.logs import JSONFormatter
from privacy.services import erase_person
from professionals.models import BlockedAttempt, Person
from tests.bookings.calendars.reading import feed_of, read
from tests.bookings.rows import NOW, at, make_booking
from tests.factories import make_staff

pytestmark = pytest.mark.django_db


def switch_off(owner: Person | Presenter, how: str) -> None:
    user = owner.user
    assert user is not None
    if how == "revoked":
        revoke_feed(owner=owner, by=user, now=NOW)
    elif how == "account":
        user.is_active = False
        user.save()
    elif how == "no staff":
        user.is_staff = False
        user.save()
    elif how == "other sign-in":
        type(owner).objects.filter(pk=owner.pk).update(user=make_staff())
    elif how == "presenter":
        Presenter.objects.update(active=False)
    else:
        assert isinstance(owner, Person)
        erase_person(owner, by=None, now=NOW)


@pytest.mark.parametrize("how", ["revoked", "account", "erased", "other sign-in"])
def test_a_professionals_address_ends(person: Person, how: str) -> None:
    make_booking(None, at("10:00"), person=person)
    url = feed_of(person)
    assert read(url).status_code == 200
    switch_off(person, how)
    assert read(url).status_code == 404


@pytest.mark.parametrize("how", ["revoked", "account", "no staff", "presenter", "other sign-in"])
def test_a_presenters_address_ends(presenter: Presenter, how: str) -> None:
    url = feed_of(presenter)
    assert read(url).status_code == 200
    switch_off(presenter, how)
    assert read(url).status_code == 404


def test_a_revoked_address_never_works_again(person: Person) -> None:
    before = feed_of(person)
    revoke_feed(owner=person, by=person.user, now=NOW)
    after = feed_of(person)
    assert before != after
    assert [read(url).status_code for url in (before, after)] == [404, 200]


def test_making_it_twice_gives_the_same(person: Person) -> None:
    assert feed_of(person) == feed_of(person)


@pytest.mark.parametrize("token", ["a", "A" * 43, "A" * 44, "%00", "ä" * 43])
def test_what_is_no_address_is_not_found(person: Person, token: str) -> None:
    feed_of(person)
    assert read(f"/calendars/{token}.ics").status_code == 404


def test_guessing_is_stopped_and_real_addresses_still_work(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    """Google reads everybody's calendars from a few addresses: what it reads for others must stop nobody."""
    url = feed_of(person)
    monkeypatch.setattr("bookings.calendars.views.UNKNOWN_FEED_RATE_LIMIT", (2, timedelta(hours=1)))
    assert [read(f"/calendars/{'B' * 43}.ics").status_code for _guess in range(3)] == [404, 404, 429]
    assert int(read(f"/calendars/{'B' * 43}.ics").headers["Retry-After"]) == 3600
    assert read(url).status_code == 200
    assert BlockedAttempt.objects.get().where == "calendar"


# The address


def test_the_database_alone_opens_no_calendar(person: Person, settings: object) -> None:
    token = feed_of(person).removeprefix("/calendars/").removesuffix(".ics")
    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(feed)::text FROM bookings_calendarfeed feed")
        [[row]] = cursor.fetchall()
    assert token not in row
    assert len(token) == 43
    assert json.loads(row)["seed"] != token


def test_after_a_new_secret_key_it_works_and_is_shown_while_the_old_key_is_known(person: Person, settings: object) -> None:
    url, feed = feed_of(person), CalendarFeed.objects.get()
    before = settings.SECRET_KEY  # type: ignore[attr-defined]
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another", [before]  # type: ignore[attr-defined]
    assert f"/calendars/{feed_token(feed)}.ics" == url
    settings.SECRET_KEY_FALLBACKS = []  # type: ignore[attr-defined]
    assert feed_token(feed) == ""
    assert read(url).status_code == 200


def test_no_log_has_the_address(person: Person, caplog: pytest.LogCaptureFixture) -> None:
    url = feed_of(person)
    with caplog.at_level(logging.DEBUG):
        read(url)
        revoke_feed(owner=person, by=person.user, now=NOW)
        read(url)
    lines = [JSONFormatter().format(record) for record in caplog.records if not record.name.startswith("django.db")]
    assert any("calendar_feed" in line for line in lines)
    assert not [line for line in lines if url[11:-4] in line]
