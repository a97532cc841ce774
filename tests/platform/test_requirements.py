"""What the project stands on is pinned, explained and named to whoever sets it up."""

import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from django.conf import settings

LOCKS = [f"requirements{part}.txt" for part in ("", "-local", "-dev", "-security")]


def lines_of(name: str) -> list[str]:
    return (Path(settings.BASE_DIR) / name).read_text().splitlines()


def packages(lines: list[str]) -> list[str]:
    found = (re.match(r"([A-Za-z0-9-]+)", line) for line in lines)
    return sorted(match[1].lower() for match in found if match)


@pytest.mark.parametrize("lock", LOCKS)
def test_every_requirement_is_pinned_with_hashes(lock):
    text = (Path(settings.BASE_DIR) / lock).read_text()
    entries = [entry for entry in re.split(r"(?<!\\)\n", text) if entry and not entry.startswith("#")]
    assert [entry for entry in entries if "==" not in entry or "--hash=sha256:" not in entry] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_no_lock_names_a_server(lock):
    assert [line for line in lines_of(lock) if "://" in line or "index-url" in line] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_the_lock_holds_what_was_asked_for(lock):
    asked = packages(lines_of(lock.replace(".txt", ".in")))
    assert [name for name in asked if name not in packages(lines_of(lock))] == [name for name in asked if name == "-c"]


@pytest.mark.parametrize("lock", LOCKS)
def test_every_requirement_has_a_reason(lock):
    asked = [line for line in lines_of(lock.replace(".txt", ".in")) if line and not line.startswith(("#", "-c"))]
    assert [line for line in asked if not re.search(r" # \w+", line)] == []


def test_what_installs_takes_nothing_whose_hash_is_not_written_down(tmp_path):
    """pip itself refuses: the installer runs with a list that has no hash."""
    (tmp_path / "bare.txt").write_text("typing-extensions==4.0.0\n")
    installer = Path(settings.BASE_DIR) / "ctac" / "local" / "install.py"
    result = subprocess.run(
        [sys.executable, str(installer), "bare.txt"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert result.returncode == 1
    assert "Hashes are required in --require-hashes mode" in result.stdout + result.stderr


@pytest.mark.parametrize("page", ["docs/deploying.md", "docs/upgrading.md", "Makefile", ".ci/run"])
def test_nothing_is_installed_by_a_command_without_hashes(page):
    commands = [line for line in lines_of(page) if re.search(r"\bpip install\b", line)]
    assert [line for line in commands if "--require-hashes" not in line] == []


READERS = r'\b(?:env(?:\.\w+)?|required_in_production|os\.environ\.get|require_setting)\(\s*"([A-Z_]+)"'


def explained() -> list[str]:
    return [match[1] for line in lines_of(".env.example") if (match := re.match(r"#([A-Z_]+)=", line))]


def test_the_example_explains_every_variable_that_is_read():
    names = ["ctac/settings.py", "deploy/gunicorn.conf.py", "deploy/backup.py"]
    read = {name for file in names for name in re.findall(READERS, "\n".join(lines_of(file)))}
    assert read == set(explained())
    assert len(read) > 20


def test_the_guide_to_deploying_has_every_variable_once_and_in_the_same_order():
    rows = [match[1] for line in lines_of("docs/deploying.md") if (match := re.match(r"\| `([A-Z_]+)` \|", line))]
    assert rows == explained()


def test_the_example_for_systemd_sets_only_variables_that_exist():
    names = [match[1] for line in lines_of("deploy/ctac.env.example") if (match := re.match(r"([A-Z_]+)=", line))]
    assert [name for name in names if name not in explained()] == []


def test_every_variable_of_the_example_has_its_comment_above():
    lines = lines_of(".env.example")
    bare = [line for above, line in pairwise(lines) if re.match(r"#[A-Z_]+=", line) and not above.startswith("#")]
    assert bare == []
