"""One input: sent, answered, looked at, taken back. Whatever was wrong is said with what was sent."""

from collections import Counter
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from zlib import crc32

from django.apps import apps
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.test import Client
from hypothesis import HealthCheck, Phase, given, seed, settings, strategies as st

from ctac.wsgi import has_invalid_charset
from professionals.models import Draft
from tests.matrix.asking import fingerprint_of, written
from tests.security.fuzz.values import Value, as_bytes, escaped, query_of
from tests.security.posting import OURS

# What a refusal may leave, and why.
MAY_CHANGE = {
    "ratelimit": "counts attempts",
    "session": "when each browser was last seen, and what a page says once",
    "stopped": "staff see which limits stopped people",
}
# Where a refusal may change a draft, and why; by route.
KEEP_DRAFTS = {
    "basket": "a title that was removed is out, whatever else was typed",
    "book_leaflets": "kept for whoever first has to answer what came before",
    "book_check": "its booking was placed before, so the draft has gone",
    "booking_details_check": "the booking can't be changed any more, so the draft has gone",
}
# Where a warning alone says more of what was done: of a waiting list, of bookings without a presenter, of whom to ring.
DONE_WITH_A_WARNING = {
    *("session_place", "staff:bookings_opensession_action caller", "staff:bookings_booking_action offer"),
    *("staff:bookings_leave_add", "staff:bookings_leave_action grant"),
}
# What may be stored by an answer that is a page, by the name of its button.
STORED_AND_SHOWN = {"extend": "a time that is held is kept for longer"}
CLOSES_ITS_WINDOW = b"data-popup-response="  # Django's answer to a form in a window that its own pages opened
TAKEN, REFUSED, LOOKED_AT = "POST taken", "POST refused", "GET"
SENT: Counter[str] = Counter()
BOUNDARY = b"----not-in-any-value-7d1f"
Pair = tuple[Value, Value | SimpleUploadedFile]


@dataclass(frozen=True)
class Sent:
    """A request, as it goes over the wire."""

    method: str
    address: str
    pairs: list[Pair] = field(default_factory=list)
    as_parts: bool = False
    kind: str = ""  # of content, in place of what the pairs make
    body: bytes | None = None

    def __str__(self) -> str:
        body = self.whole_body
        shown = body if len(body) < 3000 else body[:3000] + b"... of %d" % len(body)
        return f"{self.method} {self.address[:3000]}\n{self.content_type}\n{shown!r}"

    @cached_property
    def is_in_parts(self) -> bool:
        return self.as_parts or any(isinstance(value, SimpleUploadedFile) for _name, value in self.pairs)

    @property
    def content_type(self) -> str:
        usual = f"multipart/form-data; boundary={BOUNDARY.decode()}" if self.is_in_parts else "application/x-www-form-urlencoded"
        return self.kind or usual

    @cached_property
    def whole_body(self) -> bytes:
        if self.body is not None:
            return self.body
        if self.is_in_parts:
            return b"".join(part_of(*pair) for pair in self.pairs) + b"--" + BOUNDARY + b"--\r\n"
        return query_of(self.pairs).encode()  # type: ignore[arg-type] # no files here


def part_of(name: Value, value: Value | SimpleUploadedFile) -> bytes:
    head = b"--" + BOUNDARY + b'\r\nContent-Disposition: form-data; name="' + escaped(name, " []").encode() + b'"'
    if not isinstance(value, SimpleUploadedFile):
        return head + b"\r\n\r\n" + as_bytes(value) + b"\r\n"
    value.seek(0)
    named = f'; filename="{value.name}"\r\nContent-Type: {value.content_type}'.encode()
    return head + named + b"\r\n\r\n" + value.read() + b"\r\n"


class Tables:
    """Which rows are other than they were; cheap as long as nothing was written.

    Writes that were taken back count as writes, so a table that was written is looked at.
    """

    def __init__(self, *, changing: frozenset[str] = frozenset()) -> None:
        kept = [model for model in apps.get_models(include_auto_created=True) if model._meta.app_label in OURS]
        excepted = MAY_CHANGE.keys() | changing
        self.tables = [model._meta.db_table for model in kept if model._meta.model_name not in excepted]
        self.before = self.prints(self.tables)
        self.written = written()

    def prints(self, tables: list[str]) -> dict[str, str]:
        if not tables:
            return {}
        with connection.cursor() as cursor:
            cursor.execute(" UNION ALL ".join(fingerprint_of(table) for table in tables))
            return dict(cursor.fetchall())

    def touched(self) -> dict[str, str]:
        """Of the tables that were written since this was asked last."""
        now = written()
        found = [table for table in self.tables if now.get(table) != self.written.get(table)]
        self.written = now
        return self.prints(found)

    def changed(self) -> list[str]:
        return [table for table, found in self.touched().items() if found != self.before[table]]

    def as_of_now(self) -> "Tables":
        """The same, of what is there now."""
        other = copy(self)
        other.before = self.before | other.touched()
        return other


