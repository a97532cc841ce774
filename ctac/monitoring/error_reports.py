"""Errors, reported to a server that speaks Sentry's protocol (Sentry, GlitchTip, Bugsink), without anybody's data.

The log is where they come from: whatever is logged as an error, by a page or a task, passes the handler that `ctac.logs` sets up.
None of the SDK's own ways to look into Django, Celery or the database is on. A report has what stands in `report()` and nothing
else, so what a later version of the SDK would add stays out too.
"""

import linecache
import logging
import traceback
from pathlib import Path
from typing import Any

import psycopg2
import sentry_sdk
from django.conf import settings
from django.db.utils import Error as DatabaseError
from django.http import HttpRequest
from sentry_sdk.types import Event, Hint

from ctac import logs

# Of what the SDK says by itself: none of it comes from a request.
KEPT = ("event_id", "timestamp", "platform", "level", "logger", "server_name", "environment", "sdk")
# Their words come out of code. Any other error may say what somebody typed, so its words stay in our own log.
WORDS_ARE_CODE = (*logs.QUOTE_CODE, DatabaseError, psycopg2.Error)


def start(dsn: str) -> None:
    """In each process, as Django starts. Reports leave by a thread of their own: a server that is slow or dead holds no page."""
    sentry_sdk.init(
        dsn=dsn,
        environment=settings.ENVIRONMENT,
        default_integrations=False,
        max_breadcrumbs=0,
        include_local_variables=False,
        max_request_body_size="never",
        send_default_pii=False,
        send_client_reports=False,
        before_send=report,
    )


def report(event: Event, hint: Hint) -> Event | None:
    """All that leaves. The reference finds the rest in the log."""
    record: logging.LogRecord | None = hint.get("log_record")
    if record is None:
        return None
    facts = logs.facts_of(record)
    request = getattr(record, "request", None)
    route = logs.route_of(request) if isinstance(request, HttpRequest) else ""
    error = record.exc_info[1] if record.exc_info else None
    tags = {name: facts[name] for name in ("reference", "task", "task_id") if name in facts} | ({"route": route} if route else {})
    said: dict[str, Any] = {name: value for name, value in event.items() if name in KEPT}
    said |= {
        "tags": tags,
        "transaction": route or facts.get("task", ""),
        "message": f"Error at {route}" if route else words_of(record),
        "exception": {"values": [describe(each) for each in logs.chain(error)] if error else []},
    }
    return said  # type: ignore[return-value] # the same keys


def words_of(record: logging.LogRecord) -> str:
    """What was logged, as it stands in the code, without the values that were put in. If it does not, where it was logged."""
    said = str(record.msg)
    source = "".join(linecache.getlines(record.pathname))
    return said if any(f"{mark}{said}{mark}" in source for mark in "\"'") else f"{record.module}, line {record.lineno}"


def describe(error: BaseException) -> dict[str, Any]:
    words = logs.clean(logs.message_without_values(error)) if isinstance(error, WORDS_ARE_CODE) else ""
    frames = [describe_frame(frame) for frame in traceback.extract_tb(error.__traceback__)]
    kind = type(error)
    return {"type": kind.__qualname__, "module": kind.__module__, "value": words, "stacktrace": {"frames": frames}}


def describe_frame(frame: traceback.FrameSummary) -> dict[str, Any]:
    """A line of code, without the values that it worked on."""
    path = Path(frame.filename)
    is_ours = path.is_relative_to(settings.BASE_DIR) and "site-packages" not in path.parts
    return {
        "filename": str(path.relative_to(settings.BASE_DIR)) if is_ours else frame.filename,
        "function": frame.name,
        "lineno": frame.lineno,
        "context_line": frame.line,
        "in_app": is_ours,
    }
