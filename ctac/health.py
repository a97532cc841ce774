"""/healthz: this process answers. /readyz: it can do its work. For proxies and monitors; neither holds personal data.

Answered before almost anything else: no host check, no redirect to https, no session, no line in the log. An app that has
something to watch registers a check in its AppConfig; a check says in a few words what is wrong, or nothing.
"""

from collections.abc import Callable
from http import HTTPStatus

from django.db import DatabaseError, InterfaceError, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse

Check = Callable[[], str]
# A probe that waits is a probe that fails, and the process that it holds is missing elsewhere.
STATEMENT_TIMEOUT = "2s"
checks: dict[str, Check] = {}


def register(name: str, check: Check) -> None:
    """`check` runs in the probe's short transaction. What it returns makes /readyz "degraded", never unavailable."""
    checks[name] = check


class HealthMiddleware:
    """Stands before all but the headers that every answer has."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.migrated = False  # once true, true for as long as this process lives

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info not in {"/healthz", "/readyz"}:
            return self.get_response(request)
        if request.method not in {"GET", "HEAD"}:
            response: HttpResponse = HttpResponseNotAllowed(["GET", "HEAD"])
        else:
            response = JsonResponse({"status": "ok"}) if request.path_info == "/healthz" else self.readyz()
        response.headers["Content-Length"] = str(len(response.content))
        if request.method == "HEAD":
            response.content = b""
        response.headers["Cache-Control"] = "no-store"
        return response

    def readyz(self) -> HttpResponse:
        try:
            facts = self.facts()
        except (DatabaseError, InterfaceError):
            connection.close()
            facts = {"database": "away"}
        if facts["database"] != "ok" or facts["migrations"] != "ok":
            return JsonResponse({"status": "unavailable", **facts}, status=HTTPStatus.SERVICE_UNAVAILABLE)
        degraded = any(value != "ok" for value in facts.values())
        return JsonResponse({"status": "degraded" if degraded else "ok", **facts})

    def facts(self) -> dict[str, str]:
        """Raises what the database driver raises while the database is away or too slow."""
        with transaction.atomic():
            with connection.cursor() as cursor:
                # SQL because Django sets no time limit of one transaction.
                cursor.execute("SELECT set_config('statement_timeout', %s, true)", [STATEMENT_TIMEOUT])
            if not self.migrated:
                # A database ahead of this code, as in the middle of an upgrade, will do.
                executor = MigrationExecutor(connection)
                self.migrated = not executor.migration_plan(executor.loader.graph.leaf_nodes())
            if not self.migrated:
                return {"database": "ok", "migrations": "missing"}
            return {"database": "ok", "migrations": "ok"} | {name: check() or "ok" for name, check in checks.items()}
