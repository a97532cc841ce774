"""Production starts only when it knows what it must, and is strict when it does."""

import os
import subprocess
import sys

import pytest
from django.conf import settings

NEEDED = {
    "SECRET_KEY": "a-long-text-for-this-test-only",
    "ALLOWED_HOSTS": "a.example, b.example",
    "SITE_URL": "https://a.example",
    "DATABASE_URL": "postgres://nobody@localhost/nothing",
    "EMAIL_URL": "smtp://localhost:25",
}


def start(code: str = "pass", **variables: str) -> subprocess.CompletedProcess[str]:
    """Python with the settings as production reads them; a variable set to '' is missing."""
    environment = {"PATH": os.environ["PATH"], "ENV_FILE": os.devnull, **NEEDED, **variables}
    command = [sys.executable, "-c", f"from ctac import settings; {code}"]
    given = {name: value for name, value in environment.items() if value}
    return subprocess.run(command, cwd=settings.BASE_DIR, env=given, capture_output=True, text=True, check=False)


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
    ],
)
def test_a_setting_that_can_not_be_right_stops_the_start(name: str, value: str) -> None:
    result = start(**{name: value})
    assert result.returncode == 1
    assert result.stderr.startswith(f"CTAC can't start: {name} ")


def test_production_is_strict() -> None:
    names = ("SESSION_COOKIE_NAME", "CSRF_COOKIE_NAME", "DRAFT_COOKIE_NAME", "BROWSER_COOKIE_NAME")
    names += ("SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE")
    result = start(f"print(*(getattr(settings, name) for name in {(*names, 'SECURE_HSTS_SECONDS', 'ALLOWED_HOSTS', 'DEBUG')}))")
    expected = "__Host-session __Host-csrf __Host-draft __Host-browser True True 31536000 ['a.example', 'b.example'] False\n"
    assert (result.returncode, result.stdout) == (0, expected)
