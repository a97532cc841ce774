"""Text messages: written with the email of their event, sent by the same lease, by the provider's documented API."""

import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest
from django.db import IntegrityError, connection, transaction

from bookings.emails import sample_booking
from notifications.delivery import services as delivery_services, sms
from notifications.delivery.services import deliver, deliver_each, sweep
from notifications.models import (
    MailDomain,
    MailServer,
    MarkedAddress,
    Notification,
    NotificationChannel,
    NotificationState,
    server_name,
)
from notifications.outbox import notify, resend
from notifications.registry import Email, Message, find_email_class
from notifications.samples import all_examples
from tests.factories import make_staff
from tests.http_double import Answer, Asked, Double, http_double
from tests.notifications.conftest import Inbox, free_port, later

pytestmark = pytest.mark.django_db
PATH = "/2010-04-01/Accounts/AC0123456789abcdef0123456789abcdef/Messages.json"
KEY, SECRET = "SK0123456789abcdef0123456789abcdef", "kettle/and:pot"
MOBILE, OTHERS = "+447700900123", "+447700900456"
DUTY = "duty@ctac.example"
CREATED = Answer(201, json.dumps({"sid": "SM" + "0" * 32, "status": "queued", "error_code": None}).encode())


def refusal(status: int, code: int, message: str) -> Answer:
    more = {"code": code, "message": message, "more_info": f"https://www.twilio.com/docs/errors/{code}", "status": status}
    return Answer(status, json.dumps(more).encode())


def as_documented(asked: Asked) -> Answer | None:
    """What https://www.twilio.com/docs/messaging/api/message-resource says of "create a message", and refuses otherwise."""
    if (asked.method, asked.path) != ("POST", PATH):
        return refusal(404, 20404, "The requested resource was not found")
    if asked.headers.get("authorization") != f"Basic {b64encode(f'{KEY}:{SECRET}'.encode()).decode()}":
        return refusal(401, 20003, "Authenticate")
    if asked.headers.get("content-type") != "application/x-www-form-urlencoded":
        return refusal(400, 21604, "A 'To' phone number is required.")
    form = parse_qs(asked.body.decode("ascii"), strict_parsing=True)
    if set(form) != {"To", "From", "Body"}:
        return refusal(400, 21602, "Message body is required.")
    if not form["To"][0].startswith("+447"):
        return refusal(400, 21211, f"The 'To' number {form['To'][0]} is not a valid phone number.")
    return None


def sent(double: Double) -> list[tuple[str, str, str]]:
    forms = [parse_qs(asked.body.decode()) for asked in double.asked]
    return [(form["To"][0], form["From"][0], form["Body"][0]) for form in forms]


@pytest.fixture
def provider(settings: Any) -> Iterator[Double]:
    with http_double() as double:
        double.judge, double.answers = as_documented, [CREATED]
        secret = SECRET.replace("/", "%2F").replace(":", "%3A")
        settings.SMS_URL, settings.SMS_FROM = f"{double.url.replace('//', f'//{KEY}:{secret}@')}{PATH}", "CTAC"
        yield double


@pytest.fixture
def duty(provider: Double) -> Any:
    return make_staff(DUTY, mobile=MOBILE)


@pytest.fixture
def urgent(make_kind: Callable[..., type[Email]]) -> type[Email]:
    return make_kind("urgent", sms="CTAC: no check-in at visit %(reference)s.", context=lambda self: {"reference": "BK-7Q4M-2F"})


@pytest.fixture
def text(urgent: type[Email], duty: Any, now: datetime) -> Notification:
    """A text message that is due."""
    notify(kind="urgent", about="booking:12", to=[DUTY], now=now, reference="BK-7Q4M-2F")
    return texts().get()


def texts() -> Any:
    return Notification.objects.filter(channel=NotificationChannel.SMS)


def test_it_is_written_with_the_email_once_for_each_colleague_with_a_mobile(
    urgent: type[Email], duty: Any, now: datetime
) -> None:
    make_staff("deputy@ctac.example", mobile=OTHERS)
    make_staff("third@ctac.example")
    make_staff("gone@ctac.example", mobile="+447700900789", is_active=False)
    everybody = [DUTY.title(), "deputy@ctac.example", "third@ctac.example", "gone@ctac.example", "team@ctac.example"]
    for _time in range(2):
        notify(kind="urgent", about="booking:12", to=everybody, now=now)
    assert list(texts().order_by("pk").values_list("recipient", flat=True)) == [MOBILE, OTHERS]
    assert Notification.objects.exclude(channel=NotificationChannel.SMS).count() == len(everybody)


