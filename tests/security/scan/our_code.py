"""bandit over our code. A place that ruff's same rule lets pass, with the reason beside it (`# noqa: S608 - …`), is explained."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

from django.conf import settings

from .findings import Finding
from .wapiti import SCANNER

LEVELS = {"LOW": 0, "MEDIUM": 2, "HIGH": 3}  # what bandit calls low (an import of subprocess) we call informational
SAME_RULE = {"B703": "308"}  # bandit has two numbers for what ruff counts as one


def bandit(*targets: str, folder: Path) -> tuple[list[Finding], int]:
    """What it found, and how many lines it read."""
    report = folder / "bandit.json"
    words = [str(SCANNER), "-m", "bandit", "--quiet", "--recursive", "--exit-zero", "--format", "json", "--output", str(report)]
    subprocess.run([*words, *targets], cwd=settings.BASE_DIR, check=True)
    found = json.loads(report.read_text())
    assert found["errors"] == []
    return [of_entry(each) for each in found["results"] if not is_explained(each)], int(found["metrics"]["_totals"]["loc"])


def of_entry(entry: dict[str, Any]) -> Finding:
    words = f"line {entry['line_number']}: {entry['issue_text']}"
    return Finding("bandit", entry["test_id"], entry["filename"], LEVELS[entry["issue_severity"]], words)


def is_explained(entry: dict[str, Any]) -> bool:
    lines = (Path(settings.BASE_DIR) / entry["filename"]).read_text().splitlines()
    rule = SAME_RULE.get(entry["test_id"], entry["test_id"][1:])
    around = lines[min(entry["line_range"]) - 1 : max(entry["line_range"]) + 1]
    return any(re.search(rf"# noqa: .*\bS{rule}\b", line) for line in around)
