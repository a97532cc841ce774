"""The Chromium that the journeys drive: `python -m tests.live.browser` installs one where there is none.

Looks for what CHROMIUM names, then Debian's headless shell (the same engine without a browser around it, which takes a quarter
less of the processor), then an installed Chromium or Chrome, then Playwright's own. Root on Debian gets the shell, also where
there is a whole Chromium; anyone else Playwright's, where there is none.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

SHELL = "chromium-headless-shell"  # the name of Debian's package, too
NAMES = (SHELL, "chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
MAC = ("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome", "/Applications/Chromium.app/Contents/MacOS/Chromium")


def find() -> str | None:
    """The path of a browser that starts, or None."""
    named = os.environ.get("CHROMIUM")
    return next((path for path in ([named] if named else candidates()) if path and starts(path)), None)


def candidates() -> Iterator[str | None]:
    """One by one: to ask for Playwright's own starts a process."""
    yield from map(shutil.which, NAMES)
    yield from MAC
    yield playwrights_own()


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
    """Debian's package or Playwright's."""
    if is_debians_root():
        apt_get("update")
        for package in (SHELL, "chromium"):
            apt_get("install", "--yes", "--no-install-recommends", package)
            if find():
                return
    subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False, stdin=subprocess.DEVNULL)


def is_debians_root() -> bool:
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def apt_get(*words: str, quietly: bool = False) -> None:
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    output = subprocess.DEVNULL if quietly else None
    command = ["apt-get", "--quiet=2", *words]
    subprocess.run(command, check=False, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment)


def prefer_the_shell() -> None:
    """To a whole Chromium that is there already. Where the shell can't be had, that one does as well."""
    if is_debians_root() and not shutil.which(SHELL) and "CHROMIUM" not in os.environ:
        apt_get("install", "--yes", "--no-install-recommends", SHELL, quietly=True)


def main() -> int:
    if not find():
        sys.stdout.write("Installing Chromium for the journeys …\n")
        sys.stdout.flush()
        install()
    else:
        prefer_the_shell()
    if not find():
        sys.stdout.write("There is no Chromium that starts here. Install one, or name it: CHROMIUM=/path/to/chrome make test\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
