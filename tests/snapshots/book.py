"""One page after another, each as short as what was written before it allows.

Of a page stand its title, its breadcrumbs and its main part; what is around them only where it is new. A part that stood before
is "as in" there, and a page that is nearly one before is the difference from it.
"""

from dataclasses import dataclass, field
from difflib import unified_diff
from typing import Any

from tests.matrix.tokens import forms_without_a_token

from .normal import Known, Lines, Tag, masked_at, tree_of, whole_and_short

ENOUGH_SHORTER = 0.8


@dataclass
class Written:
    name: str
    lines: Lines


@dataclass
class Book:
    known: Known = field(default_factory=dict)
    arounds: dict[tuple[str, ...], str] = field(default_factory=dict)
    pages: dict[str, Written] = field(default_factory=dict)  # by the address without keys, the first that was written
    last: Written | None = None  # of the same file

    def new_file(self) -> None:
        self.last = None

    def page(self, who: str, method: str, url: str, response: Any) -> Lines:
        """With the line that says what it is. What is no page is one line of it."""
        html = response.content.decode()
        assert forms_without_a_token(html, url) == []
        name = f"{method} {masked_at(url, url)} by {who}"
        title, shown, around = taken_apart(tree_of(masked_at(url, html)))
        whole, short = ["title | " + title], ["title | " + title]
        for tag in shown:
            for lines, more in zip((whole, short), whole_and_short(tag, self.known, name=name), strict=True):
                lines += more
        base, lines = self.shortest(name, url, whole, short)
        return [f"##### {name}{base}", *self.around(name, around), *lines, ""]

    def around(self, name: str, tag: Tag) -> Lines:
        """Where it is as in; or how it differs from the last that was nearly so; or all of it."""
        whole, short = whole_and_short(tag, self.known, name=name)
        if where := self.arounds.get(tuple(whole)):
            return [f"around | as in {where}"]
        base, lines = shortest(short, *(Written(where, list(known)) for known, where in self.arounds.items()), now=whole)
        self.arounds[tuple(whole)] = name
        return [f"around{base}", *(f"  {line}" for line in lines)]

    def shortest(self, name: str, url: str, whole: Lines, short: Lines) -> tuple[str, Lines]:
        shape = masked_at(url, url)
        found = shortest(short, *filter(None, (self.pages.get(shape), self.last)), now=whole)
        self.last = Written(name, whole)
        self.pages.setdefault(shape, self.last)
        return found


def shortest(short: Lines, *bases: Written, now: Lines) -> tuple[str, Lines]:
    """From which it differs, if that is shorter to write."""
    best = "", short
    for base in bases:
        lines = list(unified_diff(base.lines, now, lineterm="", n=1))[2:]
        if len(lines) < ENOUGH_SHORTER * len(best[1]):
            best = f" | as {base.name}", ["@@" if line.startswith("@@") else line for line in lines]
    return best


def taken_apart(tree: Tag) -> tuple[str, list[Tag], Tag]:
    """The title; the breadcrumbs and the main part; and what is around them."""
    title, shown = "", []
    for tag in list(tree.tags()):
        if tag.name == "title" and not title:
            title, tag.inside = " ".join(str(tag.inside[0]).split()), ["‹title›"]
        elif tag.attrs.get("class") == "print-only" and str(tag.inside[0]).strip().startswith("This page:"):
            tag.inside = ["‹This page›"]
        elif tag.attrs.get("class") == "language":  # the switch, which leads back to the page
            for each in tag.tags():
                each.attrs |= {"value": "‹This page›"} if each.attrs.get("name") == "next" else {}
        elif tag.name == "main" or tag.attrs.get("class") == "crumbs":
            shown.append(Tag(tag.name, tag.attrs, tag.inside))
            tag.attrs, tag.inside = {}, ["‹…›"]
    return title, shown, tree
