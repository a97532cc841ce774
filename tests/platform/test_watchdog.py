"""A worker that takes no task, or hangs as a whole, is started anew."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress

import psutil
import pytest
from django.conf import settings

from ctac import watchdog
from ctac.local.supervisor import Child, Pulse, Supervisor
from ctac.watchdog import Watchdog
from tests.notifications.conftest import wait_until


class World:
    """A clock, a worker's count of tasks taken, and a broker that may be away."""

    def __init__(self):
        self.now, self.count, self.asked, self.broker = 0.0, 0, 0, True

    def ask(self):
        if not self.broker:
            raise ConnectionError
        self.asked += 1


@pytest.fixture
def world():
    return World()


@pytest.fixture
def looks(world):
    dog = Watchdog(taken=lambda: world.count, ask=world.ask, patience=60, clock=lambda: world.now)

    def look(seconds, taken=0):
        world.now, world.count = world.now + seconds, world.count + taken
        return dog.is_well()

    return look


def test_it_is_well_while_tasks_are_taken(world, looks):
    assert all(looks(50, taken=1) for _ in range(5))
    assert world.asked == 5
    assert [looks(50), looks(50)] == [True, False]


def test_a_broker_that_is_away_is_not_the_workers_fault(world, looks):
    world.broker = False
    assert all(looks(50) for _ in range(5))
    world.broker = True
    assert [looks(50), looks(50)] == [True, False]


def test_systemd_is_told(tmp_path, monkeypatch):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        watchdog.vouch(tmp_path / "pulse")
        assert systemd.recv(100) == b"WATCHDOG=1"
    assert (tmp_path / "pulse").exists()


def test_the_supervisor_ends_and_starts_what_no_longer_vouches_for_itself(tmp_path):
    said = []
    supervisor = Supervisor(tmp_path / "run.json", said.append)
    script = f"import pathlib, time; pathlib.Path({str(tmp_path / 'pulse')!r}).touch(); time.sleep(60)"
    child = Child("worker", lambda: {"args": [sys.executable, "-c", script]}, pulse=Pulse(tmp_path / "pulse", 1.5))
    first = supervisor.add(child).process.pid
    try:
        assert supervisor.run(until=lambda: child.is_running and child.process.pid != first, seconds=20)
    finally:
        supervisor.stop()
    assert said[:2] == ["worker runs but does nothing; ending it", "worker ended (signal SIGKILL); starting it again"]


def test_a_real_worker_whose_processes_hang_ends(tmp_path):
    """They are stopped by a signal: the worker lives, receives tasks, and none is taken."""
    env = os.environ | {"CTAC_VAR": str(tmp_path), "WORKER_PATIENCE": "4", "DJANGO_SETTINGS_MODULE": "ctac.settings"}
    words = ["--app", "ctac", "--quiet", "worker", "--without-gossip", "--without-mingle", "--concurrency", "1"]
    command = [sys.executable, "-m", "celery", *words]
    worker = subprocess.Popen(
        command, cwd=settings.BASE_DIR, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
    )
    try:
        wait_until((tmp_path / watchdog.PULSE).exists, 40)
        time.sleep(6)  # longer than its patience: it is well, since it takes its own task
        assert worker.poll() is None
        for child in psutil.Process(worker.pid).children():
            child.send_signal(signal.SIGSTOP)
        assert worker.wait(20) == watchdog.EX_SOFTWARE
        assert b"took no task for 4 seconds" in worker.stderr.read()
    finally:
        with suppress(ProcessLookupError):
            os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()
        worker.stderr.close()
