"""A container without an engine: the Dockerfile's settings and compose.yaml's commands, closed in by bubblewrap.

The code lies in /srv/ctac and nothing can be written but the volume, /tmp and /dev/shm. The command is process 1 of its own
namespace, has the image's user, no rights beyond it and no way to gain any. Network and processor are the machine's.
"""

import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings

from ctac.local import processes

ROOT = Path(settings.BASE_DIR)
DOCKERFILE = (ROOT / "Dockerfile").read_text()
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
BUBBLEWRAP = shutil.which("bwrap")
WHY_NOT = "" if BUBBLEWRAP and os.geteuid() == 0 else "as root, with bubblewrap: apt-get install bubblewrap"
[(UID, GID)] = set(re.findall(r"^USER ([1-9]\d*):(\d+)$", DOCKERFILE, re.MULTILINE))
BASE, IMAGE = "localhost/ctac-base", "localhost/ctac"
IN_BASE = ("python3", "python3-venv", "ca-certificates")
HEALTH_CHECK, COMMAND = re.findall(r"^ *CMD (\[.*\])$", DOCKERFILE, re.MULTILINE)


def variables(image: Path | None) -> dict[str, str]:
    """What the image sets. Without one, the path leads to this machine's environment of Python."""
    [block] = re.findall(r"^ENV ((?:.*\\\n)*.*)", DOCKERFILE, re.MULTILINE)
    pairs = dict(pair.split("=", 1) for pair in block.replace("\\\n", " ").split() if "$" not in pair)
    return pairs | {"PATH": f"{'/srv/ctac/.venv' if image else sys.prefix}/bin:/usr/bin:/bin"}


def command_of(service: str) -> list[str]:
    found: list[str] = SERVICES[service].get("command") or json.loads(COMMAND)
    return found


def check_of(service: str) -> list[str]:
    """The health check as words: compose.yaml's, or else the image's."""
    if "healthcheck" not in SERVICES[service]:
        found: list[str] = json.loads(HEALTH_CHECK)
        return found
    kind, *rest = SERVICES[service]["healthcheck"]["test"]
    return ["sh", "-c", rest[0].replace("$$", "$")] if kind == "CMD-SHELL" else rest


def file_system(image: Path | None) -> list[str]:
    """The image's own, or else one like it from this machine's programs and this checkout."""
    if image:
        return ["--ro-bind", str(image), "/", "--tmpfs", "/run"]
    seen = {sys.prefix, os.path.realpath(sys.prefix), sys.base_prefix, "/usr", "/etc"}
    read_only = [word for path in sorted(seen) for word in ("--ro-bind-try", path, path)]
    above = {str(parent) for path in (*seen, "/srv/ctac", "/run/postgresql", "/var/lib/ctac") for parent in Path(path).parents}
    folders = [word for path in sorted(above - {"/"}) for word in ("--perms", "0755", "--dir", path)]
    links = [word for name in ("bin", "sbin", "lib", "lib64") for word in ("--symlink", f"usr/{name}", f"/{name}")]
    return [*folders, *read_only, *links, "--ro-bind", str(ROOT), "/srv/ctac"]


def closed_in(volume: Path, sockets: Path, image: Path | None) -> list[str]:
    memory = [word for path in ("/tmp", "/dev/shm") for word in ("--perms", "1777", "--tmpfs", path)]  # noqa: S108 - inside
    to_become = [word for right in ("SETUID", "SETGID", "SETPCAP") for word in ("--cap-add", f"CAP_{right}")]
    return [
        *(str(BUBBLEWRAP), "--die-with-parent", "--unshare-pid", "--as-pid-1", "--unshare-ipc", "--unshare-uts", "--clearenv"),
        *(*file_system(image), "--proc", "/proc", "--dev", "/dev", *memory),
        *("--bind", str(volume), "/var/lib/ctac", "--perms", "0755", "--dir", "/run/postgresql"),
        *("--bind", str(sockets), "/run/postgresql", "--remount-ro", "/"),
        *("--chdir", "/srv/ctac", *to_become, "/usr/bin/setpriv", "--reuid", UID, "--regid", GID, "--clear-groups"),
        *("--bounding-set=-all", "--inh-caps=-all", "--no-new-privs"),
    ]


def buildah(*words: str) -> str:
    """What it says, without what it prints of its steps. Raises CalledProcessError."""
    line = ["/usr/bin/buildah", *words]
    done = subprocess.run(line, stdout=subprocess.PIPE, text=True, check=True, stdin=subprocess.DEVNULL)
    return done.stdout.strip()


