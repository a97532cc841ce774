"""The image and compose.yaml: what can be said of the files, and each service closed in as its container will be."""

import http.client
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, nullcontext
from pathlib import Path

import pytest
from celery.beat import PersistentScheduler
from django.conf import settings

from ctac.local import postgres, processes
from tests.deploy.conftest import NEEDED, Server
from tests.deploy.containers import DOCKERFILE, GID, ROOT, SERVICES, UID, WHY_NOT, Container, built_image, check_of, command_of
from tests.deploy.test_files import DEPLOY, section
from tests.faults.brokers import Redis
from tests.faults.mail_server import MailServer
from tests.faults.packages import missing
from tests.notifications.conftest import free_port

pytestmark = pytest.mark.slow
ONCE = {"static", "migrate", "backup"}  # do one thing and end
OURS = ("web", "worker", "beat")
SIGNS_OF_LIFE = {"worker": "$WORKER_HEARTBEAT_FILE", "beat": "$CTAC_VAR/celerybeat-schedule*"}
HADOLINT = str(Path(sys.prefix) / "bin" / "hadolint")


# What the files say


def test_the_linter_finds_nothing_in_the_dockerfile() -> None:
    assert subprocess.run([HADOLINT, ROOT / "Dockerfile"], capture_output=True, text=True, check=False).stdout == ""


def test_the_linter_finds_what_is_wrong() -> None:
    wrong = DOCKERFILE + "\nUSER root\n"
    done = subprocess.run([HADOLINT, "-"], input=wrong, capture_output=True, text=True, check=False)
    assert (done.returncode, "DL3002" in done.stdout) == (1, True)


@pytest.mark.skipif(
    shutil.which("docker-compose") is None, reason="docker-compose is not installed: apt-get install docker-compose"
)
@pytest.mark.parametrize(("more", "code"), [("", 0), ("\n  other:\n    image: x\n    read_olny: true\n", 15)])
def test_compose_takes_the_file_and_would_not_take_a_slip(tmp_path: Path, more: str, code: int) -> None:
    for name in ("ctac.env", "owner.env", "backup.env", "db.env"):
        (tmp_path / name).touch()
    text = (ROOT / "compose.yaml").read_text()
    (tmp_path / "compose.yaml").write_text(text.replace("\nnetworks:\n", f"{more}\nnetworks:\n"))
    line = ["docker-compose", "--file", tmp_path / "compose.yaml", "--profile", "tools", "config", "--quiet"]
    env = {"PATH": os.environ["PATH"], "CTAC_ETC": str(tmp_path)}
    done = subprocess.run(line, env=env, capture_output=True, text=True, check=False)
    assert (done.returncode, "read_olny" in done.stderr) == (code, code != 0), done.stderr


@pytest.mark.parametrize("name", SERVICES)
def test_every_container_is_closed_in(name: str) -> None:
    service = SERVICES[name]
    closed = {"read_only": True, "cap_drop": ["ALL"], "security_opt": ["no-new-privileges:true"]}
    assert {key: service[key] for key in closed} == closed
    assert service["restart"] == ("no" if name in ONCE else "always")
    assert "privileged" not in service


@pytest.mark.parametrize("name", SERVICES)
def test_nobody_is_root(name: str) -> None:
    """Our images name their user, and the others are given one."""
    assert SERVICES[name].get("user", "").split(":")[0] not in {"root", "0"}
    assert SERVICES[name]["image"].startswith("ctac") or "user" in SERVICES[name]
    stages = re.split(r"^FROM ", DOCKERFILE, flags=re.MULTILINE)[1:]
    last_users = [re.findall(r"^USER (.*)$", stage, re.MULTILINE)[-1:] for stage in stages]
    assert last_users == [[], [f"{UID}:{GID}"], [f"{UID}:{GID}"]]  # what the first stage does is not in the image


@pytest.mark.parametrize("name", sorted(set(SERVICES) - ONCE))
def test_what_runs_on_is_looked_after(name: str) -> None:
    service = SERVICES[name]
    assert check_of(name)
    assert {"stop_grace_period", "mem_limit", "logging"} <= set(service)
    assert "ports" not in service or name == "proxy"


@pytest.mark.parametrize("name", OURS)
def test_a_container_does_what_its_unit_does(name: str) -> None:
    unit = section(DEPLOY / "systemd" / f"ctac-{name}.service", "Service")
    assert " ".join(command_of(name)) == unit["ExecStart"].removeprefix("/srv/ctac/.venv/bin/")
    assert SERVICES[name]["stop_grace_period"] == f"{unit['TimeoutStopSec']}s"
    assert SERVICES[name]["mem_limit"] == unit["MemoryMax"].lower()
    assert str(SERVICES[name]["pids_limit"]) == unit["TasksMax"]


def test_every_app_gets_into_the_image_and_no_secret_does() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert lines[1] == "*"
    wanted = {line[1:] for line in lines if line.startswith("!") and "/" not in line}
    assert {app for app in settings.INSTALLED_APPS if (ROOT / app).is_dir()} <= wanted
    assert [name for name in wanted if not (ROOT / name).exists()] == []
    assert {"**/.*", "**/*.env"} <= set(lines)


