"""Restores the newest backup into a PostgreSQL of its own, and checks the copy: `python deploy/check_restore.py`.

ctac-check-restore.timer runs it each week, as postgres or root, on the database's machine or any other that can read the
repository. If anything is wrong, it ends with 1 and one line that begins "The restore check failed". If not, it writes
BACKUP_DIR/tried.json.

The copy has a folder under CHECK_DIR (/var/tmp) with a socket, no TCP and no archive; both are deleted at the end. The programs
that check it get only the address and files of this copy, and none of the site's settings, so they can't reach the real database,
broker, mail server or monitor. RESTIC_REPOSITORY has the uploaded files and the file of erasures; MEDIA_ROOT and ERASURES_FILE
are the paths that they had.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg2

from backup import STANZA, TRIED_NOTE_FILE, BackupError, as_postgres, backups, note, pgbackrest, run

ROOT = Path(__file__).resolve().parent.parent
DATABASE = "ctac"
MAX_CHANGE_AGE = timedelta(hours=36)  # something is counted and written each night
RECOVERY_TIMEOUT_SECONDS = 6 * 3600
# On the command line, where they override what ALTER SYSTEM set on the real server.
COPY_SETTINGS = {
    "listen_addresses": "",
    "archive_mode": "off",
    "hot_standby": "off",  # so that it need not be as large as the real one
    "max_connections": "20",
    "primary_conninfo": "",
    "synchronous_standby_names": "",  # the copy has no standby, and a commit would wait for it
    "shared_preload_libraries": "",
    "ssl": "off",
    "log_min_messages": "fatal",  # a message may contain a row
}
# Only postgres and root can enter the folder.
PG_HBA_TEXT = "local all all trust\n"
TABLES_SQL = """
    SELECT quote_ident(relname) FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition ORDER BY relname
"""
REQUIRED_TABLES = ("django_migrations", "accounts_user", "professionals_person", "notifications_notification")


def chown_to_postgres(path: Path) -> None:
    """Give the file to postgres, if root runs this."""
    if account := as_postgres():
        os.chown(path, account["user"], account["group"])


class Copy:
    """The restored data and files, in a folder that only postgres can enter."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.data, self.socket = folder, folder / "data", folder / "s"
        self.files, self.var = folder / "files", folder / "var"
        self.server: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"postgres://postgres@/{DATABASE}?host={self.socket}"

    def restore(self, backup: dict[str, Any]) -> None:
        """Restore up to the newest moment in the archive. Raises BackupError."""
        needed, free = int(backup["info"]["size"] * 1.5), shutil.disk_usage(self.folder).free
        if needed > free:  # a full disk would stop the real server too
            raise BackupError(f"{needed / 1e9:.1f} GB are needed in {self.folder.parent}, and {free / 1e9:.1f} GB are free")
        words = [f"--pg1-path={self.data}", f"--tablespace-map-all={self.folder / 'tablespaces'}", "--archive-mode=off"]
        pgbackrest(*words, "restore")

    def programs_folder(self) -> Path:
        """The folder of PostgreSQL's programs, in the version that wrote the data: Debian's, or else the first in the PATH."""
        debian = Path("/usr/lib/postgresql") / (self.data / "PG_VERSION").read_text().strip() / "bin"
        return debian if debian.is_dir() else Path(shutil.which("postgres") or "postgres").parent

    def start(self) -> None:
        """Start the server, and wait until it has replayed the whole archive. Raises BackupError."""
        for name, text in (
            ("postgresql.conf", ""),
            ("pg_hba.conf", PG_HBA_TEXT),
            ("pg_ident.conf", ""),
        ):  # Debian has these in /etc
            (self.data / name).write_text(text)
            chown_to_postgres(self.data / name)
        options = COPY_SETTINGS | {"unix_socket_directories": str(self.socket)}
        words = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        program = str(self.programs_folder() / "postgres")
        with (self.folder / "log").open("wb") as log:
            self.server = subprocess.Popen([program, "-D", str(self.data), *words], stdout=log, stderr=log, **as_postgres())
        end = time.monotonic() + RECOVERY_TIMEOUT_SECONDS
        while not self.answers():
            if self.server.poll() is not None or time.monotonic() > end:
                lines = (self.folder / "log").read_text(errors="replace").strip().splitlines() or ["it said nothing"]
                raise BackupError(f"the restored database does not start: {lines[-1]}")
            time.sleep(0.2)

    def answers(self) -> bool:
        try:
            return bool(self.query("SELECT NOT pg_is_in_recovery()")[0][0])
        except psycopg2.OperationalError:
            return False

    def stop(self) -> None:
        if self.server is not None:
            self.server.send_signal(signal.SIGINT)  # without waiting for those who are connected
            try:
                self.server.wait(60)
            except subprocess.TimeoutExpired:
                self.server.kill()

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        connection = psycopg2.connect(self.url)
        try:
            with connection.cursor() as cursor:
                cursor.execute(sql)
                return cursor.fetchall()
        finally:
            connection.close()

    def manage(self, *words: str) -> str:
        """Run a manage.py command on the copy. Of our environment it gets only the PATH and the address of a bucket of files."""
        env = {name: os.environ[name] for name in ("FILES_URL", "AWS_CA_BUNDLE") if os.environ.get(name)}
        env |= {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "ENV_FILE": os.devnull,
            "CTAC_ENV": "test",
            "CTAC_VAR": str(self.var),
        }
        env |= {"DATABASE_URL": self.url, "MEDIA_ROOT": str(self.restored_path("MEDIA_ROOT", "/var/lib/ctac/media"))}
        env |= {"ERASURES_FILE": str(self.erasures)}
        return run(sys.executable, "-W", "ignore", "manage.py", *words, called=f"manage.py {words[0]}", cwd=ROOT, env=env).strip()

    def restored_path(self, variable: str, usual: str) -> Path:
        """Where restic has put a restored path: it keeps the whole path."""
        return self.files / Path(os.environ.get(variable) or usual).relative_to("/")

    @property
    def erasures(self) -> Path:
        return self.restored_path("ERASURES_FILE", "/var/lib/ctac/erasures/erasures.jsonl")


