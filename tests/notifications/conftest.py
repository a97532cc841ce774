"""A kind of mail to send, a real mail server to send it to, and what lies in the real queue."""

import copy
import logging
import smtplib
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from ctac.celery import app
from notifications import registry
from notifications.delivery import pacing, smtp
from notifications.delivery.services import deliver
from notifications.models import Notification
from notifications.outbox import new_message_id
from notifications.registry import Email, Message

WORDS = {
    "name": "Seán O’Brien & “Sons”",
    "facts": [{"label": "When", "value": "Tuesday 9 March 2027, 1:30pm to 3pm"}, {"label": "Where", "value": ""}],
}


@pytest.fixture(autouse=True)
def _our_templates(settings: Any) -> None:
    settings.TEMPLATES = copy.deepcopy(settings.TEMPLATES)
    settings.TEMPLATES[0]["DIRS"].append(Path(__file__).parent / "templates")


@pytest.fixture(autouse=True)
def _nothing_remembered() -> None:
    """A process remembers for a moment how the mail server was; a test's database doesn't."""
    pacing._server_states.clear()
    pacing._reserved_by_domain.clear()
    smtp.close_connection()


@pytest.fixture
def make_kind() -> Iterator[Callable[..., type[Email]]]:
    """Registers a kind for one test; what it builds, whether it is still due and may be in a digest can be given."""
    before = dict(registry._emails)

    def make(name: str = "test", **more: Any) -> type[Email]:
        message = more.pop("message", Message("A subject", "test_words", dict(WORDS)))
        build = more.pop("build", lambda notification: message)
        is_still_due = more.pop("is_still_due", lambda notification: True)
        in_digest = more.pop("in_digest", None)
        methods = {
            "message": lambda self: build(self.notification),
            "is_still_due": lambda self: is_still_due(self.notification),
            "can_join_digest": lambda self, digest_at: in_digest(self.notification, digest_at),
        }
        facts = {"name": name, "label": "Test mail", "in_digest": in_digest is not None}
        return type("TestEmail", (Email,), {**facts, **methods, **more})

    yield make
    registry._emails.clear()
    registry._emails.update(before)


@pytest.fixture
def kind(make_kind: Callable[..., type[Email]]) -> type[Email]:
    return make_kind()


@pytest.fixture
def make_row(now: datetime) -> Callable[..., Notification]:
    """A row of the outbox as a test needs it: due now, to reader@leeds.example.nhs.uk."""

    def make(**fields: Any) -> Notification:
        number = Notification.objects.count() + 1
        defaults = {
            "kind": "test",
            "about": f"thing:{number}",
            "reference": "BK-7Q4M-2F",
            "recipient": "reader@leeds.example.nhs.uk",
            "created_at": now,
            "due_at": now,
            "message_id": new_message_id(),
        }
        return Notification.objects.create(**{**defaults, **fields})

    return make


@pytest.fixture
def delivered(make_row: Callable[..., Notification], now: datetime) -> Callable[..., Notification]:
    """Delivers this row, or a new one, and gives it back as it stands afterwards."""

    def run(row: Notification | None = None, clock: Callable[[], datetime] = lambda: now, **fields: Any) -> Notification:
        row = row or make_row(**fields)
        deliver(row.pk, clock=clock)
        row.refresh_from_db()
        return row

    return run


@pytest.fixture
def queued() -> Iterator[Callable[[], list[list[int]]]]:
    """What has been queued since the last call: the ids of each task."""
    with app.connection_for_read() as connection:

        def take() -> list[list[int]]:
            found = []
            for each in app.conf.task_queues:
                with connection.SimpleQueue(each) as queue:
                    while True:
                        try:
                            message = queue.get_nowait()
                        except queue.Empty:
                            break
                        message.ack()
                        if message.headers["task"] == "notifications.tasks.deliver":
                            found.append(message.decode()[0][0])
            return sorted(found)

        take()
        yield take


class Inbox:
    """Takes every message. Subclasses refuse or break off somewhere."""

    def __init__(self) -> None:
        self.messages: list[bytes] = []
        self.recipients: list[str] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        self.messages.append(envelope.original_content)
        self.recipients += envelope.rcpt_tos
        return "250 OK"


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


@pytest.fixture
def mail_server(settings: Any) -> Iterator[Callable[..., Any]]:
    """Starts a real SMTP server on loopback with this handler, and points the settings to it."""
    settings.EMAIL_BACKEND = "notifications.delivery.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_TIMEOUT = "127.0.0.1", 5
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
    logging.getLogger("mail.log").setLevel(logging.ERROR)  # the server's own log tells who got what
    with ExitStack() as stack:

        def start(handler: Any = None, **options: Any) -> Any:
            handler = handler or Inbox()
            controller = Controller(handler, hostname="127.0.0.1", port=free_port(), **options)
            controller.start()
            stack.callback(controller.stop)
            settings.EMAIL_PORT = controller.port
            return handler

        yield start


def wait_until(true: Callable[[], bool], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


def later(moment: datetime, **span: float) -> Callable[[], datetime]:
    """A clock that stands still at that span after the moment."""
    return lambda: moment + timedelta(**span)


def refusal(code: int) -> smtplib.SMTPRecipientsRefused:
    return smtplib.SMTPRecipientsRefused({"reader@leeds.example.nhs.uk": (code, b"no")})
