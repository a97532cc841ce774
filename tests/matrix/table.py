"""tests/routes.txt, read and written."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.matrix.people import PEOPLE

FILE = Path(__file__).parent.parent / "routes.txt"
Rows = dict[str, tuple[str, ...]]


def read_table() -> Rows:
    """By method and what is asked ("GET staff:leaflets_order_action cancel"), the answers in the order of PEOPLE."""
    rows = {}
    for line in FILE.read_text().splitlines():
        if line and not line.startswith("#"):
            asked, *answers = (cell.strip() for cell in line.split("|"))
            rows[" ".join(asked.split())] = tuple(answers)
    return rows


def write_table(rows: Rows) -> None:
    """Below the words at its head, which stay. The columns' names come back with each part of the site."""
    head = FILE.read_text().partition("\n\n")[0]
    FILE.write_text(f"{head}\n\n" + "\n".join(lines(rows)) + "\n")


def lines(rows: Rows) -> Iterator[str]:
    first = max(len(padded(asked)) for asked in rows)
    widths = [first, *(max(len(name), *(len(answers[at]) for answers in rows.values())) for at, name in enumerate(PEOPLE))]
    part = None
    for asked in sorted(rows, key=by_part):
        if (of := part_of(asked)) != part:
            part = of
            yield from ["", line([f"# {part}", *PEOPLE], widths)]
        yield line([padded(asked), *rows[asked]], widths)


def line(cells: Iterable[str], widths: list[int]) -> str:
    return " | ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()


def padded(asked: str) -> str:
    method, _space, rest = asked.partition(" ")
    return f"{method:4} {rest}"


def part_of(asked: str) -> str:
    """The model of a page of the staff site, the app of its other pages, or what all other pages are."""
    _method, route, *_slug = asked.split()
    if not route.startswith("staff:"):
        return OTHERS.get(route.partition("_")[0], "pages")
    app, _line, rest = route.removeprefix("staff:").partition("_")
    return f"staff: {app} {rest.partition('_')[0]}" if app in APPS else "staff"


OTHERS = {"account": "account", "mfa": "account", "presenter": "presenters", "styleguide": "styleguide"}
APPS = (
    "accounts",
    "audit",
    "auth",
    "bookings",
    "guidance",
    "leaflets",
    "notifications",
    "office",
    "privacy",
    "professionals",
    "reach",
)


def by_part(asked: str) -> tuple[str, str, str]:
    method, _space, rest = asked.partition(" ")
    return part_of(asked), rest, method
