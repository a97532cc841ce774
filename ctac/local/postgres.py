"""The embedded PostgreSQL of one copy."""

import hashlib
import os
from pathlib import Path


class PlatformError(Exception):
    """Something this machine lacks; the message says in one line what to do."""


def runtime_dir(var_dir: Path) -> Path:
    name = hashlib.sha256(f"{os.geteuid()}:{os.path.realpath(var_dir)}".encode()).hexdigest()[:16]
    return Path("/tmp") / f"ctac-{name}"  # noqa: S108 - short and the same in every process; made closed, owner checked


def database_url(var_dir: Path) -> str:
    return f"postgres://postgres@/ctac?host={runtime_dir(var_dir)}"


def start(var_dir: Path, *, fast: bool = False) -> None:
    raise PlatformError("Set DATABASE_URL to a PostgreSQL server.")


def stop(var_dir: Path) -> None:
    pass
