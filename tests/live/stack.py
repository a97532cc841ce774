"""The whole stack as processes, started as `make run` starts it, in a folder and on ports of its own."""

import json
import os
import signal
import subprocess
import sys
import threading
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg2
from django.conf import settings

from ctac.local import postgres, processes
from tests import ready

from .mail import Mail, read

START_SECONDS = 120
# What a developer or the unit tests set must not reach the stack: it stands on its own parts.
FOREIGN = ("DATABASE_URL", "EMAIL_URL", "CACHE_URL", "SITE_URL", "FILES_URL", "MEDIA_ROOT", "PYTEST_XDIST_WORKER")


def new_database(server: str, name: str) -> str:
    """An empty database beside the tests' own, where this machine has no embedded PostgreSQL."""
    connection = psycopg2.connect(server)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {name}")
        cursor.execute(f"CREATE DATABASE {name}")
    connection.close()
    return urlsplit(server)._replace(path=f"/{name}").geturl()


def is_alive(pid: int) -> bool:
    """Zombies count as dead."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    if processes.IS_LINUX:
        try:
            state = (processes.PROC_DIR / str(pid) / "stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return False
        return state not in {"Z", "X"}
    return True


class Live:
    """`base_url`, `mail_dir`, `database_url`; what stands in the mailbox; which processes run, to kill and to wait for."""

    def __init__(self, var_dir: Path, **variables: str) -> None:
        self.var_dir = var_dir
        self.mail_dir = var_dir / "mail"
        self.env = {name: value for name, value in os.environ.items() if name not in FOREIGN}
        self.env |= {"CTAC_ENV": "development", "CTAC_VAR": str(var_dir), "PORT": "0", "ENV_FILE": os.devnull}
        # Journeys and races type faster than people, and order more for one postcode than a hospital does in a day.
        # All journeys share a sign-in, which is old by the last of them.
        self.env |= {"CHECK_FORM_TIMESTAMP": "no", "ASK_AGAIN_AFTER_MINUTES": "600"} | variables
        if not postgres.is_available():
            self.env.setdefault("DATABASE_URL", new_database(os.environ["DATABASE_URL"], f"ctac_live_{os.getpid()}"))
        self.database_url = self.env.get("DATABASE_URL") or postgres.database_url(var_dir)
        self.process: subprocess.Popen[bytes] | None = None
        self.manager: subprocess.Popen[str] | None = None  # runs management commands, one after another
        self.used_codes: set[tuple[str, str]] = set()  # whose second factor, and the code; each works once

    # Starting and stopping

    def start(self, *, ready_data: bool = True) -> None:
        """`ready_data`: begin with a migrated database, which saves many seconds; else with none, as a stranger does."""
        self.var_dir.mkdir(parents=True, exist_ok=True)
        if ready_data and "DATABASE_URL" not in self.env:
            ready.lay_out(self.var_dir)
        with self.log.open("wb") as log:
            command = [sys.executable, "-m", "ctac.local.run"]
            self.process = subprocess.Popen(
                command,
                cwd=settings.BASE_DIR,
                env=self.env,
                stdout=log,
                stderr=subprocess.STDOUT,
                preexec_fn=processes.end_with_parent(signal.SIGTERM),  # a killed test run leaves no stack behind
            )
        self.wait_for(lambda: "CTAC is ready" in self.output() or self.process.poll() is not None, START_SECONDS)
        if self.process.poll() is not None:
            raise AssertionError(f"The stack did not start:\n{self.output()[-4000:]}")
        # It may be night here, and what can wait must come.
        values = "order_limit_times=100, quiet_from=time(0), quiet_until=time(0)"
        code = f"from datetime import time; from office.site_settings.services import change_settings; change_settings({values})"
        self.manage("shell", "--no-imports", "-c", code)

    def stop(self) -> int:
        """The exit code."""
        self._end_manager()
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)

    @property
    def log(self) -> Path:
        return self.var_dir / "run.log"

    def output(self) -> str:
        return self.log.read_text(errors="replace")

    @property
    def facts(self) -> dict[str, Any]:
        return json.loads((self.var_dir / "run.json").read_text())

    @property
    def base_url(self) -> str:
        return f"http://localhost:{self.facts['port']}"

    # Its processes: database, mail, web, worker, beat

    def pid(self, name: str) -> int | None:
        return self.facts["children"].get(name)

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> int:
        """The process that got the signal; the supervisor starts another."""
        pid = self.pid(name)
        os.kill(pid, number)
        return pid

    def wait_for_another(self, name: str, than: int, seconds: float = 20) -> int:
        self.wait_for(lambda: self.pid(name) not in {None, than} and is_alive(self.pid(name)), seconds)
        return self.pid(name)

    def manage(self, *words: str) -> str:
        """What a management command of this copy prints.

        Each other thread has a process of its own: it may have to wait for this one, and a process ends with the thread that
        started it.
        """
        is_main = threading.current_thread() is threading.main_thread()
        manager = self._own_manager() if is_main else self._start_manager()
        manager.stdin.write(json.dumps(words) + "\n")
        manager.stdin.flush()
        answer = manager.stdout.readline()
        assert answer, f"{' '.join(words)} ended with {manager.wait()}\n{(self.var_dir / 'manager.log').read_text()[-4000:]}"
        if is_main:
            self.manager = manager
        else:
            manager.communicate()  # no more words, and it ends
        code, said = json.loads(answer)
        assert code == 0, f"{' '.join(words)} ended with {code}\n{said}"
        return said

    def _own_manager(self) -> subprocess.Popen[str]:
        return self.manager if self.manager and self.manager.poll() is None else self._start_manager()

    def _start_manager(self) -> subprocess.Popen[str]:
        env = self.env | {"EMAIL_URL": f"smtp://127.0.0.1:{self.facts['mail_port']}", "SITE_URL": self.base_url}
        env["DJANGO_SETTINGS_MODULE"] = "ctac.settings"
        with (self.var_dir / "manager.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "tests.live.manager"],
                cwd=settings.BASE_DIR,
                env=env,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                preexec_fn=processes.end_with_parent(signal.SIGTERM),
            )

    def _end_manager(self) -> None:
        if self.manager is not None:
            self.manager.communicate()  # no more words, and it ends
            self.manager = None

    def query(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        connection = psycopg2.connect(self.database_url)
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(sql, values)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    # Its mail

    def messages(self, to: str = "", subject_contains: str = "", after: datetime | None = None) -> list[Mail]:
        return [
            mail
            for mail in read(self.mail_dir)
            if (not to or to in mail.to) and subject_contains in mail.subject and (after is None or mail.received_at > after)
        ]

    def wait_for_mail(self, to: str = "", subject_contains: str = "", after: datetime | None = None, seconds: float = 60) -> Mail:
        """The newest that fits, as soon as there is one."""
        found: list[Mail] = []

        def there() -> bool:
            found[:] = self.messages(to, subject_contains, after)
            return bool(found)

        try:
            self.wait_for(there, seconds)
        except TimeoutError:
            have = [(mail.to, mail.subject) for mail in self.messages()]
            raise AssertionError(f"No mail to {to!r} about {subject_contains!r} came; there are {have}") from None
        return found[-1]

    def let_the_day_end(self) -> None:
        """What is collected for the evening (leaflets.orders.services.transitions) is due, and the sweep comes round."""
        self.query("UPDATE notifications_notification SET due_at = now() WHERE kind = 'order-dispatched' AND state = 'pending'")
        self.manage("shell", "--verbosity", "0", "--command", "from notifications import tasks; tasks.sweep.delay()")

    @staticmethod
    def wait_for(condition: Any, seconds: float) -> None:
        if not processes.wait_until(condition, seconds, every=0.05):
            raise TimeoutError(f"It did not happen within {seconds} seconds.")
