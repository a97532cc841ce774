"""`make faults` asks what is missing before anything of the site is set or installed."""

import subprocess
import sys

from django.conf import settings


def test_it_asks_without_the_site():
    words = [sys.executable, "-c", "from tests.faults.install import wanted; wanted()"]
    asked = subprocess.run(words, cwd=settings.BASE_DIR, env={}, capture_output=True, text=True, check=False)
    assert (asked.returncode, asked.stderr) == (0, "")
