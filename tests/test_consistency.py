"""The code stays where docs/developing.md says it belongs, and what is written about it stays true."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import call_command, get_commands

from bench.figures import APPS, PACKAGES, ROOT, between_rooms, circles, import_graph, root_modules, short_files
from core.models import classification
from notifications.registry import all_emails

# What makemessages takes apart stands beside its template as .py for a moment (tests/welsh/test_catalogue.py).
pytestmark = pytest.mark.xdist_group("sources")

# Within a room, lower layers never import higher ones.
LAYERS = {"models": 0, "queries": 1, "services": 2, "forms": 3, "views": 4, "admin": 4, "tasks": 4, "urls": 5}
MOST_AT_A_ROOT = 12
IN_BACKTICKS = re.compile(r"`([\w.]+(?:\([^`\"]*\))?(?:=[^`\"]*)?)(?<!_)`")
FILE_ENDINGS = (".py", ".sql", ".txt", ".md")
MOST_ARGUMENTS = 5  # of a service, beside `by` and `now`
# Services that take more. The list may only become shorter.
MAY_TAKE_MORE = {
    "bookings/booking/services/reschedule.py reschedule",
    "bookings/open_sessions/services/notify.py record_session_event",
    "bookings/open_sessions/services/places.py take_place",
    "leaflets/orders/services/create.py place_order",
    "leaflets/stock/services.py record_entry",
    "privacy/services.py enter_complaint",
    "professionals/services.py record_blocked_attempt",
    "reach/invitations/services.py invite_area",
}
# Django's own names at the root of a project.
NAMES_OF_A_PROJECT = {"settings.py", "urls.py", "wsgi.py"}
# Short files that stand for a reason.
MAY_BE_SHORT = {
    "accounts/allauth_internals.py": "the one place that may import what allauth does not offer",
    "core/errors.py": "the base of every refusal, which services import and nothing else",
    "office/models.py": "Django looks for models there",
    "ctac/local/prepare.py": "a process of its own: it starts Django, and what calls it must not",
    "ctac/transports/redis.py": "goes when kombu mends it (tests/faults/test_redis.py)",
}


def python_files(*tops: str) -> list[Path]:
    found = [path for top in tops for path in (ROOT / top).rglob("*.py") if "migrations" not in path.parts]
    assert found
    return sorted(found)


def imported_modules(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_apps_import_only_apps_below_them() -> None:
    wrong = []
    for path in python_files(*PACKAGES):
        name = path.relative_to(ROOT).as_posix()
        app = name.split("/")[0]
        for module in imported_modules(path):
            other = module.split(".")[0]
            if other in PACKAGES and PACKAGES.index(other) > PACKAGES.index(app):
                wrong.append(f"{name} imports {module}")
    assert wrong == []


def test_core_holds_what_at_least_three_packages_use() -> None:
    users: dict[str, set[str]] = {f"core.{name.removesuffix('.py')}": set() for name in root_modules("core")}
    for path in python_files(*PACKAGES):
        for module in imported_modules(path):
            users.setdefault(".".join(module.split(".")[:2]), set()).add(path.relative_to(ROOT).parts[0])
    assert {name for name in users if name.startswith("core.") and len(users[name] - {"core"}) < 3} == {"core.middleware"}


def room_and_layer(module: str) -> tuple[str, int] | None:
    """`bookings.visits.services` is the layer of services of the room `bookings.visits`."""
    parts = module.split(".")
    for depth, part in enumerate(parts[1:], 1):
        if part in LAYERS:
            return ".".join(parts[:depth]), LAYERS[part]
    return None


def test_layers_within_a_room_import_only_lower_ones() -> None:
    graph = import_graph()
    wrong = []
    for module, others in graph.items():
        mine = room_and_layer(module)
        for other in others:
            theirs = room_and_layer(other)
            if mine and theirs and mine[0] == theirs[0] and theirs[1] > mine[1]:
                wrong.append(f"{module} imports {other}")
    assert len(graph) > 200
    assert wrong == []


def test_no_module_and_no_room_imports_what_imports_it() -> None:
    graph = import_graph()
    assert circles(graph) == []
    assert circles(between_rooms(graph)) == []


@pytest.mark.parametrize("app", PACKAGES)
def test_few_modules_stand_at_the_root_of_an_app(app: str) -> None:
    found = [name for name in root_modules(app) if app != "ctac" or name not in NAMES_OF_A_PROJECT]
    assert found
    assert len(found) <= MOST_AT_A_ROOT, found


# How constants of a kind are named, by what makes them (docs/developing.md).
ENDINGS = {"re.compile": "_PATTERN", "ObjectAction": "_ACTION"}
NOT_IN_NAMES = re.compile(r"^(MOST|LEAST|LONGEST|LARGEST|FEWEST|SHORTEST)(_|$)|_in_words$")


def unlike_their_kind(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id.isupper():
            name = node.targets[0].id
            made_by = ast.unparse(node.value.func) if isinstance(node.value, ast.Call) else ""
            if NOT_IN_NAMES.search(name) or not name.endswith(ENDINGS.get(made_by, "")):
                yield name
        elif isinstance(node, ast.FunctionDef) and NOT_IN_NAMES.search(node.name):
            yield node.name


def test_what_is_of_one_kind_is_named_alike() -> None:
    assert list(unlike_their_kind("MOST_ROWS = 5\nDAY = re.compile('x')\nSEND = ObjectAction()\ndef state_in_words(): pass")) == [
        "MOST_ROWS",
        "DAY",
        "SEND",
        "state_in_words",
    ]
    found = {path.relative_to(ROOT).as_posix(): list(unlike_their_kind(path.read_text())) for path in python_files(*PACKAGES)}
    assert {name: names for name, names in found.items() if names} == {}


def test_a_service_takes_few_arguments_beside_who_acts_and_when() -> None:
    long = set()
    for path in python_files("ctac", *APPS):
        for node in ast.walk(ast.parse(path.read_text())) if {"services", "services.py"} & set(path.parts) else ():
            if isinstance(node, ast.FunctionDef):
                taken = {argument.arg for argument in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)}
                if len(taken - {"self", "by", "now"}) > MOST_ARGUMENTS:
                    long.add(f"{path.relative_to(ROOT).as_posix()} {node.name}")
    assert long == MAY_TAKE_MORE


def test_no_short_file_stands_without_a_reason() -> None:
    assert {path.relative_to(ROOT).as_posix() for path in short_files()} == set(MAY_BE_SHORT)


def test_every_name_in_backticks_exists() -> None:
    """What comments and docstrings name is a name of the code, a word of its strings, or in the database's own functions."""
    known, named = (
        set(re.findall(r"\w+", "".join(path.read_text() for path in ROOT.glob("*/sql/*.sql")))) | set(get_commands()),
        {},
    )
    for path in python_files(*PACKAGES):
        for token in tokenize.generate_tokens(io.StringIO(path.read_text()).readline):
            if token.type == tokenize.NAME or (token.type == tokenize.STRING and " " not in token.string):
                known.update(re.findall(r"\w+", token.string))
            elif token.type == tokenize.COMMENT or token.string.startswith('"""'):
                for name in IN_BACKTICKS.findall(token.string):
                    named[f"{path.relative_to(ROOT)}:{token.start[0]} {name}"] = set(re.findall(r"[^\W\d]\w*", name))
    assert len(named) > 1000
    assert {where: names - known for where, names in named.items() if not where.endswith(FILE_ENDINGS) and names - known} == {}


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0, stdout=io.StringIO())


