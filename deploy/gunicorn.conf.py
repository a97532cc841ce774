"""How gunicorn serves the site, in production and under `make run`. What stands on its command line wins over this file.

Under systemd it takes the socket that it is handed (LISTEN_FDS), so that a restart refuses nobody.
"""

import logging
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from ctac import logs

wsgi_app = "ctac.wsgi:application"
workers = int(os.environ.get("WEB_WORKERS") or 2)
threads = int(os.environ.get("WEB_THREADS") or 4)
worker_class = "gthread"
timeout = 60  # seconds after which a worker that shows no sign of life is replaced
graceful_timeout = 30  # seconds for what is under way when the server is told to stop
keepalive = 5
# A worker is replaced now and then, not all in the same moment: what a library leaks stays small.
max_requests = 5000
max_requests_jitter = 500
# The sign of life is a file; on a disk that is busy its writing may hang.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - the kernel's folder in memory
control_socket_disable = True
# Each request has its line in the site's own log, without the address (ctac.middleware).
accesslog = None
logconfig_dict = logs.configuration(
    as_json=os.environ.get("CTAC_ENV", "production") == "production", level=os.environ.get("LOG_LEVEL", "INFO")
)
logging.captureWarnings(True)


def on_starting(server: Any) -> None:
    """Settings that can't be right are told once, before there is a worker. Not read here: a reload would keep them."""
    command = [sys.executable, "-c", "import ctac.settings"]
    if subprocess.run(command, cwd=Path(__file__).parent.parent, check=False).returncode:
        sys.exit(1)
    # Where the workers count requests for /metrics (ctac.monitoring.metrics), anew with each start.
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="ctac-metrics-", dir=worker_tmp_dir)


ended: list[int] = []  # workers whose counts nobody has taken over


def child_exit(server: Any, worker: Any) -> None:
    ended.append(worker.pid)


def pre_fork(server: Any, worker: Any) -> None:
    worker.follows = ended.pop() if ended else 0


def post_fork(server: Any, worker: Any) -> None:
    """A worker goes on counting in the files of one that has ended: else each would leave its own behind."""
    for file in Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]).glob(f"*_{worker.follows}.db"):
        file.rename(file.with_name(f"{file.stem.rpartition('_')[0]}_{os.getpid()}.db"))


def on_exit(server: Any) -> None:
    shutil.rmtree(os.environ["PROMETHEUS_MULTIPROC_DIR"], ignore_errors=True)
