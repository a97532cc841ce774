"""The ways of a booking and of an order through the code are short: how deep the main INSERT lies, and how many files are walked.

Walked is a file of ours in which a function runs, from the POST that places it to the email that left; modules and class bodies
that run when they are imported are not. The middleware's modules, which every request passes, are left out.
`-s` prints the names.
"""

import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.db import connection
from django.test import Client
from django.utils.module_loading import import_string

from bookings.models import Presentation
from notifications.delivery.services import deliver
from notifications.models import Notification
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

MOST_FUNCTIONS, MOST_FILES = 4, 20
ROOT = str(settings.BASE_DIR)
NOT_OURS = (f"{ROOT}/tests/", f"{ROOT}/.venv/", f"{ROOT}/var/")
MIDDLEWARE = {
    sys.modules[import_string(name).__module__].__file__ for name in settings.MIDDLEWARE if not name.startswith("django.")
}
FUNCTION = 0x1 | 0x2  # CO_OPTIMIZED and CO_NEWLOCALS, which modules and class bodies are without


def is_ours(filename: str) -> bool:
    return filename.startswith(f"{ROOT}/") and not filename.startswith(NOT_OURS) and "/site-packages/" not in filename


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
            found.extend(f"{Path(frame.filename).relative_to(ROOT)}:{frame.name}" for frame in frames[inside:])
        return execute(sql, *rest)

    with connection.execute_wrapper(wrapper):
        yield found


@pytest.fixture(autouse=True)
def clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def place(client: Client, path: str, sent: dict[str, str], table: str, mail: str) -> None:
    with walked() as files:
        with stack_at(f'INSERT INTO "{table}"') as functions:
            answer = client.post(path, sent)
        assert answer.url.endswith("/placed/")
        row = Notification.objects.get(kind=mail)
        deliver(row.pk, clock=lambda: NOW + timedelta(minutes=1))
    files = {str(Path(name).relative_to(ROOT)) for name in files - MIDDLEWARE}
    row.refresh_from_db()
    assert row.state == "sent"
    print(f"\n{table}: {len(functions)} functions at the INSERT, {len(files)} files", *functions, "", *sorted(files), sep="\n  ")  # noqa: T201 - the figures
    assert functions
    assert len(functions) <= MOST_FUNCTIONS
    assert len(files) <= MOST_FILES


def test_a_booking(client: Client, presentation: Presentation, person: Person, mail_server: Callable[[], Any]) -> None:
    mail_server()
    sign_in(client, person)
    flow.fill_in(client)
    place(client, "/book/signs/check/", flow.hidden(client.get("/book/signs/check/")), "bookings_booking", "booking-confirmed")


def test_an_order(client: Client, person: Person, mail_server: Callable[[], Any]) -> None:
    mail_server()
    sign_in(client, person)
    fill(client, make_edition(NOW, stock=50, slug="one", title="One").leaflet)
    place(client, "/order/check/", hidden(client.get("/order/check/")), "leaflets_order", "order-received")
