"""What the tools found, and which of it docs/security.md explains."""

import re
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

PAGE = Path(settings.BASE_DIR) / "docs" / "security.md"
HEADING = "## What the tools say and we accept"
ROW = re.compile(r"^\| (wapiti|bandit) \| (.+?) \| `(.+?)` \| (.+?) \|$", re.MULTILINE)
INFORMATIONAL = 0


@dataclass(frozen=True, order=True)
class Finding:
    """`kind` as the tool names it; `where`: a page without host and query, or a file; `level`: 0 informational, 4 critical."""

    tool: str
    kind: str
    where: str
    level: int
    words: str = ""


@dataclass(frozen=True)
class Accepted:
    """In `where`, * stands for what differs between two slashes."""

    tool: str
    kind: str
    where: str
    why: str

    def covers(self, finding: Finding) -> bool:
        place = re.escape(self.where).replace(r"\*", "[^/]*")
        return (self.tool, self.kind) == (finding.tool, finding.kind) and re.fullmatch(place, finding.where) is not None


def accepted(text: str | None = None) -> list[Accepted]:
    """The rows of the table under its heading."""
    _before, heading, rest = (PAGE.read_text() if text is None else text).partition(HEADING)
    assert heading, f"{PAGE.name} has no heading {HEADING!r}"
    return [Accepted(*row) for row in ROW.findall(rest.partition("\n## ")[0])]


def unexplained(findings: list[Finding], known: list[Accepted]) -> list[Finding]:
    """What is above informational and covered by no row."""
    return [each for each in findings if each.level > INFORMATIONAL and not any(row.covers(each) for row in known)]
