"""A backup comes back whole: every row and every file, into an empty database, with the figures still equal."""

import json
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.deploy.conftest import Server

STAMP = "ctac-%Y%m%dT%H%M%SZ"


@pytest.fixture
def folder(server: Server, tmp_path: Path) -> Path:
    """Where this test's backups go."""
    return tmp_path / "backups"


def make(server: Server, folder: Path, **variables: str):
    """As the role that serves the site: it may read everything, and that is all that a backup needs."""
    return server.python("deploy/backup.py", **{"DATABASE_URL": server.url("ctac_app"), "BACKUP_DIR": str(folder)} | variables)


@pytest.fixture
def backup(server: Server, folder: Path) -> Path:
    done = make(server, folder)
    assert (done.returncode, done.stderr) == (0, "")
    [made] = backups_in(folder)
    assert done.stdout.startswith(f"{made}: ")
    return made


def backups_in(folder: Path) -> list[Path]:
    """Without the notes that stand beside them."""
    return [path for path in folder.iterdir() if path.is_dir()]


@pytest.fixture
def empty(server: Server) -> str:
    server.query("DROP DATABASE IF EXISTS restored")
    server.query("CREATE DATABASE restored OWNER ctac_owner")
    return server.url("ctac_owner", "restored")


def restore(server: Server, backup: Path, url: str, media: Path):
    return server.python("deploy/restore.py", str(backup), DATABASE_URL=url, MEDIA_ROOT=str(media))


def contents_of(server: Server, database: str) -> dict[str, str]:
    """A hash over all rows of every table."""
    tables = server.query(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'", database=database
    )
    hashed = "SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {} t"
    return {name: server.query(hashed.format(name), database=database)[0][0] for (name,) in tables}


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_every_row_and_every_file_comes_back(server, backup, empty, tmp_path):
    done = restore(server, backup, empty, tmp_path / "media")
    assert (done.returncode, done.stderr) == (0, "")
    assert "The stock ledger and the figures are equal.\n" in done.stdout
    assert contents_of(server, "restored") == contents_of(server, "ctac")
    assert files_of(tmp_path / "media") == files_of(Path(server.env["MEDIA_ROOT"]))
    assert len(files_of(tmp_path / "media")) > 0


@pytest.mark.slow
def test_the_rules_of_the_database_come_back_with_it(server, backup, empty, tmp_path):
    restore(server, backup, empty, tmp_path / "media")
    # Not their definitions: PostgreSQL writes a list of texts in another way once it has read it again.
    columns = "conrelid::regclass::text, conname, contype, condeferrable, convalidated"
    rules = f"SELECT {columns} FROM pg_constraint WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2"  # noqa: S608 - ours
    triggers = "SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1, 2"
    for sql in (rules, triggers):
        assert server.query(sql, database="restored") == server.query(sql)
    assert server.python("manage.py", "migrate", "--check", DATABASE_URL=empty).returncode == 0


@pytest.mark.slow
def test_a_restored_site_is_served_by_the_other_role_again(server, backup, empty, tmp_path):
    restore(server, backup, empty, tmp_path / "media")
    server.psql("deploy/sql/roles.sql", database="restored")
    server.psql("deploy/sql/grants.sql", role="ctac_owner", database="restored")
    [(people,)] = server.query("SELECT count(*) FROM professionals_person", role="ctac_app", database="restored")
    assert people > 0


def test_it_is_noted_when_one_was_made_and_when_one_was_tried(server, backup, folder, empty, tmp_path):
    def noted(name: str) -> tuple[str, bool]:
        note = json.loads((folder / name).read_text())
        return note["backup"], datetime.now(UTC) - datetime.fromisoformat(note["at"]) < timedelta(minutes=5)

    assert noted("made.json") == (backup.name, True)
    assert not (folder / "tried.json").exists()
    restore(server, backup, empty, tmp_path / "media")
    assert noted("tried.json") == (backup.name, True)
    assert stat.S_IMODE((folder / "tried.json").stat().st_mode) == 0o644  # whoever restores, the site reads it


