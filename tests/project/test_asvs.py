"""docs/asvs.md: no requirement of levels 1 and 2 is missing, and every test that it names exists."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
PAGE = ROOT / "docs" / "asvs.md"
LEVELS = Path(__file__).with_name("asvs_levels.txt")
ROW = re.compile(r"^\| (V[\d.]+) \| (\d) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
STATES = ("shown by", "does not apply because", "open")


def required() -> list[tuple[str, str]]:
    """Each requirement of level 1 and 2 with its level, in the order of the standard."""
    sections = [line.split() for line in LEVELS.read_text().splitlines() if line.startswith("V")]
    numbered = [(f"{name}.{number}", level) for name, *levels in sections for number, level in enumerate(levels, 1)]
    return [each for each in numbered if each[1] in "12"]


def rows() -> list[tuple[str, ...]]:
    return ROW.findall(PAGE.read_text())


@cache
def names_in(path: str) -> set[str]:
    file = ROOT / path
    nodes = ast.walk(ast.parse(file.read_text())) if file.exists() else ()
    return {node.name for node in nodes if isinstance(node, ast.FunctionDef)}


def test_the_standard_has_as_many_as_we_think():
    levels = [level for line in LEVELS.read_text().splitlines() if line.startswith("V") for level in line.split()[1:]]
    assert (levels.count("1"), levels.count("2"), levels.count("3")) == (70, 183, 92)


def test_every_requirement_of_both_levels_stands_there_once_and_no_line_is_misshapen():
    assert [(number, level) for number, level, *_rest in rows()] == required()
    assert PAGE.read_text().count("\n| V") == len(required())


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0])
def test_what_is_shown_names_tests_that_exist_and_the_rest_says_why(row):
    _number, _level, words, state, by = row
    assert state in STATES
    assert len(words.split()) >= 3
    named = TEST.findall(by)
    assert [f"{path}::{name}" for path, name in named if name not in names_in(path)] == []
    assert bool(named) == (state == "shown by")
    assert len(by.split()) >= (1 if named else 3)
