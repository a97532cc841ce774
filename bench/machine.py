"""On what something was measured, as bench/RESULTS.md says it."""

import os
import platform
import re
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import psycopg2

from bench.servers import BASE_DIR


def facts(database: str) -> list[str]:
    """A line each: when, of which commit, on what machine, how busy it was, with which versions."""
    return [
        f"date       {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, commit {commit()}",
        f"machine    {processor()}, {os.cpu_count()} cores, {memory_gb():.0f} GB",
        f"busy with  a load of {os.getloadavg()[0]:.1f} before it began (0 is a quiet machine)",
        f"versions   Python {platform.python_version()}, Django {version('django')}, gunicorn {version('gunicorn')}, "
        f"psycopg2 {psycopg2.__version__.split()[0]}, PostgreSQL {postgresql(database)}",
    ]


def processor() -> str:
    found = re.search(r"^model name\s*: (.+)$", read("/proc/cpuinfo"), re.MULTILINE)
    return found[1] if found else platform.processor() or platform.machine()


def memory_gb() -> float:
    found = re.search(r"MemTotal:\s+(\d+) kB", read("/proc/meminfo"))
    return int(found[1]) / 1_000_000 if found else 0.0


def postgresql(database: str) -> str:
    connection = psycopg2.connect(database)
    try:
        return f"{connection.server_version // 10_000}.{connection.server_version % 10_000}"
    finally:
        connection.close()


def commit() -> str:
    """Its short name; with a "+" if something was changed since."""
    words = ["git", "describe", "--always", "--dirty=+", "--exclude=*"]
    made = subprocess.run(words, cwd=BASE_DIR, capture_output=True, text=True, check=False)
    return made.stdout.strip() or "unknown"


def read(path: str) -> str:
    return Path(path).read_text() if Path(path).exists() else ""
