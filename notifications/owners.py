"""Whose an address is, for staff: the apps that know people say it here, because notifications knows nobody."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.utils.functional import Promise


@dataclass(frozen=True)
class Owner:
    """Somebody who has this address: what staff call them, the page where it is changed, and their phone."""

    name: str
    what: str | Promise
    href: str
    phone: str = ""


Find = Callable[[str], Iterable[Owner]]
_finds: list[Find] = []


def register(find: Find) -> None:
    """Called in an app's AppConfig.ready(). `find` is given an address in lower case."""
    if find not in _finds:
        _finds.append(find)


def owners_of(address: str) -> list[Owner]:
    return [owner for find in _finds for owner in find(address)]
