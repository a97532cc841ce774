"""Production starts only when it knows what it must, and is strict when it does."""

import os
import secrets
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from notifications.bounces.reports import PROVIDERS
from tests.notifications.conftest import free_port

NEEDED = {
    "SECRET_KEY": secrets.token_urlsafe(50),
    "ALLOWED_HOSTS": "a.example, b.example",
    "SITE_URL": "https://a.example",
    "DATABASE_URL": "postgres://nobody@localhost/nothing",
    "EMAIL_URL": "smtp://localhost:25",
    "STAFF_EMAIL": "team@a.example",
    "VISIT_ESCALATION_EMAIL": "manager@a.example",
    "SAFEGUARDING_LEAD_EMAIL": "lead@a.example",
    "OUT_OF_HOURS_ROUTE": "call the police on 101",
    "SITE_HELP_EMAIL": "website@a.example",
    "CHARITY_NAME": "A Charity",
    "CHARITY_NUMBER": "1234567",
    "CHARITY_ADDRESS": "1 High Street, Leeds LS1 4AP",
}
ENTRY_POINTS = {
    "manage.py": ["manage.py", "check"],
    "web": ["-m", "gunicorn", "--config", "deploy/gunicorn.conf.py"],
    "worker": ["-m", "celery", "--app", "ctac", "--quiet", "worker"],
    "beat": ["-m", "celery", "--app", "ctac", "--quiet", "beat", "--pidfile="],
}


def start(code: str = "pass", **variables: str) -> subprocess.CompletedProcess[str]:
    """Python with the settings as production reads them; a variable set to '' is missing."""
    return python("-c", f"from ctac import settings; {code}", **variables)


def python(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "ENV_FILE": os.devnull, **NEEDED, **variables}
    given = {name: value for name, value in environment.items() if value}
    command = [sys.executable, "-W", "ignore", *words]
    return subprocess.run(command, cwd=settings.BASE_DIR, env=given, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("name", NEEDED)
def test_a_missing_setting_stops_the_start_with_one_sentence(name: str) -> None:
    result = start(**{name: ""})
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith(f"CTAC can't start: {name} is not set. ")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ALLOWED_HOSTS", ","),
        ("SITE_URL", "a.example"),
        ("SITE_URL", "http://a.example"),
        ("CTAC_ENV", "live"),
        ("MAIL_FROM_TEAM", "CTAC <team@elsewhere.example>"),
        ("SECRET_KEY", "s7Fz-short"),
        ("SECRET_KEY", "abab" * 20),
        ("SECRET_KEY", "django-insecure-Xk2mQ9vT4rWz7yB1nC5dF8gH3jL6pS0aE-uIoYtRqWeZx"),
        ("ALLOWED_HOSTS", "*"),
        ("ALLOWED_HOSTS", "a.example, *.b.example"),
        ("OUT_OF_HOURS_ROUTE", " "),
        ("CHARITY_NUMBER", " "),
        ("CHARITY_LOGO", "/nowhere/logo.svg"),
        ("CHARITY_LOGO", "README.md"),
        ("STAFF_EMAIL", "team"),
        ("VISIT_ESCALATION_EMAIL", NEEDED["STAFF_EMAIL"].title()),
        ("SAFEGUARDING_LEAD_EMAIL", NEEDED["STAFF_EMAIL"]),
        ("SAFEGUARDING_LEAD_EMAIL", NEEDED["VISIT_ESCALATION_EMAIL"]),
        ("DATABASE_URL", "sqlite:///db.sqlite3"),
        ("DATABASE_URL", "mysql://ctac:kettle@localhost/ctac"),
        ("DATABASE_URL", "postgres://ctac:kettle@localhost"),
        ("DATABASE_URL", "postgres://ctac:kettle@localhost:port/ctac"),
        ("DATABASE_URL", "nonsense"),
        ("TRUSTED_PROXY_COUNT", "-1"),
        ("TRUSTED_PROXY_COUNT", "one"),
        ("EMAIL_URL", "http://user:kettle@mail.example"),
        ("EMAIL_URL", "smtp://"),
        ("EMAIL_URL", "smtp+tls://user:kettle@mail.example:submission"),
        ("CACHE_URL", "locmemcache://"),
        ("CACHE_URL", "redis://:kettle@redis.example:six/1"),
        ("CELERY_BROKER_URL", "sqs://user:kettle@queue.example"),
        ("EMAIL_TIMEOUT", "soon"),
        ("MAIL_PROVIDER", "pigeon"),
        ("WATCHER_PING_URL", "file:///etc/passwd"),
        ("WATCHER_PING_URL", "hc-ping.com"),
        ("SMS_URL", "http://SK0:kettle@api.twilio.com/2010-04-01/Accounts/AC0/Messages.json"),
        ("ASK_AGAIN_AFTER_MINUTES", "ten"),
        ("AUDIT_KEPT_MONTHS", "1"),
        ("FILES_URL", "https://key:kettle@s3.example/bucket"),
        ("FILES_URL", "s3://key:kettle@s3.example"),
        ("FILES_URL", "s3://key:ket/kettle@s3.example/bucket"),
        ("FILES_URL", "s3://key:1/kettle@s3.example/bucket"),
        ("FILES_URL", "s3://key@s3.example/bucket"),
        ("FILES_URL", "s3://key:kettle@s3.example/Bucket"),
        ("FILES_URL", "s3://key:kettle@s3.example/bucket/kettle"),
        ("FILES_URL", "s3://key:kettle@s3.example/bucket?zone=kettle"),
        ("METRICS_TOKEN", "kettle"),
        ("SENTRY_DSN", "kettle@errors.example/1"),
    ],
)
def test_a_setting_that_can_not_be_right_stops_the_start(name: str, value: str) -> None:
    result = start(**{name: value})
    assert result.returncode == 1
    assert result.stderr.startswith(f"CTAC can't start: {name} ")
    # One line, and never a password.
    assert (result.stderr.count("\n"), "kettle" in result.stderr) == (1, False)


