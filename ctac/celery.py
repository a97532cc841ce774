"""The Celery application, which worker and beat run and web workers publish to."""

import logging.config
import os
from pathlib import Path
from typing import Any

from celery import Celery, signals
from celery.schedules import crontab
from django.conf import settings

from core import health
from core.logs import EMPTY_VALUE, request_reference, running_task

BeatEntry = dict[str, Any]


def build_beat_schedule() -> dict[str, BeatEntry]:
    """The tasks of beat and when they run, in UTC (CELERY_TIMEZONE)."""
    entries = {
        "sweep the outbox": interval_entry(settings.OUTBOX_SWEEP_SECONDS, "notifications.tasks.sweep", lasts=55),
        # Every two minutes: an alert is never later than that, as long as beat and worker run.
        "watch over visits": interval_entry(120, "bookings.tasks.watch"),
        # In UTC: 7 to 11 of a UK clock, in winter and in summer. The service knows the hour.
        "send agendas": crontab_entry("bookings.tasks.send_agendas_of_today", minute="*/5", hour="6-10"),
        "escalate requests": crontab_entry("bookings.tasks.escalate_requests", minute=5, hour="8-16"),
        "lapse the dates of requests": interval_entry(60, "bookings.tasks.lapse_dates"),
        "remind of bookings": interval_entry(300, "bookings.tasks.remind_of_their_bookings"),
        "remind of open sessions": interval_entry(300, "bookings.tasks.remind_of_open_sessions"),
        "warn of open sessions without a presenter": interval_entry(300, "bookings.tasks.warn_of_unsure_sessions"),
        "lapse offers of places": interval_entry(60, "bookings.tasks.expire_place_offers"),
        "mark what was counted as delivered": interval_entry(300, "bookings.tasks.deliver_what_was_counted"),
        "remind a year later": crontab_entry("bookings.tasks.remind_a_year_later", minute=50, hour="8-16"),
        "ask three months on": crontab_entry("bookings.tasks.ask_three_months_on", minute=55, hour="8-16"),
        "compare stock with its ledger": crontab_entry("leaflets.tasks.compare_stock_with_ledger", minute=47),
        "warn of low stock": crontab_entry("leaflets.tasks.warn_of_low_stock", minute=40, hour=7),
        "look after imports": interval_entry(300, "professionals.imports.tasks.look_after_imports"),
        "look after reports": interval_entry(300, "reach.reports.tasks.look_after_reports"),
        "count what we have reached": crontab_entry("reach.tasks.count", minute=10, hour=2),
        "keep the months of the audit": crontab_entry("audit.tasks.keep_months", minute=40, hour=3),
        "take out what was kept long enough": crontab_entry("privacy.tasks.take_out", minute=50, hour=3),
        # Runs after retention, so streets are deleted the same night.
        "keep the street words of bookings": crontab_entry("bookings.tasks.keep_street_words", minute=20, hour=4),
        "keep the street words of orders": crontab_entry("leaflets.tasks.keep_street_words", minute=25, hour=4),
        "count what was kept long enough": crontab_entry("privacy.tasks.count_due", minute=27),
        "clear old drafts and limits": crontab_entry("privacy.tasks.clear_expired", minute=17),
    }
    if settings.BOUNCE_MAILBOX:
        entries["read returned mail"] = interval_entry(300, "notifications.tasks.read_returned_mail")
    if settings.PRODUCTION:
        entries["count the red lines of the first-run check"] = interval_entry(300, "ctac.staff.first_run.count_red_lines")
    return entries


def interval_entry(seconds: float, task: str, *, lasts: float | None = None) -> BeatEntry:
    """A task that expires before the next one is due, or after `lasts` seconds."""
    return {"task": task, "schedule": float(seconds), "options": {"expires": lasts or 0.9 * seconds}}


def crontab_entry(task: str, **moments: int | str) -> BeatEntry:
    """A task at these minutes and hours, which doesn't expire."""
    return {"task": task, "schedule": crontab(**moments)}


os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ctac.settings")
REFERENCE_HEADER = "request_reference"  # the header in which a task carries the reference of the request that caused it

app = Celery("ctac")
app.set_default()  # for every thread of a web worker
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.beat_schedule = build_beat_schedule()
app.autodiscover_tasks()
app.autodiscover_tasks(["professionals.imports", "reach.reports"])  # rooms of an app


@signals.before_task_publish.connect
def add_reference_header(headers: dict[str, Any], **kwargs: object) -> None:
    headers[REFERENCE_HEADER] = request_reference.get()


@signals.task_prerun.connect
def set_reference(task: Any, **kwargs: object) -> None:
    request_reference.set(task.request.get(REFERENCE_HEADER) or EMPTY_VALUE)
    running_task.set({"task": task.name, "task_id": task.request.id})


@signals.task_postrun.connect
def clear_reference(**kwargs: object) -> None:
    request_reference.set(EMPTY_VALUE)
    running_task.set({})
    health.record_task()


@signals.heartbeat_sent.connect
def touch_heartbeat_file(**kwargs: object) -> None:
    """Every two seconds, unless the worker hangs or has lost its broker."""
    if settings.WORKER_HEARTBEAT_FILE:
        Path(settings.WORKER_HEARTBEAT_FILE).touch()


@signals.setup_logging.connect
def set_up_logging(**kwargs: object) -> None:
    """Celery then adds no handlers and formats of its own."""
    logging.config.dictConfig(settings.LOGGING)
    logging.captureWarnings(True)
