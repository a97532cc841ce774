"""The data of a PostgreSQL whose database `ctac` is migrated, made once: the tests' servers and their stacks begin with a copy.

It is kept from run to run, in the folder tests-ready under `var`, and made anew when a file changes that migrating goes by.
"""

import fcntl
import os
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

from ctac.local import postgres

FOLDER = "CTAC_TEST_READY"  # names the folder of the data to xdist's workers
BASE_DIR = Path(__file__).resolve().parent.parent
# What a migration runs or reads. Models are not among them: a migration holds its own.
GOES_BY = ("*/migrations/*.py", "core/models.py", "ctac/settings.py", "ctac/local/postgres.py")
GOES_BY += ("*/sql/*.sql", "*/data/*.csv", "requirements*.txt", "tests/ready.py")
# Tests end processes, and never the machine's power.
NO_POWER_CUTS = "fsync = off\nfull_page_writes = off\n"


def fingerprint() -> str:
    found = sha256(sys.version.encode())
    for path in sorted(path for pattern in GOES_BY for path in BASE_DIR.glob(pattern)):
        found.update(str(path.relative_to(BASE_DIR)).encode() + path.read_bytes())
    return found.hexdigest()[:16]


def make(own: Path) -> Path:
    """The folder of the data, to be copied: in `own`, where no other run replaces them. Raises PlatformError."""
    kept = BASE_DIR / "var" / "tests-ready"
    kept.mkdir(parents=True, exist_ok=True)
    folder = kept / fingerprint()
    with (kept / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            for old in kept.glob("*/"):
                shutil.rmtree(old)
            migrate(kept / "new")
            (kept / "new").rename(folder)
        copy(postgres.data_dir(folder), postgres.data_dir(own))
    return postgres.data_dir(own)


def migrate(folder: Path) -> None:
    server = postgres.start(folder, fast=True)
    try:
        env = os.environ | {"CTAC_VAR": str(folder), "DATABASE_URL": postgres.database_url(folder)}
        subprocess.run([sys.executable, "manage.py", "migrate", "--verbosity=0"], cwd=BASE_DIR, env=env, check=True)
    finally:
        postgres.stop(folder)
        if server:
            server.wait()
    with (postgres.data_dir(folder) / "postgresql.conf").open("a") as conf:
        conf.write(NO_POWER_CUTS)


def lay_out(var_dir: Path) -> None:
    """The data where the server of this var folder looks for them, unless there are some or none were made ready."""
    data, source = postgres.data_dir(var_dir), Path(os.environ.get(FOLDER, os.devnull))
    if source.is_dir() and not data.exists():
        copy(source, data)


def copy(source: Path, data: Path) -> None:
    """Owners too: root's server is another's."""
    data.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run([shutil.which("cp") or "cp", "-a", source, data], check=True)
