"""Whoever is erased is nowhere: not in a table, a session, a draft, an encrypted body, the cache, a file, a log or an email."""

import pytest
import time_machine
from django.conf import settings
from django.core.cache import cache
from django.test import Client

from notifications.delivery import smtp
from notifications.delivery.services import deliver_each
from notifications.models import Notification
from privacy.retention import clear_expired
from professionals.models import Person
from tests.bookings.rows import NOW
from tests.factories import sign_in
from tests.notifications.conftest import mail_server
from tests.privacy.canary.planting import CANARIES, EMAIL, MADE, NAME, NO_WORDS, PHONE, THEIRS, fields_with_words, plant, planted
from tests.privacy.canary.searching import found

__all__ = ["mail_server"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def clock():
    with time_machine.travel(NOW):
        yield


def delivered(inbox):
    """Everything that waits is sent now."""
    deliver_each(list(Notification.objects.unfinished().values_list("pk", flat=True)))
    smtp.close_connection()
    return {f"email {number}": message.decode(errors="replace") for number, message in enumerate(inbox.messages)}


def test_every_model_that_may_hold_words_of_a_person_is_planted_or_is_nobodys():
    with_words = fields_with_words()
    assert set(with_words) == set(THEIRS)
    named = {f"{model}.{field}" for model, fields in with_words.items() for field in fields}
    assert named >= NO_WORDS | MADE


def test_whoever_is_erased_is_nowhere_any_more(clock, mail_server, caplog, capfd):
    person, inbox = plant(NOW), mail_server()
    before = found(*CANARIES)
    assert planted() - before == set()  # the search finds each of them, before
    assert {"account_emailaddress.email", "professionals_accountrecovery.called"} <= before

    browser = sign_in(Client(), person)
    assert browser.post("/account/delete/", {"sure": "on"}).status_code == 302
    mails = delivered(inbox)
    clear_expired(now=NOW)

    said = {"log": caplog.text, "printed": "".join(capfd.readouterr())}
    assert found(*CANARIES, also=said) == set()
    assert len(mails) > 2
    assert "presenter@ctac.example" in inbox.recipients
    last = [number for number, to in enumerate(inbox.recipients) if to == EMAIL]
    assert len(last) == 1  # the one that says it is done, and it names nobody but by the address that it goes to
    others = {name: text for name, text in mails.items() if name != f"email {last[0]}"}
    assert [name for name, text in others.items() if any(word in text.lower() for word in CANARIES)] == []
    assert NAME not in mails[f"email {last[0]}"]
    assert Person.objects.get(pk=person.pk).name == "Erased"


def test_the_search_opens_what_is_packed_and_reads_what_is_said(clock):
    cache.set("typed", {"name": NAME})
    path = settings.MEDIA_ROOT / "quillfinch.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(PHONE)
    try:
        places = found(*CANARIES, also={"log": NAME.upper(), "other": "nobody"})
    finally:
        path.unlink()
    assert {place.split(" ")[0] for place in places} == {"cache", "file", "log"}
