"""A worker that lives but takes no task: it ends itself, and whatever keeps it running starts it anew.

From time to time the worker queues a task that does nothing, so that there is always one to take. As long as its processes take
tasks it vouches for itself, to a file (which the supervisor of `make run` watches) and to systemd; so a process that
hangs as a whole is noticed too.
"""

import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

logger = logging.getLogger(__name__)

LOOKS = 6  # so often within the time that it is given
EX_SOFTWARE = 70
PULSE = "worker.pulse"


class Watchdog:
    """`taken` counts the tasks that were taken so far, `ask` queues one, `patience` is in seconds."""

    def __init__(
        self, *, taken: Callable[[], int], ask: Callable[[], object], patience: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.taken, self.ask, self.patience, self.clock = taken, ask, patience, clock
        self.last, self.since = taken(), clock()

    def is_well(self) -> bool:
        """Whether a task was taken lately. A broker that is away is none of the worker's fault: then the time begins anew."""
        count = self.taken()
        if count != self.last:
            self.last, self.since = count, self.clock()
        try:
            self.ask()
        except Exception:  # noqa: BLE001 - each transport has its own errors
            self.since = self.clock()
        return self.clock() - self.since < self.patience


def start() -> None:
    """In the worker's main process, once it is ready."""
    from celery.worker import state
    from django.conf import settings

    from ctac.celery import app

    patience = float(settings.WORKER_PATIENCE)
    watchdog = Watchdog(
        taken=lambda: int(state.all_total_count[0]),
        ask=lambda: app.send_task("ctac.tasks.tick", expires=patience),
        patience=patience,
    )
    pulse = Path(settings.VAR_DIR) / PULSE
    threading.Thread(target=watch, args=(watchdog, pulse), name="watchdog", daemon=True).start()


def watch(watchdog: Watchdog, pulse: Path) -> None:
    while watchdog.is_well():
        vouch(pulse)
        time.sleep(watchdog.patience / LOOKS)
    logger.critical("The worker took no task for %.0f seconds: it ends, to be started anew.", watchdog.patience)
    os._exit(EX_SOFTWARE)  # its own way to end would wait for the processes that hang


def vouch(pulse: Path) -> None:
    with suppress(OSError):
        pulse.touch()
    tell_systemd("WATCHDOG=1")


def tell_systemd(words: str) -> None:
    """As sd_notify(3) does; nothing where systemd did not start us."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.sendto(words.encode(), "\0" + address[1:] if address.startswith("@") else address)
