"""Worker, broker and database are broken while mail is sent. Each message arrives; what comes twice has one Message-ID.

The short version: `make faults` breaks everything, on each broker (test_every_fault).
"""

import shutil
import signal

import pytest

from tests.faults.mail_server import Mood

pytestmark = pytest.mark.xdist_group("faults")
COUNT = 6
WRITE = """
from django.utils import timezone
from notifications.outbox import notify
from professionals.models import FlaggedText
for number in range({count}):
    to, about, now = f"{name}{{number}}@nhs.net", f"{name}:{{number}}", timezone.now()
    FlaggedText.objects.create(about=about, reference="BK-7Q4M-2F", flagged_at=now)
    notify(kind="safeguarding-flag", about=about, to=[to], reference="BK-7Q4M-2F", now=now)
"""


def write(rig, name):
    """Messages in the outbox, queued as any page queues them."""
    rig.live.manage("shell", "--verbosity", "0", "--command", WRITE.format(name=name, count=COUNT))


def states(rig, name):
    return {state for (state,) in rig.live.query("SELECT state FROM notifications_notification WHERE about LIKE %s", f"{name}:%")}


def wait_until_sent(rig, name):
    rig.live.wait_for(lambda: states(rig, name) == {"sent"}, 25)


def write_and_wait_for_data(rig, name):
    """Slow mail, and the first of these in the middle of being sent."""
    rig.server.in_data.clear()
    write(rig, name)
    assert rig.server.in_data.wait(15)


def test_a_worker_killed_while_it_sends_loses_nothing(rig):
    with rig.slow_mail(5):  # so that it dies within one, however long the way to it
        write_and_wait_for_data(rig, "worker")
        killed = rig.live.kill("worker")
    rig.live.wait_for_another("worker", than=killed)
    assert "sending" in states(rig, "worker")
    rig.pass_minutes(10)
    wait_until_sent(rig, "worker")
    # What was under way when it was killed had no yes yet, or had one without our mark: that is the one doubt.
    assert len(rig.server.counts("worker")) == COUNT
    assert sum(rig.server.counts("worker")) <= COUNT + 2
    assert rig.server.message_ids("worker") == COUNT


def test_a_broker_that_forgets_everything_loses_nothing(rig):
    with rig.worker_stopped():
        write(rig, "broker")
        queued = [path for path in rig.broker.folder.rglob("*") if path.is_file()]
        assert len(queued) >= COUNT
        shutil.rmtree(rig.broker.folder)
    assert states(rig, "broker") == {"pending"}
    rig.pass_minutes(3)
    wait_until_sent(rig, "broker")
    assert rig.server.counts("broker") == [1] * COUNT


def test_a_database_that_restarts_while_mail_is_sent_doubles_nothing(rig):
    with rig.slow_mail(1):
        write_and_wait_for_data(rig, "database")
        stopped = rig.live.kill("database", signal.SIGQUIT)  # what pg_ctl calls immediate
        rig.live.wait_for_another("database", than=stopped)
    rig.live.wait_for(rig.database_answers, 20)
    rig.live.wait_for(lambda: "sending" not in states(rig, "database"), 40)
    rig.pass_minutes(3)
    wait_until_sent(rig, "database")
    assert rig.server.counts("database") == [1] * COUNT


def test_people_book_and_order_while_broker_and_mail_server_are_broken(rig):
    """One address is unknown there: staff see it, and nobody else waits for it."""

    def broken(rig, load):
        rig.server.unknown.add(load.people[0])
        rig.broker.stop()
        with rig.server.being(Mood.DROPS_IN_DATA):
            load.wait_for(2)
            rig.broker.start()
            load.wait_for(1)

    verdict = rig.trial("broker and mail server", broken)
    assert (verdict.wrong, verdict.doubled, verdict.acknowledged >= 7) == ([], 0, True), verdict
    failed = rig.live.query("SELECT recipient, count(*) FROM notifications_notification WHERE state = 'failed' GROUP BY 1")
    assert failed == [(*rig.server.unknown, verdict.failed)]
    line = f'<span class="waiting__figure">{verdict.failed}</span> <span class="waiting__label">failed lately</span>'
    assert line in rig.staff().get("/staff/").text