def send(client: Client, sent: Sent) -> Any:
    """The answer, read to its end. Raises what the site would answer with 500."""
    more = {"data": sent.whole_body, "content_type": sent.content_type} if sent.method == "POST" or sent.kind else {}
    response = client.generic(sent.method, sent.address, **more)
    if response.streaming:
        b"".join(response.streaming_content)
    return response


def look(client: Client, sent: Sent, tables: Tables) -> str:
    """What became of it. What is refused, or only asked for, must have stored nothing; where it leads must be there."""
    if (sent.method == "POST" or sent.kind) and has_invalid_charset(sent.content_type):
        return REFUSED  # by ctac/wsgi.py, before Django has it
    cache.clear()
    try:
        with transaction.atomic():
            ended = judge(client, send(client, sent), sent, tables)
            connection.check_constraints()
            transaction.set_rollback(True)
    except Exception as error:
        error.add_note(f"Sent was {sent}")
        raise
    return ended


def judge(client: Client, response: Any, sent: Sent, tables: Tables) -> str:
    assert response.status_code < 500
    ended = LOOKED_AT if sent.method == "GET" else REFUSED if is_refused(response, sent) else TAKEN
    SENT[ended] += 1
    if ended == TAKEN:
        follow(client, response)
        return ended
    kept = {Draft._meta.db_table} if route_of(response) in KEEP_DRAFTS else set()
    changed = [table for table in tables.changed() if table not in kept]
    assert not changed, f"answered {response.status_code}, and yet other rows in {changed}"
    return ended


def route_of(response: Any) -> str:
    """As the table of routes says it, a button of the staff site behind its route; empty where no page is."""
    found = response.wsgi_request.resolver_match
    if not found:
        return ""
    return f"{found.view_name} {found.kwargs['slug']}" if found.view_name.endswith("_action") else str(found.view_name)


def is_refused(response: Any, sent: Sent) -> bool:
    """Said by its status, by a message of what went wrong or why not, or by a page that asks again."""
    stores = any(name in STORED_AND_SHOWN for name, _value in sent.pairs)
    return response.status_code >= 400 or says_why_not(response) or (asks_again(response) and not stores)


def says_why_not(response: Any) -> bool:
    """By an error, or by a warning that no word of success stands beside."""
    said = getattr(getattr(response.wsgi_request, "_messages", ()), "_queued_messages", ())
    levels = {message.level_tag for message in said}
    warned = "warning" in levels and "success" not in levels
    return "error" in levels or (warned and route_of(response) not in DONE_WITH_A_WARNING)


def asks_again(response: Any) -> bool:
    """Whatever was stored leads to another page, or is a file, or closes its window."""
    is_page = response.headers.get("Content-Type", "").startswith("text/html")
    shown = response.status_code == 200 and is_page and "Content-Disposition" not in response.headers
    return shown and (response.streaming or CLOSES_ITS_WINDOW not in response.content)


def follow(client: Client, response: Any) -> None:
    """What was taken must not break the page that shows it."""
    target = response.headers.get("Location", "").partition("#")[0]
    if target.startswith(("/", "?")) and not target.startswith("//"):
        there = response.wsgi_request.path + target if target.startswith("?") else target
        assert send(client, Sent("GET", there)).status_code < 500


def fuzzed(act: Callable[[st.DataObject], None], *, name: str, inputs: int, begin: int) -> None:
    """The same inputs for the same name and beginning, whatever else runs."""

    @seed(crc32(f"{begin} {name}".encode()))
    @settings(
        max_examples=inputs,
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def tries(data: st.DataObject) -> None:
        act(data)

    tries()


def turned(values: list[Any], name: str) -> list[Any]:
    """Begun elsewhere for each name: Hypothesis tries the first of everything first, everywhere."""
    start = crc32(name.encode()) % len(values) if values else 0
    return values[start:] + values[:start]
