"""The probes for proxies and monitors: /healthz (this process answers), /readyz (it can work), /healthz/visits (visits are
watched over).

They are answered before nearly everything else: no host check, no redirect to https, no session, no log line, no personal data.
Apps register checks in their AppConfig. A check returns a few words about what is wrong, or "".
"""

import logging
import math
import time
from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus
from http.client import HTTPException
from urllib.request import urlopen

from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, InterfaceError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.utils import timezone

logger = logging.getLogger(__name__)
Check = Callable[[], str]
# A slow answer counts as a failure, and pages wait for the process that is busy with it.
STATEMENT_TIMEOUT = "2s"
READINESS_CHECKS: dict[str, Check] = {}
# Three rounds of two minutes each.
VISITS_WATCHED_KEY, VISITS_WATCHED_PERIOD = "visits-are-watched", timedelta(minutes=6)
MONITOR_TOLD_KEY = "monitor-was-told"
TASK_RAN_KEY, TASK_RAN_PERIOD = "a-task-ran", timedelta(minutes=10)
STORAGE_FAILED_KEY, STORAGE_FAILED_PERIOD = "the-file-storage-failed", timedelta(minutes=5)
TASK_NOTE_INTERVAL_SECONDS = 20  # so that a process with much mail doesn't note each task
PING_TIMEOUT_SECONDS = 5


def register(name: str, check: Check) -> None:
    """`check` runs in the probe's short transaction. What it finds makes /readyz "degraded", never "unavailable"."""
    READINESS_CHECKS[name] = check


def cache_current_time(key: str, lasts: timedelta, what: str) -> None:
    """Put the time into the cache. Errors are only logged."""
    try:
        cache.set(key, timezone.now(), lasts.total_seconds())
    except Exception as error:  # noqa: BLE001 - each cache has its own errors
        logger.warning("The cache could not note that %s: %s", what, type(error).__name__)


_last_task_noted = [-math.inf]  # when this process last noted one, by the monotonic clock


def record_task() -> None:
    """Note that this worker has run a task."""
    if time.monotonic() - _last_task_noted[0] >= TASK_NOTE_INTERVAL_SECONDS:
        _last_task_noted[0] = time.monotonic()
        cache_current_time(TASK_RAN_KEY, TASK_RAN_PERIOD, "a task ran")


def record_visit_watch() -> None:
    """After a round without errors of the watch over visits, note it for /healthz/visits and tell the monitor of
    WATCHER_PING_URL. Outside any transaction; errors are only logged.
    """
    cache_current_time(VISITS_WATCHED_KEY, VISITS_WATCHED_PERIOD, "visits are watched")
    if settings.WATCHER_PING_URL:
        try:
            urlopen(settings.WATCHER_PING_URL, timeout=PING_TIMEOUT_SECONDS).close()  # noqa: S310 - the settings let only http and https pass
        except (OSError, HTTPException) as error:
            # Not the address, which is a secret: whoever has it can say that all is well.
            logger.warning("The monitor of the watch over visits could not be told: %s", type(error).__name__)
        else:
            cache_current_time(MONITOR_TOLD_KEY, VISITS_WATCHED_PERIOD, "the monitor was told")


def record_storage_failure() -> None:
    """Note that a page could not read or store a file, for the probes, which never ask the storage."""
    cache_current_time(STORAGE_FAILED_KEY, STORAGE_FAILED_PERIOD, "the file storage failed")


def check_storage() -> str:
    try:
        return "failed within the last 5 minutes" if cache.get(STORAGE_FAILED_KEY) else ""
    except Exception:  # noqa: BLE001 - as in note()
        return "unknown"


def answer_probe(request: HttpRequest, answer: Callable[[], HttpResponse]) -> HttpResponse:
    """The answer to a GET or HEAD, which nobody may cache."""
    response = answer() if request.method in {"GET", "HEAD"} else HttpResponseNotAllowed(["GET", "HEAD"])
    response.headers["Content-Length"] = str(len(response.content))
    if request.method == "HEAD":
        response.content = b""
    response.headers["Cache-Control"] = "no-store"
    return response


class HealthMiddleware:
    """Answers the probes. Only SafeHeadersMiddleware stands before it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.migrated = False  # once true, true for as long as this process lives

    def __call__(self, request: HttpRequest) -> HttpResponse:
        answers = {"/healthz": self.healthz, "/healthz/visits": self.visits, "/readyz": self.readyz}
        if request.path_info not in answers:
            return self.get_response(request)
        return answer_probe(request, answers[request.path_info])

    def healthz(self) -> HttpResponse:
        return JsonResponse({"status": "ok"})

    def visits(self) -> HttpResponse:
        """503 if the last good round of the watch is too long ago or unknown."""
        try:
            watched = cache.get(VISITS_WATCHED_KEY, False)
        except Exception:  # noqa: BLE001 - as in record_visit_watch()
            watched = False
        if watched:
            return JsonResponse({"status": "ok"})
        return JsonResponse({"status": "unavailable"}, status=HTTPStatus.SERVICE_UNAVAILABLE)

    def readyz(self) -> HttpResponse:
        try:
            found = run_checks(migrated=self.migrated)
        except (DatabaseError, InterfaceError):
            connection.close()
            found = {"database": "away"}
        if found["database"] != "ok" or found["migrations"] != "ok":
            return JsonResponse({"status": "unavailable", **found}, status=HTTPStatus.SERVICE_UNAVAILABLE)
        self.migrated = True
        degraded = any(value != "ok" for value in found.values())
        return JsonResponse({"status": "degraded" if degraded else "ok", **found})


def run_checks(*, migrated: bool = False) -> dict[str, str]:
    """The checks. Raises DatabaseError or InterfaceError while the database is away or too slow. `migrated`: known to be."""
    from core.models import statement_timeout  # Celery imports this module before the apps are ready

    with statement_timeout(STATEMENT_TIMEOUT):
        if not migrated:
            # A database ahead of this code, as in the middle of an upgrade, will do.
            executor = MigrationExecutor(connection)
            if executor.migration_plan(executor.loader.graph.leaf_nodes()):
                return {"database": "ok", "migrations": "missing"}
        return {"database": "ok", "migrations": "ok"} | {name: check() or "ok" for name, check in READINESS_CHECKS.items()}
