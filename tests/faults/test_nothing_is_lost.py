"""Worker, broker and database are broken while mail is sent. Each message arrives; what comes twice has one Message-ID.

A short version: the long one kills at random and for minutes.
"""

import shutil
import signal

import psutil
import pytest

pytestmark = pytest.mark.xdist_group("faults")
COUNT = 6


def worker_processes(stack):
    main = psutil.Process(stack.live.pid("worker"))
    return [main, *main.children(recursive=True)]


def test_a_worker_killed_while_it_sends_loses_nothing(stack, slow):
    stack.write("worker", COUNT)
    assert slow.in_data.wait(15)
    killed = stack.live.kill("worker")
    slow.pause = 0
    stack.live.wait_for_another("worker", than=killed)
    assert "sending" in stack.states("worker")
    stack.pass_minutes(10)
    stack.wait_until_sent("worker")
    # What was under way when it was killed had no yes yet, or had one without our mark: that is the one doubt.
    assert len(slow.counts("worker")) == COUNT
    assert sum(slow.counts("worker")) <= COUNT + 2
    assert slow.message_ids("worker") == COUNT


def test_a_killed_child_of_the_worker_loses_nothing(stack, slow):
    stack.write("child", COUNT)
    assert slow.in_data.wait(15)
    for process in worker_processes(stack)[1:]:
        process.kill()
    slow.pause = 0
    stack.live.wait_for(lambda: len(worker_processes(stack)) >= 3, 20)
    stack.pass_minutes(10)
    stack.wait_until_sent("child")
    assert len(slow.counts("child")) == COUNT
    assert sum(slow.counts("child")) <= COUNT + 2
    assert slow.message_ids("child") == COUNT


def test_children_killed_while_they_wait_for_work_stop_nothing(stack):
    # One of them holds the lock of the queue that they share (ctac.worker_pool).
    for process in worker_processes(stack)[1:]:
        process.kill()
    stack.write("waiting", COUNT)
    stack.wait_until_sent("waiting")
    assert stack.server.counts("waiting") == [1] * COUNT


def test_a_broker_that_forgets_everything_loses_nothing(stack):
    for process in worker_processes(stack):
        process.send_signal(signal.SIGSTOP)
    try:
        stack.write("broker", COUNT)
        queued = [path for path in (stack.live.var_dir / "broker").rglob("*") if path.is_file()]
        assert len(queued) >= COUNT
        shutil.rmtree(stack.live.var_dir / "broker")
    finally:
        for process in worker_processes(stack):
            process.send_signal(signal.SIGCONT)
    assert stack.states("broker") == {"pending"}
    stack.pass_minutes(3)
    stack.wait_until_sent("broker")
    assert stack.server.counts("broker") == [1] * COUNT


def test_a_database_that_restarts_while_mail_is_sent_doubles_nothing(stack, slow):
    stack.write("database", COUNT)
    assert slow.in_data.wait(15)
    stopped = stack.live.kill("database", signal.SIGQUIT)  # what pg_ctl calls immediate
    stack.live.wait_for_another("database", than=stopped)
    slow.pause = 0
    stack.live.wait_for(lambda: answers(stack), 20)
    stack.live.wait_for(lambda: "sending" not in stack.states("database"), 40)
    stack.pass_minutes(3)
    stack.wait_until_sent("database")
    assert slow.counts("database") == [1] * COUNT


def answers(stack):
    try:
        return bool(stack.live.query("SELECT 1"))
    except Exception:  # noqa: BLE001 - it is starting: any error means not yet
        return False
