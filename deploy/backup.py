"""One backup: the database and the uploaded files, whole or not there at all. `python deploy/backup.py`

Reads DATABASE_URL, MEDIA_ROOT, BACKUP_DIR and BACKUP_KEEP_DAYS. Writes BACKUP_DIR/ctac-DATE/ with database.dump, media.tar.gz and
contents.json (checksums, and how many rows each table has), readable by its owner only; made.json
beside it says when. Needs pg_dump of the server's version or newer. A backup holds personal data: keep it as closed as the
database, and take a copy of it off this machine.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import psycopg2

NAME = "ctac-%Y%m%dT%H%M%SZ"
UNFINISHED = ".unfinished-"
DUMP, MEDIA, CONTENTS = "database.dump", "media.tar.gz", "contents.json"
MADE, TRIED = "made.json", "tried.json"  # which was made and which restored last, and when: the first-run check reads both
TABLES = """
    SELECT quote_ident(relname) FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') ORDER BY relname
"""


def require_setting(name: str) -> str:
    value = os.environ.get(name, "")
    if not value:
        sys.exit(f"{name} is not set; .env.example explains it.")
    return value


def server_variables(url: str) -> dict[str, str]:
    """The server's address as libpq's variables: on a command line, others on this machine would read the password."""
    parts = urlsplit(url)
    variables = {
        "PGHOST": unquote(parts.hostname or ""),
        "PGPORT": str(parts.port or ""),
        "PGUSER": unquote(parts.username or ""),
        "PGPASSWORD": unquote(parts.password or ""),
        "PGDATABASE": unquote(parts.path.lstrip("/")),
    }
    names = {"host": "PGHOST", "port": "PGPORT", "sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT", "options": "PGOPTIONS"}
    variables |= {names[key]: value for key, value in parse_qsl(parts.query) if key in names}
    return {key: value for key, value in variables.items() if value}


def run(command: list[str], url: str) -> None:
    """A program of PostgreSQL, which prints itself what is wrong."""
    if shutil.which(command[0]) is None:
        sys.exit(f"{command[0]} is not here: install PostgreSQL's client programs, of the server's version or newer.")
    if subprocess.run(command, env=os.environ | server_variables(url), check=False).returncode:
        sys.exit(f"{command[0]} failed; its lines above say why.")


def checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def row_counts(cursor: Any) -> dict[str, int]:
    cursor.execute(TABLES)
    counts = {}
    for (table,) in cursor.fetchall():
        cursor.execute(f"SELECT count(*) FROM public.{table}")  # noqa: S608 - a name that the server quoted
        counts[table] = cursor.fetchone()[0]
    return counts


def dump(url: str, target: Path) -> dict[str, int]:
    """The database at one moment; returns how many rows each table had then."""
    connection = psycopg2.connect(url)
    connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
    try:
        with connection.cursor() as cursor:
            # A page may take 30 seconds (roles.sql), a backup as long as it needs.
            cursor.execute("SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; SELECT pg_export_snapshot()")
            snapshot = cursor.fetchone()[0]
            options = ["--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}", f"--file={target}"]
            run(["pg_dump", *options], url)
            return row_counts(cursor)
    finally:
        connection.close()


def archive_uploads(folder: Path, target: Path) -> int:
    """Returns how many. After the database: every file that it names is there."""
    with tarfile.open(target, "w:gz") as archive:
        if folder.is_dir():
            archive.add(folder, arcname="media")
        return sum(member.isfile() for member in archive.getmembers())


@contextmanager
def atomic_folder(final: Path) -> Iterator[Path]:
    """A folder under another name, which it loses once all that is in it is safe on the disk."""
    unfinished = final.with_name(f"{UNFINISHED}{final.name}")
    unfinished.mkdir(mode=0o700)
    try:
        yield unfinished
        for path in (*unfinished.iterdir(), unfinished):
            path.chmod(0o700 if path.is_dir() else 0o600)
            fsync(path)
        unfinished.rename(final)
        fsync(final.parent)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def fsync(path: Path) -> None:
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def backup_time(folder: Path) -> datetime | None:
    try:
        return datetime.strptime(folder.name.removeprefix(UNFINISHED), NAME).replace(tzinfo=UTC)
    except ValueError:
        return None


def note(name: str, backup: Path) -> None:
    """In the folder of all backups, for everybody who can look into it: it says no more than when."""
    file = backup.parent / name
    fresh = file.with_suffix(".new")
    fresh.write_text(json.dumps({"backup": backup.name, "at": datetime.now(UTC).isoformat()}))
    fresh.chmod(0o644)
    fresh.replace(file)


def delete_old(folder: Path, now: datetime, keep: timedelta) -> None:
    """Backups older than `keep` go, and what a run that was killed left. The newest stays, however old it is."""
    backups = sorted((at, path) for path in folder.iterdir() if path.is_dir() and (at := backup_time(path)))
    finished = [path for _at, path in backups if not path.name.startswith(UNFINISHED)]
    for at, path in backups:
        abandoned = path.name.startswith(UNFINISHED) and now - at > timedelta(days=1)
        if abandoned or (path in finished[:-1] and now - at > keep):
            shutil.rmtree(path)


def main() -> int:
    os.umask(0o077)
    url, media, folder = require_setting("DATABASE_URL"), Path(require_setting("MEDIA_ROOT")), Path(require_setting("BACKUP_DIR"))
    keep = timedelta(days=int(os.environ.get("BACKUP_KEEP_DAYS") or 30))
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    now = datetime.now(UTC)
    final = folder / now.strftime(NAME)
    with atomic_folder(final) as unfinished:
        contents: dict[str, Any] = {"rows": dump(url, unfinished / DUMP), "files": archive_uploads(media, unfinished / MEDIA)}
        contents["sha256"] = {name: checksum(unfinished / name) for name in (DUMP, MEDIA)}
        (unfinished / CONTENTS).write_text(json.dumps(contents, indent=2))
    note(MADE, final)
    delete_old(folder, now, keep)
    size = sum(path.stat().st_size for path in final.iterdir())
    print(f"{final}: {sum(contents['rows'].values())} rows, {contents['files']} files, {size / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
