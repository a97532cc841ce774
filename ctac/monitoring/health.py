"""/healthz: this process answers. /readyz: it can do its work. /healthz/visits: somebody watches over visits. For proxies and
monitors; none holds personal data.

Answered before almost anything else: no host check, no redirect to https, no session, no line in the log. An app that has
something to watch registers a check in its AppConfig; a check says in a few words what is wrong, or nothing.
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
# A probe that waits is a probe that fails, and the process that it holds is missing elsewhere.
STATEMENT_TIMEOUT = "2s"
checks: dict[str, Check] = {}
# A round comes every two minutes: three that are missed are no accident.
VISITS_WATCHED, WATCHED_FOR = "visits-are-watched", timedelta(minutes=6)
MONITOR_TOLD = "monitor-was-told"
TASK_RAN, TASK_RAN_FOR = "a-task-ran", timedelta(minutes=10)
STORAGE_FAILED, STORAGE_FAILED_FOR = "the-file-storage-failed", timedelta(minutes=5)
NOTED_EVERY = 20  # seconds: a process that sends much mail need not write down each task
PING_SECONDS = 5


def register(name: str, check: Check) -> None:
    """`check` runs in the probe's short transaction. What it returns makes /readyz "degraded", never unavailable."""
    checks[name] = check


def note(key: str, lasts: timedelta, what: str) -> None:
    """The cache remembers since when. Trouble here costs nothing."""
    try:
        cache.set(key, timezone.now(), lasts.total_seconds())
    except Exception as error:  # noqa: BLE001 - each cache has its own errors
        logger.warning("The cache could not note that %s: %s", what, type(error).__name__)


_task_noted = [-math.inf]  # when this process last did, by a clock that nothing changes


def record_task() -> None:
    """After a task, in the worker."""
    if time.monotonic() - _task_noted[0] >= NOTED_EVERY:
        _task_noted[0] = time.monotonic()
        note(TASK_RAN, TASK_RAN_FOR, "a task ran")


def record_watch() -> None:
    """After a round of the watch over visits in which nothing failed, outside any transaction. Trouble here costs nothing.

    The cache remembers it for /healthz/visits, and the monitor that WATCHER_PING_URL names is told.
    """
    note(VISITS_WATCHED, WATCHED_FOR, "visits are watched")
    if settings.WATCHER_PING_URL:
        try:
            urlopen(settings.WATCHER_PING_URL, timeout=PING_SECONDS).close()  # noqa: S310 - the settings let only http and https pass
        except (OSError, HTTPException) as error:
            # The address is a secret: who has it can say that all is well.
            logger.warning("The monitor of the watch over visits could not be told: %s", type(error).__name__)
        else:
            note(MONITOR_TOLD, WATCHED_FOR, "the monitor was told")


def record_storage_failure() -> None:
    """When a page could not read or keep a file. The probes ask the cache, never the storage."""
    note(STORAGE_FAILED, STORAGE_FAILED_FOR, "the file storage failed")


def check_storage() -> str:
    try:
        return "failed within the last 5 minutes" if cache.get(STORAGE_FAILED) else ""
    except Exception:  # noqa: BLE001 - as in note()
        return "unknown"


def answer_probe(request: HttpRequest, answer: Callable[[], HttpResponse]) -> HttpResponse:
    """What stands outside all other middleware: it is only read, and nobody keeps it."""
    response = answer() if request.method in {"GET", "HEAD"} else HttpResponseNotAllowed(["GET", "HEAD"])
    response.headers["Content-Length"] = str(len(response.content))
    if request.method == "HEAD":
        response.content = b""
    response.headers["Cache-Control"] = "no-store"
    return response


class HealthMiddleware:
    """Stands before all but the headers that every answer has."""

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
        """503 when the last good round of the watch is too long ago, or nobody can tell."""
        try:
            watched = cache.get(VISITS_WATCHED, False)
        except Exception:  # noqa: BLE001 - as in record_watch()
            watched = False
        if watched:
            return JsonResponse({"status": "ok"})
        return JsonResponse({"status": "unavailable"}, status=HTTPStatus.SERVICE_UNAVAILABLE)

    def readyz(self) -> HttpResponse:
        try:
            found = facts(migrated=self.migrated)
        except (DatabaseError, InterfaceError):
            connection.close()
            found = {"database": "away"}
        if found["database"] != "ok" or found["migrations"] != "ok":
            return JsonResponse({"status": "unavailable", **found}, status=HTTPStatus.SERVICE_UNAVAILABLE)
        self.migrated = True
        degraded = any(value != "ok" for value in found.values())
        return JsonResponse({"status": "degraded" if degraded else "ok", **found})


def facts(*, migrated: bool = False) -> dict[str, str]:
    """Raises what the database driver raises while the database is away or too slow. `migrated`: that is known already."""
    from ctac.models import statements_within  # Celery imports this module before the apps are ready

    with statements_within(STATEMENT_TIMEOUT):
        if not migrated:
            # A database ahead of this code, as in the middle of an upgrade, will do.
            executor = MigrationExecutor(connection)
            if executor.migration_plan(executor.loader.graph.leaf_nodes()):
                return {"database": "ok", "migrations": "missing"}
        return {"database": "ok", "migrations": "ok"} | {name: check() or "ok" for name, check in checks.items()}
