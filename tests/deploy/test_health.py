"""What proxies and monitors are told, also while PostgreSQL is stopped."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from core import health
from notifications.models import Notification
from tests.deploy.conftest import Site

READY = {"status": "ok", "database": "ok", "migrations": "ok", "audit": "ok", "outbox": "ok", "returned mail": "ok"}


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_a_probe_by_the_machines_address_over_http_is_answered(site, path):
    """No host that we answer to, no https, no cookie."""
    answer = site.get(path, Host="10.1.2.3:8000")
    assert (answer.status, answer.json["status"], answer.headers["Cache-Control"]) == (200, "ok", "no-store")
    assert [name for name in answer.headers if name in {"Set-Cookie", "Location", "X-Reference"}] == []


def test_any_other_page_still_wants_the_right_host(site):
    assert site.get("/", Host="10.1.2.3:8000", **{"X-Forwarded-Proto": "https"}).status == 400


@pytest.mark.parametrize(("method", "status", "body"), [("HEAD", 200, ""), ("POST", 405, "")])
def test_probes_only_read(site, method, status, body):
    answer = site.get("/healthz", method=method)
    assert (answer.status, answer.text) == (status, body)


def test_probes_leave_no_line_in_the_log(site):
    before = len(site.log())
    site.get("/healthz")
    site.get("/readyz")
    site.visit("/")
    assert [line["route"] for line in site.log()[before:]] == ["home"]


def test_a_stopped_database_makes_it_unready_and_not_dead(server, site):
    assert site.get("/readyz").json == READY
    server.stop()
    try:
        away = site.get("/readyz")
        assert (away.status, away.json) == (503, {"status": "unavailable", "database": "away"})
        assert away.headers["X-Content-Type-Options"] == "nosniff"
        assert site.get("/healthz").status == 200
        assert site.visit("/leaflets/").status == 500
    finally:
        server.start()
    assert site.get("/readyz").json == READY


def test_missing_migrations_make_it_unready_until_they_ran(server):
    """A process of its own: this one knows already that its database is ready."""
    second = Site(server)
    try:
        second.serve()
        [[newest]] = server.query("SELECT max(name) FROM django_migrations WHERE app = 'leaflets'")
        server.query("DELETE FROM django_migrations WHERE app = 'leaflets' AND name = %s", newest)
        answer = second.get("/readyz")
        assert (answer.status, answer.json) == (503, {"status": "unavailable", "database": "ok", "migrations": "missing"})
        server.query("INSERT INTO django_migrations (app, name, applied) VALUES ('leaflets', %s, now())", newest)
        assert second.get("/readyz").json == READY
    finally:
        second.stop()


def test_old_code_is_ready_beside_a_database_that_the_next_release_has_migrated(server):
    second = Site(server)
    try:
        second.serve()
        server.query("INSERT INTO django_migrations (app, name, applied) VALUES ('leaflets', '9999_of_the_next', now())")
        assert (second.get("/readyz").status, second.visit("/leaflets/").status) == (200, 200)
    finally:
        server.query("DELETE FROM django_migrations WHERE name = '9999_of_the_next'")
        second.stop()


def make_messages(count: int, **fields: object) -> None:
    now = timezone.now()
    values = {"kind": "x", "recipient": "a@b.example", "created_at": now, "due_at": now} | fields
    for number in range(count):
        Notification.objects.create(about=f"x:{number}", message_id=f"<{number}@x>", **values)


def ready() -> dict[str, str]:
    response = Client().get("/readyz", headers={"host": "anything.example"})
    assert response.status_code == 200
    return response.json()


@pytest.mark.django_db
def test_a_message_that_waits_too_long_is_told_as_degraded_and_not_as_unready():
    make_messages(1, due_at=timezone.now() - timedelta(minutes=14, seconds=5))
    answer = ready()
    assert (answer["status"], "has waited 14 minutes" in answer["outbox"]) == ("degraded", True)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("due_in", "state"),
    [(timedelta(minutes=-8), "pending"), (timedelta(days=1), "pending"), (timedelta(days=-1), "failed")],
)
def test_a_message_that_is_not_late_or_not_coming_is_no_trouble(due_in, state):
    make_messages(1, due_at=timezone.now() + due_in, state=state)
    assert ready() == READY


@pytest.mark.django_db
@pytest.mark.parametrize(("count", "status"), [(4, "ok"), (5, "degraded")])
def test_one_bad_address_is_not_a_dead_mail_server(count, status):
    now = timezone.now()
    make_messages(count, due_at=now + timedelta(hours=1), first_tried_at=now - timedelta(hours=1))
    assert ready()["status"] == status


@pytest.mark.django_db
def test_a_slow_statement_does_not_hold_the_probe(monkeypatch):
    def slow() -> str:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(30)")
        return ""

    monkeypatch.setattr(health, "STATEMENT_TIMEOUT", "100ms")
    monkeypatch.setitem(health.READINESS_CHECKS, "slow", slow)
    response = Client().get("/readyz")
    assert (response.status_code, response.json()["database"]) == (503, "away")


@pytest.mark.django_db
def test_a_probe_is_cheap(django_assert_max_num_queries):
    with django_assert_max_num_queries(0):
        Client().get("/healthz")
    client = Client()
    client.get("/readyz")  # the first looks for migrations
    with django_assert_max_num_queries(7):  # the timeout, the audit, three of the outbox, and a savepoint of the test
        client.get("/readyz")
