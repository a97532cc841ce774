"""The site on PgBouncer with deploy/pgbouncer/pgbouncer.ini, in transaction mode, with two connections for all its threads."""

import json
import os
import pwd
import re
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from secrets import token_urlsafe
from typing import Any

import psycopg2
import pytest
from aiosmtpd.controller import Controller
from django.urls import reverse

from ctac.local import postgres, processes
from ctac.local.smtp_sink import FolderHandler
from tests.deploy.browser import SESSION, Answer, Browser, hidden
from tests.deploy.conftest import ROOT, Server, Site
from tests.faults.packages import SYSTEM, missing
from tests.live.mail import read
from tests.notifications.conftest import free_port
from tests.races.visits import DETAILS

pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(missing("pgbouncer")), reason=missing("pgbouncer"))]
POOL = 2
CROWD = 8  # threads of the site, and people at once
CHECK = reverse("order_check")
TO = {"name": "Sam Taylor", "organisation_name": "Leeds", "address_line_1": "1 Park Row", "town": "Leeds"}
NEW = {
    "name": "Nadia Khan",
    "profession": "midwife",
    "organisation_name": "Leeds",
    "phone": "0113 496 0009",
    "postcode": "LS9 7TF",
}
# A session that another took meanwhile: `other` holds the one that was free last.
ELSEWHERE = "import psycopg2, os; other = psycopg2.connect(os.environ['DATABASE_URL']); other.cursor().execute('SELECT 1')"
# Bytes for each of so many keys, beyond what the process had before.
KEYS = 300_000
PEAK = f"""
from pathlib import Path
from professionals.models import NameWord
from professionals.exports import read_primary_keys
def peak(): return int(Path('/proc/self/status').read_text().partition('VmHWM:')[2].split()[0]) * 1024
rows = NameWord.objects.order_by('pk')
len(read_primary_keys(rows[:10])), len(list(rows.values_list('pk', flat=True)[:10].iterator()))
before = peak()
found = {{how}}
print(len(found), (peak() - before) // {KEYS})
"""


class Pooler:
    """As its file says, but for addresses and folders. Started by root, it runs as PostgreSQL’s user."""

    def __init__(self, server: Server) -> None:
        self.server, self.port, self.password = server, free_port(), token_urlsafe(16)
        # Not below pytest's folder, into which only root may look.
        self.folder = postgres.runtime_dir(server.var_dir) / "pgbouncer"
        self.process: subprocess.Popen[bytes] | None = None
        changes = {
            "host=db.internal port=5432": f"host={postgres.socket_dir(server.var_dir)}",
            "6432": str(self.port),
            "/etc/pgbouncer/userlist": str(self.folder / "userlist"),
            "/var/log/postgresql": str(self.folder),
            "/run/postgresql": str(self.folder),
            "default_pool_size = 20": f"default_pool_size = {POOL}",
        }
        text = (ROOT / "deploy" / "pgbouncer" / "pgbouncer.ini").read_text()
        for old, new in changes.items():
            assert old in text, old
            text = text.replace(old, new)
        self.folder.mkdir()
        (self.folder / "pgbouncer.ini").write_text(text)
        (self.folder / "userlist.txt").write_text("\n".join(self.users()))
        owner = postgres.data_dir(server.var_dir).stat()
        for path in (self.folder, *self.folder.iterdir()):
            os.chown(path, owner.st_uid, owner.st_gid)
        self.user = ["--user", pwd.getpwuid(owner.st_uid).pw_name] if os.geteuid() == 0 else []

    def users(self) -> list[str]:
        """The site's role gets a password, which the server asks of it from now on; what it has of that, PgBouncer has."""
        rules = postgres.data_dir(self.server.var_dir) / "pg_hba.conf"
        rules.write_text(f"local ctac ctac_app scram-sha-256\n{rules.read_text()}")
        self.server.query(f"ALTER ROLE ctac_app PASSWORD '{self.password}'")
        self.server.query("CREATE ROLE ctac_monitor")
        self.server.query("SELECT pg_reload_conf()")
        [(secret,)] = self.server.query("SELECT rolpassword FROM pg_authid WHERE rolname = 'ctac_app'")
        assert secret.startswith("SCRAM-SHA-256$")
        return [f'"ctac_app" "{secret}"', f'"ctac_monitor" "{self.password}"']

    @property
    def url(self) -> str:
        return f"postgres://ctac_app:{self.password}@127.0.0.1:{self.port}/ctac"

    def start(self) -> None:
        program = shutil.which("pgbouncer", path=SYSTEM)
        assert program is not None
        self.process = subprocess.Popen([program, "--quiet", *self.user, str(self.folder / "pgbouncer.ini")])
        processes.wait_until(self.answers, 10)
        assert self.answers(), (self.folder / "pgbouncer.log").read_text()

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait(10)

    def answers(self) -> bool:
        try:
            self.connect().close()
        except psycopg2.OperationalError:
            return False
        return True

    def connect(self, **more: str) -> Any:
        connection = psycopg2.connect(self.url, **more)
        connection.autocommit = True
        return connection

    def waited(self) -> int:
        """Microseconds that clients have waited for a turn."""
        with closing(psycopg2.connect(self.url, dbname="pgbouncer", user="ctac_monitor")) as connection:
            connection.autocommit = True
            cursor = connection.cursor()
            cursor.execute("SHOW STATS_TOTALS")
            names = [column.name for column in cursor.description]
            return sum(row[names.index("wait_time")] for row in cursor.fetchall() if row[0] == "ctac")