@contextmanager
def temporary_copy() -> Iterator[Copy]:
    """A folder for the copy. Afterwards the server is stopped and the folder deleted, whatever happens."""
    folder = Path(tempfile.mkdtemp(prefix="ctac-check-", dir=os.environ.get("CHECK_DIR") or "/var/tmp"))  # noqa: S108 - closed, random
    copy = Copy(folder)
    try:
        for path in (folder, copy.data, copy.socket):
            path.mkdir(mode=0o700, exist_ok=True)
            chown_to_postgres(path)
        yield copy
    finally:
        copy.stop()
        shutil.rmtree(folder, ignore_errors=True)


def check_age(copy: Copy, backup: dict[str, Any]) -> str:
    """The age of the newest change in the copy. Raises BackupError if the archive ends too early."""
    [(replayed,)] = copy.query("SELECT pg_last_xact_replay_timestamp()")
    newest = replayed or datetime.fromtimestamp(backup["timestamp"]["stop"], UTC)
    age = datetime.now(UTC) - newest
    if age > MAX_CHANGE_AGE:
        raise BackupError(f"the newest change in it is {age.total_seconds() / 3600:.0f} hours old")
    return f"The newest change is {age.total_seconds():.0f} s old."


def check_rows(copy: Copy) -> str:
    counts = {name: copy.query(f"SELECT count(*) FROM {name}")[0][0] for (name,) in copy.query(TABLES_SQL)}  # noqa: S608 - a name that the server quoted
    if empty := [name for name in REQUIRED_TABLES if not counts.get(name)]:
        raise BackupError(f"{', '.join(empty)} has no rows")
    return f"{sum(counts.values())} rows in {len(counts)} tables."


def check_site(copy: Copy) -> Iterator[str]:
    """Checks by the site's own commands."""
    copy.manage("migrate", "--check")
    yield "Its migrations are this code's."
    yield copy.manage("reconcile_stock")
    if os.environ.get("RESTIC_REPOSITORY"):
        run("restic", "--quiet", "restore", "latest", "--tag=files", f"--target={copy.files}", called="restic restore")
        yield copy.manage("check_files")
    else:
        yield "RESTIC_REPOSITORY is not set: the uploaded files and the erasures were not looked at."
    if copy.erasures.exists():  # there is none until somebody is erased
        yield copy.manage("replay_erasures")


def check_restore() -> str:
    """Restore and check, print what it finds, and return the name of the backup. Raises BackupError."""
    made = backups()
    if not made:
        raise BackupError(f"the repository has no backup of {STANZA}")
    begun = time.monotonic()
    with temporary_copy() as copy:
        copy.restore(made[-1])
        copy.start()
        print(f"{made[-1]['label']} was restored and is up to date after {time.monotonic() - begun:.0f} s.", flush=True)
        print(check_age(copy, made[-1]))
        run(
            str(copy.programs_folder() / "pg_amcheck"),
            "--install-missing",
            f"--host={copy.socket}",
            "--username=postgres",
            DATABASE,
        )
        print("Every page and index can be read (pg_amcheck).")
        print(check_rows(copy), flush=True)
        for said in check_site(copy):
            print(said, flush=True)
    return str(made[-1]["label"])


def main() -> int:
    os.umask(0o077)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the copy is deleted
    try:
        note(TRIED_NOTE_FILE, check_restore())
    except Exception as error:  # noqa: BLE001 - whatever it is, somebody must hear of it, in a line
        said = str(error).strip().splitlines() or [type(error).__name__]
        sys.stderr.write(f"The restore check failed: {said[0]}.\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
