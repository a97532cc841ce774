"""A folder as the broker of development and tests, and the options and queues of every broker."""

import json
import os
import time
import uuid
from collections import deque
from pathlib import Path
from queue import Empty
from typing import Any
from urllib.parse import quote, urlsplit

from kombu.entity import Exchange, Queue
from kombu.transport import TRANSPORT_ALIASES, virtual

FOLDER_BROKER_URL = "folder://localhost"  # no host, but kombu warns without one
TRANSPORT_ALIASES["folder"] = "ctac.transports.folder:Transport"
TRANSPORT_ALIASES.update(dict.fromkeys(("redis", "rediss"), "ctac.transports.redis:Transport"))

# Seconds. A broker that accepts connections and then says nothing must not hold up a page, as the sweep of the outbox finds what
# was not queued. A page waits at most three times, under two seconds in all: for its connection, then for two new ones (one retry
# in the settings, for which kombu connects twice).
BROKER_TIMEOUT_SECONDS = 0.5
POLL_INTERVAL_SECONDS = 0.1


def transport_options(url: str, var_dir: Path) -> dict[str, object]:
    scheme = urlsplit(url).scheme
    if scheme == "folder":
        return {"folder": str(var_dir / "broker"), "polling_interval": POLL_INTERVAL_SECONDS}
    if scheme.startswith(("redis", "sentinel")):
        return {
            "socket_timeout": BROKER_TIMEOUT_SECONDS,
            "socket_connect_timeout": BROKER_TIMEOUT_SECONDS,
            "socket_keepalive": True,
        }
    if scheme.startswith(("amqp", "pyamqp")):
        return {"read_timeout": BROKER_TIMEOUT_SECONDS, "write_timeout": BROKER_TIMEOUT_SECONDS}
    return {}


def build_queues(*names: str) -> list[Queue]:
    """Queues that each have an exchange of their own, as Celery does it for a single queue."""
    return [Queue(name, Exchange(name), routing_key=name) for name in names]


class Channel(virtual.Channel):
    """One file for each message.

    kombu's filesystem transport writes in place, so a worker can read half a message and crash (kombu's issue 1551). Here a
    message is added by a rename, and taken by another rename, which only one consumer can win. A killed worker loses the message
    that it had taken: the outbox still has what is due.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._listed: dict[str, deque[str]] = {}

    def _folder(self, queue: str) -> Path:
        return Path(self.connection.client.transport_options["folder"]) / quote(queue, safe="")

    def _put(self, queue: str, message: dict[str, Any], **kwargs: Any) -> None:
        folder = self._folder(queue)
        folder.mkdir(parents=True, exist_ok=True)
        # The oldest come first, even after a reboot, when the monotonic clock would begin again.
        name = f"{time.time_ns():020d}-{uuid.uuid4().hex}"
        unfinished = folder / f".{name}"
        unfinished.write_text(json.dumps(message))
        unfinished.replace(folder / name)

    def _get(self, queue: str, timeout: float | None = None) -> dict[str, Any]:
        folder = self._folder(queue)
        listed = self._listed.setdefault(queue, deque())
        if not listed:
            listed.extend(self._waiting(queue))
        while listed:
            name = listed.popleft()
            taken = folder / f".{name}.{os.getpid()}"
            try:
                (folder / name).rename(taken)
            except FileNotFoundError:
                continue  # another consumer was first
            message: dict[str, Any] = json.loads(taken.read_bytes())
            taken.unlink()
            return message
        raise Empty

    def _waiting(self, queue: str) -> list[str]:
        try:
            return sorted(name for name in os.listdir(self._folder(queue)) if not name.startswith("."))  # noqa: PTH208 - fast
        except FileNotFoundError:
            return []

    def _size(self, queue: str) -> int:
        return len(self._waiting(queue))

    def _purge(self, queue: str) -> int:
        names = self._waiting(queue)
        for name in names:
            (self._folder(queue) / name).unlink(missing_ok=True)
        return len(names)

    def _delete(self, queue: str, *args: Any, **kwargs: Any) -> None:
        self._purge(queue)


class Transport(virtual.Transport):
    """Each process declares the exchanges and bindings before it publishes or consumes."""

    Channel = Channel
    # Without fanout, Celery's workers don't talk to each other.
    implements = virtual.Transport.implements.extend(asynchronous=False, exchange_type=frozenset(["direct", "topic"]))
    driver_type = driver_name = "folder"
    global_state = virtual.BrokerState()
    # If the folder is away, the worker finishes its tasks and connects again.
    connection_errors = (*virtual.Transport.connection_errors, OSError)  # type: ignore[assignment]

    def __init__(self, client: Any, **kwargs: Any) -> None:
        super().__init__(client, **kwargs)
        self.state = self.global_state

    def establish_connection(self) -> Any:
        options: dict[str, Any] = self.client.transport_options  # type: ignore[union-attr]
        Path(options["folder"]).mkdir(parents=True, exist_ok=True)
        return super().establish_connection()
