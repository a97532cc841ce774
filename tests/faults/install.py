"""`python -m tests.faults.install`: what the tests run beside the site, as root on Debian: brokers, proxies, backups, alert rules …

Elsewhere it names what is missing.
"""

import os
import shutil
import subprocess
import sys

from tests.faults.clock import library
from tests.faults.packages import PACKAGES, missing

# The clock, the text browser, and what checks the alert rules (tests/deploy/test_alerts.py).
BESIDE = {"faketime": library, "w3m": lambda: shutil.which("w3m"), "prometheus": lambda: shutil.which("promtool")}


def wanted() -> list[str]:
    beside = [package for package, there in BESIDE.items() if not there()]
    return [PACKAGES[name] for name in PACKAGES if missing(name)] + beside


def main() -> None:
    apt_get, packages = shutil.which("apt-get"), wanted()
    if packages and apt_get and os.geteuid() == 0:
        sys.stdout.write(f"Installing {', '.join(packages)} …\n")
        sys.stdout.flush()
        # The servers start in the tests, on ports of their own: not with the machine.
        env = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
        for words in (["update"], ["install", "--yes", "--no-install-recommends", *packages]):
            subprocess.run([apt_get, "--quiet=2", *words], check=False, stdin=subprocess.DEVNULL, env=env)
        packages = wanted()
    if packages:
        sys.stdout.write(
            f"Left out, because they are not installed: {', '.join(packages)}. On Debian: apt-get install them, as root.\n"
        )


if __name__ == "__main__":
    main()
