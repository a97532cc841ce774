"""The machines around the databases: PgBouncer, Redis, the proxy, and those that run the site's code."""

import os
import shutil
import signal
import sys
from collections.abc import Sequence
from contextlib import closing
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from tests.cluster.databases import Database, Secrets
from tests.cluster.machines import Machine, run, wait_for
from tests.deploy import nginx

PORT = 8000
PGBOUNCER_PORT = 6432  # as deploy/pgbouncer/pgbouncer.ini has it
RULE = "max_fails=2 fail_timeout=10s"  # as deploy/nginx/ctac.conf shows it
LOOK = 0.1  # seconds


class PgBouncer(Machine):
    """With deploy/pgbouncer/pgbouncer.ini; deploy/failover.sh writes into it which database it speaks to."""

    def __init__(self, name: str, number: int, folder: Path, passwords: Secrets) -> None:
        super().__init__(name, number, folder)
        self.passwords = passwords
        self.mounts = [f"mount --bind {self.folder} /etc/pgbouncer"]

    def serve(self, primary: Database, root: Path) -> None:
        changes = {
            "host=db.internal": f"host={primary.address}",
            "listen_addr = 127.0.0.1": f"listen_addr = {self.address}",
            "/var/log/postgresql": "/etc/pgbouncer",
            "/run/postgresql": "/etc/pgbouncer",
        }
        write_changed(root / "deploy/pgbouncer/pgbouncer.ini", self.folder / "pgbouncer.ini", changes)
        ((verifier,),) = primary.query("SELECT rolpassword FROM pg_authid WHERE rolname = 'ctac_app'")
        (self.folder / "userlist.txt").write_text(f'"ctac_app" "{verifier}"\n')
        shutil.copy(root / "deploy/failover.sh", self.folder)
        self.log("pgbouncer").touch()
        run("chown", "-R", "postgres:postgres", str(self.folder))
        self.start("pgbouncer", ["pgbouncer", "/etc/pgbouncer/pgbouncer.ini"], {}, "postgres")
        wait_for((self.folder / "pgbouncer.pid").exists, 15, "PgBouncer runs", LOOK)

    def fail_over(self, old: Database, new: Database) -> str:
        """As an operator does it on this machine, but for systemd, which doesn't run here."""
        env = {"PGPASSWORD": self.passwords.of["postgres"], "RELOAD_PGBOUNCER": f"kill -HUP {self.processes['pgbouncer'].pid}"}
        return self.run(["/etc/pgbouncer/failover.sh", old.address, new.address], env, "postgres")


def write_changed(file: Path, target: Path, changes: dict[str, str]) -> None:
    """The file as it is in deploy/, but for this. Each must be in it."""
    text = file.read_text()
    for old, new in changes.items():
        assert old in text, f"{old!r} is not in {file}"
        text = text.replace(old, new)
    target.write_text(text)


class Redis(Machine):
    """Broker and cache. It keeps nothing on a disk: what is in it may be lost at any time."""

    def serve(self) -> None:
        keeps_nothing = ["--save", "", "--appendonly", "no", "--protected-mode", "no"]
        self.start("redis", ["redis-server", "--bind", self.address, "--dir", str(self.folder), *keeps_nothing])
        wait_for(lambda: self.ask("PING") == "PONG", 15, "Redis answers", LOOK)

    def ask(self, word: str) -> str:
        try:
            return run("redis-cli", "-h", self.address, word).strip()
        except Exception:  # noqa: BLE001 - not yet
            return ""


class Proxy(Machine):
    """nginx with deploy/nginx/ctac.conf: in it only the web nodes are others than there."""

    def serve(self, webs: list[str], static: Path, root: Path) -> None:
        self.conf, self.webs = self.folder / "ctac.conf", webs
        self.static, self.template = static, root / "deploy/nginx/ctac.conf"
        self.write()
        (self.folder / "nginx.conf").write_text(nginx.MAIN.format(folder=self.folder, user="user root;"))
        nginx.write_certificate(self.folder)
        self.start("nginx", self.command())
        wait_for(lambda: (self.folder / "nginx.pid").exists(), 10, "nginx runs")

    def command(self) -> list[str]:
        return [nginx.PROGRAM or "nginx", "-p", str(self.folder), "-c", str(self.folder / "nginx.conf")]

    def words(self, command: Sequence[str], user: str = "") -> list[str]:
        """It binds ports below 1024, and so keeps that right of root."""
        words = super().words(command, user)
        words[words.index("--bounding-set=-all")] = "--bounding-set=-all,+net_bind_service"
        words[words.index("--inh-caps=-all")] = "--inh-caps=-all,+net_bind_service"
        return words

    def write(self, drained: str = "") -> None:
        servers = [f"    server {each}:{PORT} {RULE}{' down' if each == drained else ''};\n" for each in self.webs]
        changes = {
            "    server unix:/run/ctac/web.sock fail_timeout=0;\n": "".join(servers),
            "/etc/ssl/ctac": str(self.folder),
            "/var/log/nginx": str(self.folder),
            "/srv/ctac/staticfiles": str(self.static),
        }
        write_changed(self.template, self.conf, changes)

    def drain(self, address: str = "") -> None:
        """No request goes to this node any more; without one, all get theirs again."""
        self.write(address)
        os.kill(self.processes["nginx"].pid, signal.SIGHUP)


class Site(Machine):
    """One that runs the site's code, read-only, as production: web, worker or beat."""

    kind = ""

    def __init__(self, name: str, number: int, folder: Path, env: dict[str, str]) -> None:
        super().__init__(name, number, folder)
        self.var, self.code = self.folder / "var", self.folder / "code"
        self.var.mkdir()
        self.code.mkdir()
        self.env = env | {"CTAC_VAR": str(self.var)}

    def put(self, code: Path) -> None:
        """From its next start on it runs this code."""
        self.mounts = [f"mount --bind {code} {self.code}", f"mount -o remount,bind,ro {self.code}", f"cd {self.code}"]

    def python(self, *words: str, **variables: str) -> str:
        return self.run([sys.executable, *words], self.env | variables)

    def manage(self, *words: str, **variables: str) -> str:
        return self.python("manage.py", *words, **variables)

    def serve(self) -> None:
        # They run as root that may do nothing; Celery warns of root.
        quiet = ["-W", "ignore::RuntimeWarning", "-W", "ignore::UserWarning"]
        self.start(self.kind, [sys.executable, *quiet, "-m", *self.command()], self.env)

    def command(self) -> list[str]:
        raise NotImplementedError

    @property
    def output(self) -> str:
        return self.log(self.kind).read_text(errors="replace")


class Web(Site):
    kind = "web"

    def command(self) -> list[str]:
        return ["gunicorn", "--config", "deploy/gunicorn.conf.py", "--bind", f"{self.address}:{PORT}"]

    def is_ready(self) -> bool:
        """Whether it may get requests: what an operator asks before a node goes back."""
        try:
            with closing(HTTPConnection(self.address, PORT, timeout=3)) as line:
                line.request("GET", "/readyz")
                return line.getresponse().status == HTTPStatus.OK
        except (OSError, HTTPException):
            return False


class Worker(Site):
    kind = "worker"

    def command(self) -> list[str]:
        return [
            "celery",
            "--app",
            "ctac",
            "--quiet",
            "worker",
            "--without-gossip",
            "--without-mingle",
            "--max-tasks-per-child",
            "2000",
        ]


class Beat(Site):
    kind = "beat"

    def command(self) -> list[str]:
        return ["celery", "--app", "ctac", "--quiet", "beat", "--pidfile="]