@pytest.fixture(scope="module")
def pooler(server: Server) -> Iterator[Pooler]:
    found = Pooler(server)
    try:
        found.start()
        yield found
    finally:
        found.stop()
        server.query("DROP ROLE ctac_monitor")


@pytest.fixture(scope="module")
def mailbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    folder, port = tmp_path_factory.mktemp("mail"), free_port()
    sink = Controller(FolderHandler(folder), hostname="127.0.0.1", port=port)
    sink.start()
    yield f"smtp://127.0.0.1:{port}", folder
    sink.stop()


@pytest.fixture(scope="module")
def pooled(
    server: Server, site: Site, pooler: Pooler, mailbox: tuple[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """Beside the site that has collected the static files: web with eight threads and a worker, all through PgBouncer."""
    found = Site(server)
    found.env |= {"DATABASE_URL": pooler.url, "EMAIL_URL": mailbox[0], "CHECK_FORM_TIMESTAMP": "no"}
    found.env["CTAC_VAR"] = str(
        tmp_path_factory.mktemp("queue")
    )  # or another file's worker takes the task, who has no mail server
    try:
        found.serve(workers=CROWD // 4)
        found.work()
        yield found
    finally:
        found.stop()


@pytest.fixture(scope="module")
def crowd(server: Server) -> dict[str, Any]:
    code = f"from tests.deploy.crowd import print_crowd; print_crowd({CROWD})"
    found: dict[str, Any] = json.loads(server.lay_out(code).splitlines()[-1])
    return found


def shell(pooler: Pooler, code: str) -> subprocess.CompletedProcess[str]:
    return pooler.server.python("manage.py", "shell", "--no-imports", "-c", code, DATABASE_URL=pooler.url)


# What it keeps for the site


def test_what_the_role_has_set_holds_in_each_session(pooler: Pooler) -> None:
    names = ("statement_timeout", "idle_in_transaction_session_timeout", "synchronize_seqscans", "timezone")
    with closing(pooler.connect()) as connection, connection.cursor() as cursor:
        found = []
        for name in names:
            cursor.execute(f"SHOW {name}")
            found.append(cursor.fetchone()[0])
    assert found == ["30s", "1min", "off", "UTC"]


def test_a_setting_that_only_a_session_could_keep_is_refused(pooler: Pooler) -> None:
    """Which our own connection sent as it began, once."""
    with pytest.raises(psycopg2.OperationalError, match="unsupported startup parameter"):
        pooler.connect(options="-c synchronize_seqscans=off")


@pytest.mark.parametrize(("disabled", "ends"), [("True", 0), ("False", 1)])
def test_rows_that_are_read_in_portions_come_though_another_takes_the_session(pooler: Pooler, disabled: str, ends: int) -> None:
    """With Django's cursors that outlive a transaction, which is the negative control, they don't."""
    code = f"""
from django.db import connection
from professionals.models import OutwardCode
connection.settings_dict["DISABLE_SERVER_SIDE_CURSORS"] = {disabled}
rows = OutwardCode.objects.iterator(chunk_size=100)
next(rows)
{ELSEWHERE}
print(len(list(rows)) + 1)"""
    done = shell(pooler, code)
    assert (done.returncode, "InvalidCursorName" in done.stderr) == (ends, bool(ends)), done.stderr
    assert not done.stdout or int(done.stdout) > 2_900


def test_a_lock_of_a_session_is_lost_and_one_of_a_transaction_is_not(pooler: Pooler) -> None:
    """The first is the negative control: whoever took it can't give it back. Ours are all of the second kind."""
    with closing(pooler.connect()) as one, closing(pooler.connect()) as other, one.cursor() as mine, other.cursor() as theirs:
        mine.execute("SELECT pg_advisory_lock(27)")
        theirs.execute("BEGIN; SELECT 1")
        mine.execute("SELECT pg_advisory_unlock(27)")
        assert mine.fetchone() == (False,)
        theirs.execute("SELECT pg_advisory_unlock(27); COMMIT")
        mine.execute("BEGIN; SELECT pg_advisory_xact_lock(27)")
        theirs.execute("SELECT pg_try_advisory_xact_lock(27)")
        assert theirs.fetchone() == (False,)
        mine.execute("COMMIT")
        theirs.execute("SELECT pg_try_advisory_xact_lock(27)")
        assert theirs.fetchone() == (True,)


@pytest.mark.parametrize(
    ("how", "least", "most"),
    [("read_primary_keys(rows)", 0, 30), ("list(rows.values_list('pk', flat=True).iterator())", 80, 1000)],
)
def test_an_export_holds_a_few_bytes_for_each_row(server: Server, pooler: Pooler, how: str, least: int, most: int) -> None:
    """The second is the negative control: iterator(), which no longer has a cursor of the server’s."""
    rows = "INSERT INTO professionals_nameword (source, word) SELECT 'pooler', i FROM generate_series(1, %s) i"
    server.query(rows, KEYS)
    try:
        done = shell(pooler, PEAK.format(how=how))
    finally:
        server.query("DELETE FROM professionals_nameword WHERE source = 'pooler'")
    assert done.returncode == 0, done.stderr
    count, bytes_a_row = map(int, done.stdout.split())
    assert count >= KEYS
    assert least <= bytes_a_row <= most


# The site's work through it


def test_somebody_signs_up_with_the_code_from_the_email(pooled: Site, mailbox: tuple[str, Path]) -> None:
    browser, address = Browser(pooled), f"{token_urlsafe(6).lower().strip('-_')}@leeds.nhs.uk"
    assert browser.post(reverse("account_login"), {"login": address}).status == 302
    codes = lambda: [mail for mail in read(mailbox[1]) if address in mail.to]  # noqa: E731
    assert processes.wait_until(codes, 30), pooled.log_file.read_text()[-2000:]
    [code] = re.findall(r"\b[A-Z]{4}-[A-Z]{4}\b", codes()[0].text)[:1]
    details = browser.post("/account/login/code/confirm/", {"code": code}).headers["Location"]
    assert details.startswith("/account/details/")
    answer = browser.post(details, {**NEW, "email": address})
    assert (answer.status, answer.headers["Location"]) == (302, "/my/")
    assert browser.get("/my/").status == 200


def order(browser: Browser, leaflet: str, number: int) -> Answer:
    browser.post(reverse("basket_add", args=[leaflet]), {f"{leaflet}-copies": "1"})
    browser.post(reverse("order_delivery"), {**TO, "postcode": f"YO{number + 10} 1AA"})
    return browser.post(CHECK, hidden(browser.get(CHECK)))


def book(browser: Browser, presentation: str, number: int) -> Answer:
    """Again where somebody else was quicker."""
    where, when, check = (reverse(f"book_{step}", args=[presentation]) for step in ("where", "when", "check"))
    browser.post(where, {"format": "online", **DETAILS})
    for turn in range(5):
        starts = re.findall(r'name="start"[^>]*value="([^"]+)"', browser.get(when).text)
        browser.post(when, {"start": starts[(number + turn * CROWD) % len(starts)]})
        answer = browser.post(check, hidden(browser.get(check)))
        if (answer.headers["Location"] or "").endswith("/placed/"):
            break
    return answer


def test_more_people_than_connections_order_and_book_at_once(
    server: Server, pooler: Pooler, pooled: Site, crowd: dict[str, Any]
) -> None:
    browsers = [
        Browser(pooled, {SESSION: key}, [("X-Forwarded-For", f"203.0.113.{n + 140}")]) for n, key in enumerate(crowd["sessions"])
    ]
    before, most = pooler.waited(), 0

    def all_of(number: int) -> list[Answer]:
        browser = browsers[number]
        return [order(browser, crowd["leaflets"][number % 3], number), book(browser, crowd["presentation"], number)]

    with ThreadPoolExecutor(CROWD) as pool:
        running = [pool.submit(all_of, number) for number in range(CROWD)]
        while not all(each.done() for each in running):
            [(now,)] = server.query("SELECT count(*) FROM pg_stat_activity WHERE usename = 'ctac_app'")
            most = max(most, now)
        answers = [answer for each in running for answer in each.result()]
    assert [(answer.status, answer.headers["Location"][-8:]) for answer in answers] == [(302, "/placed/")] * 2 * CROWD
    assert most == POOL
    assert pooler.waited() > before  # else nobody had to share
    assert len({answer.headers["Location"].split("/")[2] for answer in answers}) == 2 * CROWD
    assert server.manage("reconcile_stock", role="ctac_app") == "The stock ledger and the figures are equal.\n"


def test_staff_take_out_a_list_while_others_read(pooled: Site, things: dict[str, str], crowd: dict[str, Any]) -> None:
    staff = Browser(pooled, {SESSION: things["staff"]})
    with ThreadPoolExecutor(CROWD) as pool:
        pages = [pool.submit(Browser(pooled, {SESSION: key}).get, "/my/") for key in crowd["sessions"]]
        answer = staff.post("/staff/leaflets/order/export/", {"form": "csv", "list": ""})
    assert [page.result().status for page in pages] == [200] * CROWD
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/csv; charset=utf-8")
    assert len(answer.text.splitlines()) > 5


def test_readyz_knows_when_it_is_away_and_when_it_is_back(pooler: Pooler, pooled: Site) -> None:
    assert pooled.get("/readyz").status == 200
    pooler.stop()
    away = pooled.get("/readyz")
    assert (away.status, away.json["database"]) == (503, "away")
    pooler.start()
    assert processes.wait_until(lambda: pooled.get("/readyz").status == 200, 10)
    assert pooled.visit("/").status == 200
