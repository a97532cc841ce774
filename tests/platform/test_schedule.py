"""Everything that beat asks the workers for: when, and how long the asking is worth anything."""

import pytest
from celery.schedules import crontab
from django.conf import LazySettings

from ctac.celery import app, build_beat_schedule

# By its name: the task, every so many seconds or when (UTC), and for how many seconds the asking lasts.
ENTRIES = {
    "sweep the outbox": ("notifications.tasks.sweep", 20, 55),
    "watch over visits": ("bookings.tasks.watch", 120, 108),
    "send agendas": ("bookings.tasks.send_agendas_of_today", crontab(minute="*/5", hour="6-10"), None),
    "escalate requests": ("bookings.tasks.escalate_requests", crontab(minute="5", hour="8-16"), None),
    "lapse the dates of requests": ("bookings.tasks.lapse_dates", 60, 54),
    "remind of bookings": ("bookings.tasks.remind_of_their_bookings", 300, 270),
    "remind of open sessions": ("bookings.tasks.remind_of_open_sessions", 300, 270),
    "warn of open sessions without a presenter": ("bookings.tasks.warn_of_unsure_sessions", 300, 270),
    "lapse offers of places": ("bookings.tasks.expire_place_offers", 60, 54),
    "mark what was counted as delivered": ("bookings.tasks.deliver_what_was_counted", 300, 270),
    "remind a year later": ("bookings.tasks.remind_a_year_later", crontab(minute="50", hour="8-16"), None),
    "ask three months on": ("bookings.tasks.ask_three_months_on", crontab(minute="55", hour="8-16"), None),
    "compare stock with its ledger": ("leaflets.tasks.compare_stock_with_ledger", crontab(minute="47", hour="*"), None),
    "warn of low stock": ("leaflets.tasks.warn_of_low_stock", crontab(minute="40", hour="7"), None),
    "look after reports": ("reach.reports.tasks.look_after_reports", 300, 270),
    "count what we have reached": ("reach.tasks.count", crontab(minute="10", hour="2"), None),
    "keep the months of the audit": ("audit.tasks.keep_months", crontab(minute="40", hour="3"), None),
    "take out what was kept long enough": ("privacy.tasks.take_out", crontab(minute="50", hour="3"), None),
    "keep the street words of bookings": ("bookings.tasks.keep_street_words", crontab(minute="20", hour="4"), None),
    "keep the street words of orders": ("leaflets.tasks.keep_street_words", crontab(minute="25", hour="4"), None),
    "look after imports": ("professionals.imports.tasks.look_after_imports", 300, 270),
    "count what was kept long enough": ("privacy.tasks.count_due", crontab(minute="27", hour="*"), None),
    "clear old drafts and limits": ("privacy.tasks.clear_expired", crontab(minute="17", hour="*"), None),
}
IF_MAIL_COMES_BACK = {"read returned mail": ("notifications.tasks.read_returned_mail", 300, 270)}


def entries() -> dict[str, tuple[object, ...]]:
    return {
        name: (each["task"], each["schedule"], each.get("options", {}).get("expires"))
        for name, each in build_beat_schedule().items()
    }


@pytest.mark.parametrize(("mailbox", "more"), [("", {}), ("imaps://mail.example", IF_MAIL_COMES_BACK)])
def test_beat_asks_for_this_and_nothing_else(settings: LazySettings, mailbox: str, more: dict[str, object]) -> None:
    settings.BOUNCE_MAILBOX = mailbox
    assert entries() == ENTRIES | more


def test_it_is_what_beat_is_given_and_the_workers_know_each_task() -> None:
    app.loader.import_default_modules()
    assert app.conf.beat_schedule.keys() >= ENTRIES.keys()
    assert {each["task"] for each in app.conf.beat_schedule.values()} | {
        "notifications.tasks.read_returned_mail"
    } <= app.tasks.keys()
    assert (app.conf.timezone, app.conf.enable_utc) == ("UTC", True)
