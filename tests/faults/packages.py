"""What the brokers need on this machine. Nothing of the site is imported, so that it can be asked before anything is set."""

import shutil
from pathlib import Path

PACKAGES = {"redis": "redis-server", "rabbitmq": "rabbitmq-server"}
# What other tests need: the package and its program.
PROGRAMS = {
    "w3m": "w3m",
    "bubblewrap": "bwrap",
    "docker-compose": "docker-compose",
    "buildah": "buildah",
    "crun": "crun",
    "mmdebstrap": "mmdebstrap",
}
RABBITMQ = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")  # not the wrapper in the path, which changes the user


def missing(name: str) -> str:
    """What must be installed for this broker; empty if it is there."""
    there = {"folder": True, "redis": shutil.which("redis-server"), "rabbitmq": RABBITMQ.exists()}
    return "" if there[name] else f"{PACKAGES[name]} is not installed: apt-get install {PACKAGES[name]}, or `make faults` as root"
