"""Beat when the clock is put back, as it is while beat runs, and as it finds it in its file when it starts."""

from datetime import timedelta

import pytest
from celery import Celery
from celery.beat import PersistentScheduler

from ctac.beat import Scheduler

SWEEP, HOURLY = "a.sweep", "an.hourly"


def scheduler(kind, folder, hours_ahead):
    """Both tasks ran a moment ago, by a clock that was so many hours ahead."""
    app = Celery("test", set_as_default=False, broker="memory://")
    app.conf.beat_schedule = {
        "sweep": {"task": SWEEP, "schedule": 60.0},
        "hourly": {"task": HOURLY, "schedule": 3600.0},
    }
    made = kind(app, schedule_filename=str(folder / "schedule"), lazy=True)
    made.setup_schedule()
    for entry in made.schedule.values():
        entry.last_run_at = app.now() + timedelta(hours=hours_ahead)
    return made


def minute_later(made):
    """What has run when another minute has passed."""
    ran = []
    made.apply_entry = lambda entry, producer=None: ran.append(entry.task)
    made.tick()
    made._heap = [(when - 61, *rest) for when, *rest in made._heap]
    for entry in made.schedule.values():
        entry.last_run_at -= timedelta(seconds=61)
    made.tick()
    made.close()
    return ran


@pytest.mark.parametrize(("kind", "runs"), [(PersistentScheduler, []), (Scheduler, [SWEEP])])
def test_a_clock_that_is_put_back_stops_nothing(tmp_path, kind, runs):
    """The first is the negative control: Celery's own waits until the clock has caught up."""
    assert minute_later(scheduler(kind, tmp_path, hours_ahead=5)) == runs


def test_what_ran_in_the_past_is_left_alone(tmp_path):
    made = scheduler(Scheduler, tmp_path, hours_ahead=-0.01)
    before = {name: entry.last_run_at for name, entry in made.schedule.items()}
    made.forget_the_future()
    assert {name: entry.last_run_at for name, entry in made.schedule.items()} == before
    made.close()
