"""Logging: one JSON object a line in production, readable lines elsewhere, personal data in neither.

Code must log keys and references, never names or addresses. What slips through, in a library's message or an exception, is masked
here: email addresses, query strings, and the values that errors of the database quote.
"""

import json
import logging
import re
import traceback
from contextvars import ContextVar
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import psycopg2
from django.db.utils import Error as DatabaseError
from django.http import HttpRequest

EMPTY_VALUE = "-"
request_reference: ContextVar[str] = ContextVar("request_reference", default=EMPTY_VALUE)
running_task: ContextVar[dict[str, str]] = ContextVar("running_task", default={})  # noqa: B039 - nobody changes it

EMAIL_PATTERN = re.compile(r"[\w.+'%-]*[\w+'-](?:@|%40)\w[\w.-]*")
QUERY_STRING_PATTERN = re.compile(r"(/[^\s?\"'<>]*)\?[^\s\"'<>]+")
QUOTED_VALUE_PATTERN = re.compile(r"(?<!\w)(?:'[^'\n]*'|\"[^\"\n]*\"|“[^”\n]*”)(?!\w)")
# They quote names from our code; other errors may quote what somebody typed.
CODE_QUOTING_ERRORS = (AttributeError, ImportError, NameError, TypeError)
MAX_MESSAGE_LENGTH = 300
REQUEST_FIELDS = ("method", "route", "status", "ms", "user")


def mask_personal_data(text: str) -> str:
    """The text with email addresses and query strings masked."""
    return EMAIL_PATTERN.sub("[address]", QUERY_STRING_PATTERN.sub(r"\1?[query]", text))


def route_name(request: HttpRequest) -> str:
    """The name of the route. The path may hold what somebody typed, or the key of a sign-in link."""
    return request.resolver_match.view_name if request.resolver_match else EMPTY_VALUE


def message_without_values(error: BaseException) -> str:
    """The exception's message, without what may be somebody's data."""
    source = error.__cause__ if isinstance(error, DatabaseError) else error
    if isinstance(source, psycopg2.Error) and source.diag.sqlstate:
        # DETAIL shows the whole row, and class 22 (data exception) quotes the value in its first line too.
        primary = "" if source.diag.sqlstate.startswith("22") else source.diag.message_primary or ""
        return f"{source.diag.sqlstate} {primary}".strip()
    message = str(error)[:MAX_MESSAGE_LENGTH]
    return message if isinstance(error, CODE_QUOTING_ERRORS) else QUOTED_VALUE_PATTERN.sub("[value]", message)


def exception_chain(error: BaseException) -> list[BaseException]:
    """The error and those that it was raised from, the first one first."""
    found: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and not any(cause is other for other in found):
        found.insert(0, cause)
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    return found


def traceback_text(error: BaseException) -> str:
    """The traceback of the whole chain, without values."""
    parts = [
        f"{''.join(traceback.format_tb(each.__traceback__))}{type(each).__qualname__}: {message_without_values(each)}"
        for each in exception_chain(error)
    ]
    return "\n\nand from that:\n\n".join(parts)


def record_message(record: logging.LogRecord) -> str:
    request = getattr(record, "request", None)
    status = getattr(record, "status_code", None)
    if isinstance(request, HttpRequest) and isinstance(status, int):  # Django names the address
        return f"{HTTPStatus(status).phrase} at {route_name(request)}"
    error = record.exc_info[1] if record.exc_info else None
    if error and isinstance(record.args, dict) and "exc" in record.args:  # Celery repeats the exception
        return record.msg % (record.args | {"exc": type(error).__qualname__, "traceback": ""})
    return record.getMessage()


def record_fields(record: logging.LogRecord) -> dict[str, Any]:
    """All facts of a record, cleaned, in the order in which they are shown."""
    facts: dict[str, Any] = {
        "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "level": record.levelname,
        "logger": record.name,
        "reference": request_reference.get(),
    }
    facts |= running_task.get()
    facts["message"] = mask_personal_data(record_message(record)).strip()
    facts |= {name: getattr(record, name) for name in REQUEST_FIELDS if hasattr(record, name)}
    if record.exc_info and record.exc_info[1]:
        facts["exception"] = mask_personal_data(traceback_text(record.exc_info[1]))
    return facts


class JSONFormatter(logging.Formatter):
    """One JSON object a line, in ASCII, so that no character breaks a line or a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        return json.dumps(record_fields(record))


class LineFormatter(logging.Formatter):
    """For the person at the terminal."""

    def format(self, record: logging.LogRecord) -> str:
        facts = record_fields(record)
        line = "{time} {level} {logger} [{reference}] {message}".format(**facts)
        line += f" {record.ms} ms" if hasattr(record, "ms") else ""
        return "\n".join([line, *([facts["exception"]] if "exception" in facts else [])])


def logging_config(*, as_json: bool, level: str, report_errors: bool = False) -> dict[str, Any]:
    """For logging.config.dictConfig, and the same for Django, Celery and gunicorn.

    `report_errors`: also send errors to SENTRY_DSN (ctac.monitoring.error_reports).
    """
    loud = {"handlers": [], "propagate": True}
    reports = {"reports": {"class": "sentry_sdk.integrations.logging.EventHandler", "level": "ERROR"}} if report_errors else {}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": JSONFormatter if as_json else LineFormatter}},
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}, **reports},
        "root": {"handlers": ["console", *reports], "level": level},
        "loggers": {
            "django": loud,
            "gunicorn.error": loud,
            # RequestLogMiddleware logs each request without its address.
            "gunicorn.access": {"level": "CRITICAL"},
            "django.request": {"level": "ERROR"},
            "django.server": loud | {"level": "ERROR"},
            "fido2": {"level": "WARNING"},  # it logs the key of each passkey
            "fontTools": {"level": "WARNING"},  # it logs each table of each font that it embeds in a print
            # ctac.views logs one line for a refused request; Django would add a traceback.
            "django.security": {"level": "CRITICAL"},
        },
    }
