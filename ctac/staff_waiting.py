"""How the first staff page shows what waits: what there is stands first, and where nothing waits folds away."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.utils.functional import Promise

from ctac import staff_menu


def in_sections(lines: Iterable[tuple[str | Promise, dict[str, Any]]]) -> list[dict[str, Any]]:
    """Each line comes with the heading of its section; the sections stand as in the menu."""
    sections: dict[str, list[dict[str, Any]]] = {}
    for section, line in lines:
        sections.setdefault(str(section), []).append(line)
    return [{"heading": heading, "lines": sections[heading]} for heading in sorted(sections, key=staff_menu.place_of)]


def is_urgent(line: dict[str, Any]) -> bool:
    return bool(line["figure"] and line["urgent"])


def arranged(sections: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """`waits`: the sections in which something does, each with those lines alone; `idle`: the lines that say 0, by section too.

    What a person may be harmed by comes first within its section, and so do the sections that have such a line. All else keeps
    its place, so that it is found where it was yesterday.
    """
    waits = [{**each, "lines": sorted(filled(each), key=lambda line: not is_urgent(line))} for each in sections if filled(each)]
    idle = [{**each, "lines": empty(each)} for each in sections if empty(each)]
    return {
        "waits": sorted(waits, key=lambda section: not is_urgent(section["lines"][0])),
        "idle": idle,
        "idle_count": sum(len(section["lines"]) for section in idle),
    }


def filled(section: dict[str, Any]) -> list[dict[str, Any]]:
    return [line for line in section["lines"] if line["figure"]]


def empty(section: dict[str, Any]) -> list[dict[str, Any]]:
    return [line for line in section["lines"] if not line["figure"]]
