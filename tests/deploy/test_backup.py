"""When a backup is due, what is noted of it, what the weekly check refuses, and the dump for hosts without pgBackRest.

Restores of what pgBackRest keeps are in tests/drill/.
"""

import configparser
import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from tests.deploy.conftest import PROGRAMS, ROOT, Server

sys.path.insert(0, str(ROOT / "deploy"))
import check_restore

import backup

pytestmark = pytest.mark.slow
RESTIC = "/usr/bin/restic"
NOW = datetime(2026, 11, 29, 2, 30, tzinfo=UTC)


def made(kind: str, days: float) -> dict[str, Any]:
    """As pgBackRest tells of a backup that it began so many days ago."""
    return {"type": kind, "timestamp": {"start": int((NOW - timedelta(days=days)).timestamp())}}


@pytest.mark.parametrize(
    ("before", "kind"),
    [
        ([], "full"),
        ([made("full", 6), made("diff", 1)], "diff"),
        ([made("full", 6.99), made("diff", 1)], "full"),  # the timer is up to ten minutes late
        ([made("full", 14), made("full", 3)], "diff"),
        ([made("diff", 1)], "full"),
    ],
)
def test_each_week_a_full_one(before: list[dict[str, Any]], kind: str) -> None:
    assert backup.kind_due(before, NOW) == kind


def test_none_is_older_than_the_privacy_notice_says() -> None:
    conf = configparser.RawConfigParser()
    conf.read_string((ROOT / "deploy/pgbackrest/pgbackrest.conf").read_text())
    kept = conf["global"]
    assert (kept["repo1-retention-full-type"], kept["repo1-cipher-type"]) == ("time", "aes-256-cbc")
    # A full one goes when the next, a week younger, is so old; and that is found by the backup of the night after.
    assert int(kept["repo1-retention-full"]) + 7 + 1 <= settings.BACKUP_KEEP_DAYS
    files = (ROOT / "deploy/systemd/ctac-backup-files.service").read_text()
    assert f"--keep-within-daily={settings.BACKUP_KEEP_DAYS}d" in files


def test_a_note_says_which_and_when_and_everybody_may_read_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BACKUP_DIR", str(tmp_path))
    backup.note(backup.MADE_NOTE_FILE, "20261129-023000F")
    found = json.loads((tmp_path / "made.json").read_text())
    assert found.keys() == {"backup", "at"}
    assert found["backup"] == "20261129-023000F"
    assert datetime.now(UTC) - datetime.fromisoformat(found["at"]) < timedelta(minutes=1)
    assert stat.S_IMODE((tmp_path / "made.json").stat().st_mode) == 0o644
    assert os.listdir(tmp_path) == ["made.json"]  # noqa: PTH208 - names