def build_base() -> None:
    """Debian with its own Python: it stands for the official image, which is Debian too."""
    with tempfile.TemporaryDirectory() as folder:
        tar = f"{folder}/base.tar"
        words = ("--quiet", "--variant=minbase", f"--include={','.join(IN_BASE)}", "trixie", tar)
        subprocess.run(["/usr/bin/mmdebstrap", *words], check=True)
        empty = buildah("from", "scratch")
        buildah("add", "--quiet", empty, tar, "/")
        buildah("commit", "--quiet", "--rm", empty, BASE)


@contextmanager
def built_image() -> Iterator[Path]:
    """The file system of the image, built from the Dockerfile as it is. Packages come the way this machine gets them."""
    if not buildah("images", "--quiet", "--filter", f"reference={BASE}"):
        build_base()
    limits = {"nofile": resource.getrlimit(resource.RLIMIT_NOFILE)[1], "nproc": resource.getrlimit(resource.RLIMIT_NPROC)[1]}
    ulimits = [word for name, most in limits.items() for word in ("--ulimit", f"{name}={most}:{most}")]
    ours = [path for path in ("/etc/ssl/certs", "/etc/pip.conf") if Path(path).exists()]
    volumes = [word for path in ours for word in ("--volume", f"{path}:{path}:ro")]
    how = ("--isolation", "chroot", "--network", "host", "--format", "docker", "--layers", "--pull=never", *ulimits, *volumes)
    buildah("build", *how, "--build-arg", f"BASE={BASE}", "--target", "site", "--tag", IMAGE, str(ROOT))
    container = buildah("from", "--pull=never", IMAGE)
    try:
        yield Path(buildah("mount", container))
    finally:
        buildah("rm", container)


class Container:
    """One service. `pid` is its process as this machine counts it."""

    def __init__(self, service: str, log: Path, image: Path | None = None) -> None:
        self.service, self.log_file, self.image = service, log, image
        self.process: subprocess.Popen[bytes] | None = None
        self.pid = 0

    def start(self, volume: Path, sockets: Path, env: dict[str, str]) -> None:
        given = [f"{name}={value}" for name, value in (variables(self.image) | env).items()]
        with self.log_file.open("ab") as log:
            line = [*closed_in(volume, sockets, self.image), "/usr/bin/env", *given, *command_of(self.service)]
            self.process = subprocess.Popen(line, stdout=log, stderr=log)
        children = processes.PROC_DIR / str(self.process.pid) / "task" / str(self.process.pid) / "children"
        assert processes.wait_until(lambda: children.exists() and children.read_text().strip() != "", 10), self.log()
        self.pid = int(children.read_text().split()[0])

    def log(self) -> str:
        return self.log_file.read_text(errors="replace")

    def run(self, *command: str) -> int:
        """The exit code of a command beside the service, as `docker exec` runs one."""
        enter = ["nsenter", "--target", str(self.pid), "--mount", "--pid", "--wdns=/srv/ctac", "--"]
        become = ["setpriv", "--reuid", UID, "--regid", GID, "--clear-groups", "--no-new-privs", "--"]
        env = variables(self.image) | {"PORT": self.environment().get("PORT", "")}
        done = subprocess.run([*enter, *become, *command], env=env, capture_output=True, check=False, timeout=30)
        return done.returncode

    def is_healthy(self) -> bool:
        return self.run(*check_of(self.service)) == 0

    def environment(self) -> dict[str, str]:
        pairs = (processes.PROC_DIR / str(self.pid) / "environ").read_bytes().decode().split("\0")
        return dict(pair.split("=", 1) for pair in pairs if pair)

    def status(self) -> dict[str, str]:
        """What the kernel says of process 1: users, rights, numbers."""
        lines = (processes.PROC_DIR / str(self.pid) / "status").read_text().splitlines()
        return {name: value.strip() for name, _colon, value in (line.partition(":") for line in lines)}

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """All its processes stand still."""
        children = (processes.PROC_DIR / str(self.pid) / "task" / str(self.pid) / "children").read_text().split()
        pids = [self.pid, *map(int, children)]
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)

    def stop(self) -> int:
        """The exit code after what an engine sends first."""
        assert self.process is not None
        if self.process.poll() is None:
            os.kill(self.pid, signal.SIGTERM)
        return self.process.wait(60)
