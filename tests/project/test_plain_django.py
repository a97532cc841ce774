"""The site stands on plain Django, allauth and Celery: no engine of our own under them, no patch, nobody else's private names."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from django.conf import settings

from bench.figures import PACKAGES

BASE_DIR = Path(settings.BASE_DIR)
MOST_SQL = 20
REASON = "# SQL because "
# Functions that migrations call and nothing else does.
FOR_MIGRATIONS = {"core/models.py"}

GONE_FILES = (
    *("ctac/compiled.py", "ctac/template_folding.py", "ctac/kept_parts.py", "ctac/questions.py", "ctac/widgets.py"),
    *("ctac/postgresql", "ctac/routing.py", "ctac/one_command.py", "ctac/publishing.py", "ctac/worker_pool.py", "ctac/beat.py"),
    *("professionals/passkeys_when_needed.py", "professionals/allauth_limits.py"),
)
GONE_NAMES = {
    *("Compiled", "Together", "Insert", "Statement", "have_ready", "AnyOf", "write_with_reference"),
    *("DATABASE_PREPARES", "QuickRenderer", "ByFirstWord", "freeze"),
    *("TAKE_HELD", "ALLOCATE", "MARK_AND_CLAIM"),
}
# Of Django: the first two are documented, the third is the manager that its own code for related rows goes by.
PUBLIC_ALL_THE_SAME = {"_meta", "_default_manager", "_base_manager"}
# (file, name): why nothing public does it.
ALLOWED_PRIVATE: dict[tuple[str, str], str] = {
    ("ctac/transports/object_storage.py", "_open"): "what a storage class has to provide, as Django's documentation has it",
    ("ctac/transports/object_storage.py", "_save"): "the same",
    ("accounts/models.py", "_db"): "a manager's database, as Django's documentation of managers has it",
    ("accounts/sessions.py", "_session"): "the data of the session, loaded once, as SessionBase.save() reads it",
    ("accounts/sessions.py", "_get_session"): "the same without loading, as SessionBase.save() asks for it",
    ("leaflets/pdf.py", "_out"): "fpdf2 has no public way to write an operator into a page",
}


@cache
def sources() -> dict[str, tuple[str, ast.Module]]:
    """Text and tree of each file of ours, by its path, migrations aside."""
    found = [path for app in PACKAGES for path in (BASE_DIR / app).rglob("*.py") if "migrations" not in path.parts]
    texts = {path.relative_to(BASE_DIR).as_posix(): path.read_text() for path in [*found, BASE_DIR / "manage.py"]}
    return {name: (text, ast.parse(text)) for name, text in sorted(texts.items())}


def nodes() -> Iterator[tuple[str, ast.AST]]:
    for name, (_text, tree) in sources().items():
        for node in ast.walk(tree):
            yield name, node


def at(name: str, node: ast.AST, what: str = "") -> str:
    return f"{name}:{getattr(node, 'lineno', 0)} {what}".strip()


def of_others(tree: ast.Module) -> set[str]:
    """The names that stand for a module, class or object of another package throughout the file."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {
                alias.asname or alias.name.split(".")[0] for alias in node.names if alias.name.split(".")[0] not in PACKAGES
            }
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] not in PACKAGES:
            names |= {alias.asname or alias.name for alias in node.names}
    given = {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    return names - given - {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}


def root(node: ast.AST) -> str:
    """'a' of a.b[0].c; nothing if it begins with a call."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def test_what_was_deleted_stays_deleted() -> None:
    assert [name for name in GONE_FILES if (BASE_DIR / name).is_file() or any((BASE_DIR / name).glob("*.py"))] == []


def names_used(node: ast.AST) -> set[str]:
    if isinstance(node, ast.Name):
        return {node.id}
    if isinstance(node, ast.Attribute):
        return {node.attr}
    if isinstance(node, ast.ClassDef | ast.FunctionDef):
        return {node.name}
    return {alias.name for alias in node.names} if isinstance(node, ast.ImportFrom) else set()


def test_no_name_of_a_deleted_engine_is_used() -> None:
    assert [at(name, node, found) for name, node in nodes() for found in names_used(node) & GONE_NAMES] == []


def patched(tree: ast.Module) -> Iterator[ast.AST]:
    """Where an attribute of something of another package is set, or a module is put in another's place."""
    names = of_others(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"setattr", "delattr"}:
            if root(node.args[0]) in names:
                yield node
        elif isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign | ast.Delete):
            targets = node.targets if isinstance(node, ast.Assign | ast.Delete) else [node.target]
            for target in targets:
                of_module = isinstance(target, ast.Subscript) and ast.unparse(target.value) == "sys.modules"
                if of_module or (isinstance(target, ast.Attribute) and root(target) in names):
                    yield node


def test_nothing_of_another_package_is_patched() -> None:
    assert [at(name, node, ast.unparse(node)) for name, (_text, tree) in sources().items() for node in patched(tree)] == []