def test_what_can_not_be_made_is_told_in_a_line_and_not_noted(server: Server, tmp_path: Path) -> None:
    for variables, said in (
        ({"BACKUP_DIR": ""}, "BACKUP_DIR is not set; docs/backup.md explains it"),
        ({"BACKUP_DIR": str(tmp_path), "PATH": str(tmp_path)}, "pgbackrest is not installed"),
    ):
        done = server.python("deploy/backup.py", **variables)
        assert (done.returncode, done.stderr) == (1, f"There is no backup: {said}.\n")
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def pgbackrest(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that stands for a repository, with what the program tells of it: now.json, and after a backup then.json."""
    folder = Path(tempfile.mkdtemp(prefix="ctac-pgbackrest-"))  # postgres must get in, which pytest's own folders don't allow
    program = folder / "pgbackrest"
    program.write_text(
        f'#!/bin/sh\ncase "$*" in *info) cat {folder}/now.json;; *backup) cat {folder}/then.json >{folder}/now.json;; esac\n'
    )
    folder.chmod(0o777)
    program.chmod(0o755)
    (folder / "notes").mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("BACKUP_DIR", str(folder / "notes"))
    yield folder
    shutil.rmtree(folder)


def test_damaged_backup_is_not_taken_for_the_last_good_one(pgbackrest: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """PgBackRest ends well when it copies pages whose checksums are wrong, and says so of the backup ("error")."""
    good = {**made("full", 1), "label": "20261128-023000F", "error": False}
    damaged = {**made("diff", 0), "label": "20261128-023000F_20261129-023000D", "error": True}
    for name, there in (("now", [good]), ("then", [good, damaged])):
        repository = {"status": {"code": 0, "message": "ok"}}
        (pgbackrest / f"{name}.json").write_text(json.dumps([{"repo": [repository], "backup": there}]))
        (pgbackrest / f"{name}.json").chmod(0o666)
    assert backup.main([]) == 1
    assert capsys.readouterr().err == "There is no backup: pgbackrest found damaged pages in it.\n"
    assert list((pgbackrest / "notes").iterdir()) == []
    assert backup.backups() == [good]  # of which the weekly check restores the last


# The weekly check


class Real(check_restore.Copy):
    """The tests' own server in the place of a copy."""

    def __init__(self, server: Server, database: str = "ctac") -> None:
        super().__init__(server.var_dir)
        self.real = server.url(database=database)

    @property
    def url(self) -> str:
        return self.real


@pytest.mark.parametrize(("hours", "refused"), [(1, False), (35, False), (37, True)])
def test_an_archive_that_ended_long_ago_is_refused(server: Server, hours: int, refused: bool) -> None:
    """The tests' server has played nothing back: then the backup itself is the newest change."""
    stop = (datetime.now(UTC) - timedelta(hours=hours)).timestamp()
    asked = (Real(server), {"timestamp": {"stop": stop}})
    if refused:
        with pytest.raises(backup.BackupError, match="is 37 hours old"):
            check_restore.check_age(*asked)
    else:
        assert check_restore.check_age(*asked).startswith("The newest change is ")


def test_a_copy_without_rows_is_refused(server: Server) -> None:
    assert " rows in " in check_restore.check_rows(Real(server))
    server.query("DROP DATABASE IF EXISTS hollow")
    server.query("CREATE DATABASE hollow")
    with pytest.raises(backup.BackupError, match=r"django_migrations, accounts_user, .* has no rows"):
        check_restore.check_rows(Real(server, "hollow"))


def test_it_does_not_fill_the_disk_of_the_real_server(tmp_path: Path) -> None:
    (tmp_path / "copy").mkdir()
    with pytest.raises(backup.BackupError, match=r"1500000.0 GB are needed in .*, and .* GB are free"):
        check_restore.Copy(tmp_path / "copy").restore({"info": {"size": 10**15}})


def test_a_file_that_is_missing_is_named(server: Server, tmp_path: Path) -> None:
    whole = server.python("manage.py", "check_files", DATABASE_URL=server.url("ctac_app"))
    assert (whole.returncode, whole.stderr) == (0, "")
    shutil.copytree(Path(server.env["MEDIA_ROOT"]), tmp_path / "media")
    lost = next(path for path in sorted((tmp_path / "media").rglob("*.pdf")))
    lost.unlink()
    done = server.python("manage.py", "check_files", DATABASE_URL=server.url("ctac_app"), MEDIA_ROOT=str(tmp_path / "media"))
    assert done.returncode == 1
    assert done.stderr.startswith(f"{lost.relative_to(tmp_path / 'media')} is missing (leaflets.Edition).\n")


# The dump


@pytest.fixture
def restic(server: Server, tmp_path: Path) -> dict[str, str]:
    """The variables of backup.env where the host runs PostgreSQL, and an empty repository."""
    if not Path(RESTIC).exists():
        pytest.skip("restic is not installed: `python -m tests.faults.install drill` as root")
    (tmp_path / "password").write_text("correct horse battery staple")
    (tmp_path / "notes").mkdir()
    variables = {"RESTIC_REPOSITORY": str(tmp_path / "repository"), "RESTIC_PASSWORD_FILE": str(tmp_path / "password")}
    variables |= {"RESTIC_CACHE_DIR": str(tmp_path / "cache"), "BACKUP_DIR": str(tmp_path / "notes")}
    variables |= {"ERASURES_FILE": str(tmp_path / "erasures" / "erasures.jsonl")}
    variables |= {"PGHOST": server.url().partition("host=")[2], "PGDATABASE": "ctac", "PGOPTIONS": "-c role=ctac_app"}
    subprocess.run([RESTIC, "--quiet", "init"], env=server.env | variables, check=True)
    return variables


def snapshots(server: Server, restic: dict[str, str], tag: str = "database") -> list[str]:
    words = [RESTIC, "--json", "snapshots", f"--tag={tag}"]
    done = subprocess.run(words, env=server.env | restic, capture_output=True, text=True, check=True)
    return [snapshot["id"] for snapshot in json.loads(done.stdout)]


def contents_of(server: Server, database: str) -> dict[str, str]:
    """A hash over all rows of every table."""
    names = server.query(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'", database=database
    )
    hashed = "SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {} t"
    return {name: server.query(hashed.format(name), database=database)[0][0] for (name,) in names}


def test_a_dump_comes_back_whole(server: Server, restic: dict[str, str], tmp_path: Path) -> None:
    done = server.python("deploy/backup.py", "dump", **restic)
    assert (done.returncode, done.stderr) == (0, "")
    [snapshot] = snapshots(server, restic)
    assert json.loads((tmp_path / "notes" / "made.json").read_text())["backup"] == snapshot
    assert len(snapshots(server, restic, "files")) == 1

    server.query("DROP DATABASE IF EXISTS restored")
    server.query("CREATE DATABASE restored OWNER ctac_owner")
    env = server.env | restic | {"PGOPTIONS": "-c role=ctac_owner"}
    kept = subprocess.run(
        [RESTIC, "--quiet", "dump", "--tag=database", "latest", f"/{backup.DUMP_FILE}"], env=env, capture_output=True, check=True
    )
    options = ["--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction", "--dbname=restored"]
    subprocess.run([str(PROGRAMS / "pg_restore"), *options], input=kept.stdout, env=env, check=True)
    assert contents_of(server, "restored") == contents_of(server, "ctac")


def test_pg_dump_that_fails_is_no_backup(server: Server, restic: dict[str, str], tmp_path: Path) -> None:
    done = server.python("deploy/backup.py", "dump", **restic | {"PGDATABASE": "no_such_database"})
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("There is no backup: restic backup ended with ")
    assert (snapshots(server, restic), list((tmp_path / "notes").iterdir())) == ([], [])
