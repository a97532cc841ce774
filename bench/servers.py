"""The two servers that are compared, each gunicorn with 2 workers, on one PostgreSQL of their own."""

import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from bench.figures import PACKAGES
from ctac.local import postgres, processes

BASE_DIR = Path(__file__).resolve().parent.parent
TICKS = os.sysconf("SC_CLK_TCK")
WORKERS = 2
SECRET_KEY = secrets.token_urlsafe(50)
CODE = ("bench", *PACKAGES)


def environment(var_dir: Path, database: str) -> dict[str, str]:
    """Production, but for TLS, which ends at a proxy there and is only said here."""
    return os.environ | {
        "CTAC_ENV": "production",
        "CTAC_VAR": str(var_dir),
        "ENV_FILE": os.devnull,
        "SECRET_KEY": SECRET_KEY,
        "ALLOWED_HOSTS": "localhost",
        "SITE_URL": "https://localhost",
        "TRUSTED_PROXY_COUNT": "1",
        "DATABASE_URL": database,
        "EMAIL_URL": "smtp://127.0.0.1:9",
        "STAFF_EMAIL": "team@ctac.example",
        "VISIT_ESCALATION_EMAIL": "manager@ctac.example",
        "SAFEGUARDING_LEAD_EMAIL": "lead@ctac.example",
        "OUT_OF_HOURS_ROUTE": "call the police on 101",
        "SITE_HELP_EMAIL": "website@ctac.example",
        "CHARITY_NAME": "Example Children’s Charity",
        "CHARITY_NUMBER": "0000000",
        "CHARITY_ADDRESS": "1 Example Street, London N1 1AA",
        "STATIC_ROOT": str(var_dir / "static"),
        "LOG_LEVEL": "WARNING",
        "CHECK_FORM_TIMESTAMP": "no",  # a measurement opens no pages first
    }


def production_python(folder: Path, checkout: Path = BASE_DIR) -> str:
    """An environment with requirements.txt and nothing else; the code compiled, as root leaves it in production."""
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    python = str(folder / "bin" / "python")
    words = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes", "-r", "requirements.txt"]
    subprocess.run([python, *words], cwd=checkout, check=True)
    subprocess.run([python, "-m", "compileall", "-q", *CODE], cwd=checkout, check=True)
    return python


class Server:
    """A gunicorn, usually of 2 workers. `cpu()`: seconds that its workers have used so far, user and system."""

    def __init__(
        self,
        application: str,
        env: dict[str, str],
        log: Path,
        *,
        threads: int = 4,
        wanted: int = WORKERS,
        python: str = sys.executable,
        checkout: Path = BASE_DIR,
    ) -> None:
        self.application, self.env, self.log, self.threads = application, env, log, threads
        self.wanted, self.python, self.checkout = wanted, python, checkout
        self.port = 0

    def __enter__(self) -> Self:
        listening = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = listening.getsockname()[1]
        words = ["--bind", f"fd://{listening.fileno()}", "--workers", str(self.wanted), "--threads", str(self.threads)]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [self.python, "-m", "gunicorn", self.application, *words, "--no-control-socket", "--keep-alive", "120"],
                cwd=self.checkout,
                env=self.env,
                pass_fds=[listening.fileno()],
                stdout=log,
                stderr=subprocess.STDOUT,
                preexec_fn=processes.end_with_parent(signal.SIGTERM),
            )
        listening.close()
        while len(self.workers) < self.wanted:
            if self.process.poll() is not None:
                raise RuntimeError(self.log.read_text()[-3000:])
            time.sleep(0.1)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.process.terminate()
        self.process.wait(20)

    @property
    def workers(self) -> list[int]:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in children.read_text().split()] if children.exists() else []

    def cpu(self) -> float:
        return sum(cpu_of(pid) for pid in self.workers)

    def memory(self) -> float:
        """Megabytes of the larger worker: resident, what it shares with others included."""
        return max(resident(pid) for pid in self.workers)

    def own_memory(self) -> float:
        """Megabytes of the larger worker, each page that several processes share counted as its part (PSS)."""
        return max(proportional(pid) for pid in self.workers)


def cpu_of(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident(pid: int) -> float:
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) / 1000 if found else 0.0


def proportional(pid: int) -> float:
    found = re.search(r"^Pss:\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
    return int(found[1]) / 1000 if found else 0.0


def start_database(var_dir: Path) -> str:
    """Its URL. PostgreSQL with its usual safety, counting statements."""
    postgres.start(var_dir, extra={"shared_preload_libraries": "pg_stat_statements", "pg_stat_statements.track": "top"})
    return postgres.database_url(var_dir)
