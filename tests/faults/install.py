"""`python -m tests.faults.install`: what the tests run beside the site, as root on Debian; elsewhere it names what is missing.

With a word after it only those of that group: ci, cluster, drill or images (tests/faults/packages.py).
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable

from tests.faults.packages import GROUPS, PACKAGES, missing


def wanted(names: Iterable[str] = PACKAGES) -> list[str]:
    return [PACKAGES[name][0] for name in names if missing(name)]


def main(words: list[str]) -> None:
    names = GROUPS[words[0]] if words else PACKAGES
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
    main(sys.argv[1:])
