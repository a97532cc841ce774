"""What our few scripts never do: run text, write HTML, listen to other windows, keep what is somebody's."""

import re
from pathlib import Path

import pytest
from django.conf import settings

SCRIPTS = sorted((Path(settings.BASE_DIR) / "static" / "js").glob("*.js"))
NEVER = {
    "run text": r"\beval\(|new Function\(|set(Timeout|Interval)\(\s*[\"']",
    "write HTML": r"\.(inner|outer)HTML\s*=|insertAdjacentHTML|document\.write",
    "listen to other windows": r"postMessage|[\"']message[\"']",
    "reach what all objects share": r"__proto__|\.prototype\b|Object\.assign|constructor\[",
    # But for whether this browser uses the shortcuts of the staff site.
    "keep what is somebody's for long": r"localStorage(?!\.[gs]etItem\(\"shortcuts\")|indexedDB|document\.cookie",
}


@pytest.mark.parametrize("what", NEVER)
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_script_does_not(script, what):
    assert re.findall(NEVER[what], script.read_text()) == []


def test_only_whether_the_month_was_open_is_remembered_in_a_window():
    kept = re.findall(r"sessionStorage\.setItem\(([^)]*)\)", "\n".join(path.read_text() for path in SCRIPTS))
    assert kept == ["remembered, value"]


def test_nothing_is_fetched_from_elsewhere():
    assert [path.name for path in SCRIPTS if re.search(r"https?://(?!www\.w3\.org/)", path.read_text())] == []
