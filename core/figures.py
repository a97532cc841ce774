"""The figures of the whole site for monitoring, which every process gives alike. Prometheus gets them at /metrics.

Each app registers its own beside the feature. Labels are names from our code, never what somebody typed. A moment is in seconds
since 1970, or 0 if it is unknown.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache as once
from typing import Any

from django.conf import settings
from django.core.cache import cache

from core import health
from core.models import statement_timeout

logger = logging.getLogger(__name__)
RECENT_PERIOD = timedelta(hours=1)  # the window of every figure whose name says so
BROKER_TIMEOUT_SECONDS = 0.5


@dataclass(frozen=True)
class Figure:
    """`value` is a number or, if there is a `label`, a number for each of its values."""

    name: str
    help: str
    value: float | Mapping[str, float]
    label: str = ""


FigureFinder = Callable[[datetime], Iterable[Figure]]
_database_finders: list[FigureFinder] = []
_other_finders: list[FigureFinder] = []


def register(find: FigureFinder, *, asks_database: bool = True) -> None:
    """For AppConfig.ready(). `find(now)` gives figures; its statements must be cheap, however many rows there are."""
    (_database_finders if asks_database else _other_finders).append(find)


def database_figures(now: datetime, *, migrated: bool) -> list[Figure]:
    """Raises DatabaseError or InterfaceError while the database is away or too slow."""
    checks = health.run_checks(migrated=migrated)
    is_ready = checks.pop("database") == checks.pop("migrations", "ok") == "ok"
    if not is_ready:
        return [ready_figure(False)]
    states = {name: float(said == "ok") for name, said in checks.items()}
    with statement_timeout(health.STATEMENT_TIMEOUT):
        found = [figure for find in _database_finders for figure in find(now)]
    return [
        ready_figure(True),
        Figure("ctac_check_ok", "Whether this check of /readyz finds nothing wrong.", states, "check"),
        *found,
    ]


def ready_figure(value: bool) -> Figure:
    return Figure("ctac_ready", "Whether the database answers and has this code’s migrations.", float(value))


def other_figures(now: datetime) -> Iterator[Figure]:
    """The figures of caches, files and brokers. If one is away, only its figures are missing."""
    missing = 0
    for find in _other_finders:
        try:
            yield from list(find(now))
        except Exception as error:  # noqa: BLE001 - each has its own errors
            missing += 1
            logger.warning("A figure could not be found: %s", type(error).__name__)
    # No alert fires on a figure that is not there.
    yield Figure("ctac_figures_missing", "Sources of figures that could not be asked; the log says why.", missing)


def timestamp_seconds(moment: datetime | None) -> float:
    return moment.timestamp() if moment else 0.0


def recent_figure(name: str, what: str, rows: Any, now: datetime) -> Iterator[Figure]:
    """How many rows were created in the last hour. Their model has an index on `created_at`."""
    yield Figure(name, f"{what} in the last hour.", rows.filter(created_at__gte=now - RECENT_PERIOD).count())


def last_run_figures(now: datetime) -> Iterator[Figure]:
    """When tasks last ran, as the worker notes it in the cache."""
    found: dict[str, datetime] = {}
    with suppress(Exception):  # each cache has its own errors
        found = cache.get_many([health.VISITS_WATCHED_KEY, health.TASK_RAN_KEY])
    watched, ran = timestamp_seconds(found.get(health.VISITS_WATCHED_KEY)), timestamp_seconds(found.get(health.TASK_RAN_KEY))
    yield Figure("ctac_visits_watched_timestamp_seconds", "When the last good round of the watch over visits ended.", watched)
    yield Figure("ctac_task_ran_timestamp_seconds", "When a worker last ran a task.", ran)


@once
def redis_client() -> Any:
    """A client of Redis with a short timeout, if that is the broker."""
    if not settings.CELERY_BROKER_URL.startswith(("redis://", "rediss://")):
        return None
    from redis import Redis

    return Redis.from_url(
        settings.CELERY_BROKER_URL, socket_timeout=BROKER_TIMEOUT_SECONDS, socket_connect_timeout=BROKER_TIMEOUT_SECONDS
    )


def queue_figures(now: datetime) -> Iterator[Figure]:
    """The length of each queue. They may be lost with the broker; the outbox has what is due."""
    if client := redis_client():
        names = [queue.name for queue in settings.CELERY_TASK_QUEUES]
        waiting = {name: float(client.llen(name)) for name in names}
        yield Figure("ctac_queue_messages", "Tasks that wait for a worker, in Redis.", waiting, "queue")


register(last_run_figures, asks_database=False)
register(queue_figures, asks_database=False)
