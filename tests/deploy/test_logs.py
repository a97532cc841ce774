"""The log of the running site: one JSON object a line, found by its reference, without anybody's data."""

import logging
import re
import socket
import sys
from datetime import datetime

import pytest
from django.conf import settings
from django.core.exceptions import ValidationError

from core import logs
from ctac.local import processes
from tests.deploy.browser import CSRF
from tests.deploy.conftest import BEHIND_A_PROXY, Site

PERSONAL = ("maria", "jones", "Leeds", "nhs.uk", "%40", "192.0.2.7")


def told_about(site: Site, path: str) -> list[dict]:
    """The lines of one request; its answer names them."""
    answer = site.visit(path)
    return site.lines(answer.headers["X-Reference"])


def test_a_request_is_one_line_with_its_route_and_without_its_address(site):
    [line] = told_about(site, "/leaflets/health-visitors/?q=maria.jones%40leeds.example.nhs.uk&name=Maria+Jones")
    moment = datetime.fromisoformat(line["time"])
    assert (moment.utcoffset().total_seconds(), line["time"][-1]) == (0, "Z")
    assert {name: line[name] for name in ("level", "logger", "message", "method", "route", "status")} == {
        "level": "INFO",
        "logger": "ctac.requests",
        "message": "GET leaflet 200",
        "method": "GET",
        "route": "leaflet",
        "status": 200,
    }
    assert line["ms"] > 0


def test_an_address_that_does_not_exist_is_not_repeated(site):
    assert [line["message"] for line in told_about(site, "/maria-jones@leeds.example.nhs.uk/")] == ["GET - 404"]


# A form without these is refused before it is read.
FROM_US = {"Origin": "https://ctac.example", "Cookie": f"{CSRF}={'a' * 32}"}
FORM = FROM_US | {"Content-Type": "application/x-www-form-urlencoded"}
IN_PARTS = FROM_US | {"Content-Type": "multipart/form-data; boundary=x"}


@pytest.mark.parametrize(
    ("body", "headers", "why"),
    [
        (b"&".join(b"maria%d=1" % number for number in range(10_000)), FORM, "TooManyFieldsSent"),
        (b"maria=" + b"x" * 3_000_000, FORM, "RequestDataTooBig"),
        (
            b"--x\r\nContent-Disposition: form-data; name=maria; filename=maria\r\n\r\n1\r\n" * 101 + b"--x--",
            IN_PARTS,
            "TooManyFilesSent",
        ),
        (b"maria", IN_PARTS | {"Content-Type": "multipart/form-data; boundary="}, "MultiPartParserError"),
        (b"", {"Host": "maria.example"}, "DisallowedHost"),
    ],
    ids=["fields", "data", "files", "parts", "host"],
)
def test_what_is_refused_unread_is_one_line_that_says_why(site, body, headers, why):
    answer = site.get("/account/login/", "POST", body, **BEHIND_A_PROXY | headers)
    assert answer.status == 400
    refused, request = site.lines(answer.headers["X-Reference"])
    assert (refused["level"], refused["message"].split(": ")[-1], "exception" in refused) == ("WARNING", why, False)
    assert (request["logger"], request["status"]) == ("ctac.requests", 400)


def test_a_form_that_breaks_off_leaves_no_traceback(site):
    before = len(site.log())
    with socket.create_connection(("127.0.0.1", site.port), timeout=20) as half:
        head = "".join(f"{name}: {value}\r\n" for name, value in (BEHIND_A_PROXY | FORM).items())
        half.sendall(f"POST /account/login/ HTTP/1.1\r\n{head}Content-Length: 1000\r\n\r\nlogin=maria".encode())
    assert processes.wait_until(lambda: any(line["logger"] == "ctac.requests" for line in site.log()[before:]), 30)
    assert not any("exception" in line for line in site.log()[before:])


@pytest.mark.parametrize("path", ["/no-such-page/", "/t/broken/?who=Maria"])
def test_the_reference_on_an_error_page_finds_its_lines(site, path):
    reference = re.search(r'class="reference">(\w+)<', site.visit(path).text)[1]
    assert site.lines(reference)[-1]["logger"] == "ctac.requests"


