"""120 lines of the application changed one at a time, and whether the tests of their file notice: `make mutants`.

The lines are picked once, by a fixed seed, and stand in mutants.txt by their text, so that they survive moves. Each change is
made in a copy of the last commit, var/mutants, and the tests run there. `ONLY=leaflets/` runs those whose path begins so,
`ONLY="not run"` those without a result.
"""

import ast
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from bench.figures import PACKAGES, ROOT

COPY = ROOT / "var" / "mutants"
RESULTS = Path(__file__).with_name("mutants.txt")
GIT = shutil.which("git") or "git"
SEED, NOT_RUN = 40, "not run"
TIMEOUT_SECONDS = 900
SHARES = {rf"({'|'.join(PACKAGES)})/.*\.py": 82}
SHARES |= {r"templates/.*\.html": 30, r"ctac/settings\.py": 4, r"ctac/celery\.py": 4}
TURNED: dict[type[ast.cmpop], str] = {ast.Eq: "!=", ast.NotEq: "==", ast.Lt: ">=", ast.LtE: ">", ast.Gt: "<=", ast.GtE: "<"}
TURNED |= {ast.Is: "is not", ast.IsNot: "is", ast.In: "not in", ast.NotIn: "in"}
OURS_ALONE = re.compile(r"/(migrations|local|styleguide)/|samples|ctac/(settings|celery)\.py")
TEMPLATE_CONDITION = re.compile(r"{% (el)?if (not )?")


def changes(path: str, text: str) -> Iterator[tuple[str, str]]:
    """Lines of this file, each with what it may become."""
    lines = text.splitlines()
    if path.endswith(".html"):
        for line in lines:
            for found in TEMPLATE_CONDITION.finditer(line):
                tag = f"{{% {found[1] or ''}if " + ("" if found[2] else "not ")
                yield line, line[: found.start()] + tag + line[found.end() :]
        return
    for node in ast.walk(ast.parse(text)):
        if getattr(node, "lineno", 0) != getattr(node, "end_lineno", None) or not isinstance(node, ast.expr | ast.stmt):
            continue
        if new := change(node):
            raw = lines[node.lineno - 1].encode()
            yield lines[node.lineno - 1], (raw[: node.col_offset] + new.encode() + raw[node.end_col_offset :]).decode()


def change(node: ast.AST) -> str:
    """The node's other text; empty if there is none."""
    match node:
        case ast.Compare(left=left, ops=[operator], comparators=[right]):
            return f"{ast.unparse(left)} {TURNED[type(operator)]} {ast.unparse(right)}"
        case ast.BoolOp(op=operator, values=values):
            return f"({(' or ' if isinstance(operator, ast.And) else ' and ').join(map(ast.unparse, values))})"
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return ast.unparse(operand)
        case ast.Constant(value=bool() | int() as value):
            return str(not value) if isinstance(value, bool) else str(value + 1)
        case ast.Expr(value=ast.Call()) | ast.AugAssign():
            return "pass"
        case _:
            return ""


def pick() -> list[list[str]]:
    files = subprocess.check_output([GIT, "ls-files"], cwd=ROOT, text=True).splitlines()
    picked: list[list[str]] = []
    for pattern, count in SHARES.items():
        found = set()
        for path in files:
            if re.fullmatch(pattern, path) and (count < 30 or not OURS_ALONE.search(path)):
                text = (ROOT / path).read_text()
                found |= {(path, old.strip(), new.strip()) for old, new in changes(path, text) if text.count(old.strip()) == 1}
        one_a_line = {row[:2]: row for row in sorted(found)}
        picked += [[*row, NOT_RUN] for row in random.Random(SEED).sample(sorted(one_a_line.values()), count)]
    return picked


def tests_of(path: str) -> list[str]:
    """The files of tests that name the module or the template, then the folder of its name."""
    named = path.removeprefix("templates/") if path.endswith(".html") else path.removesuffix(".py").replace("/", ".")
    package, _, module = named.rpartition(".")
    pattern = rf"from {package} import .*\b{module}\b|{named}\b" if path.endswith(".py") else named
    naming = subprocess.run([GIT, "grep", "-lP", pattern, "tests/**/test_*.py"], cwd=COPY, text=True, capture_output=True)
    folder = Path("tests") / Path(named if path.endswith(".html") else path).parent
    while not (COPY / folder).is_dir():
        folder = folder.parent
    shared = folder in (Path("tests"), Path("tests/includes"))
    return [*naming.stdout.split(), *(["tests/face", "tests/project"] if shared else [str(folder)])]


def run(path: str, old: str, new: str) -> str:
    """By which test it was noticed, or that it was not."""
    where = COPY / path
    if not where.exists() or old not in where.read_text():
        found = subprocess.run(
            [GIT, "grep", "-lF", old, "--", ":!tests"], cwd=COPY, text=True, capture_output=True
        ).stdout.split()
        if len(found) != 1:
            return "line gone"
        path, where = found[0], COPY / found[0]
    where.write_text(where.read_text().replace(old, new, 1))
    python = [str(ROOT / ".venv/bin/python"), "-m", "pytest", "-x", "-q", "--tb=no", "-p", "no:cacheprovider"]
    chosen = ["-m", "not slow and not long and not journey", *tests_of(path)]
    try:
        answer = subprocess.run([*python, *chosen], cwd=COPY, text=True, capture_output=True, timeout=TIMEOUT_SECONDS).stdout
    except subprocess.TimeoutExpired:
        return "not noticed in time"
    finally:
        subprocess.run([GIT, "checkout", "--quiet", "."], cwd=COPY, check=True)
    noticed = re.search(r"^(?:FAILED|ERROR) (\S+)", answer, re.MULTILINE)
    return f"noticed by {noticed[1]}" if noticed else "not noticed" if " passed" in answer else f"{NOT_RUN}: nothing starts"


def write(rows: list[list[str]]) -> None:
    """A paragraph for each: path, line, what it became, what came of it."""
    waiting = sum(row[3].startswith(NOT_RUN) for row in rows)
    missed = sum(row[3].startswith("not noticed") for row in rows)
    head = (
        f"{len(rows)} changed lines (tests/mutants/run.py). {waiting} are not yet run: those that say so. {missed} not noticed."
    )
    RESULTS.write_text("\n\n".join([head, *("\n".join(row) for row in rows)]) + "\n")


def main(only: str) -> None:
    if not RESULTS.exists():
        write(pick())
    rows = [paragraph.split("\n") for paragraph in RESULTS.read_text().strip().split("\n\n")[1:]]
    if not COPY.exists():
        subprocess.run([GIT, "worktree", "add", "--quiet", "--force", "--detach", str(COPY)], cwd=ROOT, check=True)
    head = subprocess.check_output([GIT, "rev-parse", "HEAD"], cwd=ROOT, text=True).strip()
    subprocess.run([GIT, "checkout", "--quiet", "--force", "--detach", head], cwd=COPY, check=True)
    for row in rows:
        if row[0].startswith(only) or row[3].startswith(only):
            row[3] = run(*row[:3])
            print(row[0], row[3], sep="\t", flush=True)  # noqa: T201
            write(rows)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "")
