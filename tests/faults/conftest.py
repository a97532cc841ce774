"""The whole stack as processes, with a mail server whose slowness the tests set."""

import asyncio
import logging
import threading
from collections import Counter
from collections.abc import Iterator
from email import message_from_bytes
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from tests.live.stack import Live
from tests.notifications.conftest import free_port

WRITE = """
from django.utils import timezone
from notifications.services import notify
for number in range({count}):
    to = f"{name}{{number}}@nhs.net"
    notify(kind="safeguarding-flag", about=f"{name}:{{number}}", to=[to], reference="BK-7Q4M-2F", now=timezone.now())
"""
OURS = "@nhs.net"
# What a stretch of time does to rows that are not finished: everything on them is that much longer ago.
PASS = """
UPDATE notifications_notification
SET due_at = due_at - %s * interval '1 minute', kicked_at = kicked_at - %s * interval '1 minute',
    lease_until = lease_until - %s * interval '1 minute'
WHERE state IN ('pending', 'sending')
"""


class SlowMailServer:
    """Says yes to everything, after `pause` seconds; `taken` are the (recipient, Message-ID) that it said yes to."""

    def __init__(self) -> None:
        self.pause = 0.0
        self.taken: list[tuple[str, str]] = []
        self.in_data = threading.Event()

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        if envelope.rcpt_tos[0].endswith(OURS):  # the sample data have mail of their own under way
            self.in_data.set()
        await asyncio.sleep(self.pause)
        message_id = message_from_bytes(envelope.content)["Message-ID"]
        self.taken.append((envelope.rcpt_tos[0], message_id))
        return "250 OK"

    def counts(self, name: str) -> list[int]:
        """How often each message to this test's addresses was taken."""
        return sorted(Counter(recipient for recipient, _id in self.taken if recipient.startswith(name)).values())

    def message_ids(self, name: str) -> int:
        return len({message_id for recipient, message_id in self.taken if recipient.startswith(name)})


class Stack:
    """The stack, and what a test does with it."""

    def __init__(self, live: Live, server: SlowMailServer) -> None:
        self.live, self.server = live, server

    def write(self, name: str, count: int) -> None:
        """Messages in the outbox, queued as any page queues them."""
        self.live.manage("shell", "--verbosity", "0", "--command", WRITE.format(name=name, count=count))

    def pass_minutes(self, minutes: int) -> None:
        """The minutes pass, and with them the sweep comes round, as beat queues it."""
        self.live.query(PASS, minutes, minutes, minutes)
        self.live.manage("shell", "--verbosity", "0", "--command", "from notifications import tasks; tasks.sweep.delay()")

    def states(self, name: str) -> set[str]:
        return {
            state for (state,) in self.live.query("SELECT state FROM notifications_notification WHERE about LIKE %s", f"{name}:%")
        }

    def wait_until_sent(self, name: str, seconds: float = 25) -> None:
        self.live.wait_for(lambda: self.states(name) == {"sent"}, seconds)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    logging.getLogger("mail.log").setLevel(logging.ERROR)
    server = SlowMailServer()
    controller = Controller(server, hostname="127.0.0.1", port=free_port())
    controller.start()
    live = Live(tmp_path_factory.mktemp("faults"), EMAIL_URL=f"smtp://127.0.0.1:{controller.port}")
    try:
        live.start()
        yield Stack(live, server)
    finally:
        if live.process is not None and live.process.poll() is None:
            live.stop()
        controller.stop()


@pytest.fixture
def slow(stack: Stack) -> Iterator[SlowMailServer]:
    """The mail server takes its time until the test says otherwise."""
    stack.server.pause = 1.0
    stack.server.in_data.clear()
    yield stack.server
    stack.server.pause = 0.0
