"""PostgreSQL of Debian's packages: a primary, its standby that holds every commit too, and PgBouncer in front."""

import secrets
import shutil
import signal
from pathlib import Path
from typing import Any

import psycopg2

from tests.cluster.machines import NETWORK, OUTSIDE, Machine, run, wait_for

PROGRAMS = Path("/usr/lib/postgresql/17/bin")
HOME = "/var/lib/postgresql"
DATA, WAL = f"{HOME}/data", f"{HOME}/wal/wal"
WAL_DISK = 400 * 2**20  # bytes
DATABASE = "ctac"
# A commit is answered when the standby has it on its disk too: then a failover loses nothing that was acknowledged.
STANDBYS = "ANY 1 (db1, db2)"
SETTINGS = f"""
listen_addresses = '*'
unix_socket_directories = '{HOME}'
max_connections = 120
shared_buffers = 256MB
hot_standby = on
wal_level = replica
max_wal_senders = 5
max_wal_size = 128MB
wal_keep_size = 64MB
wal_sender_timeout = 10s
wal_receiver_timeout = 10s
synchronous_commit = on
tcp_keepalives_idle = 10
tcp_keepalives_interval = 5
tcp_keepalives_count = 3
log_min_messages = warning
timezone = UTC
"""
ADMITTED = f"""
local all all peer
host all postgres {OUTSIDE}/32 trust
host replication replicator {NETWORK}.0/24 scram-sha-256
host all all {NETWORK}.0/24 scram-sha-256
"""


class Secrets:
    """Made anew for each run."""

    def __init__(self) -> None:
        self.of = {role: secrets.token_hex(16) for role in ("postgres", "replicator", "ctac_owner", "ctac_app")}

    def url(self, role: str, host: str, port: int = 5432) -> str:
        return f"postgres://{role}:{self.of[role]}@{host}:{port}/{DATABASE}"


class Database(Machine):
    """A PostgreSQL; its folder stands where Debian has it."""

    def __init__(self, name: str, number: int, folder: Path, passwords: Secrets) -> None:
        super().__init__(name, number, folder)
        self.passwords = passwords
        self.home = self.folder / "home"
        self.wal_disk = self.home / "wal"
        self.wal_disk.mkdir(parents=True)
        self.has_wal_disk = False
        self.mounts = [f"mount --rbind {self.home} {HOME}"]

    def mount_wal_disk(self) -> None:
        """A small disk for its log of writes, which can be filled. Raises Failed where this machine has no loop devices."""
        image = self.folder / "wal.img"
        with image.open("wb") as file:
            file.truncate(WAL_DISK)
        run("mkfs.ext4", "-q", "-m", "0", str(image))
        run("mount", "-o", "loop", str(image), str(self.wal_disk))
        self.has_wal_disk = True

    def make(self) -> None:
        """An empty server, which admits who has a password."""
        run("chown", "postgres:postgres", str(self.home), str(self.wal_disk))
        words = ["initdb", "-D", DATA, "-U", "postgres", "--auth=trust", "-E", "UTF8", "--locale=C.UTF-8", f"--waldir={WAL}"]
        self.run([str(PROGRAMS / words[0]), *words[1:]], {}, "postgres")
        with (self.home / "data" / "postgresql.conf").open("a") as conf:
            conf.write(SETTINGS + f"cluster_name = '{self.name}'\n")
        (self.home / "data" / "pg_hba.conf").write_text(ADMITTED)

    def keep(self, target: Path) -> None:
        """A copy of what is in it, for `lay_out`. It must not run."""
        unfinished = target.with_suffix(".new")
        unfinished.mkdir()
        for part in (self.home / "data", self.wal_disk / "wal"):
            run("cp", "-a", str(part), str(unfinished))
        unfinished.rename(target)

    def lay_out(self, source: Path) -> None:
        run("chown", "postgres:postgres", str(self.home), str(self.wal_disk))
        run("cp", "-a", str(source / "data"), str(self.home))
        run("cp", "-a", str(source / "wal"), str(self.wal_disk))

    def set(self, name: str, value: str) -> None:
        """Before it starts."""
        with (self.home / "data" / "postgresql.conf").open("a") as conf:
            conf.write(f"{name} = '{value}'\n")

    def follow(self, primary: "Database") -> None:
        """Begin anew as its standby, as docs/cluster.md says."""
        for folder in (self.home / "data", self.wal_disk / "wal"):
            shutil.rmtree(folder, ignore_errors=True)
        run("chown", "postgres:postgres", str(self.home), str(self.wal_disk))
        line = f"host={primary.address} user=replicator application_name={self.name}"
        words = [str(PROGRAMS / "pg_basebackup"), "-D", DATA, "-d", line, f"--waldir={WAL}", "-R", "-X", "stream", "-c", "fast"]
        self.run(words, {"PGPASSWORD": self.passwords.of["replicator"]}, "postgres")
        self.set("cluster_name", self.name)
        self.serve()

    def serve(self, *options: str) -> None:
        self.start("postgres", [str(PROGRAMS / "postgres"), "-D", DATA, *options], {}, "postgres")
        wait_for(self.answers, 60, f"{self.name} answers")

    def end(self) -> None:
        """As systemd stops it (fast): sessions are ended, all is written down."""
        self.stop("postgres", signal.SIGINT)

    def wait_for_standbys(self, names: str = STANDBYS) -> None:
        """Whose word a commit waits for; nobody's, when there are none."""
        self.query(f"ALTER SYSTEM SET synchronous_standby_names = '{names}'")
        self.query("SELECT pg_reload_conf()")

    def answers(self) -> bool:
        try:
            return bool(self.query("SELECT 1"))
        except psycopg2.Error:
            return False

    def query(self, sql: str, *values: object, database: str = "postgres") -> list[tuple[Any, ...]]:
        """As the superuser, each statement for itself."""
        connection = psycopg2.connect(host=self.address, user="postgres", dbname=database, connect_timeout=3)
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                cursor.execute(sql, values or None)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def make_roles(self, root: Path) -> None:
        self.query(f"CREATE DATABASE {DATABASE}")
        self.psql(DATABASE, root / "deploy/sql/roles.sql")
        self.query("CREATE ROLE replicator LOGIN REPLICATION")

    def set_passwords(self) -> None:
        for role, password in self.passwords.of.items():
            self.query(f"ALTER ROLE {role} PASSWORD %s", password)

    def psql(self, database: str, file: Path, *more: str, user: str = "postgres") -> None:
        env = {"PGPASSWORD": self.passwords.of[user]} if user != "postgres" else {}
        where = ["--host", self.address, "--username", user, "--dbname", database]
        run("psql", "--quiet", "--no-psqlrc", "--set", "ON_ERROR_STOP=1", *more, *where, "--file", str(file), env=env)

    def is_synchronous(self) -> bool:
        return self.query("SELECT count(*) FROM pg_stat_replication WHERE sync_state IN ('sync', 'quorum')") == [(1,)]