@pytest.mark.parametrize("app", APPS)
def test_every_model_field_is_classified(app: str) -> None:
    fields = [field for model in apps.get_app_config(app).get_models() for field in model._meta.concrete_fields]
    assert [str(field) for field in fields if classification(field) is None] == []
    named = {(field.model, name) for field in fields for name in getattr(field.model, "PERSONAL_FIELDS", ())}
    assert named <= {(field.model, field.name) for field in fields}


# Templates that a library looks up by its own rules rather than by a name in our code.
LOOKED_UP_BY_A_LIBRARY = ("ctac/", "account/", "mfa/", "admin/", "django/")


def template_names() -> list[str]:
    folder = ROOT / "templates"
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.suffix in {".html", ".txt", ".svg"})


def test_no_template_is_unused() -> None:
    python = "\n".join(path.read_text() for path in python_files(*PACKAGES))
    templates = "\n".join(path.read_text() for path in (ROOT / "templates").rglob("*") if path.is_file())
    named_by_mail = {name for email in all_emails() for name in email.templates()}
    unused = []
    for name in template_names():
        used = f'"{name}"' in python or f'"{name}"' in templates or name in named_by_mail
        if not used and not name.startswith(LOOKED_UP_BY_A_LIBRARY):
            unused.append(name)
    assert unused == []


def library_template_names() -> set[str]:
    import allauth
    import crispy_forms
    import django.contrib.admin

    packages = (allauth, crispy_forms, django.contrib.admin)
    folders = [Path(package.__file__).parent / "templates" for package in packages if package.__file__]
    return {path.relative_to(folder).as_posix() for folder in folders for path in folder.rglob("*") if path.is_file()}


# Account mail that allauth does not know of.
OWN_ACCOUNT_MAIL = (
    "account/email/account_erased_",
    "account/email/address_put_back_",
    "account/email/moved_by_staff_",
    "account/email/reauthentication_code_",
)


def test_templates_that_override_a_library_still_override_something() -> None:
    theirs = library_template_names()
    ours = "\n".join(path.read_text() for path in python_files(*PACKAGES))
    templates = "\n".join(path.read_text() for path in (ROOT / "templates").rglob("*") if path.is_file())
    orphans = [
        name
        for name in template_names()
        if name.startswith(("account/", "mfa/", "admin/"))
        and name not in theirs
        # An HTML twin of a text email that allauth has.
        and name.replace("_message.html", "_message.txt") not in theirs
        and f'"{name}"' not in ours + templates
        and not name.startswith(OWN_ACCOUNT_MAIL)
    ]
    assert orphans == []


