"""Makes one backup of the database: `python deploy/backup.py`. ctac-backup.timer runs it each night, as postgres or root.

It uses pgBackRest, which makes a full backup if the last one is a week old, and otherwise saves what has changed since. If a
hosting firm runs PostgreSQL and allows no pgBackRest, `python deploy/backup.py dump` stores a dump in a restic repository,
together with the uploaded files and the file of erasures. For that it reads PGHOST, PGUSER, PGDATABASE and PGPASSFILE, like
pg_dump, and RESTIC_REPOSITORY, RESTIC_PASSWORD_FILE, MEDIA_ROOT, ERASURES_FILE and BACKUP_KEEP_DAYS.

BACKUP_DIR/made.json then says which backup was made and when, for the first-run check. docs/backup.md has the rest.
"""

import json
import os
import pwd
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

STANZA = "ctac"
MADE_NOTE_FILE, TRIED_NOTE_FILE = "made.json", "tried.json"  # the last backup made and the last one restored, each with its time
FULL_BACKUP_INTERVAL = timedelta(days=6, hours=12)  # a week, less the time by which one night's run may be earlier
DUMP_FILE = "ctac.dump"


class BackupError(Exception):
    """What failed, in one line. The program itself has written the details to standard error."""


def require_setting(name: str) -> str:
    value = os.environ.get(name, "")
    if not value:
        raise BackupError(f"{name} is not set; docs/backup.md explains it")
    return value


def as_postgres() -> dict[str, Any]:
    """The arguments with which subprocess runs a program as postgres: PostgreSQL refuses root, and can't read root's files."""
    if os.geteuid():
        return {}
    account = pwd.getpwnam("postgres")
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": [], "cwd": "/"}


def run(*command: str, called: str = "", **how: Any) -> str:
    """Run a program and return its standard output. Raises BackupError with the name `called`."""
    called = called or Path(command[0]).name
    try:
        done = subprocess.run(command, **{"check": False, "stdout": subprocess.PIPE, "text": True, "errors": "replace", **how})
    except (FileNotFoundError, PermissionError):
        raise BackupError(f"{Path(command[0]).name} is not installed") from None
    if done.returncode:
        raise BackupError(f"{called} ended with {done.returncode}")
    return str(done.stdout)


def pgbackrest(*words: str) -> str:
    return run("pgbackrest", f"--stanza={STANZA}", *words, called=f"pgbackrest {words[-1]}", **as_postgres())


def backups() -> list[dict[str, Any]]:
    """The complete backups in the repository, the oldest first. Raises BackupError."""
    # Not strict: with a wrong passphrase, it quotes text that it could not read.
    stanzas = json.loads(pgbackrest("--output=json", "info"), strict=False)
    for repository in (repository for stanza in stanzas for repository in stanza["repo"]):
        if repository["status"]["code"] not in {0, 2}:  # 2: it has no backup yet
            raise BackupError(repository["status"]["message"].splitlines()[0].rstrip(":"))
    return [backup for stanza in stanzas for backup in stanza["backup"] if not backup["error"]]


def kind_due(made: list[dict[str, Any]], now: datetime) -> str:
    """The type of backup that is due, in pgBackRest's words: full or diff."""
    full = [backup["timestamp"]["start"] for backup in made if backup["type"] == "full"]
    return "diff" if full and now - datetime.fromtimestamp(max(full), UTC) < FULL_BACKUP_INTERVAL else "full"


def note(name: str, backup: str) -> None:
    """Note a backup and the time in a file that everybody may read: it says no more than that."""
    folder = Path(require_setting("BACKUP_DIR"))
    fresh = (folder / name).with_suffix(".new")
    fresh.write_text(json.dumps({"backup": backup, "at": datetime.now(UTC).isoformat()}))
    fresh.chmod(0o644)
    fresh.replace(folder / name)


def back_up() -> str:
    """Make a backup, and return its name. Raises BackupError, also if it has damaged pages: pgBackRest ends well with those."""
    before = backups()
    pgbackrest(f"--type={kind_due(before, datetime.now(UTC))}", "backup")
    known = {backup["label"] for backup in before}
    made = [backup for backup in backups() if backup["label"] not in known]
    if not made:
        raise BackupError("pgbackrest found damaged pages in it")
    return str(made[-1]["label"])


def store_dump() -> str:
    """Store a dump, and return the id of its restic snapshot. There is none unless pg_dump ends well.

    The files are stored after the database, so that they include all that its rows name.
    """
    words = ["--json", "--tag=database", f"--stdin-filename={DUMP_FILE}", "--stdin-from-command", "--"]
    words += ["pg_dump", "--format=custom", "--no-owner", "--no-privileges"]
    said = run("restic", "backup", *words, called="restic backup")
    folders = {Path(require_setting("ERASURES_FILE")).parent}
    if not os.environ.get("FILES_URL"):  # else the bucket keeps versions of the uploaded files
        folders.add(Path(require_setting("MEDIA_ROOT")))
    if here := [str(folder) for folder in sorted(folders) if folder.is_dir()]:
        run("restic", "--quiet", "backup", "--tag=files", *here, called="restic backup")
    keep = f"--keep-within={os.environ.get('BACKUP_KEEP_DAYS') or 30}d"
    run("restic", "--quiet", "forget", "--group-by=tags", keep, "--prune", called="restic forget")
    return str(json.loads(said.splitlines()[-1])["snapshot_id"])


def main(arguments: list[str]) -> int:
    try:
        require_setting("BACKUP_DIR")  # first, since a backup that can't be noted should not be made
        made = store_dump() if arguments == ["dump"] else back_up()
        note(MADE_NOTE_FILE, made)
    except (BackupError, OSError) as error:
        sys.stderr.write(f"There is no backup: {error}.\n")
        return 1
    print(f"Backup {made} is made.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