@cache
def ours() -> set[str]:
    """The private names that our own code defines."""
    functions = {node.name for _name, node in nodes() if isinstance(node, ast.FunctionDef)}
    stored = [node for _name, node in nodes() if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)]
    return functions | {node.attr for node in stored if root(node) in {"self", "cls"}}


def private_names(tree: ast.Module) -> Iterator[ast.Attribute]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and re.match(r"_[a-z]", node.attr) and node.attr not in PUBLIC_ALL_THE_SAME:
            of_a_parent = ast.unparse(node.value).startswith("super()")
            if (of_a_parent or node.attr not in ours()) and ast.unparse(node) != "os._exit":
                yield node


def test_no_private_attribute_of_another_package_is_used() -> None:
    used = {
        (name, node.attr): at(name, node, ast.unparse(node))
        for name, (_, tree) in sources().items()
        for node in private_names(tree)
    }
    assert [where for key, where in used.items() if key not in ALLOWED_PRIVATE] == []


def test_no_private_attribute_is_set_through_text() -> None:
    """Nor in __dict__, where one could hide."""
    hidden = re.compile(r"_prefetched_objects_cache|_result_cache|fields_cache")
    assert [name for name, (text, _tree) in sources().items() if hidden.search(text)] == []


def test_what_is_internal_to_allauth_is_imported_in_one_module_with_its_reason() -> None:
    found = []
    for name, node in nodes():
        modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        modules += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if any(re.match(r"allauth\..*\binternal\b", module) for module in modules):
            found.append((name, node))
    assert len({name for name, _node in found}) <= 1, [at(*each) for each in found]
    bare = [at(name, node) for name, node in found if not has_comment(sources()[name][0].splitlines(), node)]
    assert bare == []


def has_comment(lines: list[str], node: ast.AST) -> bool:
    first, last = node.lineno, node.end_lineno  # type: ignore[attr-defined]
    return lines[first - 2].lstrip().startswith("#") or any("#" in line for line in lines[first - 1 : last])


def test_no_template_is_made_from_a_text() -> None:
    makes = {"Template", "from_string", "render_template_string"}
    calls = [(name, node) for name, node in nodes() if isinstance(node, ast.Call)]
    assert [at(name, node) for name, node in calls if names_used(node.func) & makes] == []


# How a statement begins, or the piece of one that is put together.
SQL = re.compile(
    r"(WITH \w+ (\([^)]*\) )?AS|SELECT|INSERT INTO|UPDATE \S+ (AS \w+ )?SET|DELETE FROM|SET (LOCAL|CONSTRAINTS|SESSION)"
    r"|LOCK TABLE|CREATE|ALTER|DROP|TRUNCATE|PREPARE|EXECUTE|NOTIFY|REFRESH|ANALYZE|VACUUM|ON CONFLICT)\b|(EXISTS|VALUES) ?\("
)


def sql_in(tree: ast.Module) -> Iterator[tuple[ast.stmt, ast.AST]]:
    """Each text that is SQL, with the statement of Python that it stands in."""

    def walk(node: ast.AST, statement: ast.stmt | None) -> Iterator[tuple[ast.stmt, ast.AST]]:
        statement = node if isinstance(node, ast.stmt) else statement
        if statement is not None and SQL.match(text_of(node)):
            yield statement, node
            return
        if not isinstance(node, ast.JoinedStr):
            for child in ast.iter_child_nodes(node):
                yield from walk(child, statement)

    yield from walk(tree, None)


def text_of(node: ast.AST) -> str:
    """Of a text, or of what an f-string says for sure; spaces as one."""
    if isinstance(node, ast.JoinedStr):
        return " ".join("".join(str(part.value) if isinstance(part, ast.Constant) else "_" for part in node.values).split())
    return " ".join(node.value.split()) if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def reason_above(lines: list[str], statement: ast.stmt) -> bool:
    """In the comment that stands directly above."""
    place = statement.lineno - 2
    while place >= 0 and lines[place].lstrip().startswith("#"):
        if lines[place].lstrip().startswith(REASON):
            return True
        place -= 1
    return False


def test_there_is_little_sql_and_each_has_its_reason() -> None:
    """Outside migrations, for which SQL is how constraints, triggers and functions are written."""
    found, bare = [], []
    for name, (text, tree) in sources().items():
        if name in FOR_MIGRATIONS:
            continue
        lines = text.splitlines()
        for statement, node in sql_in(tree):
            found.append(at(name, node, text_of(node)[:90]))
            if not reason_above(lines, statement):
                bare.append(found[-1])
    assert len(found) <= MOST_SQL, "\n".join(found)
    assert bare == [], f"a comment directly above begins with “{REASON}”"


def test_no_sql_hides_in_an_expression() -> None:
    assert [
        at(name, node)
        for name, node in nodes()
        if isinstance(node, ast.Call) and names_used(node.func) & {"RawSQL", "raw", "extra"}
    ] == []
