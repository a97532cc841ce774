"""Routes of several apps, of which only those are tried whose first word is that of the address (ADR 62)."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.urls import Resolver404, ResolverMatch, URLPattern, URLResolver
from django.urls.resolvers import RoutePattern

Route = URLPattern | URLResolver


class ByFirstWord(URLResolver):
    """As include() of these routes at the top; each must begin with a word, or be that of the first page."""

    def __init__(self, routes: Iterable[Route]) -> None:
        routes = list(routes)
        super().__init__(at_the_top(), routes)
        together = defaultdict(list)
        for route in routes:
            together[first_word(route)].append(route)
        self.parts = {word: URLResolver(at_the_top(), those) for word, those in together.items()}

    def resolve(self, path: Any) -> ResolverMatch:
        part = self.parts.get(str(path).partition("/")[0])
        if part is None:
            raise Resolver404({"tried": [], "path": path})
        return part.resolve(path)


def at_the_top() -> RoutePattern:
    return RoutePattern("", is_endpoint=False)


def first_word(route: Route) -> str:
    """Raises ValueError if an address decides what it is."""
    word, slash, _rest = str(route.pattern).partition("/")
    if "<" in word or bool(word) != bool(slash) or not isinstance(route.pattern, RoutePattern):
        raise ValueError(f"{route.pattern} begins with no word")
    return word
