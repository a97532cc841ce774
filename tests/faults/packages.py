"""What the tests run beside the site. Imports nothing of the site: it is asked before anything is set or installed."""

import os
import shutil
from pathlib import Path

SYSTEM = f"{os.environ.get('PATH', os.defpath)}{os.pathsep}/usr/sbin"  # where servers are, which not every path names
RABBITMQ = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")  # not the wrapper in the path, which changes the user
POSTGRESQL = Path("/usr/lib/postgresql/17/bin")  # what Debian 13 has
# By what the tests call it: Debian's package, and a program of it.
PACKAGES = {
    "redis": ("redis-server", "redis-server"),
    "rabbitmq": ("rabbitmq-server", str(RABBITMQ)),
    "nginx": ("nginx", "nginx"),
    "pgbouncer": ("pgbouncer", "pgbouncer"),
    "postgresql": ("postgresql-17", str(POSTGRESQL / "postgres")),
    "pgbackrest": ("pgbackrest", "pgbackrest"),
    "restic": ("restic", "restic"),
    "prometheus": ("prometheus", "promtool"),
    "ip": ("iproute2", "ip"),
    "bubblewrap": ("bubblewrap", "bwrap"),
    "docker-compose": ("docker-compose", "docker-compose"),
    "buildah": ("buildah", "buildah"),
    "crun": ("crun", "crun"),
    "mmdebstrap": ("mmdebstrap", "mmdebstrap"),
    "w3m": ("w3m", "w3m"),
    "faketime": ("faketime", "faketime"),
}
CLUSTER = ("postgresql", "pgbouncer", "redis", "nginx", "ip")
DRILL = ("postgresql", "pgbackrest", "restic")
IMAGES = ("bubblewrap", "docker-compose", "redis", "buildah", "crun", "mmdebstrap")
# What .ci/run installs: the rest is for `make faults`, `make access` and `make containers`.
CI = (*CLUSTER, *DRILL, "prometheus", "bubblewrap", "docker-compose")
GROUPS = {"ci": CI, "cluster": CLUSTER, "drill": DRILL, "images": IMAGES}


def missing(*names: str) -> str:
    """What must be installed for these; empty if all are there."""
    absent = [PACKAGES[name][0] for name in names if name in PACKAGES and not shutil.which(PACKAGES[name][1], path=SYSTEM)]
    wanted = " ".join(dict.fromkeys(absent))
    return f"not installed: apt-get install {wanted}, or `python -m tests.faults.install` as root" if absent else ""