def test_only_its_owner_can_read_it(backup):
    modes = {path.name: oct(stat.S_IMODE(path.stat().st_mode)) for path in (backup, *backup.iterdir())}
    assert modes == {backup.name: "0o700", "database.dump": "0o600", "media.tar.gz": "0o600", "contents.json": "0o600"}


def test_a_backup_that_fails_leaves_nothing_and_loses_no_other(server, backup, folder):
    done = make(server, folder, DATABASE_URL=server.url("ctac_app", "no_such_database"))
    assert done.returncode != 0
    assert [path.name for path in backups_in(folder)] == [backup.name]


def test_pg_dump_that_fails_is_no_backup(server, folder, tmp_path):
    """The server answers, the program breaks in the middle."""
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "pg_dump"
    program.write_text(
        "#!/bin/sh\n"
        'for word; do case $word in --file=*) echo half > "${word#--file=}";; esac; done\n'
        "echo 'pg_dump: no space left' >&2\nexit 1\n"
    )
    program.chmod(0o755)
    done = make(server, folder, PATH=f"{program.parent}:/usr/bin:/bin")
    assert (done.returncode, done.stderr.splitlines()) == (
        1,
        ["pg_dump: no space left", "pg_dump failed; its lines above say why."],
    )
    assert list(folder.iterdir()) == []


def test_old_ones_go_and_the_newest_stays_however_old_it_is(server, folder):
    now = datetime.now(UTC)
    names = {days: (now - timedelta(days=days)).strftime(STAMP) for days in (2, 29, 31, 400)}
    unfinished = f".unfinished-{names[2]}"
    for name in (*names.values(), unfinished, "something-else"):
        (folder / name).mkdir(parents=True)
    done = make(server, folder)
    assert done.returncode == 0, done.stderr
    kept = {path.name for path in backups_in(folder)} - {Path(done.stdout.split(":")[0]).name}
    assert kept == {names[2], names[29], "something-else"}


def test_a_backup_that_failed_for_weeks_clears_nothing_away(server, backup, folder):
    old = backup.rename(folder / (datetime.now(UTC) - timedelta(days=90)).strftime(STAMP))
    assert make(server, folder, DATABASE_URL=server.url("ctac_app", "no_such_database")).returncode != 0
    assert [path.name for path in backups_in(folder)] == [old.name]


def test_it_is_not_restored_over_a_database_or_files_that_are_there(server, backup, empty, tmp_path):
    full = restore(server, backup, server.url("ctac_owner"), tmp_path / "media")
    assert (full.returncode, "has tables already" in full.stderr) == (1, True)
    (tmp_path / "media").mkdir()
    (tmp_path / "media" / "x.pdf").touch()
    taken = restore(server, backup, empty, tmp_path / "media")
    assert (taken.returncode, "holds files already" in taken.stderr) == (1, True)


@pytest.mark.parametrize("name", ["database.dump", "media.tar.gz"])
def test_a_damaged_one_is_refused_before_anything_is_written(server, backup, empty, tmp_path, name):
    (backup / name).write_bytes((backup / name).read_bytes()[:-1] + b"x")
    done = restore(server, backup, empty, tmp_path / "media")
    assert (done.returncode, f"{name} differ" in done.stderr) == (1, True)
    assert (contents_of(server, "restored"), (tmp_path / "media").exists()) == ({}, False)


def test_a_row_that_is_missing_afterwards_is_told(server, backup, empty, tmp_path):
    contents = json.loads((backup / "contents.json").read_text())
    contents["rows"]["leaflets_order"] += 1
    (backup / "contents.json").write_text(json.dumps(contents))
    done = restore(server, backup, empty, tmp_path / "media")
    assert done.returncode == 1
    assert "leaflets_order: " in done.stderr


def test_the_password_stands_on_no_command_line(server, folder, tmp_path):
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "pg_dump"
    program.write_text('#!/bin/sh\necho "$@" "password in the environment: $PGPASSWORD"\nexit 1\n')
    program.chmod(0o755)
    url = server.url("ctac_app").replace("@", ":se%25cret@", 1)
    done = make(server, folder, DATABASE_URL=url, PATH=f"{program.parent}:/usr/bin:/bin")
    assert done.stdout.count("se%cret") == 1
    assert "environment: se%cret" in done.stdout
