"""The machine is lost, a table is emptied, a backup is damaged, a passphrase is wrong: what comes back, and how soon.

The tests are one story and run in this order. `make drill` runs them with people who book for minutes, and prints a table.
"""

import re
import shutil
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.drill.conftest import EMAIL, LINES, LONG, WRITING, Drill, Line

pytestmark = [pytest.mark.xdist_group("drill"), pytest.mark.machine_clock, pytest.mark.slow]
ARCHIVE_TIMEOUT, PUSH = 60, 30  # seconds; the second for a machine that does much besides
CANARY = EMAIL.split("@")[0].encode()


def test_the_machine_is_lost_and_its_repository_alone_brings_the_site_back(drill: Drill) -> None:
    if not LONG:  # else this much of it would be lost, as archive_timeout allows
        drill.machine.rows("SELECT pg_switch_wal()")
        time.sleep(2)
    lost_at = drill.machine.lose()
    acknowledged = drill.end()
    restored = drill.restore()
    newest = drill.newest()
    drill.keep("the machine is lost", restored, lost_at - newest, acknowledged)
    assert 0 <= lost_at - newest < ARCHIVE_TIMEOUT + PUSH
    assert [one for one in drill.missing(acknowledged) if one.at < newest] == []  # nothing before that moment
    assert len(drill.missing(acknowledged)) < len(acknowledged)
    assert drill.tables_with("quillfinch") == set()  # the erasure was a change like others
    drill.machine.python("manage.py", "reconcile_stock")


def test_all_bookings_are_deleted_and_the_second_before_is_restored(drill: Drill) -> None:
    drill.begin()
    time.sleep(WRITING)
    before, target = drill.acknowledged(), datetime.now(UTC)
    time.sleep(1)
    drill.machine.rows("SET session_replication_role = replica; DELETE FROM bookings_booking")
    emptied = time.time()
    acknowledged = [one for one in drill.end() if one.at < emptied]
    assert len(drill.missing(before)) >= sum(one.kind == "booking" for one in before)
    drill.machine.stop()
    restored = drill.restore("--delta", "--type=time", f"--target={target:%F %T.%f}+00", "--target-action=promote")
    drill.keep("all bookings are deleted", restored, emptied - drill.newest(), acknowledged)
    assert drill.missing(before) == []
    assert drill.newest() <= target.timestamp()
    assert len(drill.missing(acknowledged)) <= len([one for one in acknowledged if one.at >= target.timestamp() - 0.5])


class Sink(socketserver.ThreadingTCPServer):
    """Counts who comes, and hangs up."""

    daemon_threads = allow_reuse_address = True
    visits = 0

    def process_request(self, request: object, client_address: object) -> None:
        self.visits += 1
        self.shutdown_request(request)  # type: ignore[arg-type]


