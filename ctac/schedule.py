"""What beat asks the workers for, and when: in UTC, as CELERY_TIMEZONE says."""

from typing import Any

from celery.schedules import crontab
from django.conf import settings

Entry = dict[str, Any]


def schedule() -> dict[str, Entry]:
    each = {
        "sweep the outbox": every(settings.OUTBOX_SWEEP_SECONDS, "notifications.tasks.sweep", lasts=55),
        # Every two minutes: an alert is never later than that, as long as beat and worker run.
        "watch over visits": every(120, "bookings.tasks.watch"),
        # In UTC: 7 to 11 of a UK clock, in winter and in summer. The service knows the hour.
        "send agendas": at("bookings.tasks.send_agendas_of_today", minute="*/5", hour="6-10"),
        "escalate requests": at("bookings.tasks.escalate_requests", minute=5, hour="8-16"),
        "lapse the dates of requests": every(60, "bookings.tasks.lapse_dates"),
        "remind of bookings": every(300, "bookings.tasks.remind_of_their_bookings"),
        "remind of open sessions": every(300, "bookings.tasks.remind_of_open_sessions"),
        "warn of open sessions without a presenter": every(300, "bookings.tasks.warn_of_unsure_sessions"),
        "lapse offers of places": every(60, "bookings.tasks.lapse_offers_of_places"),
        "remind a year later": at("bookings.tasks.remind_a_year_later", minute=50, hour="8-16"),
        "warn of low stock": at("leaflets.tasks.warn_of_low_stock", minute=40, hour=7),
        "keep the months of the audit": at("audit.tasks.keep_months", minute=40, hour=3),
        "take out what was kept long enough": at("professionals.tasks.take_out", minute=50, hour=3),
        "count what was kept long enough": at("professionals.tasks.count_due", minute=27),
        "clear old drafts and limits": at("professionals.tasks.clear_expired", minute=17),
    }
    if settings.BOUNCE_MAILBOX:
        each["read returned mail"] = every(300, "notifications.tasks.read_returned_mail")
    return each


def every(seconds: float, task: str, *, lasts: float | None = None) -> Entry:
    """A task that no worker took by the time of the next is not worth doing; `lasts` says in seconds where it is otherwise."""
    return {"task": task, "schedule": float(seconds), "options": {"expires": lasts or 0.9 * seconds}}


def at(task: str, **moments: int | str) -> Entry:
    """At these minutes and hours, however late a worker takes it."""
    return {"task": task, "schedule": crontab(**moments)}
