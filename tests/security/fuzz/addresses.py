"""Addresses that lead to a page, with other words between the slashes and behind the question mark."""

from typing import Any

from django.urls import resolve
from hypothesis import strategies as st

from tests.matrix.asking import ROUTES, address
from tests.security.fuzz.parameters import KNOWN, UNKNOWN, names_for
from tests.security.fuzz.trying import Sent, turned
from tests.security.fuzz.values import Value, escaped, query_of, values

OF_PATHS: tuple[Value, ...] = (b"%00", b"\x00", ".", "..", "a/b", "/", "add", "-", "_", "_3F", "a.ics", "A" * 5000, "1", "2")


# What may be said of a body that there is not: it is said how the address is written, too.
KINDS_OF_NOTHING = (*[""] * 20, "text/plain; charset=hex", "text/plain; charset=utf-16", "text/plain; charset=nonsense")


def variants(asked: str, world: dict[str, Any], seen: set[str]) -> st.SearchStrategy[Sent]:
    """Half of them with the right path; `seen` are the names that the page asked for when it was opened plainly."""
    right = address(asked, world)
    paths = [st.just(right), *(with_another(right, word) for word in words_of(asked, right))]
    path = st.one_of(paths[0], st.one_of(turned(paths[1:], asked))) if len(paths) > 1 else paths[0]
    drawn = st.tuples(path, queries(asked, seen, keys_of(world)), st.sampled_from(KINDS_OF_NOTHING))
    return drawn.map(lambda all_of_it: Sent("GET", all_of_it[0] + all_of_it[1], kind=all_of_it[2]))


def words_of(asked: str, right: str) -> list[str]:
    """What stands for the arguments of the route."""
    if not ROUTES[asked.partition(" ")[0]]:
        return []
    return list(dict.fromkeys(str(value) for value in resolve(right).captured_kwargs.values()))


def with_another(right: str, word: str) -> st.SearchStrategy[str]:
    before, found, after = right.rpartition(escaped(word))
    assert found, f"{word} is not in {right}"
    return values(OF_PATHS).map(lambda value: f"{before}{escaped(value, '/.')}{after}")


def queries(asked: str, seen: set[str], keys: tuple[Value, ...]) -> st.SearchStrategy[str]:
    """None, or up to four names: most of them such as this page asks for."""
    own = sorted(seen) + names_for(asked)
    names = st.sampled_from([*KNOWN, *UNKNOWN])
    name = st.one_of(st.sampled_from(turned(own, asked)), st.sampled_from(own), names) if own else names
    pair = name.flatmap(lambda found: st.tuples(st.just(found), values((*KNOWN.get(str(found), ("1",)), *keys))))
    pairs = st.lists(pair, min_size=1, max_size=4).map(lambda found: "?" + query_of(found))
    return st.one_of(pairs, pairs, st.sampled_from(["", "?", "?&&=&=", "?a&b&a", "?%", "?%zz=%", "?" + "&".join(["q=1"] * 1200)]))


def keys_of(world: dict[str, Any]) -> tuple[Value, ...]:
    """Of all that was laid out, whosever it is."""
    found = {str(each.pk) for each in world["objects"].values() if hasattr(each, "pk")}
    return tuple(sorted(found))
