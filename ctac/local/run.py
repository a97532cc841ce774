"""`python -m ctac.local.run`, called by `make run`: everything that one copy needs, under one supervisor.

Starts PostgreSQL and the mail sink unless a variable names a server, brings the database up to date, then runs web, worker and
beat until Ctrl-C. The supervisor owns the sockets of web and mail, so that a restart refuses nobody.
"""

import fcntl
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import environ

from ctac.local import PlatformError, postgres, processes, smtp_sink
from ctac.local.processes import Child, Supervisor

BASE_DIR = Path(__file__).resolve().parent.parent.parent
HOST = "127.0.0.1"
DEFAULT_MAIL_PORT = 1025
START_TIMEOUT_SECONDS = 60.0  # seconds to wait for the first page


def main() -> int:
    try:
        environ.Env.read_env(os.environ.get("ENV_FILE") or BASE_DIR / ".env")
        text = os.environ.get("PORT") or "8000"
        if not text.isdigit() or int(text) > 65535:
            raise PlatformError(f"PORT is {text!r}; set it to a number from 1 to 65535, such as PORT=8001.")
        copy = RunningCopy(var_dir=Path(os.environ.get("CTAC_VAR") or BASE_DIR / "var").resolve(), port=int(text))
        with copy.lock_folder():
            return copy.run()
    except PlatformError as error:
        print_line(str(error))
        return 1


def print_line(line: str) -> None:
    """Print a line, and go on if nobody reads it any more or the disk is full."""
    with suppress(OSError):
        print(line, flush=True)


