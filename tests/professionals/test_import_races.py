"""Two workers that come for the same import, and two presses of its button."""

from collections import Counter
from functools import partial
from threading import Event, Thread

import pytest
from django.db import connection
from django.db.models import QuerySet

from professionals.imports import services
from professionals.imports.services import process_import, run_import
from professionals.models import Import, ImportState, Person, RowState
from tests.bookings.rows import NOW
from tests.factories import make_staff
from tests.leaflets.test_races import at_once
from tests.professionals.test_imports import ASHA, BEN, checked

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


def work_beside(key):
    try:
        process_import(key)
    finally:
        connection.close()


def in_the_middle(monkeypatch, act):
    """Call `act` once while a worker is within the first batch of the run."""
    begun, go_on, whole = Event(), Event(), services.run_batch

    def waits(*args):
        if not begun.is_set():
            begun.set()
            assert go_on.wait(20)
        whole(*args)

    monkeypatch.setattr(services, "run_batch", waits)
    import_job = checked(ASHA, BEN)
    run_import(import_job, by=make_staff(), now=NOW)
    worker = Thread(target=partial(work_beside, import_job.pk))
    worker.start()
    try:
        assert begun.wait(20)
        act(import_job.pk)
    finally:
        go_on.set()
        worker.join(20)
    return Import.objects.get()


def test_a_second_worker_leaves_it_to_the_first(monkeypatch):
    done = in_the_middle(monkeypatch, process_import)
    assert (done.state, Person.objects.count()) == (ImportState.DONE, 2)
    assert set(done.rows.values_list("state", flat=True)) == {RowState.MADE}
    assert done.objects_of_it.filter(made=True).count() == 4


def test_without_the_lock_both_come_for_the_same_rows(monkeypatch):
    """The negative control: the second takes rows that the first has not finished, and what it writes collides."""
    select = QuerySet.select_for_update
    monkeypatch.setattr(QuerySet, "select_for_update", lambda rows, **how: rows if rows.model is Import else select(rows, **how))
    done = in_the_middle(monkeypatch, process_import)
    assert done.objects_of_it.count() > 4 or set(done.rows.values_list("state", flat=True)) != {RowState.MADE}


def test_a_button_that_is_pressed_twice_runs_it_once():
    import_job = checked(ASHA, BEN)
    outcomes = at_once(*(partial(run_import, import_job, by=make_staff(), now=NOW) for _ in range(3)))
    assert Counter(outcomes) == {"done": 1, "ChangedMeanwhile": 2}
    process_import(import_job.pk)
    assert Person.objects.count() == 2
