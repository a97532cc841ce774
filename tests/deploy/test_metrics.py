"""/metrics of the running site: who is shown it, what stands in it, and that nothing in it is somebody's."""

import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from urllib.request import urlopen

import pytest
from django.core.cache import cache
from django.db import connection
from django.http import HttpResponse
from django.test import RequestFactory
from django.utils import timezone
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families
from redis import Redis, RedisError

from accounts.models import BlockReason, LimitedActivity
from core import figures, health
from core.logs import EMPTY_VALUE
from ctac.local import processes
from ctac.monitoring.metrics import MetricsMiddleware
from leaflets.models import Edition
from leaflets.stock import services as stock_services
from notifications.models import MailServer, Notification, NotificationState, server_name
from professionals.models import BlockedAttempt
from tests.bookings.rows import make_booking, make_presenter
from tests.deploy.conftest import ALL_IS_SENT, BEHIND_A_PROXY, Server, Site
from tests.deploy.test_alerts import ALERTS, RULES, dashboard
from tests.factories import make_person
from tests.leaflets.factories import make_edition, make_order
from tests.notifications.conftest import free_port

TOKEN = "t" * 40
ASKS = {"Authorization": f"Bearer {TOKEN}"}
Samples = dict[tuple[str, ...], float]  # by name and the values of the labels, in the order of their names


@pytest.fixture(scope="module")
def watched(server: Server, site: Site) -> Iterator[Site]:
    """Two workers, as production has them."""
    found = Site(server)
    found.env = found.env | {"METRICS_TOKEN": TOKEN}
    try:
        found.serve(workers=2)
        yield found
    finally:
        found.stop()


