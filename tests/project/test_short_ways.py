"""The ways of a booking and of an order through the code are short: how deep the main INSERT lies, and how many files are walked.

Walked is a file of ours in which a function runs: in the POST that places it, and from there to the email that left. What runs
when a module is imported is not, and neither are the modules of the middleware, which every request passes. `pytest -s` prints
the names.
"""

import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.db import connection
from django.test import Client
from django.utils.module_loading import import_string

from accounts import encryption
from bookings.models import Presentation
from notifications.models import Notification
from notifications.tasks import deliver
from professionals.models import Person
from tests.bookings import flow
from tests.bookings.conftest import person, presentation, presenter
from tests.bookings.rows import NOW
from tests.factories import sign_in
from tests.leaflets.factories import make_edition
from tests.leaflets.orders.test_ordering import fill, hidden
from tests.notifications.conftest import mail_server

__all__ = ["mail_server", "person", "presentation", "presenter"]

pytestmark = pytest.mark.django_db

MOST_FUNCTIONS = 4  # with the decorator that asks who is signed in
ROOT = str(settings.BASE_DIR)
NOT_OURS = (f"{ROOT}/tests/", f"{ROOT}/.venv/", f"{ROOT}/var/")
MIDDLEWARE = {
    sys.modules[import_string(name).__module__].__file__ for name in settings.MIDDLEWARE if not name.startswith("django.")
} | {encryption.__file__}  # the session's middleware decrypts with it
FUNCTION = 0x1 | 0x2  # CO_OPTIMIZED and CO_NEWLOCALS, which modules and class bodies are without


def is_ours(filename: str) -> bool:
    return filename.startswith(f"{ROOT}/") and not filename.startswith(NOT_OURS) and "/site-packages/" not in filename


def short(filename: str) -> str:
    return str(Path(filename).relative_to(ROOT))


@contextmanager
def walked() -> Iterator[set[str]]:
    files: set[str] = set()

    def called(frame: FrameType, event: str, _arg: object) -> None:
        code = frame.f_code
        if event == "call" and code.co_flags & FUNCTION == FUNCTION and is_ours(code.co_filename):
            files.add(code.co_filename)

    before = sys.getprofile()
    sys.setprofile(called)
    try:
        yield files
    finally:
        sys.setprofile(before)


@contextmanager
def stack_at(statement: str) -> Iterator[list[str]]:
    """The functions of ours on the stack when it begins, the outermost first; those of the middleware are left out."""
    found: list[str] = []

    def wrapper(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if sql.startswith(statement) and not found:
            frames = [frame for frame in traceback.extract_stack() if is_ours(frame.filename)]
            inside = next(
                number for number, frame in enumerate(frames) if frame.filename not in MIDDLEWARE or frame.name == "wrapper"
            )
            found.extend(f"{short(frame.filename)}:{frame.name}" for frame in frames[inside:])
        return execute(sql, *rest)

    with connection.execute_wrapper(wrapper):
        yield found


@pytest.fixture(autouse=True)
def clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def walk(
    client: Client, person: Person, mail_server: Callable[..., Any], django_capture_on_commit_callbacks: Callable[..., Any]
) -> Callable[[str, dict[str, str], str, str], tuple[int, int]]:
    mail_server()
    sign_in(client, person)

    def place(path: str, sent: dict[str, str], table: str, mail: str) -> tuple[int, int]:
        """How many files the POST walks, and how many it is with the email to whoever placed it."""
        committed = django_capture_on_commit_callbacks(execute=True)
        with walked() as placing, stack_at(f'INSERT INTO "{table}"') as functions, committed:
            answer = client.post(path, sent)
        assert answer.url.endswith("/placed/")
        row = Notification.objects.get(kind=mail)
        with walked() as mailing:
            deliver([row.pk])
        row.refresh_from_db()
        assert row.state == "sent"
        first, more = sorted(map(short, placing - MIDDLEWARE)), sorted(map(short, mailing - placing - MIDDLEWARE))
        names = [f"{len(functions)} functions:", *functions, f"{len(first)} files:", *first, f"{len(more)} more:", *more]
        print(table, *names, sep="\n  ")  # noqa: T201
        assert functions
        assert len(functions) <= MOST_FUNCTIONS
        return len(first), len(first) + len(more)

    return place


def test_a_booking(client: Client, presentation: Presentation, walk: Callable[..., tuple[int, int]]) -> None:
    flow.fill_in(client)
    sent = flow.hidden(client.get("/book/signs/check/"))
    placing, with_mail = walk("/book/signs/check/", sent, "bookings_booking", "booking-confirmed")
    assert placing <= 21  # with the one call that tells the lead of flagged words, which each text makes
    assert with_mail <= 42  # with who reads it (their name and their language) and the pace of mail


def test_an_order(client: Client, walk: Callable[..., tuple[int, int]]) -> None:
    fill(client, make_edition(NOW, stock=50, slug="one", title="One").leaflet)
    placing, with_mail = walk("/order/check/", hidden(client.get("/order/check/")), "leaflets_order", "order-received")
    assert placing <= 21  # with the one call that tells the lead of flagged words, which each text makes
    assert with_mail <= 39
