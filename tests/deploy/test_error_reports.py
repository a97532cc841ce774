"""What leaves for SENTRY_DSN when the running site breaks: where, and by which reference, and nothing that is somebody's.

The server is a real one on this machine, which keeps what it is sent.
"""

import gzip
import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import brotli
import pytest

from ctac.local import processes
from tests.deploy.conftest import BEHIND_A_PROXY, Server, Site
from tests.deploy.pages import CANARY
from tests.http_double import Answer, Asked, Double, http_double
from tests.notifications.conftest import free_port

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
PLACES = ("Canaria", "canaria", "leeds.example", "192.0.2.7")
WHOLE = ("contexts", "request", "user", "breadcrumbs", "extra", "modules", "logentry", "threads")


def served(server: Server, dsn: str) -> Site:
    found = Site(server)
    found.env = found.env | {"SENTRY_DSN": dsn}
    found.serve()
    return found


@pytest.fixture(scope="module")
def sink() -> Iterator[Double]:
    with http_double() as found:
        yield found


@pytest.fixture(scope="module")
def reporting(server: Server, site: Site, sink: Double) -> Iterator[Site]:
    """Its static files are those of `site`."""
    found = served(server, sink.url.replace("//", "//key@") + "/1")
    try:
        yield found
    finally:
        found.stop()


def opened(asked: Asked) -> str:
    """As the SDK wrote it, headers included."""
    unpack = {"gzip": gzip.decompress, "br": brotli.decompress, "": bytes}
    body = unpack[asked.headers.get("content-encoding", "")](asked.body)
    return f"{asked.path}\n{asked.headers}\n{body.decode()}"


def events(sink: Double) -> list[dict[str, Any]]:
    found = [json.loads(line) for asked in sink.asked for line in opened(asked).splitlines()[2:]]
    return [each for each in found if "platform" in each]


def wait_for(sink: Double, count: int) -> list[dict[str, Any]]:
    assert processes.wait_until(lambda: len(events(sink)) >= count, 30)
    return events(sink)


def leak(site: Site) -> str:
    """The reference of a page that broke, with somebody's data wherever they can be."""
    headers = BEHIND_A_PROXY | FORM | {"Cookie": f"name={CANARY}", "User-Agent": CANARY, "Referer": f"https://x.example/{CANARY}"}
    path = f"/t/leaking/{quote(CANARY)}/?who={quote(CANARY)}"
    answer = site.get(path, "POST", f"host={CANARY}&contact={CANARY}%40leeds.example.nhs.uk".encode(), **headers)
    assert answer.status == 500
    return answer.headers["X-Reference"]


def test_a_page_that_breaks_is_reported_by_route_and_reference_and_names_nobody(reporting, sink):
    sink.asked.clear()
    reference = leak(reporting)
    logged, crash = wait_for(sink, 2)
    assert crash["tags"] == {"reference": reference, "route": "leaking"}
    assert (crash["message"], crash["transaction"]) == ("Error at leaking", "leaking")
    first, second = crash["exception"]["values"]
    assert [(each["type"], each["value"]) for each in (first, second)] == [("ValueError", ""), ("RuntimeError", "")]
    last = second["stacktrace"]["frames"][-1]
    assert (last["filename"], last["function"], last["in_app"]) == ("tests/deploy/pages.py", "leaking", True)
    assert logged["message"].startswith("pages, line ")  # it is no sentence out of the code
    assert (logged["logger"], logged["tags"]) == ("tests.pages", {"reference": reference})
    assert [name for name in WHOLE if name in crash or name in logged] == []
    assert [frame for error in errors(crash) for frame in frames(error) if "vars" in frame] == []
    assert_nothing_is_somebodys(sink)


def assert_nothing_is_somebodys(sink: Double) -> None:
    text = "".join(opened(asked) for asked in sink.asked)
    assert [word for word in PLACES if word in text] == []


def errors(event: dict[str, Any]) -> list[dict[str, Any]]:
    return event["exception"]["values"]


def frames(error: dict[str, Any]) -> list[dict[str, Any]]:
    return error["stacktrace"]["frames"]


@pytest.mark.parametrize(
    ("path", "words"),
    [("/t/refused/", "23502 null value in column"), ("/t/not-a-number/", "22P02"), ("/t/broken/?who=Maria", "")],
)
def test_of_what_an_error_says_only_the_databases_own_words_leave(reporting, sink, path, words):
    sink.asked.clear()
    reporting.visit(path)
    [crash] = wait_for(sink, 1)
    assert errors(crash)[-1]["value"].startswith(words)
    assert "DETAIL" not in json.dumps(crash)
    assert [word for word in ("Failing row", "192.0.2.7") if word in "".join(map(opened, sink.asked))] == []


def test_what_is_no_error_is_not_reported(reporting, sink):
    sink.asked.clear()
    for path in ("/", "/no-such-page/", "/metrics"):
        reporting.visit(path)
    reference = leak(reporting)
    assert [event["tags"]["reference"] for event in wait_for(sink, 2)] == [reference] * 2


def test_a_task_that_breaks_is_reported_with_the_reference_of_the_page_that_caused_it(reporting, sink):
    words = ["--app", "ctac", "--quiet", "worker", "--concurrency", "1", "--without-gossip", "--without-mingle"]
    reporting.start("celery", *words, "--include", "tests.deploy.pages")
    sink.asked.clear()
    reference = reporting.visit("/t/queues-leaking-task/").headers["X-Reference"]
    [crash] = wait_for(sink, 1)
    assert (crash["tags"]["reference"], crash["tags"]["task"]) == (reference, "tests.leaking_task")
    assert [(each["type"], each["value"]) for each in errors(crash)] == [("ValueError", "")]
    assert_nothing_is_somebodys(sink)


@pytest.mark.parametrize("kind", ["dead", "slow"])
def test_a_server_that_does_not_take_reports_holds_no_page(server, site, kind):
    with http_double() as slow:
        slow.answers = [Answer(after=5)]
        urls = {"dead": f"http://key@127.0.0.1:{free_port()}/1", "slow": f"{slow.url.replace('//', '//key@')}/1"}
        broken = served(server, urls[kind])
        try:
            leak(broken)  # the first imports what it needs
            start = time.monotonic()
            for _ in range(10):
                leak(broken)
            assert time.monotonic() - start < 4
        finally:
            broken.stop()
