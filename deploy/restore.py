"""A backup, back into an empty database and an empty folder. `python deploy/restore.py BACKUP_DIR/ctac-DATE`

Reads DATABASE_URL (the role that owns the tables: ctac_owner) and MEDIA_ROOT. Stops at the first thing that is not as it must be,
and proves at the end that every row is there and that the stock ledger and the figures are equal. It notes beside the backup that
it was tried. Then run deploy/sql/grants.sql.
"""

import json
import subprocess
import sys
import tarfile
from pathlib import Path

import psycopg2

from backup import CONTENTS, DUMP, MEDIA, TRIED, checksum, note, require_setting, row_counts, run, server_variables

ROOT = Path(__file__).resolve().parent.parent


def count_rows(url: str) -> dict[str, int]:
    connection = psycopg2.connect(url)
    try:
        with connection.cursor() as cursor:
            return row_counts(cursor)
    finally:
        connection.close()


def unpack(archive: Path, media: Path) -> int:
    media.mkdir(parents=True, exist_ok=True)
    with tarfile.open(archive) as packed:
        members = [member for member in packed.getmembers() if member.name.startswith("media/")]
        for member in members:
            member.name = member.name.removeprefix("media/")
        packed.extractall(media, members=members, filter="data")
        return sum(member.isfile() for member in members)


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        sys.exit("Which backup? python deploy/restore.py BACKUP_DIR/ctac-DATE")
    folder, url, media = Path(arguments[0]), require_setting("DATABASE_URL"), Path(require_setting("MEDIA_ROOT"))
    contents = json.loads((folder / CONTENTS).read_text())
    if count_rows(url):
        sys.exit("This database has tables already. Make an empty one and name it in DATABASE_URL.")
    if media.exists() and any(media.iterdir()):
        sys.exit(f"{media} holds files already. Name an empty folder in MEDIA_ROOT.")
    damaged = [name for name, expected in contents["sha256"].items() if checksum(folder / name) != expected]
    if damaged:
        sys.exit(f"{' and '.join(damaged)} differ from what was backed up. Take another backup.")
    # In one transaction: what fails leaves the database empty, to try again. (pg_restore wants the name on its command line.)
    options = ["--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction"]
    run(["pg_restore", *options, "--dbname=" + server_variables(url)["PGDATABASE"], str(folder / DUMP)], url)
    files = unpack(folder / MEDIA, media)
    before, now = contents["rows"] | {"uploaded files": contents["files"]}, count_rows(url) | {"uploaded files": files}
    differing = [name for name in sorted(before.keys() | now.keys()) if before.get(name) != now.get(name)]
    if differing:
        lines = [f"{name}: {before.get(name)} rows before, {now.get(name)} now" for name in differing]
        sys.exit("\n".join(["The restored database differs:", *lines]))
    subprocess.run([sys.executable, str(ROOT / "manage.py"), "reconcile_stock"], check=True, cwd=ROOT)
    print(f"{sum(contents['rows'].values())} rows and {files} files are back. Now run deploy/sql/grants.sql as their owner.")
    try:
        note(TRIED, folder.resolve())
    except OSError as error:
        print(f"That it was tried could not be noted beside the backup: {error.strerror}.")
    print("Before anything is served: manage.py replay_erasures. Whoever was erased since this backup is in it again.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
