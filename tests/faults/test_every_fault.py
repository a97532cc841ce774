"""Everything that can break is broken, on each broker, while people book and order (`make faults`)."""

import signal
import time

import pytest

from tests.faults.clock import MISSING
from tests.faults.conftest import keep
from tests.faults.judge import UNJUDGED_BY_SECONDS
from tests.faults.mail_server import Mood
from tests.faults.rig import tree
from tests.live.clients import inside

pytestmark = [pytest.mark.long, pytest.mark.xdist_group("faults")]
AT_WORK = 2  # processes of the worker: so many messages at most are in doubt when it is killed
SLOWEST_ANSWER = 2.0  # seconds
# Where the slowest takes longer while nothing is broken, others keep the machine busy, and seconds say nothing.
USUAL_ANSWER = 1.0
DUPLICATES = """
import random
from notifications.models import Notification
from notifications.tasks import deliver
keys = list(Notification.objects.filter(pk__gt={since}, state="pending").order_by("-pk").values_list("pk", flat=True))
for key in keys:
    deliver.delay([key])
tasks = [key for key in keys for _ in range(10)]
random.shuffle(tasks)
for key in tasks:
    deliver.delay([key])
"""


# The worker


def worker_killed_while_it_sends(rig, load):
    with rig.slow_mail():
        assert rig.server.in_data.wait(20)
        killed = rig.live.kill("worker")
    rig.live.wait_for_another("worker", than=killed)


def children_killed_while_they_send(rig, load):
    with rig.slow_mail():
        assert rig.server.in_data.wait(20)
        for process in rig.worker_processes()[1:]:
            process.kill()
    rig.live.wait_for(lambda: len(rig.worker_processes()) > AT_WORK, 20)


def children_killed_while_they_wait(rig, load):
    for process in rig.worker_processes()[1:]:
        process.kill()
    load.wait_for(3)
    rig.live.wait_for(lambda: len(rig.worker_processes()) > AT_WORK, 20)


# The broker


def broker_away(rig, load):
    rig.broker.stop()
    try:
        load.wait_for(4)
    finally:
        rig.broker.start()


def broker_killed_while_each_process_sends(rig, load):
    """What they have in hand is sent, and no broker hears that it is done."""
    with rig.slow_mail(1):
        assert rig.server.in_data.wait(20)
        rig.broker.stop()
        time.sleep(2)
        rig.broker.start()


def broker_gone_with_what_was_queued(rig, load):
    with rig.worker_stopped():
        load.wait_for(3)
        rig.broker.stop()
        rig.broker.start()


def broker_silent(rig, load):
    rig.broker.silence()
    try:
        load.wait_for(3)
    finally:
        rig.broker.speak()


def broker_emptied(rig, load):
    with rig.worker_stopped():
        load.wait_for(3)
        rig.broker.empty()


# Database and web


def database_restarted_at_once(rig, load):
    stopped = rig.live.kill("database", signal.SIGQUIT)  # what pg_ctl calls immediate
    rig.live.wait_for_another("database", than=stopped)
    rig.live.wait_for(rig.database_answers, 30)


def web_workers_killed(rig, load):
    """One after the other, as the kernel does when memory runs out; each time the other goes on."""
    for number in (1, 2):
        killed = tree(rig.live.pid("web"))[number]
        killed.kill()
        load.wait_for(3)
        rig.live.wait_for(lambda: len(tree(rig.live.pid("web"))) == 3, 20)
        time.sleep(5)  # in which the new one loads the site


def web_killed_whole(rig, load):
    killed = rig.live.kill("web")
    rig.live.wait_for_another("web", than=killed)


# Beat and clock


def beat_killed_and_broker_emptied(rig, load):
    with rig.worker_stopped():
        load.wait_for(2)
        killed = rig.live.kill("beat")
        rig.broker.empty()
    rig.live.wait_for_another("beat", than=killed)


def two_beats(rig, load):
    with rig.another_beat():
        load.wait_for(6)


def clock_a_day_on(rig, load):
    with rig.slow_mail(0.3):
        assert rig.server.in_data.wait(20)
        rig.clock.jump(24 * 3600)
        load.wait_for(3)


def clock_twenty_minutes_back(rig, load):
    """And put right again: until then beat asks for nothing, since all seems to have run (docs/mail.md), and new mail goes on."""
    with rig.slow_mail(0.3):
        assert rig.server.in_data.wait(20)
        rig.clock.jump(-20 * 60)
        load.wait_for(3)
        rig.clock.jump(20 * 60)


# The mail server


def mail(mood):
    def break_it(rig, load):
        with rig.server.being(mood):
            load.wait_for(3)
            time.sleep(0.5)

    return break_it


def mail_server_refuses(rig, load):
    rig.server.refuse()
    load.wait_for(3)
    rig.server.listen()


def mail_server_slow(rig, load):
    with rig.slow_mail(1.5):
        load.wait_for(5)


def mail_server_away_for_a_day(rig, load):
    """Three hours and three hours again, each with its try."""
    rig.server.refuse()
    load.wait_for(3)
    load.stopping.set()
    for _ in range(8):
        time.sleep(1.5)
        rig.pass_minutes(180)
    rig.server.listen()


