"""What all processes read of what staff own: copies in the cache, asked for once a request or task, and all at once."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from time import monotonic
from typing import Any, Generic, TypeVar

from asgiref.local import Local
from django.core.cache import cache
from django.db import Error

# So long a copy is believed that could not be renewed, because the cache was down, and what a thread has read that answers no
# requests and works on no tasks.
KEPT_SECONDS = 60
T = TypeVar("T")
_read = Local()
_all: "list[Copy[Any]]" = []


class Copy(Generic[T]):
    """`read` asks the database. `first` makes what holds if that can't be asked either, and never could."""

    def __init__(self, key: str, read: Callable[[], T], first: Callable[[], T]) -> None:
        self.key, self.read, self.first = key, read, first
        self.known: T | None = None  # the last that this process has read
        _all.append(self)

    def get(self) -> T:
        """That of this request or task. The database is asked only if the cache has none or is down."""
        copies = _copies()
        if self.key not in copies:
            copies[self.key] = self._stored()
        found: T = copies[self.key]
        self.known = found
        return found

    def _stored(self) -> T:
        try:
            found = self.read()
        except Error:  # the page that says that the database is down has the right phone number all the same
            return self.last_known()
        with suppress(Exception):  # the cache may be down
            cache.add(self.key, found, KEPT_SECONDS)  # unless whoever has changed it was quicker
        return found

    def last_known(self) -> T:
        return self.first() if self.known is None else self.known

    def publish(self, found: T) -> None:
        """After a change: what is read from the next request on."""
        forget()
        with suppress(Exception):  # the cache may be down: then the copy before is believed for a minute at most
            cache.set(self.key, found, KEPT_SECONDS)

    @contextmanager
    def tried(self, found: T) -> Iterator[None]:
        """For a preview: as if it had been published."""
        before = self.get()
        _copies()[self.key] = found
        try:
            yield
        finally:
            _copies()[self.key] = before


def _copies() -> dict[str, Any]:
    if getattr(_read, "copies", None) is None or monotonic() > _read.until:
        _read.copies, _read.until = {}, monotonic() + KEPT_SECONDS
        with suppress(Exception):  # the cache may be down
            _read.copies = cache.get_many([copy.key for copy in _all])
    copies: dict[str, Any] = _read.copies
    return copies


def ask_no_database() -> None:
    """For the rest of this request, whose page must not: what has no copy is as this process has read it last."""
    copies = _copies()
    for copy in _all:
        if copy.key not in copies:
            copies[copy.key] = copy.last_known()


def forget(**_signal: Any) -> None:
    """A new request or task reads them again."""
    _read.copies = None