def test_a_crash_is_told_with_its_traceback_and_without_anybodys_data(site):
    crash, request = told_about(site, "/t/broken/?who=Maria+Jones")
    assert (crash["level"], crash["message"], request["status"]) == ("ERROR", "Internal Server Error at broken", 500)
    assert "tests/deploy/pages.py" in crash["exception"]
    assert crash["exception"].splitlines()[-1] == "ValueError: no such person: [value], [address]"


def test_what_the_database_refuses_is_told_without_the_row(site):
    crash, _request = told_about(site, "/t/refused/")
    assert "23502 null value in column" in crash["exception"]
    assert "DETAIL" not in crash["exception"]


def test_a_value_that_the_database_quotes_is_left_out(site):
    crash, _request = told_about(site, "/t/not-a-number/")
    assert crash["exception"].splitlines()[-1] == "DataError: 22P02"


def test_a_task_carries_the_reference_of_the_request_that_caused_it(site):
    site.work()
    reference = site.visit("/t/queues/").headers["X-Reference"]
    assert processes.wait_until(lambda: len(site.lines(reference)) == 2, 30)
    task = site.lines(reference)[-1]
    assert (task["task"], task["logger"]) == ("notifications.tasks.deliver", "celery.app.trace")


def test_nothing_in_the_whole_log_is_somebodys(site):
    """Last of its file, after all that was tried above; gunicorn's and Celery's lines are in it as well."""
    loggers = {line["logger"] for line in site.log()}
    assert {"gunicorn.error", "ctac.requests", "django.request", "celery.apps.worker"} <= loggers
    text = site.log_file.read_text().lower()
    assert [word for word in PERSONAL if word.lower() in text] == []


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("Not found: a.b+c@d-e.example!", "Not found: [address]!"),
        ("o'neil@nhs.net, ÿves@nhs.net", "[address], [address]"),
        ("GET /staff/?q=Maria+Jones HTTP/1.1", "GET /staff/?[query] HTTP/1.1"),
        ("login=a%40b.example", "login=[address]"),
        ("BK-7Q4M-2F at 10:30? Yes.", "BK-7Q4M-2F at 10:30? Yes."),
    ],
)
def test_addresses_and_queries_are_masked_and_the_rest_is_left(text, cleaned):
    assert logs.mask_personal_data(text) == cleaned


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (KeyError("Maria"), "[value]"),
        (ValidationError("“Maria” is not a choice"), "[value]"),
        (AttributeError("'Booking' object has no attribute 'when'"), "'Booking' object has no attribute 'when'"),
        (RuntimeError("it can't be, and isn't"), "it can't be, and isn't"),
        (RuntimeError("x" * 1000), "x" * 300),
    ],
)
def test_an_exceptions_words_keep_names_of_code_and_lose_what_was_typed(error, words):
    assert logs.message_without_values(error).strip("[]") == words.strip("[]")


def test_a_line_for_people_has_the_same_facts():
    try:
        raise LookupError("maria@nhs.net is missing")
    except LookupError:
        record = logging.LogRecord("ctac.x", logging.ERROR, "x.py", 1, "Sent to %s", ("maria@nhs.net",), sys.exc_info())
    first, *_rest, last = logs.LineFormatter().format(record).splitlines()
    assert re.fullmatch(r"\S+Z ERROR ctac\.x \[-\] Sent to \[address\]", first)
    assert last == "LookupError: [address] is missing"


def test_every_line_of_a_chain_of_errors_is_told_once():
    try:
        try:
            raise KeyError("Maria")
        except KeyError as first:
            raise RuntimeError("second") from first
    except RuntimeError as error:
        told = logs.traceback_text(error)
    assert (told.count("KeyError: [value]"), told.count("RuntimeError: second"), "Maria" in told.split("KeyError:")[1]) == (
        1,
        1,
        False,
    )


def test_the_tests_and_development_log_lines():
    assert settings.LOGGING["formatters"]["line"]["()"] is logs.LineFormatter
