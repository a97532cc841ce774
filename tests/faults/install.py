"""`python -m tests.faults.install`: what brokers, clock, text browser and containers need, as root on Debian; else it says so."""

import os
import shutil
import subprocess
import sys

from tests.faults.clock import library
from tests.faults.packages import PACKAGES, PROGRAMS, missing


def wanted() -> list[str]:
    beside = [package for package, program in PROGRAMS.items() if not shutil.which(program)]
    return [PACKAGES[name] for name in PACKAGES if missing(name)] + ([] if library() else ["faketime"]) + beside


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
