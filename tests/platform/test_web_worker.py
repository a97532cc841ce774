"""What a web worker has in memory before the first request, and when it begins to serve account pages."""

import os
import subprocess
import sys

from django.conf import settings

# A few pages need each of them: it is imported there (ADR 22). Some 8 MB together.
LATER = ("aiosmtpd", "fido2", "fpdf", "holidays", "icalendar", "openpyxl", "PIL", "segno")
START = f"""
import sys
import ctac.wsgi
from django.urls import reverse
from allauth.account.adapter import get_adapter
reverse("home")  # reads every route
get_adapter()  # every form of an account asks for it
import allauth.mfa.stages  # and every sign-in for these
print([name for name in {LATER!r} if name in sys.modules])
"""


def test_what_only_a_few_pages_need_is_not_loaded() -> None:
    words = [sys.executable, "-W", "ignore:No directory at:UserWarning", "-c", START]  # tests don’t collect static files
    started = subprocess.run(words, cwd=settings.BASE_DIR, capture_output=True, text=True, check=False)
    assert (started.stdout.strip(), started.stderr) == ("[]", "")


READ_AHEAD = """
import gc
import ctac.wsgi
from django.template import engines
[loader] = engines["django"].engine.template_loaders
pages = ("bookings/when.html", "leaflets/leaflets.html", "bookings/staff/booking.html", "emails/base.html")
print([name for name in pages if name in loader.folded])
print("bookings/when.html" in loader.get_template_cache, "base.html" in loader.get_template_cache)
print(gc.get_freeze_count() > 100_000, len(gc.get_objects()) < 5_000)
"""


def test_what_people_come_for_is_read_before_the_first_request_kept_once_and_left_alone() -> None:
    words = [sys.executable, "-W", "ignore", "-c", READ_AHEAD]
    started = subprocess.run(words, cwd=settings.BASE_DIR, capture_output=True, text=True, check=False)
    read = ["['bookings/when.html', 'leaflets/leaflets.html']", "False True", "True True"]
    assert started.stdout.splitlines() == read, started.stderr


def test_a_worker_starts_by_itself_too() -> None:
    """Nobody names the settings to it."""
    words = [sys.executable, "-W", "ignore", "-c", "from ctac.celery import app; print(sorted(app.conf.beat_schedule)[0])"]
    env = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    started = subprocess.run(words, cwd=settings.BASE_DIR, env=env, capture_output=True, text=True, check=False)
    assert (started.stdout.strip(), started.stderr) == ("clear old drafts and limits", "")
