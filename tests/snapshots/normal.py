"""A page as a person reads its markup: a tag a line, with its attributes in order; nothing that may differ and mean the same."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
BOOLEAN = {
    *("allowfullscreen", "async", "autofocus", "checked", "defer", "disabled", "hidden", "multiple", "novalidate", "open"),
    *("readonly", "required", "reversed", "selected"),
}
SPACES_MATTER = {"pre", "textarea"}
LONG = 3  # lines: what is shorter is written wherever it stands


@dataclass
class Tag:
    name: str
    attrs: dict[str, str] = field(default_factory=dict)
    inside: list["Tag | str"] = field(default_factory=list)

    def opening(self) -> str:
        return " ".join([self.name, *(attribute(name, self.attrs[name]) for name in sorted(self.attrs))])

    def tags(self) -> Iterator["Tag"]:
        """This one and all inside, in order."""
        yield self
        for each in self.inside:
            if isinstance(each, Tag):
                yield from each.tags()


def attribute(name: str, value: str) -> str:
    if name in BOOLEAN:
        return name
    if name == "class":
        value = " ".join(sorted(value.split()))
    return f'{name}="{" ".join(value.split())}"'


class Reader(HTMLParser):
    """The tree of a page. What is closed wrongly stands in it as text that begins with !!."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.root = Tag("page")
        self.open = [self.root]
        self.feed(html)
        self.close()
        for tag in self.open[1:]:
            tag.inside.append(f"!! <{tag.name}> is never closed")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = Tag(tag, {name: value or "" for name, value in attrs})
        self.open[-1].inside.append(found)
        if tag not in VOID:
            self.open.append(found)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag == self.open[-1].name:
            self.open.pop()
        elif tag not in VOID:
            self.open[-1].inside.append(f"!! </{tag}> where <{self.open[-1].name}> is open")

    def handle_comment(self, data: str) -> None:
        if data.startswith("["):  # which some mail programs read
            self.handle_data(f" <!--{data}--> ")

    def handle_data(self, data: str) -> None:
        inside = self.open[-1].inside
        if inside and isinstance(inside[-1], str):
            inside[-1] += data
        else:
            inside.append(data)


def tree_of(html: str) -> Tag:
    return Reader(html).root


Known = Mapping[tuple[str, ...], str]  # by its lines what is written elsewhere already, and where


def lines_of(tag: Tag, known: Known | None = None) -> list[str]:
    """The tag and all inside. A text that is all that is inside stands on its tag's line."""
    inside = [each for each in words_of(tag) if each]
    if len(inside) == 1 and isinstance(inside[0], str):
        return [f"{tag.opening()} | {inside[0]}"]
    lines = [tag.opening()]
    for each in inside:
        found = lines_of(each, known) if isinstance(each, Tag) else [f"| {each}"]
        lines += [f"  {line}" for line in found]
    if known and isinstance(where := known.get(tuple(lines_of(tag))), str):
        return [f"{tag.opening()} … as in {where}"]
    return lines


def words_of(tag: Tag) -> list[Tag | str]:
    if tag.name in SPACES_MATTER:
        return [each if isinstance(each, Tag) else repr(each.removeprefix("\n"))[1:-1] for each in tag.inside]
    return [each if isinstance(each, Tag) else " ".join(each.split()) for each in tag.inside]


def long_parts(tag: Tag, where: str) -> dict[tuple[str, ...], str]:
    """Of this tree what need not be written again where it stands in another."""
    found = {}
    for each in tag.tags():
        if len(lines := lines_of(each)) >= LONG:
            found[tuple(lines)] = where
    return found
