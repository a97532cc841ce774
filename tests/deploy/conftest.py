"""The site as production runs it: gunicorn by deploy/gunicorn.conf.py, two roles, a PostgreSQL of its own that may be stopped."""

import http.client
import itertools
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg2
import pytest
from django.conf import settings

from ctac.local import postgres, processes
from tests.notifications.conftest import free_port
from tests.project.test_settings import NEEDED

ROOT = Path(settings.BASE_DIR)
BEHIND_A_PROXY = {"Host": "ctac.example", "X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.7"}
# Tests may run as root, which Celery warns of; production doesn't.
PYTHON = [sys.executable, "-W", "ignore:You're running the worker with superuser:UserWarning"]
PROGRAMS = postgres._wheel_folder() / "pginstall" / "bin"
# Nobody reads the mail of these tests. What still waits when a file is done would make the site degraded in the next.
ALL_IS_SENT = """
    UPDATE notifications_notification
    SET state = 'sent', sent_at = now(), lease_token = NULL, lease_until = NULL, sealed_body = NULL
    WHERE state IN ('pending', 'sending');
    DELETE FROM notifications_mailserver
"""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All that share the server run in one worker, so that there is one."""
    for item in items:
        if "server" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("deploy"))


class Server:
    """A PostgreSQL with both roles and the migrated database `ctac`, whose tables belong to ctac_owner."""

    def __init__(self, var_dir: Path) -> None:
        self.var_dir = var_dir
        self.processes: list[Any] = []
        self.laid_out = itertools.count(1)
        self.env = {name: value for name, value in os.environ.items() if not name.startswith(("CTAC_", "DATABASE_URL"))}
        self.env |= {
            "PATH": f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}",
            "ENV_FILE": os.devnull,
            "CTAC_VAR": str(var_dir),
            **NEEDED,
            "ALLOWED_HOSTS": "ctac.example",
            "SITE_URL": "https://ctac.example",
            "EMAIL_URL": "smtp://127.0.0.1:1",
            "WATCHER_PING_URL": "https://127.0.0.1:1/ping",
            "TRUSTED_PROXY_COUNT": "1",
            "STATIC_ROOT": str(var_dir / "static"),
            "MEDIA_ROOT": str(var_dir / "media"),
            "BACKUP_DIR": str(var_dir / "backups"),
        }

    def start(self) -> None:
        self.processes.append(postgres.start(self.var_dir, fast=True))

    def stop(self) -> None:
        postgres.stop(self.var_dir)
        for process in self.processes:
            process.wait(30)

    def url(self, role: str = "", database: str = "ctac") -> str:
        """The server admits us by our login's name, so another role is taken on after that, before the first statement."""
        url = postgres.database_url(self.var_dir, database)
        return f"{url}&options={quote(f'-c role={role}')}" if role else url

    def query(self, sql: str, *values: object, role: str = "", database: str = "ctac") -> list[tuple[Any, ...]]:
        connection = psycopg2.connect(self.url(role, database))
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                cursor.execute(sql, values or None)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def psql(self, file: str, role: str = "", database: str = "ctac") -> None:
        words = ["psql", "--quiet", "--no-psqlrc", "--set", "ON_ERROR_STOP=1", "--dbname", self.url(role, database)]
        subprocess.run([*words, "--file", file], cwd=ROOT, env=self.env, check=True)

    def python(self, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """A command with production's settings; variables win over them."""
        command = [sys.executable, *words]
        return subprocess.run(command, cwd=ROOT, env=self.env | variables, capture_output=True, text=True, check=False)

    def manage(self, *words: str, role: str, **variables: str) -> str:
        done = self.python("manage.py", *words, DATABASE_URL=self.url(role), **variables)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def lay_out(self, code: str, **variables: str) -> str:
        """Rows by the factories, as the role that serves the site. Each time their numbers, so all their names, are new."""
        first = f"from tests.deploy.scene import number_from; number_from({next(self.laid_out) * 1000})"
        return self.manage("shell", "--no-imports", "-c", f"{first}\n{code}", role="ctac_app", **variables)


SERVERS: list[Server] = []  # that run: one, or none yet


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Sample data are loaded by the role that serves the site."""
    found = Server(tmp_path_factory.mktemp("deploy"))
    try:
        found.start()
        found.psql("deploy/sql/roles.sql")
        found.manage("migrate", "--verbosity", "0", role="ctac_owner")
        found.psql("deploy/sql/grants.sql", role="ctac_owner")
        found.manage("load_sample_data", role="ctac_app", CTAC_ENV="test")
        SERVERS.append(found)
        yield found
    finally:
        SERVERS.clear()
        found.stop()


@pytest.fixture(scope="module", autouse=True)
def no_mail_is_left() -> Iterator[None]:
    """After each file, if there is a server by then: a file that needs none must not start it."""
    yield
    for server in SERVERS:
        server.query(ALL_IS_SENT)


class Site:
    """gunicorn in production mode, as the role that doesn't own the tables; and a Celery worker when asked for."""

    def __init__(self, server: Server) -> None:
        self.server, self.port = server, free_port()
        self.env = server.env | {"DATABASE_URL": server.url("ctac_app")}
        self.processes: list[subprocess.Popen[bytes]] = []
        self.log_file = server.var_dir / f"site-{self.port}.log"  # each its own: a worker that ends writes a line that is no JSON

    def start(self, *words: str) -> None:
        with self.log_file.open("ab") as log:
            self.processes.append(subprocess.Popen([*PYTHON, "-m", *words], cwd=ROOT, env=self.env, stdout=log, stderr=log))

    def serve(self, *, workers: int = 1) -> None:
        words = ["--config", "deploy/gunicorn.conf.py", "--bind", f"127.0.0.1:{self.port}", "--workers", str(workers)]
        self.start("gunicorn", "tests.deploy.site", *words)
        processes.wait_until(lambda: self.answers() or self.processes[-1].poll() is not None, 30)
        assert self.processes[-1].poll() is None, self.log_file.read_text()

    def work(self) -> None:
        self.start("celery", "--app", "ctac", "--quiet", "worker", "--concurrency", "1", "--without-gossip", "--without-mingle")

    def stop(self) -> None:
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.wait(30)

    def answers(self) -> bool:
        try:
            return self.get("/healthz").status == 200
        except OSError:
            return False

    def get(self, path: str, method: str = "GET", body: bytes | None = None, **headers: str) -> "Answer":
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return Answer(response.status, dict(response.getheaders()), response.read().decode())
        finally:
            connection.close()

    def visit(self, path: str) -> "Answer":
        """As it comes through the proxy."""
        return self.get(path, **BEHIND_A_PROXY)

    def log(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log_file.read_text().splitlines()]

    def lines(self, reference: str) -> list[dict[str, Any]]:
        return [line for line in self.log() if line["reference"] == reference]


class Answer:
    def __init__(self, status: int, headers: dict[str, str], text: str) -> None:
        self.status, self.headers, self.text = status, headers, text

    @property
    def json(self) -> dict[str, str]:
        return json.loads(self.text)


@pytest.fixture(scope="session")
def site(server: Server) -> Iterator[Site]:
    server.manage("collectstatic", "--no-input", "--verbosity", "0", role="ctac_app")
    found = Site(server)
    try:
        found.serve()
        yield found
    finally:
        found.stop()


@pytest.fixture(scope="session")
def things(server: Server, site: Site) -> dict[str, str]:
    """Of somebody at the site and of a member of staff: keys of their sessions, and what the paths to their things need."""
    code = "from tests.deploy.scene import print_scene; print_scene()"
    found: dict[str, str] = json.loads(server.lay_out(code).splitlines()[-1])
    files = json.loads((site.server.var_dir / "static" / "staticfiles.json").read_text())["paths"]
    return found | {"hashed": files["css/site.css"]}