@contextmanager
def sink() -> Iterator[tuple[Sink, dict[str, str]]]:
    """And the settings of a site whose broker, mail server, monitor and database are all there."""
    with Sink(("127.0.0.1", 0), socketserver.BaseRequestHandler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        here = f"127.0.0.1:{server.server_address[1]}"
        names = {"CELERY_BROKER_URL": "redis", "CACHE_URL": "redis", "EMAIL_URL": "smtp", "WATCHER_PING_URL": "http"}
        yield (
            server,
            {name: f"{scheme}://{here}/" for name, scheme in names.items()} | {"DATABASE_URL": f"postgres://ctac@{here}/ctac"},
        )
        server.shutdown()


SOMEBODY = "SELECT id FROM professionals_person WHERE erased_at IS NULL AND user_id IS NOT NULL ORDER BY id DESC LIMIT 1"
AS_WRITTEN_DOWN = """
    SELECT json_build_object('person', id, 'since', created_at, 'erased', now()) FROM professionals_person WHERE id = {}
"""


def test_the_weekly_check_restores_a_copy_and_reaches_nothing_else(drill: Drill) -> None:
    """The file of erasures names somebody whom the copy still has, as after a restore of an earlier moment."""
    machine = drill.machine
    [somebody] = machine.rows(SOMEBODY)
    with machine.erasures.open("a") as file:
        file.write(machine.rows(AS_WRITTEN_DOWN.format(somebody))[0] + "\n")
    machine.back_up_files()
    erasures, waiting = machine.erasures.read_bytes(), machine.rows("SELECT count(*) FROM notifications_notification")
    assert waiting != ["0"]  # mail that the copy has too, and must not send
    machine.rows("ALTER SYSTEM SET log_connections = on")
    machine.rows("SELECT pg_reload_conf()")
    log = machine.folder / "server.log"
    with sink() as (server, named):
        assert machine.python("manage.py", "migrate", "--check", check=False, **named).returncode != 0
        assert server.visits > 0  # so it counts
        server.visits, connections = 0, log.read_text().count("connection authorized")
        begun = time.monotonic()
        done = machine.python("deploy/check_restore.py", check=False, **named)
        LINES.append(Line("the weekly check", time.monotonic() - begun))
        assert (done.returncode, done.stderr) == (0, "")
        assert "Erased again: 1." in done.stdout
        assert server.visits == 0
        assert log.read_text().count("connection authorized") == connections
    assert machine.rows(f"SELECT erased_at FROM professionals_person WHERE id = {somebody}") == [""]  # noqa: S608 - a number
    assert machine.rows("SELECT count(*) FROM notifications_notification") == waiting
    assert machine.erasures.read_bytes() == erasures
    assert list((machine.folder / "check").iterdir()) == []
    assert machine.noted("tried.json")["backup"] == machine.noted("made.json")["backup"]


def refused(drill: Drill, **variables: str) -> str:
    """The one line with which the weekly check ends; the note of the last good one stays."""
    tried = drill.machine.noted("tried.json")
    done = drill.machine.python("deploy/check_restore.py", check=False, **variables)
    assert done.returncode == 1
    assert drill.machine.noted("tried.json") == tried
    assert list((drill.machine.folder / "check").iterdir()) == []
    return done.stderr.splitlines()[-1]


def test_a_damaged_backup_is_refused(drill: Drill) -> None:
    repo = drill.machine.folder / "damaged"
    shutil.copytree(drill.machine.repo, repo, symlinks=True)
    drill.machine.own(repo, *repo.rglob("*"))
    largest = max((path for path in (repo / "backup").rglob("*") if path.is_file()), key=lambda path: path.stat().st_size)
    with largest.open("r+b") as file:
        for place in range(4096, largest.stat().st_size, 8192):  # in many: what a later backup has anew is not read
            file.seek(place)
            file.write(b"damaged!")
    said = refused(drill, PGBACKREST_REPO1_PATH=str(repo))
    assert said.startswith("The restore check failed: pgbackrest restore ended with ")
    LINES.append(Line("a damaged backup: refused"))


@pytest.mark.long
def test_a_missing_file_is_told(drill: Drill) -> None:
    machine = drill.machine
    (file, *_others) = [path for path in machine.media.rglob("*") if path.is_file()]
    content = file.read_bytes()
    file.unlink()
    machine.back_up_files()
    try:
        assert refused(drill) == "The restore check failed: manage.py check_files ended with 1."
    finally:
        file.write_bytes(content)
        machine.back_up_files()


def test_nobody_reads_it_without_the_passphrase(drill: Drill) -> None:
    """A wrong key makes random bytes of the file. pgBackRest trips over one of its lines, or over the padding at its end."""
    wrong = {"PGBACKREST_REPO1_CIPHER_PASS": "x" * 64}
    assert re.search(r"\[(Format|Crypto)Error\] unable to load info file", refused(drill, **wrong))
    LINES.append(Line("a wrong passphrase: refused"))


def bytes_of(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file() and not path.is_symlink()).lower()


def test_no_name_can_be_read_in_the_repository(drill: Drill) -> None:
    """Uncompressed, so that only the encryption can hide it; and the same backup without encryption shows it."""
    machine = drill.machine
    machine.rows(f"SELECT pg_switch_wal() FROM professionals_person WHERE email = '{EMAIL}'")  # noqa: S608 - ours
    for cipher, readable in (("aes-256-cbc", False), ("none", True)):
        repo = machine.folder / f"repo-{cipher}"
        machine.make(repo)
        how = {"PGBACKREST_REPO1_PATH": str(repo), "PGBACKREST_REPO1_CIPHER_TYPE": cipher, "PGBACKREST_COMPRESS_TYPE": "none"}
        if cipher == "none":
            how |= {"PGBACKREST_CONFIG_INCLUDE_PATH": str(machine.folder / "log")}
        machine.pgbackrest("stanza-create", **how)
        machine.pgbackrest("--type=full", "--no-archive-check", "backup", **how)
        assert (b"teacher" in bytes_of(repo) or CANARY in bytes_of(repo)) is readable
        shutil.rmtree(repo)
    assert CANARY not in bytes_of(machine.repo)
    assert machine.erasures.read_bytes() not in bytes_of(machine.restic)


def test_whoever_was_erased_since_is_erased_again(drill: Drill) -> None:
    """The moment of the backup is restored: they are in it."""
    machine = drill.machine
    backup = machine.noted("made.json")["backup"]
    machine.stop()
    restored = drill.restore("--delta", f"--set={backup}", "--type=immediate", "--target-action=promote")
    there = drill.tables_with("quillfinch")
    assert {"professionals_person", "bookings_booking", "leaflets_order"} <= there
    back = machine.folder / "back"
    machine.restic_run("restore", "latest", "--tag=files", f"--target={back}")
    file = back / machine.erasures.relative_to("/")
    with sink() as (server, named):
        del named["DATABASE_URL"]
        replayed = machine.python("manage.py", "replay_erasures", f"--file={file}", **named)
        assert server.visits > 0  # it asks for the broker where one is named: the weekly check must name none
    assert "Erased again: 1." in replayed.stdout, replayed.stdout
    assert drill.tables_with("quillfinch") == set()
    LINES.append(Line(f"an erased person, in {len(there)} tables of the backup: in none after replay_erasures", restored))
