"""What `manage.py check --deploy` says of the connections that production would open."""

import os
import subprocess
import sys

from django.conf import settings

from .test_settings import NEEDED

PLAIN = {
    "DATABASE_URL": "postgres://ctac_app:x@db.example/ctac",
    "EMAIL_URL": "smtp://mail.example:25",
    "CELERY_BROKER_URL": "redis://redis.example:6379/0",
    "CACHE_URL": "redis://redis.example:6379/1",
    "FILES_URL": "s3+http://key:x@s3.invalid/bucket",
}
CLOSED = {
    "DATABASE_URL": "postgres://ctac_app:x@db.example/ctac?sslmode=verify-full",
    "EMAIL_URL": "smtp+tls://user:x@mail.example:587",
    "CELERY_BROKER_URL": "rediss://redis.example:6379/0?ssl_cert_reqs=required",
    "CACHE_URL": "rediss://redis.example:6379/1",
}


def check(*words: str, **variables: str) -> str:
    env = {"PATH": os.environ["PATH"], "ENV_FILE": os.devnull, **NEEDED, **variables}
    command = [sys.executable, "manage.py", "check", *words]
    return subprocess.run(command, cwd=settings.BASE_DIR, env=env, capture_output=True, text=True, check=False).stderr


def test_each_server_elsewhere_without_encryption_is_told() -> None:
    """All in one process, which takes seconds to start."""
    told = check("--deploy", **PLAIN)
    assert [name for name in PLAIN if f"(ctac.W001) {name} reaches another machine" not in told] == []


def test_encrypted_ones_and_those_of_this_machine_are_fine():
    assert "ctac.W001" not in check("--deploy", **CLOSED)
    assert "ctac.W001" not in check("--deploy")


def test_a_watch_that_nobody_outside_sees_is_told_of_in_production_alone() -> None:
    assert "(ctac.W002) WATCHER_PING_URL is empty" in check()
    assert "ctac.W002" not in check(WATCHER_PING_URL="https://hc-ping.com/00000000-0000-0000-0000-000000000000")
    assert "ctac.W002" not in check(CTAC_ENV="test")
