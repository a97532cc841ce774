"""docs/privacy.md: every claim names a test, and every test that it names exists."""

import re
from pathlib import Path

from django.conf import settings

from tests.project.test_asvs import names_in

PAGE = Path(settings.BASE_DIR) / "docs" / "privacy.md"
TEST = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")


def claims() -> list[tuple[str, str]]:
    part = PAGE.read_text().partition("## Claims, and what shows them")[2].partition("## ")[0]
    rows = [line.strip("| ").split(" | ") for line in part.splitlines() if line.startswith("| ")]
    return [(claim, by) for claim, by in rows[2:]]


def test_every_claim_names_a_test():
    assert len(claims()) >= 15
    assert [claim for claim, by in claims() if not TEST.search(by)] == []


def test_every_test_that_the_page_names_exists():
    named = TEST.findall(PAGE.read_text())
    assert len(named) >= 18
    assert [f"{path}::{name}" for path, name in named if not names_in(path) or (name and name not in names_in(path))] == []
