"""The cluster: which machines there are, how they are laid out and started, and what an operator does to them."""

import secrets
import shutil
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.conf import settings

from tests import ready
from tests.cluster.databases import DATABASE, Database, Secrets
from tests.cluster.machines import OUTSIDE, Failed, lay_network, run, wait_for
from tests.cluster.nodes import PGBOUNCER_PORT, Beat, PgBouncer, Proxy, Redis, Site, Web, Worker
from tests.faults.mail_server import MailServer
from tests.faults.rig import Outbox
from tests.project.test_settings import NEEDED

ROOT = Path(settings.BASE_DIR)
NAME = "ctac.example"
# The code, and nothing that a release has not.
LEFT_OUT = shutil.ignore_patterns(".git", ".venv", "var", "node_modules", ".ruff_cache", ".mypy_cache", ".pytest_cache")
READY = ROOT / "var" / "cluster-ready"
START_SECONDS = 90
DRAIN_SECONDS = 1.0  # nginx reads its file; gunicorn ends by itself what is under way
# The next release, as far as the trial needs one.
NEXT = "9999_trial"
MIGRATION = """from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("bookings", "{after}")]
    operations = [migrations.AddField("booking", "trial", models.CharField(max_length=20, blank=True, db_default=""))]
"""
BOOKING, META = "\nclass Booking(", "    class Meta:"
COLUMN = '    trial = models.CharField(max_length=20, blank=True, db_default="")\n\n'


def last_migration(code: Path) -> str:
    return max(path.stem for path in (code / "bookings/migrations").glob("[0-9]*.py"))