class VisibleText(HTMLParser):
    """Collects what a reader would see or hear that did not come through gettext."""

    NO_WORDS = {"style", "script", "code"}
    SPOKEN = {"alt", "title", "placeholder", "aria-label"}

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.skipping = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.skipping += tag in self.NO_WORDS
        self.found += [value for name, value in attrs if name in self.SPOKEN and value and re.search(r"[A-Za-z]{2}", value)]

    def handle_endtag(self, tag: str) -> None:
        self.skipping -= tag in self.NO_WORDS

    def handle_data(self, data: str) -> None:
        if not self.skipping and re.search(r"[A-Za-z]{2}", data):
            self.found.append(data.strip())


TRANSLATED = re.compile(r"{%\s*blocktrans(?:late)?\b.*?{%\s*endblocktrans(?:late)?\s*%}", re.DOTALL)
COMMENT = re.compile(r"{%\s*comment.*?{%\s*endcomment\s*%}|{#.*?#}", re.DOTALL)
CSS_CLASSES = re.compile(r"{%\s*block (?:bodyclass|coltype)\s*%}.*?{%\s*endblock\b.*?%}", re.DOTALL)
TEMPLATE_CODE = re.compile(r"{%.*?%}|{{.*?}}", re.DOTALL)
# Our name is the same in every language.
NOT_WORDS = {"CTAC", "– CTAC"}


@pytest.mark.parametrize("name", template_names())
def test_every_string_of_a_template_goes_through_gettext(name: str) -> None:
    source = (ROOT / "templates" / name).read_text()
    for pattern in (COMMENT, TRANSLATED, CSS_CLASSES, TEMPLATE_CODE):
        source = pattern.sub(" ", source)
    parser = VisibleText()
    parser.feed(re.sub(r"&[a-z]+;|&#\d+;", " ", source))
    assert [text for text in parser.found if text not in NOT_WORDS] == []


DOCUMENTS = sorted([ROOT / "README.md", *ROOT.glob("docs/**/*.md")])
CODE_SPAN = re.compile(r"`([^`\n]+)`|^ {4}(.+)$", re.MULTILINE)
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def commands_and_paths(document: Path) -> Iterator[str]:
    text = document.read_text()
    for fence in FENCE.findall(text):
        yield from fence.splitlines()[1:-1]
    for inline, block in CODE_SPAN.findall(FENCE.sub("", text)):
        yield inline or block


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_command_and_path_that_a_document_names_exists(document: Path) -> None:
    targets = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    commands = set(get_commands())
    missing = []
    for span in commands_and_paths(document):
        missing += [f"make {target}" for target in re.findall(r"\bmake ([a-z][a-z-]*)", span) if target not in targets]
        missing += [f"manage.py {name}" for name in re.findall(r"manage\.py ([a-z_]+)", span) if name not in commands]
        if re.fullmatch(r"\.?[\w.-]+(/[\w.-]+)*/?", span) and ("/" in span or re.search(r"\.(py|md|toml|txt|in|css)$", span)):
            missing += [span] if not ((ROOT / span).exists() or (document.parent / span).exists()) else []
    assert missing == []


MARKDOWN_LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)")


class Pictures(HTMLParser):
    """Pictures that Markdown can't size are written as HTML."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "img":
            self.found.append((given.get("src") or "", given.get("alt") or ""))


def pictures(document: Path) -> list[tuple[Path, str]]:
    """Each with its alternative text, however it is written."""
    text = FENCE.sub("", document.read_text())
    markdown = [(target, alt) for mark, alt, target in MARKDOWN_LINK.findall(text) if mark]
    return [((document.parent / source).resolve(), alt) for source, alt in markdown + Pictures(text).found]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_picture_that_a_document_shows_exists_and_is_told_in_words(document: Path) -> None:
    assert [path for path, alt in pictures(document) if not path.is_file() or len(alt.split()) < 5] == []


def test_the_readme_shows_one_picture_and_five_more_the_guide_others_and_none_is_unused_or_made_by_hand() -> None:
    shown, guide = ([path for path, _alt in pictures(ROOT / name)] for name in ("README.md", "docs/staff-guide.md"))
    assert len(shown) == len(set(shown)) == 6
    assert sorted({*shown, *guide}) == sorted((ROOT / "docs" / "pictures").iterdir())
    taken = re.findall(r': Picture\("([a-z-]+)"', (ROOT / "tests" / "access" / "pictures.py").read_text())
    assert sorted(taken) == sorted(path.stem for path in {*shown, *guide})


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_within_the_documents_leads_somewhere(document: Path) -> None:
    targets = [target.partition("#")[0] for _mark, _words, target in MARKDOWN_LINK.findall(FENCE.sub("", document.read_text()))]
    ours = [target for target in targets if target and "://" not in target and not target.startswith("mailto:")]
    assert [target for target in ours if not (document.parent / target).exists()] == []


def test_every_make_target_is_explained_to_developers() -> None:
    targets = re.findall(r"^([a-z][a-z-]*):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE)
    words = (ROOT / "docs" / "developing.md").read_text()
    assert [target for target in targets if target != "help" and f"`make {target}`" not in words] == []
