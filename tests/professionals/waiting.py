"""Work that waits for a lock which another connection holds."""

import threading
import time
from collections.abc import Callable
from typing import Any

from django.db import connection

WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


def begun(work: Callable[[], Any], answers: list[Any], waiting: int = 1) -> threading.Thread:
    """Under way, and the last of so many who wait for a lock. What it answers is added to `answers`."""

    def run() -> None:
        try:
            answers.append(work())
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with connection.cursor() as cursor:
            cursor.execute(WAITING)
            if cursor.fetchone()[0] == waiting:
                return thread
        time.sleep(0.02)
    raise AssertionError("it does not wait")