class Cluster(Outbox):
    """`primary` is the database that takes writes; `base_url` is where people go."""

    name, base_url = NAME, f"https://{NAME}"
    waiting, quiet = 8.0, 20.0  # a while longer, because what was away may still come back to its work

    def __init__(self, folder: Path, mail: MailServer, *, small_disks: bool) -> None:
        lay_network()
        self.folder, self.mail, self.passwords = folder, mail, Secrets()
        self.media = folder / "media"  # one folder that all web nodes see
        self.media.mkdir(parents=True)
        self.old, self.new = folder / "code-old", folder / "code-new"
        self.static = folder / "static"
        self.proxy = Proxy("proxy", 10, folder)
        self.redis = Redis("redis", 50, folder)
        self.pgbouncer = PgBouncer("pgbouncer", 60, folder, self.passwords)
        self.databases = [Database(f"db{number}", 70 + number, folder, self.passwords) for number in (1, 2)]
        self.primary, self.standby = self.databases
        env = self.environment(self.passwords.url("ctac_app", self.pgbouncer.address, PGBOUNCER_PORT), self.redis.address)
        self.webs = [Web(f"web{number}", 20 + number, folder, env) for number in (1, 2, 3)]
        self.workers = [Worker(f"worker{number}", 30 + number, folder, env) for number in (1, 2)]
        self.beats = [Beat(f"beat{number}", 40 + number, folder, env) for number in (1, 2)]
        self.operator = Site("operator", 5, folder, env)
        self.small_disks = small_disks

    def environment(self, database: str, redis: str) -> dict[str, str]:
        return NEEDED | {
            "ENV_FILE": "/dev/null",
            "SECRET_KEY": secrets.token_urlsafe(50),
            "ALLOWED_HOSTS": NAME,
            "SITE_URL": self.base_url,
            "DATABASE_URL": database,
            "CELERY_BROKER_URL": f"redis://{redis}:6379/0",
            "CACHE_URL": f"redis://{redis}:6379/1",
            "EMAIL_URL": f"smtp://{OUTSIDE}:{self.mail.port}",
            "TRUSTED_PROXY_COUNT": "1",
            "MEDIA_ROOT": str(self.media),
            "WEB_WORKERS": "1",
            "WORKER_CONCURRENCY": "2",
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    # Laying it out

    def start(self) -> None:
        begun = time.monotonic()
        self.name_the_site()
        if self.small_disks:
            self.mount_small_disks()
        self.make_code()
        self.make_database()
        self.redis.serve()
        self.pgbouncer.serve(self.primary, ROOT)
        self.standby.follow(self.primary)
        self.primary.wait_for_standbys()
        wait_for(self.primary.is_synchronous, 30, "the standby follows")
        self.proxy.serve([web.address for web in self.webs], self.static, ROOT)
        for site in (*self.webs, *self.workers, *self.beats):
            site.put(self.old)
            site.serve()
        for web in self.webs:
            wait_for(web.is_ready, START_SECONDS, f"{web.name} is ready", 0.2)
        self.say(f"ready after {time.monotonic() - begun:.0f} s")

    def name_the_site(self) -> None:
        """So that a visitor's TLS asks for the site by its name."""
        hosts = self.folder / "hosts"
        hosts.write_text(f"127.0.0.1 localhost\n{self.proxy.address} {NAME}\n")
        run("mount", "--bind", str(hosts), "/etc/hosts")

    def mount_small_disks(self) -> None:
        """Of a web node's log and data, and of each database's log of writes."""
        node = self.webs[0]
        run("mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(node.folder))
        for folder in (node.var, node.code):
            folder.mkdir()
        with suppress(Failed):  # no loop devices: that fault is left out
            for database in self.databases:
                database.mount_wal_disk()

    def make_code(self) -> None:
        shutil.copytree(ROOT, self.old, ignore=LEFT_OUT, symlinks=True)
        self.compile(self.old)
        self.collect(self.old)

    def compile(self, code: Path) -> None:
        run(sys.executable, "-m", "compileall", "-q", "-j", "2", str(code))

    def collect(self, code: Path) -> None:
        """Into the code's own folder, which names each file by its hash, and to the proxy's."""
        (code / "staticfiles").mkdir(exist_ok=True)
        self.operator.put(code)
        self.operator.mounts.append(f"mount --bind {code}/staticfiles staticfiles")
        self.operator.manage("collectstatic", "--no-input", "--verbosity", "0")
        shutil.copytree(code / "staticfiles", self.static, dirs_exist_ok=True)

    @staticmethod
    def kept() -> Path:
        """The data of a server with all tables, for as long as no file changes that migrating goes by."""
        return READY / ready.fingerprint()

    def make_database(self) -> None:
        """With all tables and both roles. It is kept, and the next run begins with a copy (tests/ready.py)."""
        kept = self.kept()
        if not kept.exists():
            shutil.rmtree(READY, ignore_errors=True)
            READY.mkdir(parents=True)
            self.primary.make()
            self.primary.serve("-c", "fsync=off")  # nothing is lost that is not made again
            self.primary.make_roles(ROOT)
            self.primary.set_passwords()
            self.migrate(self.old)
            self.primary.end()
            self.primary.keep(kept)
        else:
            self.primary.lay_out(kept)
        self.primary.serve()
        self.primary.set_passwords()

    def migrate(self, code: Path) -> None:
        """As each release says: by the owner, past PgBouncer; then what ctac_app may do."""
        self.operator.put(code)
        self.operator.manage("migrate", "--verbosity", "0", DATABASE_URL=self.passwords.url("ctac_owner", self.primary.address))
        self.primary.psql(DATABASE, ROOT / "deploy/sql/grants.sql", "--single-transaction", user="ctac_owner")

    def lay_out(self, people: int, presenters: int, site: Site | None = None) -> None:
        """In the database of this node; else in the cluster's."""
        code = f"from tests.cluster.stage import lay_out; lay_out({people}, {presenters})"
        (site or self.operator).manage("shell", "--no-imports", "-c", code)

    # What an operator does

    def make_new_code(self) -> None:
        """The next release: a column more, with a default that the database knows, so that the code of before can insert too."""
        shutil.copytree(self.old, self.new, symlinks=True)
        (self.new / "bookings/migrations" / f"{NEXT}.py").write_text(MIGRATION.format(after=last_migration(self.new)))
        models = self.new / "bookings/models/booking.py"
        before, booking, after = models.read_text().partition(BOOKING)
        assert META in after, f"{models.name} has no {BOOKING.strip()}…"
        models.write_text(before + booking + after.replace(META, COLUMN + META, 1))

    def upgrade(self, site: Site) -> None:
        """One node to the new code: web nodes get no new requests before, and none until they are ready."""
        if isinstance(site, Web):
            self.proxy.drain(site.address)
            time.sleep(DRAIN_SECONDS)
        site.stop(site.kind)
        site.put(self.new)
        site.serve()
        if isinstance(site, Web):
            wait_for(site.is_ready, START_SECONDS, f"{site.name} is ready", 0.2)
            self.proxy.drain()

    def fail_over(self) -> None:
        """To the standby, by deploy/failover.sh. `primary` and `standby` change places."""
        self.pgbouncer.fail_over(self.primary, self.standby)
        self.primary, self.standby = self.standby, self.primary

    def give_a_standby(self) -> None:
        """The dead primary begins anew as the standby of its successor; from then on commits wait for it."""
        self.standby.follow(self.primary)
        self.primary.wait_for_standbys()
        wait_for(self.primary.is_synchronous, 30, "the standby follows")

    def sweeps(self) -> int:
        """How many a worker has done: beat alone asks for them."""
        return sum(worker.output.count('"task": "notifications.tasks.sweep"') for worker in self.workers)

    def stop_sites(self) -> None:
        for site in (*self.beats, *self.workers, *self.webs):
            site.stop(site.kind)

    # What is stored

    def query(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        return self.primary.query(sql, *values, database=DATABASE)

    def now(self) -> float:
        return time.time()

    def output(self) -> str:
        return "\n".join(site.output[-1500:] for site in (*self.webs, *self.workers, *self.beats))

    @staticmethod
    def say(words: str) -> None:
        sys.stdout.write(f"{words}\n")
        sys.stdout.flush()
