"""A page as a person reads its markup: a tag a line, with its attributes in order; nothing that may differ and mean the same."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

from core.dates import format_day, uk_day

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
BOOLEAN = {
    *("allowfullscreen", "async", "autofocus", "checked", "defer", "disabled", "hidden", "multiple", "novalidate", "open"),
    *("readonly", "required", "reversed", "selected"),
}
SPACES_MATTER = {"pre", "textarea"}
FORM_TOKEN = 64  # letters of Django's csrf token, masked
LONG = 3  # lines: what is shorter is written wherever it stands
WIDE = 110  # signs: what fits in stands on one line


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
        if found.attrs.get("name") == "csrfmiddlewaretoken" and len(found.attrs.get("value", "")) == FORM_TOKEN:
            found.attrs["value"] = "‹form token›"
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


Lines = list[str]
Known = dict[tuple[str, ...], str]  # by its lines what is written elsewhere already, and where


def lines_of(tag: Tag) -> Lines:
    """The tag and all inside: what is short, and what is all that is inside, on the tag's own line."""
    return whole_and_short(tag, {}, name="")[0]


def whole_and_short(tag: Tag, known: Known, *, name: str) -> tuple[Lines, Lines]:
    """All lines; and those without what is known. With a name, what is long is known by it from then on."""
    parts: list[tuple[str, ...]] = []
    found = both(tag, known, parts)
    if name:
        for part in parts:
            known.setdefault(part, name)
    return found


def both(tag: Tag, known: Known, parts: list[tuple[str, ...]]) -> tuple[Lines, Lines]:
    """All lines, and those without what is known; `parts` gets each tag's that are long."""
    opening = tag.opening()
    inside = [each for each in words_of(tag) if each]
    if len(inside) == 1 and isinstance(inside[0], str):
        return ([f"{opening} | {inside[0]}"],) * 2
    if len(inside) == 1 and isinstance(inside[0], Tag):
        whole, short = ([f"{opening} > {lines[0]}", *lines[1:]] for lines in both(inside[0], known, parts))
        return whole, short
    found = [both(each, known, parts) if isinstance(each, Tag) else ([f"| {each}"],) * 2 for each in inside]
    together = f"{opening} {{ {' ; '.join(lines[0] for lines, _fewer in found)} }}"
    if found and len(together) <= WIDE and all(len(lines) == 1 for lines, _fewer in found):
        return ([together],) * 2
    whole, short = [opening], [opening]
    for lines, fewer in found:
        whole += [f"  {line}" for line in lines]
        short += [f"  {line}" for line in fewer]
    if len(whole) >= LONG:
        parts.append(tuple(whole))
        if where := known.get(parts[-1]):
            short = [f"{opening} … as in {where}"]
    return whole, short


def words_of(tag: Tag) -> list[Tag | str]:
    if tag.name in SPACES_MATTER:
        return [each if isinstance(each, Tag) else repr(each.removeprefix("\n"))[1:-1] for each in tag.inside]
    return [each if isinstance(each, Tag) else " ".join(each.split()) for each in tag.inside]


# -- What differs from run to run -----------------------------------------------------------------------------------------

MASKS = {
    "key": re.compile(r"(?<![0-9a-f])7\d{8}(?![0-9a-f])"),  # tests/snapshots/scene.py
    "reference": re.compile(r"(?<![\w-])(?:BK|LO|OS|DP|DB)-[0-9A-Z]{4}-[0-9A-Z]{2}(?![\w-])"),
    "uuid": re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    "token": re.compile(r"(?<![\w-])(?:[A-Za-z0-9_-]{43}|[0-9a-f]{32})(?![\w-])"),
    "passkey": re.compile(r"(?<=&quot;id&quot;: &quot;)[\w-]{22}(?=&quot;)"),
    "recovery code": re.compile(r"(?<=<code>)\d{8}(?=</code>)"),
    "secret of an app": re.compile(r"[A-Z2-7]{4}(?: [A-Z2-7]{4}){7}"),
    "content type": re.compile(r"(?<=/staff/r/)\d+"),
    "reader": re.compile(r"(?<=/mail/)[\w-]{32}(?=/)"),
    "mailbox": re.compile(r"(?<=/mailboxes/)[\w-]{32}(?=/)"),
    "code": re.compile(r"(?<=/f/)[2-9A-Z]{6}\b"),
    "request": re.compile(r'(?<=class="reference">)[0-9A-F]{8}\b'),
}


# Of a page's own address, what is masked as its own.
OWN = re.compile("|".join(MASKS[name].pattern for name in ("key", "reference", "uuid", "token")))


# When the world was laid out: the database's own clock is the true one, whatever the test's says. A run may pass midnight.
TRUE_DAYS = "|".join(re.escape(format_day(uk_day(datetime.now(UTC) + timedelta(days=days)))) for days in (-1, 0, 1))
TRUE_MOMENT = re.compile(rf"(?:{TRUE_DAYS}), (?:\d{{1,2}}(?::\d\d)?[ap]m|midday|midnight)")


def masked(text: str) -> str:
    """Keys, references and tokens by the order in which they first stand in the text, so that the same stays the same."""
    text = TRUE_MOMENT.sub("‹true moment›", text)
    for name, pattern in MASKS.items():
        met: dict[str, str] = {}
        text = pattern.sub(lambda found, met=met, name=name: met.setdefault(found[0], f"‹{name} {len(met) + 1}›"), text)
    return text


def masked_at(url: str, text: str) -> str:
    """So, but what stands in the page's own address too is its own."""
    for key in OWN.findall(url):
        text = text.replace(key, "‹own›")
    return masked(text)