class RunningCopy:
    """One running copy of the whole, in its own var folder."""

    def __init__(self, var_dir: Path, port: int) -> None:
        self.var_dir, self.port = var_dir, port
        self.name = postgres.cluster_name(var_dir)
        self.own_database = not os.environ.get("DATABASE_URL")
        self.own_mail = not os.environ.get("EMAIL_URL")
        self.supervisor = Supervisor(var_dir / "run.json", print_line, self._clean_up)
        self.env: dict[str, str] = {}

    def lock_folder(self) -> IO[str]:
        """Hold this var folder for as long as the returned file is open."""
        self.var_dir.mkdir(parents=True, exist_ok=True)
        lock = (self.var_dir / "run.lock").open("a+")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            second = f"CTAC_VAR=var/second PORT={self.port + 1} make run"
            try:
                facts = json.loads((self.var_dir / "run.json").read_text())
                where = f" at http://localhost:{facts['port']}/"
            except (OSError, ValueError, KeyError):
                where = ""
            raise PlatformError(
                f"A copy already runs from this folder{where}. Stop it with Ctrl-C, use another "
                f"checkout, or start a second one with data of its own: {second}"
            ) from None
        return lock

    def run(self) -> int:
        supervisor = self.supervisor
        supervisor.stop_on_signals()
        self._end_leftovers()
        with _listen_for_web(self.port) as web, _listen_for_mail() as mail:
            try:
                self._start(web, mail)
                supervisor.run()
            finally:
                print_line("Stopping …")
                supervisor.ask_to_stop([child for child in supervisor.children if child.name in {"web", "worker", "beat"}])
                supervisor.stop()
                if self.own_database:
                    postgres.stop(self.var_dir)
                self._end_leftovers()
        return 0

    def _start(self, web: socket.socket, mail: socket.socket) -> None:
        supervisor = self.supervisor
        self.port = web.getsockname()[1]
        self.env = os.environ | {
            "CTAC_ENV": "development",
            "CTAC_VAR": str(self.var_dir),
            "DJANGO_SETTINGS_MODULE": "ctac.settings",
            "PYTHONUNBUFFERED": "1",
        }
        self.env.setdefault("SITE_URL", f"http://localhost:{self.port}")
        self.env.setdefault("EMAIL_URL", f"smtp://{HOST}:{mail.getsockname()[1]}")
        supervisor.facts |= {"port": self.port, "mail_port": mail.getsockname()[1]}
        if self.own_database:
            # We watch the first start: if it fails now, trying again won't help.
            prepared = [postgres.prepare(self.var_dir)]
            database = Child(
                "database", lambda: (prepared.pop() if prepared else postgres.prepare(self.var_dir)).popen_arguments()
            )
            database.stop_signal = signal.SIGINT
            self.supervisor.add(database)
            if database.process is None:
                raise PlatformError(f"PostgreSQL can't start. {postgres.DATABASE_URL_HINT}")
            postgres.wait_until_ready(self.var_dir, database.process)
            postgres.create_database(self.var_dir)
        if self.own_mail:
            sink = ["-m", "ctac.local.smtp_sink", str(self.var_dir / "mail"), "--fd", str(mail.fileno())]
            supervisor.add(Child("mail", self._python_command(*sink, pass_fds=[mail.fileno()])))
        login = self._prepare_database()
        if login is None:
            return
        config = str(BASE_DIR / "deploy" / "gunicorn.conf.py")
        gunicorn = ["-m", "gunicorn", "--config", config, "--bind", f"fd://{web.fileno()}", "--workers", "2", "--threads", "4"]
        celery = ["-m", "celery", "--app", "ctac", "--quiet"]
        worker = [*celery, "worker", "--loglevel", "INFO", "--without-gossip", "--without-mingle"]
        supervisor.add(Child("web", self._python_command(*gunicorn, pass_fds=[web.fileno()])))
        supervisor.add(Child("worker", self._python_command(*worker)))
        supervisor.add(Child("beat", self._python_command(*celery, "beat", "--pidfile=")))
        if supervisor.run(until=self._answers, seconds=START_TIMEOUT_SECONDS):
            address = f"http://localhost:{self.port}"
            print_line("")
            print_line(f"CTAC is ready: {address}/")
            print_line(f"  Staff   {address}/staff/")
            print_line(f"          sign in as {login['staff_email']} with the password {login['staff_password']}")
            print_line(f"          and the code from {address}/mailbox/")
            print_line(f"  Mail    {address}/mailbox/" if self.own_mail else "  Mail    goes to the server in EMAIL_URL")
            print_line("Ctrl-C stops everything; your data stay.")
        elif not supervisor.stopping:
            print_line("The web server does not answer yet; its lines above say why.")

    def _prepare_database(self) -> dict[str, str] | None:
        """Migrations and samples; how to sign in, or None if a signal stopped it. The database takes back what had begun."""
        print_line("Preparing the database …")
        command = self._python_command("-m", "ctac.local.prepare")() | {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        preparing = subprocess.Popen(**command, text=True, preexec_fn=processes.end_with_parent(signal.SIGTERM))
        output: tuple[str, str] | None = None
        while output is None:
            try:
                output = preparing.communicate(timeout=0.2)
            except subprocess.TimeoutExpired:
                if self.supervisor.stopping:  # by a signal to us alone; a terminal's Ctrl-C reaches both processes
                    preparing.terminate()
        if self.supervisor.stopping:
            return None
        if preparing.returncode:
            sys.stderr.write(output[1])
            raise PlatformError("The database could not be prepared; the lines above say why.")
        return dict(json.loads(output[0].splitlines()[-1]))

    def _python_command(self, *arguments: str, pass_fds: list[int] | None = None) -> Callable[[], dict[str, Any]]:
        """A command in this Python. Its -X mark finds whatever a killed supervisor left running."""
        # Celery warns root about pickled messages, which we don't accept.
        quiet = "ignore:You're running the worker with superuser:UserWarning"
        args = [sys.executable, "-X", f"copy={self.name}", "-W", quiet, *arguments]
        return lambda: {"args": args, "cwd": BASE_DIR, "env": self.env, "pass_fds": pass_fds or ()}

    def _clean_up(self, name: str) -> None:
        if name == "database":
            postgres.clear_leftovers(self.var_dir)

    def _end_leftovers(self) -> None:
        """End what a killed supervisor has left, if the kernel has not."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            for pid in self._leftover_pids():
                processes.send_signal(pid, number)
            if processes.wait_until(lambda: not self._leftover_pids(), 5):
                return

    def _leftover_pids(self) -> list[int]:
        mark = f"copy={self.name} "
        return [pid for pid, line in processes.command_lines().items() if mark in line and pid != os.getpid()]

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection(HOST, self.port, timeout=2)
        try:
            connection.request("GET", "/", headers={"Host": "localhost"})
            return connection.getresponse().status > 0
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


def _listen_for_web(port: int) -> socket.socket:
    try:
        return socket.create_server((HOST, port), backlog=256)
    except PermissionError:
        raise PlatformError(f"Port {port} is not for ordinary users. Choose another: PORT=8001 make run") from None
    except OSError:
        raise PlatformError(f"Port {port} is taken. Choose another: PORT={port + 1} make run") from None


def _listen_for_mail() -> socket.socket:
    """The usual port, which a command in another terminal finds too; any other where it is taken."""
    try:
        return socket.create_server((smtp_sink.HOST, DEFAULT_MAIL_PORT), backlog=256)
    except OSError:
        return socket.create_server((smtp_sink.HOST, 0), backlog=256)


if __name__ == "__main__":
    sys.exit(main())