def test_it_goes_with_the_transaction_of_its_event(urgent: type[Email], duty: Any, now: datetime) -> None:
    with transaction.atomic():
        notify(kind="urgent", about="booking:12", to=[DUTY], now=now)
        assert texts().count() == 1
        transaction.set_rollback(True)
    assert not Notification.objects.exists()


def test_what_is_not_urgent_is_no_text_message_and_costs_no_statement(
    make_kind: Callable[..., type[Email]], duty: Any, now: datetime, django_assert_num_queries: Any, settings: Any
) -> None:
    make_kind("usual")
    make_kind("urgent", sms="CTAC")
    with django_assert_num_queries(2):  # the row, and its key
        notify(kind="usual", about="booking:12", to=[DUTY], now=now)
    settings.SMS_URL = ""
    notify(kind="urgent", about="booking:12", to=[DUTY], now=now)
    assert not texts().exists()


def test_it_is_sent_as_the_provider_documents_it(text: Notification, provider: Double, now: datetime, delivered: Any) -> None:
    deliver(text.pk, clock=lambda: now)
    delivered(text)
    assert sent(provider) == [(MOBILE, "CTAC", "CTAC: no check-in at visit BK-7Q4M-2F.")]
    assert (text.state, text.sent_at, text.attempts, text.lease_token) == (NotificationState.SENT, now, 1, None)
    assert (text.subject, text.text_body, text.html_body) == ("Text message", "CTAC: no check-in at visit BK-7Q4M-2F.", "")


def test_what_is_no_longer_true_is_not_sent(
    make_kind: Callable[..., type[Email]], duty: Any, provider: Double, now: datetime
) -> None:
    make_kind("urgent", sms="CTAC", is_still_due=lambda notification: False)
    notify(kind="urgent", about="booking:12", to=[DUTY], now=now)
    deliver(texts().get().pk, clock=lambda: now)
    assert (texts().get().state, provider.asked) == (NotificationState.EXPIRED, [])


@pytest.mark.parametrize(
    "answer",
    [
        refusal(429, 20429, "Too Many Requests"),
        refusal(400, 21606, "The 'From' phone number provided is not valid."),
        refusal(401, 20003, "Authenticate"),
        Answer(500, b"<html>oops</html>"),
        Answer(503),
        Answer(302),
    ],
    ids=["too many", "our sender", "our key", "broken", "away", "elsewhere"],
)
def test_a_bad_moment_passes(text: Notification, provider: Double, now: datetime, answer: Answer, delivered: Any) -> None:
    provider.answers = [answer, CREATED]
    delivered(text)
    assert (text.state, text.last_error[:3], text.attempts) == (NotificationState.PENDING, str(answer.status), 1)
    assert timedelta(0) < text.due_at - now < timedelta(minutes=2)
    assert not MailServer.objects.exists()  # which is another server
    delivered(text, clock=later(now, minutes=2))
    assert (text.state, len(provider.asked)) == (NotificationState.SENT, 2)


@pytest.mark.parametrize("code", sorted(sms.PERMANENT_ERROR_CODES))
def test_a_number_that_takes_none_fails_for_staff_to_see(
    text: Notification, provider: Double, code: int, caplog: pytest.LogCaptureFixture, delivered: Any
) -> None:
    provider.answers = [refusal(400, code, f"Not to {MOBILE}")]
    delivered(text)
    assert (text.state, text.last_error) == (NotificationState.FAILED, f"400 {code} Not to {MOBILE}")
    assert not MarkedAddress.objects.exists()
    assert MOBILE not in caplog.text


def test_a_provider_that_says_nothing_or_is_away_is_tried_again(
    text: Notification, provider: Double, now: datetime, settings: Any, monkeypatch: pytest.MonkeyPatch, delivered: Any
) -> None:
    monkeypatch.setattr(sms, "TIMEOUT_SECONDS", 0.5)
    provider.answers = [Answer(201, after=2)]
    delivered(text)
    assert (text.state, text.last_error) == (NotificationState.PENDING, "TimeoutError: timed out")
    settings.SMS_URL = f"http://{KEY}:x@127.0.0.1:{free_port()}{PATH}"
    delivered(text, clock=later(now, minutes=2))
    assert (text.state, text.attempts, "ConnectionRefusedError" in text.last_error) == (NotificationState.PENDING, 2, True)


