"""How gunicorn serves the site, in production and under `make run`. Its command line overrides this file.

Under systemd it takes over a socket (LISTEN_FDS), so that a restart refuses nobody.
"""

import logging
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from core import logs

wsgi_app = "ctac.wsgi:application"
workers = int(os.environ.get("WEB_WORKERS") or 2)
threads = int(os.environ.get("WEB_THREADS") or 4)
worker_class = "gthread"
timeout = 60  # seconds after which a worker that shows no sign of life is replaced
graceful_timeout = 30  # seconds for requests under way when the server is told to stop
keepalive = 5
# Workers are replaced now and then, not all at once, so that a memory leak in a library stays small.
max_requests = 5000
max_requests_jitter = 500
# The sign of life is a file, and writing it may hang on a busy disk.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - the kernel's folder in memory
control_socket_disable = True
# The site's own log has a line for each request, without the client's address (core.middleware).
accesslog = None
logconfig_dict = logs.logging_config(
    as_json=os.environ.get("CTAC_ENV", "production") == "production", level=os.environ.get("LOG_LEVEL", "INFO")
)
logging.captureWarnings(True)


def on_starting(server: Any) -> None:
    """Report wrong settings once, before any worker starts. In another process: read here, they would outlive a reload."""
    command = [sys.executable, "-c", "import ctac.settings"]
    if subprocess.run(command, cwd=Path(__file__).parent.parent, check=False).returncode:
        sys.exit(1)
    # Workers count requests for /metrics here (ctac.monitoring.metrics). A new folder with each start.
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="ctac-metrics-", dir=worker_tmp_dir)


ended_workers: list[int] = []  # workers that have ended and whose counts nobody has taken over


def child_exit(server: Any, worker: Any) -> None:
    ended_workers.append(worker.pid)


def pre_fork(server: Any, worker: Any) -> None:
    worker.follows = ended_workers.pop() if ended_workers else 0


def post_fork(server: Any, worker: Any) -> None:
    """Let a worker go on counting in the files of one that has ended. Otherwise each would leave its own behind."""
    for file in Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]).glob(f"*_{worker.follows}.db"):
        file.rename(file.with_name(f"{file.stem.rpartition('_')[0]}_{os.getpid()}.db"))


def on_exit(server: Any) -> None:
    shutil.rmtree(os.environ["PROMETHEUS_MULTIPROC_DIR"], ignore_errors=True)
