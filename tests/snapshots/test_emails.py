"""Every kind of email, whole: headers, plain text, HTML, calendar entry. A golden file for each kind: its first example, and how
the others differ from it.

What stands round the words of an email or an event is in `layouts`; what inlining writes into each tag is in `styles`.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from difflib import unified_diff
from email.message import Message as Part
from typing import Any

import pytest

from notifications.samples import Sample, all_samples

from .golden import hold_against
from .normal import lines_of, tree_of
from .scene import moment
from .variants import variants

NOW = datetime(2027, 2, 22, 10, tzinfo=UTC)
TEAM_TOKEN = re.compile(r"(?<=/links/team/)[^/]+")  # differs by the secret key of the copy
FOOT = "If a child is in immediate danger, call 999."  # begins what stands below each text


@pytest.fixture(scope="module")
def samples(django_db_setup: None, django_db_blocker: Any) -> list[Sample]:
    with django_db_blocker.unblock(), moment(NOW):
        return sorted(all_samples(), key=lambda sample: sample.kind)


def body_and_layout(sample: Sample) -> tuple[list[str], tuple[str, ...]]:
    """What the HTML of this email says, and all that stands round it."""
    tree = tree_of(sample.html)
    body: list[str] = []
    for tag in tree.tags():
        tag.attrs.pop("style", None)
        if tag.attrs.get("class") == "preheader" and not body:
            body = [f"preheader | {tag.inside[0]}"]
            tag.inside = ["‹preheader›"]
    for tag in tree.tags():
        if tag.attrs.get("class") == "main":
            body += lines_of(tag)
            tag.inside = ["‹body›"]
    return body, tuple(line.replace(sample.subject.replace('"', "'"), "‹subject›") for line in lines_of(tree))


def whole(sample: Sample, around: dict[tuple[str, ...], str]) -> str:
    """`around`: by its lines what stands round the words, and the title of the first email in which it does."""
    mail = sample.as_mail().message()
    lines = [f"##### {sample.title}", ""]
    lines += [f"{name}: {' '.join(str(value).split())}" for name, value in mail.items() if name != "Content-Type"]
    for part in mail.walk():
        if part.is_multipart():
            lines += ["", f"=== {part.get_content_type()} of {len(part.get_payload())}"]
            continue
        body, layout = body_and_layout_of(part, sample)
        where = f" | as in: {around.setdefault(layout, sample.title)}" if layout else ""
        lines += ["", f"=== {described(part)}{where}", *body]
    return TEAM_TOKEN.sub("‹token›", "\n".join([*lines, "", ""]))


def body_and_layout_of(part: Part, sample: Sample) -> tuple[list[str], tuple[str, ...]]:
    kind, words = part.get_content_type(), part.get_payload(decode=True).decode()
    if kind == "text/html":
        return body_and_layout(sample)
    lines = words.splitlines()
    if kind == "text/plain" and FOOT in lines:
        at = lines.index(FOOT)
        return lines[:at], tuple(lines[at:])
    if "BEGIN:VEVENT" in lines:
        at = lines.index("BEGIN:VEVENT")
        return lines[at:], tuple(lines[:at])
    return lines, ()


def described(part: Part) -> str:
    given = [f"{name}={value}" for name, value in part.get_params([])[1:]]
    return "; ".join([part.get_content_type(), *given, *filter(None, [part["Content-Disposition"]])])


def texts(samples: list[Sample]) -> dict[str, str]:
    """Of each kind the first sample, and from it how the others differ."""
    around: dict[tuple[str, ...], str] = {}
    firsts: dict[str, Sample] = {}
    found: dict[str, str] = defaultdict(str)
    for sample in samples:
        first = firsts.setdefault(sample.kind, sample)
        found[sample.kind] += whole(sample, around) if first is sample else difference(first, sample, around)
    for first, other in variants(samples):
        found[first.kind] += difference(first, other, around)
    found["layouts"] = "".join("\n".join([f"##### {title}", "", *lines, "", ""]) for lines, title in around.items())
    return found | {"styles": "".join(styles(samples))}


def difference(first: Sample, other: Sample, around: dict[tuple[str, ...], str]) -> str:
    was, now = (whole(each, around).splitlines() for each in (first, other))
    lines = list(unified_diff(was[1:], now[1:], lineterm="", n=1))[2:]
    changes = ["@@" if line.startswith("@@") else line for line in lines]
    return "\n".join([f"##### {other.title} | as {first.title}", *changes, "", ""])


def styles(samples: list[Sample]) -> Iterator[str]:
    found: dict[str, set[str]] = defaultdict(set)
    for sample in samples:
        for tag in tree_of(sample.html).tags():
            found[f"{tag.name} {tag.attrs.get('class', '')}".strip()] |= set(tag.attrs.get("style", "").split(";"))
    for name in sorted(found):
        yield f"{name}\n" + "".join(f"  {' '.join(style.split())}\n" for style in sorted(found[name]) if style.strip())


def test_every_email_is_as_somebody_last_read_it(samples: list[Sample]) -> None:
    with moment(NOW):
        hold_against("emails", texts(samples))