def test_client_and_server_of_the_database_are_of_one_version() -> None:
    [client] = re.findall(r"postgresql-client-(\d+)", DOCKERFILE)
    assert SERVICES["db"]["image"].startswith(f"postgres:{client}-")


def test_the_file_for_a_proxy_in_a_container_differs_where_it_must() -> None:
    conf = DEPLOY / "nginx" / "ctac.conf"
    line = ["/usr/bin/sed", "--file", conf.with_name("containers.sed"), conf]
    changed = subprocess.run(line, capture_output=True, text=True, check=True)
    pairs = list(zip(conf.read_text().splitlines(), changed.stdout.splitlines(), strict=True))
    assert [after.strip().split(";")[0] for before, after in pairs if before != after] == [
        "server web:8000 fail_timeout=0",
        "access_log /dev/stdout ctac",
        "error_log /dev/stderr alert",
    ]
    assert "unix:" not in changed.stdout


def test_beat_writes_its_schedule_often_enough_for_its_health_check() -> None:
    [minutes] = re.findall(r"-mmin -(\d+)", " ".join(check_of("beat")))
    assert PersistentScheduler.sync_every + settings.CELERY_BEAT_MAX_LOOP_INTERVAL < 60 * int(minutes)


# Each service, closed in

closed_in = pytest.mark.skipif(bool(WHY_NOT or missing("redis")), reason=WHY_NOT or missing("redis"))


@pytest.fixture(scope="module")
def mail() -> Iterator[MailServer]:
    found = MailServer()
    yield found
    found.stop()


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    found = Redis(tmp_path_factory.mktemp("redis"))
    found.start()
    yield found
    found.stop()


@pytest.fixture(scope="module")
def sockets(server: Server) -> Path:
    """The folder of the database's socket, which the image's user may reach, as ctac_app by password."""
    server.query("ALTER ROLE ctac_app PASSWORD 'only-here'")
    rules = postgres.data_dir(server.var_dir) / "pg_hba.conf"
    rules.write_text(f"local ctac ctac_app scram-sha-256\n{rules.read_text()}")
    server.query("SELECT pg_reload_conf()")
    folder = postgres.socket_dir(server.var_dir)
    folder.chmod(0o711)
    (folder / ".s.PGSQL.5432").chmod(0o777)
    return folder


@pytest.fixture(scope="module")
def image() -> Iterator[Path | None]:
    """The file system of the image, under `make containers`; else the services run on one like it."""
    with built_image() if os.environ.get("CONTAINERS") else nullcontext() as found:
        yield found


@pytest.fixture(scope="module")
def containers(
    image: Path | None, server: Server, sockets: Path, redis: Redis, mail: MailServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Container]]:
    folder = tmp_path_factory.mktemp("containers")
    volume = folder / "state"
    volume.mkdir()
    os.chown(volume, int(UID), int(GID))
    env = NEEDED | {
        "DATABASE_URL": "postgres://ctac_app:only-here@/ctac?host=/run/postgresql",
        "CELERY_BROKER_URL": redis.url,
        "CACHE_URL": redis.url.replace("/0", "/1"),
        "EMAIL_URL": f"smtp://127.0.0.1:{mail.port}",
        "OUTBOX_SWEEP_SECONDS": "1",
        "WORKER_CONCURRENCY": "2",
        "PORT": str(free_port()),
    }
    if image is None:  # which has them
        server.manage("collectstatic", "--no-input", "--verbosity", "0", role="ctac_app", STATIC_ROOT=str(volume / "static"))
        env["STATIC_ROOT"] = "/var/lib/ctac/static"
    found = {name: Container(name, folder / f"{name}.log", image) for name in OURS}
    try:
        for container in found.values():
            container.start(volume, sockets, env)
        yield found
    finally:
        codes = {name: container.stop() for name, container in found.items()}
    assert codes == dict.fromkeys(OURS, 0)  # each ended by itself when it was told to


@pytest.fixture(scope="module")
def files(image: Path | None) -> Path:
    if image is None:
        pytest.skip("The image is built by make containers.")
    return image


@closed_in
def test_the_image_holds_what_serves_the_site_and_no_more(files: Path) -> None:
    there = {path.name for path in (files / "srv/ctac").iterdir()}
    assert {"tests", "bench", "var", ".env", ".git", ".ci", "assets"} & there == set()
    assert {"ctac", "docs", "manage.py", "staticfiles", ".venv"} <= there
    envs = {str(path.relative_to(files)) for path in (files / "srv/ctac").rglob("*.env*") if path.is_file()}
    assert {path for path in envs if ".venv" not in path} == {"srv/ctac/deploy/build.env", "srv/ctac/deploy/ctac.env.example"}
    assert not list((files / "srv/ctac/.venv").glob("bin/pip*"))


@closed_in
def test_nothing_in_the_image_is_the_users_own_but_the_volumes(files: Path) -> None:
    own = {str(path.relative_to(files)) for path in files.rglob("*") if path.lstat().st_uid == int(UID)}
    assert own == {"var/lib/ctac", "var/lib/ctac-backups", "var/lib/ctac-static"}