def test_the_key_of_a_copy_for_development_opens_no_production(tmp_path: Path) -> None:
    (tmp_path / "secret_key").write_text(NEEDED["SECRET_KEY"])
    result = start(CTAC_VAR=str(tmp_path))
    assert (result.returncode, "development" in result.stderr, result.stderr.count("\n")) == (1, True, 1)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "postgres://ctac:pa#ss@one,two:5432/ctac?sslmode=verify-full"),
        ("EMAIL_URL", "smtp+ssl://user:pa%2Fss@mail.example"),
        ("CACHE_URL", "redis://one:6379,two:6379/1"),
        ("CELERY_BROKER_URL", "amqps://user:pass@queue.example:5671//"),
        ("TRUSTED_PROXY_COUNT", "2"),
    ],
)
def test_what_is_right_is_taken(name: str, value: str) -> None:
    assert start(**{name: value}).stderr == ""


@pytest.mark.parametrize("words", ENTRY_POINTS.values(), ids=ENTRY_POINTS)
def test_nothing_starts_and_all_faults_are_told_a_line_each(words: list[str]) -> None:
    wrong = {
        "SECRET_KEY": "short",
        "ALLOWED_HOSTS": "*",
        "OUT_OF_HOURS_ROUTE": "",
        "EMAIL_URL": "mail",
        "TRUSTED_PROXY_COUNT": "-1",
    }
    result = python(*words, **wrong, GUNICORN_CMD_ARGS=f"--bind 127.0.0.1:{free_port()}")
    assert result.returncode == 1
    told = [line for line in result.stderr.splitlines() if not line.startswith("{")]  # gunicorn's own lines are JSON
    names = ["SECRET_KEY", "ALLOWED_HOSTS", "OUT_OF_HOURS_ROUTE", "TRUSTED_PROXY_COUNT", "EMAIL_URL"]
    assert [line.partition(": ")[2].split()[0] for line in told] == names


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_provider_that_could_not_show_who_it_is_stops_the_start(provider: str) -> None:
    name = "MAIL_WEBHOOK_KEY" if PROVIDERS[provider].key_name else "MAIL_WEBHOOK_PASSWORD"
    result = start(MAIL_PROVIDER=provider)
    assert (result.returncode, result.stderr.count("\n")) == (1, 1)
    assert result.stderr.startswith(f"CTAC can't start: {name} is not set. ")
    assert start(MAIL_PROVIDER=provider, **{name: "ctac:kettle"}).returncode == 0


def test_text_messages_need_to_be_from_somebody() -> None:
    url = "https://SK0:kettle@api.twilio.com/2010-04-01/Accounts/AC0/Messages.json"
    assert start(SMS_URL=url).stderr.startswith("CTAC can't start: SMS_FROM is not set. ")
    assert start(SMS_URL=url, SMS_FROM="CTAC").stderr == ""


def test_production_is_strict() -> None:
    names = ("SESSION_COOKIE_NAME", "CSRF_COOKIE_NAME", "DRAFT_COOKIE_NAME", "BROWSER_COOKIE_NAME")
    names += ("SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE")
    result = start(f"print(*(getattr(settings, name) for name in {(*names, 'SECURE_HSTS_SECONDS', 'ALLOWED_HOSTS', 'DEBUG')}))")
    expected = "__Host-session __Host-csrf __Host-draft __Host-browser True True 31536000 ['a.example', 'b.example'] False\n"
    assert (result.returncode, result.stdout) == (0, expected)
