"""While a release goes out, old workers are handed tasks by new code, and new workers find old ones in the queue.

A worker throws away a task whose name it does not know, and fails one whose arguments it does not take. So a task keeps its name
and takes the same arguments for one release more: the old one calls the new one (docs/upgrading.md).
"""

import inspect

import pytest

from ctac.celery import app, build_beat_schedule

# What the last release sends. A new task or a new argument with a default is added here; a line goes one release after its task
# was last sent.
SENT = {
    "audit.tasks.keep_months": "()",
    "bookings.tasks.ask_three_months_on": "()",
    "bookings.tasks.deliver_what_was_counted": "()",
    "bookings.tasks.escalate_requests": "()",
    "bookings.tasks.keep_street_words": "()",
    "bookings.tasks.lapse_dates": "()",
    "bookings.tasks.expire_place_offers": "()",
    "bookings.tasks.remind_a_year_later": "()",
    "bookings.tasks.remind_of_open_sessions": "()",
    "bookings.tasks.remind_of_their_bookings": "()",
    "bookings.tasks.send_agendas_of_today": "()",
    "bookings.tasks.warn_of_unsure_sessions": "()",
    "bookings.tasks.watch": "()",
    "ctac.staff.first_run.count_red_lines": "()",
    "leaflets.tasks.compare_stock_with_ledger": "()",
    "leaflets.tasks.keep_street_words": "()",
    "leaflets.tasks.warn_of_low_stock": "()",
    "notifications.tasks.deliver": "(ids)",
    "notifications.tasks.read_returned_mail": "()",
    "notifications.tasks.sweep": "(started=None)",
    "privacy.tasks.clear_expired": "()",
    "privacy.tasks.count_due": "()",
    "privacy.tasks.take_out": "()",
    "professionals.imports.tasks.look_after_imports": "()",
    "professionals.imports.tasks.work_on": "(key)",
    "reach.reports.tasks.look_after_reports": "()",
    "reach.reports.tasks.make_report": "(key)",
    "reach.tasks.count": "()",
}


def signature(name: str) -> str:
    parameters = inspect.signature(app.tasks[name].run).parameters.values()
    plain = [parameter.replace(annotation=inspect.Parameter.empty) for parameter in parameters]
    return f"({', '.join(map(str, plain))})"


@pytest.fixture(autouse=True)
def registered() -> None:
    app.loader.import_default_modules()


@pytest.mark.parametrize("name", SENT)
def test_what_the_last_release_sends_is_still_taken(name: str) -> None:
    assert signature(name) == SENT[name]


def test_every_task_of_ours_is_listed_and_beat_asks_for_no_other() -> None:
    assert {name for name in app.tasks if not name.startswith(("celery.", "tests."))} == set(SENT)
    assert {entry["task"] for entry in build_beat_schedule().values()} <= set(SENT)
