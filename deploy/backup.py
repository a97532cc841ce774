"""One backup: the database and the uploaded files, whole or not there at all. `python deploy/backup.py`

Reads DATABASE_URL, MEDIA_ROOT, BACKUP_DIR and BACKUP_KEEP_DAYS. Writes BACKUP_DIR/ctac-DATE/ with database.dump, media.tar.gz and
contents.json (checksums, and how many rows each table has), readable by its owner only. Needs pg_dump of the server's version or
newer. A backup holds personal data: keep it as closed as the database, and take a copy of it off this machine.
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
TABLES = """
    SELECT quote_ident(relname) FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') ORDER BY relname
"""


def need(name: str) -> str:
    value = os.environ.get(name, "")
    if not value:
        sys.exit(f"{name} is not set; .env.example explains it.")
    return value


def server_variables(url: str) -> dict[str, str]:
    """The server's address as libpq's variables: on a command line, others on this machine would read the password."""
    parts = urlsplit(url)
    found = {
        "PGHOST": unquote(parts.hostname or ""),
        "PGPORT": str(parts.port or ""),
        "PGUSER": unquote(parts.username or ""),
        "PGPASSWORD": unquote(parts.password or ""),
        "PGDATABASE": unquote(parts.path.lstrip("/")),
    }
    names = {"host": "PGHOST", "port": "PGPORT", "sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT", "options": "PGOPTIONS"}
    found |= {names[key]: value for key, value in parse_qsl(parts.query) if key in names}
    return {key: value for key, value in found.items() if value}


def run(words: list[str], url: str) -> None:
    """A program of PostgreSQL; its own words say what is wrong."""
    if shutil.which(words[0]) is None:
        sys.exit(f"{words[0]} is not here: install PostgreSQL's client programs, of the server's version or newer.")
    if subprocess.run(words, env=os.environ | server_variables(url), check=False).returncode:
        sys.exit(f"{words[0]} failed; its lines above say why.")


def checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def row_counts(cursor: Any) -> dict[str, int]:
    """Every table, and how many rows it has."""
    cursor.execute(TABLES)
    tables = [name for (name,) in cursor.fetchall()]
    found = {}
    for table in tables:
        cursor.execute(f"SELECT count(*) FROM public.{table}")  # noqa: S608 - a name that the server quoted
        found[table] = cursor.fetchone()[0]
    return found


def dump(url: str, target: Path) -> dict[str, int]:
    """The database at one moment, and how many rows each table had at that moment."""
    connection = psycopg2.connect(url)
    connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
    try:
        with connection.cursor() as cursor:
            # A page may take 30 seconds (roles.sql), a backup as long as it needs.
            cursor.execute("SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; SELECT pg_export_snapshot()")
            snapshot = cursor.fetchone()[0]
            words = ["--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}", f"--file={target}"]
            run(["pg_dump", *words], url)
            return row_counts(cursor)
    finally:
        connection.close()


def pack(folder: Path, target: Path) -> int:
    """The uploaded files; how many. After the database: every file that it names is there."""
    with tarfile.open(target, "w:gz") as archive:
        if folder.is_dir():
            archive.add(folder, arcname="media")
        return sum(member.isfile() for member in archive.getmembers())


@contextmanager
def whole_or_nothing(final: Path) -> Iterator[Path]:
    """A folder under another name, which it loses once all that is in it is safe on the disk."""
    unfinished = final.with_name(f"{UNFINISHED}{final.name}")
    unfinished.mkdir(mode=0o700)
    try:
        yield unfinished
        for path in (*unfinished.iterdir(), unfinished):
            path.chmod(0o700 if path.is_dir() else 0o600)
            with_sync(path)
        unfinished.rename(final)
        with_sync(final.parent)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def with_sync(path: Path) -> None:
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def moment_of(folder: Path) -> datetime | None:
    try:
        return datetime.strptime(folder.name.removeprefix(UNFINISHED), NAME).replace(tzinfo=UTC)
    except ValueError:
        return None


def clear(folder: Path, now: datetime, keep: timedelta) -> None:
    """Backups older than `keep` go, and what a run that was killed left. The newest stays, however old it is."""
    dated = sorted((moment, path) for path in folder.iterdir() if path.is_dir() and (moment := moment_of(path)))
    whole = [path for _moment, path in dated if not path.name.startswith(UNFINISHED)]
    for moment, path in dated:
        abandoned = path.name.startswith(UNFINISHED) and now - moment > timedelta(days=1)
        if abandoned or (path in whole[:-1] and now - moment > keep):
            shutil.rmtree(path)


def main() -> int:
    os.umask(0o077)
    url, media, folder = need("DATABASE_URL"), Path(need("MEDIA_ROOT")), Path(need("BACKUP_DIR"))
    keep = timedelta(days=int(os.environ.get("BACKUP_KEEP_DAYS") or 30))
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    now = datetime.now(UTC)
    final = folder / now.strftime(NAME)
    with whole_or_nothing(final) as unfinished:
        contents: dict[str, Any] = {"rows": dump(url, unfinished / DUMP), "files": pack(media, unfinished / MEDIA)}
        contents["sha256"] = {name: checksum(unfinished / name) for name in (DUMP, MEDIA)}
        (unfinished / CONTENTS).write_text(json.dumps(contents, indent=2))
    clear(folder, now, keep)
    size = sum(path.stat().st_size for path in final.iterdir())
    print(f"{final}: {sum(contents['rows'].values())} rows, {contents['files']} files, {size / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