def parsed(text: str) -> Samples:
    families: list[Metric] = list(text_string_to_metric_families(text))
    return {
        (sample.name, *(value for _name, value in sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


def scraped(site: Site) -> Samples:
    answer = site.get("/metrics", **ASKS)
    assert answer.status == 200
    return parsed(answer.text)


def pages(site: Site, route: str) -> float:
    return scraped(site).get(("ctac_http_requests_total", "GET", route, "2xx"), 0)


def workers_of(site: Site) -> list[int]:
    [main] = [process.pid for process in site.processes]
    return [int(pid) for pid in Path(f"/proc/{main}/task/{main}/children").read_text().split()]


def files_of(workers: list[int]) -> list[Path]:
    """In which they count."""
    mapped = [line.split()[-1] for pid in workers for line in Path(f"/proc/{pid}/maps").read_text().splitlines()]
    return sorted({Path(path) for path in mapped if path.endswith(".db")})


# Who is shown it.


def test_without_a_token_in_the_settings_there_is_no_such_page(site):
    assert site.visit("/metrics").status == 404


@pytest.mark.parametrize("sent", ["", "Bearer ", f"Bearer {TOKEN}x", TOKEN])
def test_who_does_not_know_the_token_is_shown_nothing(watched, sent):
    answer = watched.get("/metrics", Authorization=sent)
    assert (answer.status, answer.text, answer.headers["WWW-Authenticate"]) == (401, "", "Bearer")


def test_it_is_told_by_any_name_and_kept_by_nobody(watched):
    answer = watched.get("/metrics", Host="10.1.2.3:8000", **ASKS)
    assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-store")
    assert [name for name in answer.headers if name in {"Set-Cookie", "Location", "X-Reference"}] == []
    assert watched.get("/metrics", "POST", b"", **ASKS).status == 405


# Metrics of the exporters that docs/runbook.md names, as those of Debian 13 have them.
OF_EXPORTERS = {
    "up",  # Prometheus's own
    "probe_success",
    "probe_ssl_earliest_cert_expiry",
    "node_filesystem_avail_bytes",
    "node_filesystem_size_bytes",
    "pg_stat_activity_count",
    "pg_settings_max_connections",
    "pg_replication_lag_seconds",
    "pg_replication_is_replica",
    "pg_stat_replication_pg_current_wal_lsn_bytes",
    "pg_stat_archiver_failed_count",
    "pg_stat_archiver_archived_count",
}
WORDS_OF_PROMQL = {
    "and",
    "or",
    "on",
    "by",
    "sum",
    "max",
    "min",
    "rate",
    "increase",
    "time",
    "topk",
    "count",
    "vector",
    "histogram_quantile",
}


def named(expressions: list[str]) -> set[str]:
    """The metrics: what is left without labels, strings, ranges and the language's own words."""
    bare = (re.sub(r"\{[^}]*\}|\[\w+\]|\b(by|on) \([^)]*\)", " ", expression) for expression in expressions)
    return {word for text in bare for word in re.findall(r"\b[a-z_]+\b", text)} - WORDS_OF_PROMQL


def test_every_metric_that_alerts_and_dashboard_name_is_there(watched):
    watched.visit("/")
    rules = [rule["expr"] for rule in ALERTS.values()]
    there = {name for name, *_labels in scraped(watched)} | {"ctac_queue_messages"}  # below, with Redis
    assert named([*rules, *dashboard()]) - there == OF_EXPORTERS
    assert "ctac_gone" in named(['max by (a) (ctac_gone{b="c"}) > 1 and time() > 2'])


# Requests.


def test_all_workers_count_together_by_route_and_never_by_address(watched):
    before = pages(watched, "leaflet")
    for number in range(20):
        watched.visit(f"/leaflets/health-visitors/?q=maria{number}")
    watched.visit("/maria-jones@leeds.example.nhs.uk/")
    watched.get("/", "MARIA", **BEHIND_A_PROXY)
    found = scraped(watched)
    assert pages(watched, "leaflet") == before + 20
    assert found["ctac_http_request_duration_seconds_count", "leaflet"] == before + 20
    assert found["ctac_http_requests_total", "GET", EMPTY_VALUE, "4xx"] >= 1
    assert [labels for labels in found if "other" in labels] == [("ctac_http_requests_total", "other", "home", "4xx")]
    assert "maria" not in watched.get("/metrics", **ASKS).text.lower()


def test_a_worker_that_follows_another_counts_on_in_its_files(watched):
    workers = workers_of(watched)
    before, files = pages(watched, "home"), files_of(workers)
    for _ in range(10):
        watched.visit("/")
    for pid in workers:
        os.kill(pid, signal.SIGKILL)
    assert processes.wait_until(lambda: len(set(workers_of(watched)) - set(workers)) == 2 and watched.answers(), 30)
    assert pages(watched, "home") == before + 10
    for _ in range(10):
        watched.visit("/")
    assert pages(watched, "home") == before + 20
    now = [path.stem.rpartition("_") for path in files[0].parent.iterdir()]
    assert sorted(kind for kind, _, _pid in now) == sorted(path.stem.rpartition("_")[0] for path in files)
    assert {int(pid) for _kind, _, pid in now} == set(workers_of(watched))


def test_the_files_go_when_the_site_is_stopped(server):
    found = Site(server)
    found.env = found.env | {"METRICS_TOKEN": TOKEN}
    try:
        found.serve()
        found.visit("/")
        [file, *_more] = files_of(workers_of(found))
    finally:
        found.stop()
    assert not file.parent.exists()


# The site.


def test_a_stopped_database_is_told_and_the_rest_as_well(server, watched):
    assert scraped(watched)["ctac_ready",] == 1
    server.stop()
    try:
        found = scraped(watched)
    finally:
        server.start()
    assert found["ctac_ready",] == 0
    assert ("ctac_backup_made_timestamp_seconds",) in found
    assert ("ctac_outbox_due_messages",) not in found
    assert scraped(watched)["ctac_ready",] == 1


def test_a_backup_is_told(server, watched):
    folder = Path(server.env["BACKUP_DIR"])
    folder.mkdir(exist_ok=True)
    notes = {"made.json": "2027-03-09T02:30:00+00:00", "tried.json": "2027-03-08T02:30:00+00:00"}
    for name, at in notes.items():
        (folder / name).write_text(json.dumps({"backup": "ctac-20270309T023000Z", "at": at}))
    try:
        found = scraped(watched)
    finally:
        for name in notes:
            (folder / name).unlink()
    moments = [found[f"ctac_backup_{what}_timestamp_seconds",] for what in ("made", "restored")]
    assert moments == [datetime.fromisoformat(at).timestamp() for at in notes.values()]


PROMETHEUS = shutil.which("prometheus")
LATE_MAIL = """
    INSERT INTO notifications_notification (kind, about, version, recipient, state, message_id, created_at, due_at,
        is_account_mail, attempts, reference, last_error, subject, text_body, html_body)
    VALUES ('x', 'x:1', 1, 'a@b.example', 'pending', '<late@x>', now(), now() - interval '20 minutes',
        false, 0, '', '', '', '', '')
"""


@pytest.mark.skipif(PROMETHEUS is None, reason="prometheus is not installed: apt-get install prometheus")
def test_prometheus_raises_the_alarm_when_no_worker_sends_the_mail(server, watched, tmp_path):
    """Prometheus itself, with the rules of the site; they wait for a second instead of a minute."""
    (tmp_path / "alerts.yml").write_text(re.sub(r"for: \d+[mh]", "for: 1s", RULES.read_text()))
    (tmp_path / "token").write_text(TOKEN)
    targets = [{"targets": [f"127.0.0.1:{watched.port}"]}]
    job = {"job_name": "ctac", "authorization": {"credentials_file": "token"}, "static_configs": targets}
    timing = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    config = {"global": timing, "rule_files": ["alerts.yml"], "scrape_configs": [job]}
    (tmp_path / "prometheus.yml").write_text(json.dumps(config))
    port = free_port()
    words = [
        f"--config.file={tmp_path}/prometheus.yml",
        f"--storage.tsdb.path={tmp_path}/data",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with (tmp_path / "log").open("wb") as log, subprocess.Popen([str(PROMETHEUS), *words], stderr=log, stdout=log) as prometheus:
        try:
            # Nobody has ever compared the stock here, so that alarm is on from the first.
            assert processes.wait_until(lambda: "StockUnchecked" in firing(port), 60), (tmp_path / "log").read_text()
            assert "MailLate" not in firing(port)
            server.query(LATE_MAIL)
            assert processes.wait_until(lambda: "MailLate" in firing(port), 60)
            server.query(ALL_IS_SENT)
            assert processes.wait_until(lambda: "MailLate" not in firing(port), 60)
        finally:
            prometheus.terminate()


def firing(port: int) -> set[str]:
    try:
        with urlopen(f"http://127.0.0.1:{port}/api/v1/alerts", timeout=5) as answer:
            alerts = json.load(answer)["data"]["alerts"]
    except OSError:
        return set()
    return {alert["labels"]["alertname"] for alert in alerts if alert["state"] == "firing"}


def found_here() -> Samples:
    """Of this process, with the rows of this test."""
    response = MetricsMiddleware(lambda request: HttpResponse())(RequestFactory().get("/metrics", headers=ASKS))
    assert response.status_code == 200
    return parsed(response.content.decode())


@pytest.fixture
def here(settings):
    settings.METRICS_TOKEN = TOKEN
    cache.clear()
    return found_here


@pytest.mark.django_db
def test_the_outbox_is_told_by_how_many_wait_and_for_how_long(here):
    now = timezone.now()
    of = {"due": (3, {"due_at": now - timedelta(minutes=14)}), "later": (2, {"due_at": now + timedelta(days=1)})}
    of |= {"failed": (1, {"state": "failed"}), "old": (1, {"state": "failed", "created_at": now - timedelta(days=15)})}
    of |= {"sent": (1, {"state": "sent", "sent_at": now})}
    for kind, (count, fields) in of.items():
        for number in range(count):
            values = {"recipient": "a@b.example", "created_at": now, "due_at": now} | fields
            Notification.objects.create(kind=kind, about=f"x:{number}", message_id=f"<{kind}{number}@x>", **values)
    MailServer.objects.create(name=server_name(), down_since=now - timedelta(minutes=5), next_try_at=now)
    found = here()
    names = ("ctac_outbox_due_messages", "ctac_outbox_failed_messages")
    assert [found[name,] for name in names] == [3, 1]
    assert 840 <= found["ctac_outbox_oldest_due_seconds",] < 900
    assert 300 <= found["ctac_mail_server_down_seconds",] < 360
    recent = {state: found["ctac_outbox_recent_messages", state] for state in NotificationState.values}
    assert recent == dict.fromkeys(NotificationState.values, 0) | {"pending": 5, "failed": 1, "sent": 1}
    assert found["ctac_check_ok", "outbox"] == 0


@pytest.mark.django_db
def test_stock_that_is_not_what_its_ledger_says_is_told_after_the_next_look(here):
    edition = make_edition(timezone.now())
    assert (here()["ctac_stock_wrong_editions",], here()["ctac_stock_checked_timestamp_seconds",]) == (0, 0)
    stock_services.check_stock()
    assert here()["ctac_stock_wrong_editions",] == 0
    assert here()["ctac_stock_checked_timestamp_seconds",] == pytest.approx(timezone.now().timestamp(), abs=60)
    Edition.objects.filter(pk=edition.pk).update(on_hand=49)
    assert here()["ctac_stock_wrong_editions",] == 0
    stock_services.check_stock()
    assert here()["ctac_stock_wrong_editions",] == 1


@pytest.mark.django_db
def test_worker_and_watch_are_told_by_when_they_last_ran(here):
    names = [("ctac_visits_watched_timestamp_seconds",), ("ctac_task_ran_timestamp_seconds",)]
    assert [here()[name] for name in names] == [0, 0]
    health.cache_current_time(health.VISITS_WATCHED_KEY, health.VISITS_WATCHED_PERIOD, "")
    health.cache_current_time(health.TASK_RAN_KEY, health.TASK_RAN_PERIOD, "")
    assert [here()[name] for name in names] == [pytest.approx(timezone.now().timestamp(), abs=60)] * 2


@pytest.mark.django_db
def test_bookings_orders_and_what_was_stopped_are_counted_for_an_hour(here):
    now = timezone.now()
    make_order(make_person(), now)
    make_booking(make_presenter(), now + timedelta(days=20))
    for why, last_at in ((BlockReason.THROTTLE, now), (BlockReason.THROTTLE, now - timedelta(hours=2))):
        BlockedAttempt.objects.create(
            hour=last_at, where=LimitedActivity.SIGN_IN, why=why, key=str(last_at), times=7, last_at=last_at
        )
    found = here()
    assert [found[name] for name in (("ctac_recent_orders",), ("ctac_recent_bookings",))] == [1, 1]
    assert found["ctac_recent_blocked_attempts", "throttle"] == 7


@pytest.mark.django_db
def test_a_slow_statement_does_not_hold_the_page(here, monkeypatch):
    def slow(now: datetime) -> list[figures.Figure]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(30)")
        return []

    monkeypatch.setattr(health, "STATEMENT_TIMEOUT", "100ms")
    monkeypatch.setattr(figures, "_database_finders", [slow])
    assert here()["ctac_ready",] == 0


@pytest.mark.django_db
def test_a_look_is_cheap_and_an_ordinary_page_costs_no_statement_more(here, django_assert_max_num_queries):
    middleware = MetricsMiddleware(lambda request: HttpResponse())
    request = RequestFactory().get("/metrics", headers=ASKS)
    middleware(request)  # the first looks for migrations
    with django_assert_max_num_queries(20):
        middleware(request)
    with django_assert_max_num_queries(0):
        middleware(RequestFactory().get("/"))


def test_redis_says_how_many_tasks_wait(tmp_path, settings):
    if not shutil.which("redis-server"):
        pytest.skip("redis-server is not installed: apt-get install redis-server")
    port = free_port()
    words = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path)]
    with (tmp_path / "log").open("wb") as log, subprocess.Popen(words, stdout=log) as redis:
        settings.CELERY_BROKER_URL = f"redis://127.0.0.1:{port}/0"
        figures.redis_client.cache_clear()
        try:
            client = figures.redis_client()
            assert processes.wait_until(lambda: answers(client), 10)
            client.rpush("ctac", "one", "two")
            [found] = figures.queue_figures(timezone.now())
            assert found.value == {"ctac": 2, "ctac-now": 0}
        finally:
            redis.terminate()
            figures.redis_client.cache_clear()
    found = {figure.name: figure.value for figure in figures.other_figures(timezone.now())}
    assert ("ctac_queue_messages" in found, found["ctac_figures_missing"]) == (False, 1)


def answers(client: Redis) -> bool:
    try:
        return bool(client.ping())
    except RedisError:
        return False
