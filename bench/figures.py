"""`make figures`: how large the code is and how it hangs together, as Markdown for docs/developing.md.

Application code is what the packages and `deploy/` hold, without migrations. Docstrings are no statements. Imports count
wherever they are, but for those that only a type checker reads.
"""

import ast
import subprocess
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
APPS = ("audit", "office", "notifications", "accounts", "professionals", "privacy", "guidance", "leaflets", "bookings", "reach")
PACKAGES = ("core", "staff", *APPS, "ctac")  # each imports only those before it
TOPS = (*PACKAGES, "deploy")
# Django looks for these by their names, so they may be short.
NAMES_OF_DJANGO = {"__init__.py", "admin.py", "apps.py", "urls.py", "tasks.py", "formats.py", "wsgi.py"}
FOLDERS_OF_DJANGO = {"commands", "templatetags"}
SHORT = 50


def application_files(root: Path = ROOT) -> list[Path]:
    listed = subprocess.run(["git", "ls-files", *TOPS], cwd=root, capture_output=True, text=True, check=True)  # noqa: S607
    return [root / name for name in listed.stdout.split() if name.endswith(".py") and "/migrations/" not in name]


def module_name(path: Path, root: Path = ROOT) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def statements(source: str) -> int:
    nodes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.stmt)]
    texts = [node for node in nodes if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)]
    return len(nodes) - len(texts)


def functions(source: str) -> int:
    return sum(isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) for node in ast.walk(ast.parse(source)))


def imports_of(tree: ast.Module, modules: Mapping[str, Path]) -> Iterator[str]:
    """The modules of ours that this one needs when it runs, those imported inside functions too."""
    nodes: list[ast.AST] = [tree]
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            nodes += node.orelse
            continue
        nodes += ast.iter_child_nodes(node)
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in modules)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                found = full if full in modules else node.module
                if found in modules:
                    yield found


def import_graph(root: Path = ROOT) -> dict[str, set[str]]:
    modules = {module_name(path, root): path for path in application_files(root)}
    return {
        name: {other for other in imports_of(ast.parse(path.read_text()), modules) if other != name}
        for name, path in modules.items()
    }


def room_of(module: str) -> str:
    """The folder or module at the root of its app: `bookings.schedule`; for `ctac`, the file or folder in it."""
    return ".".join(module.split(".")[:2])


def between_rooms(graph: Mapping[str, set[str]]) -> dict[str, set[str]]:
    rooms: dict[str, set[str]] = defaultdict(set)
    for module, others in graph.items():
        rooms[room_of(module)] |= {room_of(other) for other in others if room_of(other) != room_of(module)}
    return rooms


def circles(graph: Mapping[str, set[str]]) -> list[list[str]]:
    """Each group of nodes that can reach each other."""
    reach: dict[str, set[str]] = {}
    for start in graph:
        seen, ahead = set[str](), list(graph[start])
        while ahead:
            node = ahead.pop()
            if node not in seen:
                seen.add(node)
                ahead += graph.get(node, ())
        reach[start] = seen
    found = {frozenset(other for other in reach[node] if node in reach.get(other, ())) for node in graph if node in reach[node]}
    return sorted(sorted(group) for group in found)


def root_modules(app: str, root: Path = ROOT) -> list[str]:
    return sorted(path.name for path in (root / app).glob("*.py") if path.name not in {"__init__.py", "apps.py"})


def short_files(root: Path = ROOT) -> list[Path]:
    return [
        path
        for path in application_files(root)
        if path.name not in NAMES_OF_DJANGO
        and path.parent.name not in FOLDERS_OF_DJANGO
        and len(path.read_text().splitlines()) < SHORT
    ]


def main() -> None:
    paths = application_files()
    sources = [path.read_text() for path in paths]
    every = sum(len(source.splitlines()) for source in sources)
    count = sum(map(functions, sources))
    graph = import_graph()
    app, roots = max(((app, len(root_modules(app))) for app in APPS if (ROOT / app).is_dir()), key=lambda pair: pair[1])
    templates = sum(len(path.read_text().splitlines()) for path in (ROOT / "templates").rglob("*.*"))
    rows = [
        ("statements of the application", f"{sum(map(statements, sources)):,}", "≤ 39,000"),
        (
            "statements of the tests",
            f"{sum(statements(path.read_text()) for path in (ROOT / 'tests').rglob('*.py')):,}",
            "≤ 55,700",
        ),
        ("files", f"{len(paths)}", ""),
        ("files under 50 lines that Django doesn't ask for", f"{len(short_files())}", "0"),
        ("functions per 1,000 lines", f"{1000 * count / every:.0f}", "≤ 55"),
        (f"modules at the root of the largest app ({app})", f"{roots}", "≤ 12"),
        ("circles of modules", f"{len(circles(graph))}", "0"),
        ("circles of folders within an app", f"{len(circles(between_rooms(graph)))}", "0"),
        ("template lines", f"{templates:,}", ""),
        ("decision records", f"{len(list((ROOT / 'docs/adr').glob('*.md')))}", "≤ 25"),
    ]
    print("| | now | to reach |\n|---|---|---|")
    for row in rows:
        print("| " + " | ".join(row) + " |")


if __name__ == "__main__":
    main()
