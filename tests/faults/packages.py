"""What brokers, proxies and the cluster need on this machine. Imports nothing of the site: asked before anything is set."""

import os
import shutil
from pathlib import Path

PACKAGES = {"redis": "redis-server", "rabbitmq": "rabbitmq-server", "nginx": "nginx", "pgbouncer": "pgbouncer"}
PACKAGES |= {"postgresql": "postgresql-17", "ip": "iproute2"}
SYSTEM = f"{os.environ.get('PATH', os.defpath)}{os.pathsep}/usr/sbin"  # where servers are, which not every path names
RABBITMQ = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")  # not the wrapper in the path, which changes the user
POSTGRESQL = Path("/usr/lib/postgresql/17/bin/postgres")
CLUSTER = ("postgresql", "pgbouncer", "redis", "nginx", "ip")  # what tests.cluster is made of


def missing(name: str) -> str:
    """What must be installed for this server; empty if it is there."""
    there = {name: shutil.which(package, path=SYSTEM) for name, package in PACKAGES.items()}
    there |= {"folder": "nothing is needed", "rabbitmq": str(RABBITMQ) if RABBITMQ.exists() else None}
    there |= {"ip": shutil.which("ip", path=SYSTEM), "postgresql": str(POSTGRESQL) if POSTGRESQL.exists() else None}
    return "" if there[name] else f"{PACKAGES[name]} is not installed: apt-get install {PACKAGES[name]}, or `make faults` as root"
