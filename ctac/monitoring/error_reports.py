"""Reports errors to a server with Sentry's protocol (Sentry, GlitchTip, Bugsink), without anybody's data.

Whatever a page or a task logs as an error passes the handler that `core.logs` sets up. The SDK's integrations with Django, Celery
and the database are off. A report has only what `report()` puts in, whatever a later version of the SDK would add.
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

from core import logs

# What is kept of the SDK's own event. None of it comes from a request.
KEPT_EVENT_KEYS = ("event_id", "timestamp", "platform", "level", "logger", "server_name", "environment", "sdk")
# Their messages come from code. Any other error may quote what somebody typed, so its message stays in our log.
SAFE_MESSAGE_ERRORS = (*logs.CODE_QUOTING_ERRORS, DatabaseError, psycopg2.Error)


def start_sentry(dsn: str) -> None:
    """For each process, when Django starts. A thread of its own sends the reports, so a slow server delays no page."""
    sentry_sdk.init(
        dsn=dsn,
        environment=settings.ENVIRONMENT,
        default_integrations=False,
        max_breadcrumbs=0,
        include_local_variables=False,
        max_request_body_size="never",
        send_default_pii=False,
        send_client_reports=False,
        before_send=build_report,
    )


def build_report(event: Event, hint: Hint) -> Event | None:
    """The report of an error. Its reference finds the rest in the log."""
    record: logging.LogRecord | None = hint.get("log_record")
    if record is None:
        return None
    facts = logs.record_fields(record)
    request = getattr(record, "request", None)
    route = logs.route_name(request) if isinstance(request, HttpRequest) else ""
    error = record.exc_info[1] if record.exc_info else None
    tags = {name: facts[name] for name in ("reference", "task", "task_id") if name in facts} | ({"route": route} if route else {})
    said: dict[str, Any] = {name: value for name, value in event.items() if name in KEPT_EVENT_KEYS}
    said |= {
        "tags": tags,
        "transaction": route or facts.get("task", ""),
        "message": f"Error at {route}" if route else source_message(record),
        "exception": {"values": [describe(each) for each in logs.exception_chain(error)] if error else []},
    }
    return said  # type: ignore[return-value] # the same keys


def source_message(record: logging.LogRecord) -> str:
    """The message as it stands in the code, without values; if it doesn't stand there, the module and line that logged it."""
    said = str(record.msg)
    source = "".join(linecache.getlines(record.pathname))
    return said if any(f"{mark}{said}{mark}" in source for mark in "\"'") else f"{record.module}, line {record.lineno}"


def describe(error: BaseException) -> dict[str, Any]:
    words = logs.mask_personal_data(logs.message_without_values(error)) if isinstance(error, SAFE_MESSAGE_ERRORS) else ""
    frames = [describe_frame(frame) for frame in traceback.extract_tb(error.__traceback__)]
    kind = type(error)
    return {"type": kind.__qualname__, "module": kind.__module__, "value": words, "stacktrace": {"frames": frames}}


def describe_frame(frame: traceback.FrameSummary) -> dict[str, Any]:
    """A line of code, without its variables."""
    path = Path(frame.filename)
    is_ours = path.is_relative_to(settings.BASE_DIR) and "site-packages" not in path.parts
    return {
        "filename": str(path.relative_to(settings.BASE_DIR)) if is_ours else frame.filename,
        "function": frame.name,
        "lineno": frame.lineno,
        "context_line": frame.line,
        "in_app": is_ours,
    }