def test_a_yes_without_its_words_is_a_yes(text: Notification, provider: Double, delivered: Any) -> None:
    provider.answers = [Answer(201, b"not JSON")]
    delivered(text)
    assert text.state == NotificationState.SENT


def test_who_lost_the_lease_meanwhile_says_nothing(
    text: Notification, provider: Double, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lose(notification: Notification, _now: datetime) -> None:
        raise delivery_services.LeaseLostError

    monkeypatch.setattr(delivery_services, "require_lease", lose)
    deliver(text.pk, clock=lambda: now)
    assert provider.asked == []


def test_a_lease_that_is_lost_on_the_line_cuts_it(
    text: Notification, provider: Double, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the lease of an email: the heartbeat finds that the row is another's, and ends what is waited for."""
    monkeypatch.setattr(delivery_services, "HEARTBEAT_SECONDS", 0.2)
    monkeypatch.setattr(delivery_services, "renew_lease", lambda notification, now: False)
    provider.answers = [Answer(201, after=3)]
    before = datetime.now()  # noqa: DTZ005 - how long it took
    deliver(text.pk, clock=lambda: now)
    assert datetime.now() - before < timedelta(seconds=2.5)  # noqa: DTZ005
    text.refresh_from_db()
    assert text.state == NotificationState.PENDING


def test_text_messages_go_while_the_mail_server_is_down(
    text: Notification, provider: Double, now: datetime, queued: Callable[[], list[list[int]]]
) -> None:
    """That is what they are for: of all that is due the sweep takes them alone, and no email is touched."""
    queued()
    MailServer.objects.create(name=server_name(), failures=3, down_since=now, next_try_at=now + timedelta(minutes=1))
    Notification.objects.update(queued_at=None)
    email = Notification.objects.get(channel=NotificationChannel.EMAIL)
    assert sweep(now=now) == [text.pk]
    deliver_each([email.pk, text.pk, email.pk], clock=lambda: now)
    email.refresh_from_db()
    text.refresh_from_db()
    assert (text.state, email.state, email.attempts, email.first_tried_at) == (
        NotificationState.SENT,
        NotificationState.PENDING,
        0,
        None,
    )
    assert MailServer.objects.get().down_since == now


def test_its_number_is_kept_from_the_tables_of_mail(
    text: Notification, provider: Double, mail_server: Any, now: datetime
) -> None:
    mail_server(Inbox())
    deliver(text.pk, clock=lambda: now)
    assert not MailDomain.objects.exists()
    assert not MarkedAddress.objects.exists()


def test_a_colleague_may_send_it_again(text: Notification, provider: Double, duty: Any, now: datetime) -> None:
    deliver(text.pk, clock=lambda: now)
    again = resend(Notification.objects.get(pk=text.pk), by=duty, now=now)
    assert (again.channel, again.recipient) == (NotificationChannel.SMS, MOBILE)
    deliver(again.pk, clock=lambda: now)
    assert len(provider.asked) == 2


def test_each_text_fits_one_message_and_tells_the_screen_of_a_phone_no_name() -> None:
    booking = sample_booking()
    names = [booking.contact_name, booking.contact_phone, booking.person.name, *booking.address_lines]
    found: set[str] = set()
    for example in all_examples():
        kind, message = find_email_class(example.kind), example.words()
        if kind and kind.sms and isinstance(message, Message):
            text = str(kind.sms) % message.context
            assert (text.isascii(), len(text) <= 160, [name for name in names if name and name in text]) == (True, True, []), text
            found.add(kind.name)
    assert found >= {
        "duty-alarm",
        "duty-disclosure",
        "staff-no-check-in",
        "staff-no-check-out",
        "manager-no-check-in",
        "manager-no-check-out",
    }


@pytest.mark.parametrize("number", ["07700900123", "+4470700900123", "+33612345678", "+44770090012"])
def test_the_database_keeps_no_number_that_is_no_mobile(number: str) -> None:
    user = make_staff()
    with pytest.raises(IntegrityError), transaction.atomic():
        type(user).objects.filter(pk=user.pk).update(mobile=number)
    assert not connection.needs_rollback