# Disk and tasks


def disk_full(rig, load):
    """A leaflet's new edition that doesn't fit is not there by half."""
    filler = rig.disk / "filler"
    try:
        with filler.open("wb") as file:
            while True:
                file.write(b"\0" * 2**16)
    except OSError:
        pass
    try:
        load.wait_for(4)
        assert inside(rig.live, "tests.faults.stage", "upload") == ["FileNotStored", 0]
    finally:
        filler.unlink()


def tasks_ten_times_and_out_of_order(rig, load):
    since = rig.last_message()
    with rig.worker_stopped():
        load.wait_for(3)
        rig.live.manage("shell", "--verbosity", "0", "--command", DUPLICATES.format(since=since))


DOUBT = dict.fromkeys(
    (worker_killed_while_it_sends, children_killed_while_they_send, children_killed_while_they_wait, clock_a_day_on), AT_WORK
)
FAULTS = {
    "nothing": lambda rig, load: load.wait_for(4),
    "worker killed whole while it sends": worker_killed_while_it_sends,
    "worker's children killed while they send": children_killed_while_they_send,
    "worker's children killed while they wait": children_killed_while_they_wait,
    "broker away": broker_away,
    "broker killed while each process sends": broker_killed_while_each_process_sends,
    "broker gone with what was queued": broker_gone_with_what_was_queued,
    "broker silent": broker_silent,
    "broker emptied": broker_emptied,
    "database restarted, immediate": database_restarted_at_once,
    "web workers killed": web_workers_killed,
    "web killed whole": web_killed_whole,
    "beat killed, broker emptied": beat_killed_and_broker_emptied,
    "two beats": two_beats,
    "clock a day on": clock_a_day_on,
    "clock 20 minutes back": clock_twenty_minutes_back,
    "mail server refuses": mail_server_refuses,
    "mail server: 451 to recipients": mail(Mood.BUSY),
    "mail server: 451 to messages": mail(Mood.BUSY_AFTER_DATA),
    "mail server drops in DATA": mail(Mood.DROPS_IN_DATA),
    "mail server: yes, and drops": mail(Mood.YES_THEN_DROPS),
    "mail server silent (tarpit)": mail(Mood.SILENT),
    "mail server silent after DATA": mail(Mood.SILENT_AFTER_DATA),
    "mail server slow": mail_server_slow,
    "mail server away for a day": mail_server_away_for_a_day,
    "disk full under media and log": disk_full,
    "each task 11 times, out of order": tasks_ten_times_and_out_of_order,
}


@pytest.mark.parametrize("fault", FAULTS)
def test_nothing_is_lost_and_nothing_comes_twice(rig, fault):
    break_it = FAULTS[fault]
    if "children" in fault and rig.name == "folder":
        pytest.skip("over the folder the worker has threads and no children")
    if break_it is disk_full and rig.no_disk:
        pytest.skip(rig.no_disk)
    if fault.startswith("clock") and not rig.clock.preloaded:
        pytest.skip(MISSING)
    verdict = rig.trial(fault, break_it)
    judged_by_seconds = rig.usual < USUAL_ANSWER and fault not in UNJUDGED_BY_SECONDS
    if judged_by_seconds and verdict.slowest >= SLOWEST_ANSWER and not verdict.wrong:
        verdict = rig.trial(fault, break_it)  # chance is seldom slow twice
    keep(verdict)
    rig.usual = verdict.slowest if fault == "nothing" else rig.usual
    assert verdict.wrong == []
    assert verdict.doubled <= DOUBT.get(break_it, 0), verdict
    assert verdict.slowest < SLOWEST_ANSWER or not judged_by_seconds, verdict


def test_a_final_failure_stands_on_the_first_staff_page(rig):
    """550 stops at once, for that address alone."""

    def unknown(rig, load):
        rig.server.unknown.add(load.people[0])
        load.wait_for(5)

    verdict = rig.trial("mail server: 550 to one of three", unknown)
    keep(verdict)
    failed = rig.live.query("SELECT recipient, count(*) FROM notifications_notification WHERE state = 'failed' GROUP BY 1")
    assert (failed, verdict.wrong, verdict.doubled) == ([(*rig.server.unknown, verdict.failed)], [], 0)
    line = f'<span class="waiting__figure">{verdict.failed}</span> <span class="waiting__label">failed lately</span>'
    assert line in rig.staff().get("/staff/").text


def test_mail_of_a_killed_worker_goes_within_two_minutes(rig):
    """By the true clock: nothing but the lease and the sweep, which here comes each second instead of every 20."""

    def killed(rig, load):
        worker_killed_while_it_sends(rig, load)
        load.stopping.set()
        begun = time.monotonic()
        rig.live.wait_for(lambda: not rig.under_way(0), 100)
        assert time.monotonic() - begun < 100, "with 20 seconds until the next sweep it would be two minutes"

    verdict = rig.trial("killed worker's mail, true clock", killed)
    keep(verdict)
    assert (verdict.wrong, verdict.doubled <= AT_WORK) == ([], True), verdict
