"""A backup, back into an empty database and an empty folder. `python deploy/restore.py BACKUP_DIR/ctac-DATE`

Reads DATABASE_URL (the role that owns the tables: ctac_owner) and MEDIA_ROOT. Stops at the first thing that is not as it must be,
and proves at the end that every row is there and that the stock ledger and the figures are equal. Then run deploy/sql/grants.sql.
"""

import json
import subprocess
import sys
import tarfile
from pathlib import Path

import psycopg2

from backup import CONTENTS, DUMP, MEDIA, checksum, need, row_counts, run, server_variables

ROOT = Path(__file__).resolve().parent.parent


def rows_of(url: str) -> dict[str, int]:
    connection = psycopg2.connect(url)
    try:
        with connection.cursor() as cursor:
            return row_counts(cursor)
    finally:
        connection.close()


def refuse_what_is_not_empty(url: str, media: Path) -> None:
    if rows_of(url):
        sys.exit("This database has tables already. Make an empty one and name it in DATABASE_URL.")
    if media.exists() and any(media.iterdir()):
        sys.exit(f"{media} holds files already. Name an empty folder in MEDIA_ROOT.")


def refuse_what_is_damaged(folder: Path, sums: dict[str, str]) -> None:
    wrong = [name for name, expected in sums.items() if checksum(folder / name) != expected]
    if wrong:
        sys.exit(f"{' and '.join(wrong)} differ from what was backed up. Take another backup.")


def unpack(archive: Path, media: Path) -> int:
    media.mkdir(parents=True, exist_ok=True)
    with tarfile.open(archive) as packed:
        members = [member for member in packed.getmembers() if member.name.startswith("media/")]
        for member in members:
            member.name = member.name.removeprefix("media/")
        packed.extractall(media, members=members, filter="data")
        return sum(member.isfile() for member in members)


def compare(expected: dict[str, int], found: dict[str, int]) -> None:
    tables = sorted(expected.keys() | found.keys())
    wrong = [
        f"{table}: {expected.get(table)} rows before, {found.get(table)} now"
        for table in tables
        if expected.get(table) != found.get(table)
    ]
    if wrong:
        sys.exit("\n".join(["The restored database differs:", *wrong]))


def main(words: list[str]) -> int:
    if len(words) != 1:
        sys.exit("Which backup? python deploy/restore.py BACKUP_DIR/ctac-DATE")
    folder, url, media = Path(words[0]), need("DATABASE_URL"), Path(need("MEDIA_ROOT"))
    contents = json.loads((folder / CONTENTS).read_text())
    refuse_what_is_not_empty(url, media)
    refuse_what_is_damaged(folder, contents["sha256"])
    # In one transaction: what fails leaves the database empty, to try again. (pg_restore wants the name on its command line.)
    restore = [
        "pg_restore",
        "--no-owner",
        "--no-privileges",
        "--exit-on-error",
        "--single-transaction",
        "--dbname=" + server_variables(url)["PGDATABASE"],
    ]
    run([*restore, str(folder / DUMP)], url)
    files = unpack(folder / MEDIA, media)
    compare(contents["rows"] | {"uploaded files": contents["files"]}, rows_of(url) | {"uploaded files": files})
    subprocess.run([sys.executable, str(ROOT / "manage.py"), "reconcile_stock"], check=True, cwd=ROOT)
    print(f"{sum(contents['rows'].values())} rows and {files} files are back. Now run deploy/sql/grants.sql as their owner.")
    print("Before anything is served: manage.py replay_erasures. Whoever was erased since this backup is in it again.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