def soon(condition: Callable[[], bool], seconds: float = 30) -> bool:
    return processes.wait_until(condition, seconds, every=0.2)


def get(container: Container, path: str) -> tuple[int, str]:
    with closing(http.client.HTTPConnection("127.0.0.1", int(container.environment()["PORT"]), timeout=10)) as line:
        line.request("GET", path, headers={"Host": "a.example", "X-Forwarded-Proto": "https"})
        response = line.getresponse()
        return response.status, response.read().decode()


@closed_in
@pytest.mark.parametrize("name", OURS)
def test_it_starts_and_becomes_healthy(containers: dict[str, Container], name: str) -> None:
    assert soon(containers[name].is_healthy), containers[name].log()


@closed_in
@pytest.mark.parametrize("name", OURS)
def test_it_is_the_first_process_has_no_rights_and_can_gain_none(containers: dict[str, Container], name: str) -> None:
    status = containers[name].status()
    assert status["NSpid"].split()[1:] == ["1"]
    assert set(status["Uid"].split()) == {UID}
    assert set(status["Gid"].split()) == {GID}
    assert (status["Groups"], status["NoNewPrivs"]) == ("", "1")
    assert {int(status[f"Cap{kind}"], 16) for kind in ("Inh", "Prm", "Eff", "Bnd", "Amb")} == {0}


@closed_in
@pytest.mark.parametrize(
    ("folder", "code"),
    [("/srv/ctac", 1), ("/etc", 1), ("/usr", 1), ("/", 1), ("/var/lib/ctac", 0), ("/tmp", 0)],  # noqa: S108
)
def test_it_can_write_its_volume_and_its_memory_and_nothing_else(
    containers: dict[str, Container], folder: str, code: int
) -> None:
    assert containers["web"].run("touch", f"{folder}/written") == code


@closed_in
def test_nobody_there_can_write_the_code_not_even_root(containers: dict[str, Container]) -> None:
    enter = ["nsenter", "--target", str(containers["web"].pid), "--mount", "touch", "/srv/ctac/written"]
    done = subprocess.run(enter, capture_output=True, text=True, check=False)
    assert "Read-only file system" in done.stderr


@closed_in
def test_a_page_is_served(containers: dict[str, Container]) -> None:
    web = containers["web"]
    assert soon(web.is_healthy), web.log()
    assert get(web, "/readyz")[0] == 200
    status, text = get(web, "/about/")
    assert (status, "<h1" in text) == (200, True), web.log()


@closed_in
def test_an_order_is_confirmed_by_email(containers: dict[str, Container], server: Server, redis: Redis, mail: MailServer) -> None:
    code = "make_order(make_person(email='boxed@leeds.example.nhs.uk'), timezone.now())"
    imports = "from django.utils import timezone; from tests.factories import make_person; "
    server.lay_out(f"{imports}from tests.leaflets.factories import make_order; {code}", CELERY_BROKER_URL=redis.url)
    assert soon(lambda: mail.counts("boxed@") != []), containers["worker"].log()


@closed_in
def test_beat_asks_and_the_worker_does(containers: dict[str, Container]) -> None:
    assert soon(lambda: "notifications.tasks.sweep" in containers["beat"].log()), containers["beat"].log()
    assert soon(lambda: "Task notifications.tasks.sweep" in containers["worker"].log()), containers["worker"].log()


@closed_in
def test_a_web_server_without_its_database_is_unhealthy(containers: dict[str, Container], server: Server, sockets: Path) -> None:
    web, socket = containers["web"], sockets / ".s.PGSQL.5432"
    assert soon(web.is_healthy), web.log()
    socket.chmod(0)
    try:
        server.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'ctac_app'", role="")
        assert soon(lambda: not web.is_healthy())
    finally:
        socket.chmod(0o777)
    assert soon(web.is_healthy), web.log()


@closed_in
@pytest.mark.parametrize("name", OURS)
def test_what_hangs_is_unhealthy_once_its_last_sign_of_life_is_too_old(containers: dict[str, Container], name: str) -> None:
    container = containers[name]
    assert soon(container.is_healthy), container.log()
    with container.frozen():
        if name in SIGNS_OF_LIFE:  # minutes pass at once
            assert container.run("sh", "-c", f"touch --date '5 minutes ago' {SIGNS_OF_LIFE[name]}") == 0
        assert not container.is_healthy()
    if name != "beat":  # which writes its schedule within three minutes
        assert soon(container.is_healthy), container.log()


@closed_in
def test_a_worker_that_has_lost_its_broker_gives_no_sign_of_life(containers: dict[str, Container], redis: Redis) -> None:
    worker = containers["worker"]
    assert soon(worker.is_healthy), worker.log()
    redis.stop()
    try:
        time.sleep(3)  # longer than from one sign of life to the next
        assert worker.run("sh", "-c", f"touch --date '5 minutes ago' {SIGNS_OF_LIFE['worker']}") == 0
        time.sleep(5)
        assert not worker.is_healthy()
    finally:
        redis.start()
    assert soon(worker.is_healthy), worker.log()
