"""The Chromium that the journeys drive: `python -m tests.live.browser` installs one where there is none.

Looks for what CHROMIUM names, then an installed Chromium or Chrome, then Playwright's own. Where there is none,
root on Debian gets Debian's package; anyone else Playwright's.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
MAC = ("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome", "/Applications/Chromium.app/Contents/MacOS/Chromium")


def find() -> str | None:
    """The path of a browser that starts, or None."""
    named = os.environ.get("CHROMIUM")
    candidates = [named] if named else [*(shutil.which(name) for name in NAMES), *MAC, playwrights_own()]
    return next((path for path in candidates if path and starts(path)), None)


def starts(path: str) -> bool:
    """Ubuntu's `chromium-browser` is a stub that does not."""
    try:
        return subprocess.run([path, "--version"], capture_output=True, check=False, timeout=60).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def playwrights_own() -> str | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def install() -> None:
    apt_get = shutil.which("apt-get")
    if os.geteuid() == 0 and apt_get:
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        for words in (["update"], ["install", "--yes", "--no-install-recommends", "chromium"]):
            subprocess.run([apt_get, "--quiet=2", *words], check=False, stdin=subprocess.DEVNULL, env=environment)
        if find():
            return
    subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False, stdin=subprocess.DEVNULL)


def main() -> int:
    if not find():
        sys.stdout.write("Installing Chromium for the journeys …\n")
        sys.stdout.flush()
        install()
    if not find():
        sys.stdout.write("There is no Chromium that starts here. Install one, or name it: CHROMIUM=/path/to/chrome make test\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
