"""What mail providers report: signed or with a password, told once or often, in the words of each."""

import base64
import hashlib
import hmac
import json
from datetime import timedelta

import pytest
from django.urls import reverse

from notifications import preferences
from notifications.bounces.reports import PROVIDERS
from notifications.models import MarkedAddress, ReturnedMail
from notifications.registry import Topic

pytestmark = pytest.mark.django_db
READER = "reader@leeds.example.nhs.uk"
PASSWORD = {"HTTP_AUTHORIZATION": "Basic " + base64.b64encode(b"ctac:kettle").decode()}


@pytest.fixture(autouse=True)
def _postmark(settings):
    settings.MAIL_PROVIDER, settings.MAIL_WEBHOOK_PASSWORD, settings.MAIL_WEBHOOK_KEY = "postmark", "ctac:kettle", ""


@pytest.fixture
def row(kind, make_row, now):
    return make_row(state="sent", sent_at=now)


def tell(client, event, provider="postmark", **headers):
    url = reverse("mail_events", args=[provider])
    return client.post(url, json.dumps(event), content_type="application/json", **headers).status_code


def postmark(kind="HardBounce", number=1, at="2027-01-12T10:01:00Z", **more):
    words = "smtp;550 5.1.1 The email account that you tried to reach does not exist"
    record = {"SpamComplaint": "SpamComplaint", "Delivery": "Delivery"}.get(kind, "Bounce")
    event = {"RecordType": record, "Type": kind, "ID": number, "MessageID": "883953f4-6105", "Email": READER, "Details": words}
    return {**event, "BouncedAt": at, "DeliveredAt": at, **more}


def test_a_hard_bounce_marks_the_address_however_often_it_is_told(client, row):
    assert [tell(client, postmark(), **PASSWORD) for _ in range(3)] == [200, 200, 200]
    assert ReturnedMail.objects.count() == 1
    assert [mark.address for mark in MarkedAddress.objects.marked()] == [READER]


@pytest.mark.parametrize("headers", [{}, {"HTTP_AUTHORIZATION": "Basic " + base64.b64encode(b"ctac:teapot").decode()}])
def test_without_the_password_nothing_is_believed(client, row, headers):
    assert tell(client, postmark(), **headers) == 403
    assert not ReturnedMail.objects.exists()


def test_what_says_nothing_of_the_address_changes_nothing(client, row):
    for kind in ("Transient", "AutoResponder", "DnsError"):
        assert tell(client, postmark(kind), **PASSWORD) == 200
    assert not ReturnedMail.objects.exists()


def test_a_soft_bounce_is_one_even_if_the_words_sound_final(client, row):
    tell(client, postmark("SoftBounce"), **PASSWORD)
    assert ReturnedMail.objects.get().sort == "soft"
    assert not MarkedAddress.objects.marked().exists()


def test_a_complaint_stops_topics(client, row):
    tell(client, postmark("SpamComplaint"), **PASSWORD)
    assert not preferences.wants_topic(Topic.REMINDERS, READER)


def test_a_later_delivery_clears_the_mark_and_an_earlier_one_does_not(client, row):
    tell(client, postmark(), **PASSWORD)
    last = MarkedAddress.objects.get().last_at
    for seconds, marked in ((-1, True), (1, False)):
        tell(client, postmark("Delivery", Recipient=READER, at=(last + timedelta(seconds=seconds)).isoformat()), **PASSWORD)
        assert MarkedAddress.objects.marked().exists() is marked


def test_what_can_not_be_read_is_a_bad_request(client, row):
    url = reverse("mail_events", args=["postmark"])
    assert client.post(url, b"{nonsense", content_type="application/json", **PASSWORD).status_code == 400


def test_it_is_not_there_for_another_provider_or_when_none_is_set(client, row, settings):
    assert tell(client, postmark(), provider="mailgun", **PASSWORD) == 404
    settings.MAIL_PROVIDER = ""
    assert tell(client, postmark(), **PASSWORD) == 404


def test_mailgun_signs_and_names_our_message(client, row, settings):
    settings.MAIL_PROVIDER, settings.MAIL_WEBHOOK_PASSWORD, settings.MAIL_WEBHOOK_KEY = "mailgun", "", "the-key"
    signature = {"timestamp": "1800000000", "token": "a" * 50}
    told = hmac.new(b"the-key", b"1800000000" + b"a" * 50, hashlib.sha256).hexdigest()
    failed = {"event": "failed", "severity": "permanent", "recipient": READER, "timestamp": 1800000000.1, "reason": "generic"}
    failed["message"] = {"headers": {"message-id": row.message_id.strip("<>")}}
    failed["delivery-status"] = {"message": "5.1.1 The email account does not exist", "code": 550}
    assert tell(client, {"signature": {**signature, "signature": "0" * 64}, "event-data": failed}, "mailgun") == 403
    assert tell(client, {"signature": {**signature, "signature": told}, "event-data": failed}, "mailgun") == 200
    row.refresh_from_db()
    assert (row.state, ReturnedMail.objects.get().notification) == ("failed", row)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_no_provider_is_believed_unsigned(client, row, settings, provider):
    settings.MAIL_PROVIDER = provider
    settings.MAIL_WEBHOOK_KEY = "the-key" if PROVIDERS[provider].key_name else ""
    settings.MAIL_WEBHOOK_PASSWORD = "" if PROVIDERS[provider].key_name else "ctac:kettle"
    assert tell(client, [{"event": "bounce", "email": READER}], provider) == 403
    settings.MAIL_WEBHOOK_KEY = settings.MAIL_WEBHOOK_PASSWORD = ""
    assert tell(client, postmark(), provider, **PASSWORD) == 403
