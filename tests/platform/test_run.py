"""Starting and stopping a copy of one's own: what it says, what it keeps, that it leaves nothing behind."""

import os
import signal
import socket
import subprocess
import sys

import pytest
from django.conf import settings

from ctac.local import postgres, processes
from tests.live.stack import Live


def refusal(live):
    """The exit code and what is said by a start that can't succeed."""
    command = [sys.executable, "-m", "ctac.local.run"]
    done = subprocess.run(command, cwd=settings.BASE_DIR, env=live.env, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr


def running(live):
    name = postgres.cluster_name(live.var_dir)
    return [line for line in processes.command_lines().values() if name in line]


def test_a_port_that_is_taken_is_answered_with_one_line(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        said = refusal(Live(tmp_path, PORT=str(port)))
    assert said == (1, f"Port {port} is taken. Choose another: PORT={port + 1} make run\n")


def test_a_port_that_is_no_number_is_answered_with_one_line(tmp_path):
    code, said = refusal(Live(tmp_path, PORT="eighty"))
    assert (code, said.count("\n"), "PORT is 'eighty'" in said) == (1, 1, True)


def test_a_database_that_does_not_answer_is_answered_with_a_sentence(tmp_path):
    code, said = refusal(Live(tmp_path, DATABASE_URL="postgres://nobody@127.0.0.1:1/nothing"))
    assert (code, "Is DATABASE_URL right?" in said, "Traceback" in said) == (1, True, False)


@pytest.fixture
def copy(tmp_path):
    stack = Live(tmp_path / "a folder with spaces")
    yield stack
    if stack.process is not None and stack.process.poll() is None:
        stack.stop()


@pytest.mark.slow
def test_a_killed_supervisor_takes_everything_along_and_the_next_start_goes_on(copy):
    copy.start(ready_data=False)
    people = copy.query("SELECT count(*) FROM professionals_person")
    copy.process.kill()
    copy.process.wait()
    copy.wait_for(lambda: running(copy) == [], 60)  # on a machine that is busy with other tests
    copy.start()
    assert copy.query("SELECT count(*) FROM professionals_person") == people
    assert copy.stop() == 0
    assert running(copy) == []
    assert not postgres.runtime_dir(copy.var_dir).exists()
    assert not (copy.var_dir / "run.json").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="reads Linux's list of processes")
def test_ctrl_c_while_it_still_starts_leaves_nothing(copy):
    copy.var_dir.mkdir()
    with copy.log.open("wb") as log:
        command = [sys.executable, "-m", "ctac.local.run"]
        copy.process = subprocess.Popen(command, cwd=settings.BASE_DIR, env=copy.env, stdout=log, stderr=subprocess.STDOUT)
    copy.wait_for(lambda: "Preparing" in copy.output(), 60)
    os.kill(copy.process.pid, signal.SIGINT)
    assert copy.process.wait(60) == 0
    assert "could not be prepared" not in copy.output()
    assert running(copy) == []
