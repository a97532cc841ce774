"""`python -m tests.faults.install`: what brokers, proxies, clock and w3m need, as root on Debian; elsewhere it names it.

With the word `cluster` after it: only what tests.cluster is made of.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable

from tests.faults.clock import library
from tests.faults.packages import CLUSTER, PACKAGES, missing


def wanted(names: Iterable[str] = PACKAGES) -> list[str]:
    if names is not PACKAGES:
        return [PACKAGES[name] for name in names if missing(name)]
    beside = [package for package, there in (("faketime", library()), ("w3m", shutil.which("w3m"))) if not there]
    return [PACKAGES[name] for name in PACKAGES if missing(name)] + beside


def main() -> None:
    names = CLUSTER if "cluster" in sys.argv[1:] else PACKAGES
    apt_get, packages = shutil.which("apt-get"), wanted(names)
    if packages and apt_get and os.geteuid() == 0:
        sys.stdout.write(f"Installing {', '.join(packages)} …\n")
        sys.stdout.flush()
        # The servers start in the tests, on ports of their own: not with the machine.
        env = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
        for words in (["update"], ["install", "--yes", "--no-install-recommends", *packages]):
            subprocess.run([apt_get, "--quiet=2", *words], check=False, stdin=subprocess.DEVNULL, env=env)
        packages = wanted(names)
    if packages:
        sys.stdout.write(
            f"Left out, because they are not installed: {', '.join(packages)}. On Debian: apt-get install them, as root.\n"
        )


if __name__ == "__main__":
    main()
