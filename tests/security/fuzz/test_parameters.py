"""Every name that a view of ours reads from an address is one that the fuzz draws values for."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.contrib.admin.views.main import ORDER_VAR

from bench.figures import PACKAGES
from bookings.booking.admin.filters import NationFilter
from tests.security.fuzz.parameters import KNOWN, LISTS, WHOLE, names_for

# Those that stand in the code by a name of their own.
NAMED = {"ORDER_VAR": ORDER_VAR, "NationFilter.parameter_name": str(NationFilter.parameter_name)}
Read = tuple[str, str]  # the name that is looked up, and what else is done with all of it


def reads(code: str) -> Iterator[Read]:
    """Of each mention of request.GET."""
    tree = ast.parse(code)
    above = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    for node in ast.walk(tree):
        is_get = isinstance(node, ast.Attribute) and node.attr == "GET" and isinstance(node.ctx, ast.Load)
        if is_get and "request" in ast.unparse(node):
            yield read(node, above)


def read(node: ast.AST, above: dict[ast.AST, ast.AST]) -> Read:
    parent = above[node]
    while isinstance(parent, ast.IfExp):
        if isinstance(parent.test, ast.Compare) and parent.test is node:
            break
        node, parent = parent, above[parent]
    if isinstance(parent, ast.Compare):
        return named(parent.left)
    if isinstance(parent, ast.Subscript):
        return named(parent.slice)
    call = above.get(parent)
    if isinstance(parent, ast.Attribute) and parent.attr in {"get", "getlist"} and isinstance(call, ast.Call):
        return named(call.args[0])
    return "", ast.unparse(parent)


def named(node: ast.expr) -> Read:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value, ""
    name = NAMED.get(ast.unparse(node), "")
    return name, "" if name else ast.unparse(node)


def our_code() -> Iterator[tuple[str, str]]:
    """Where anything is read: to take all of it apart takes five seconds."""
    for app in PACKAGES:
        folder = Path(apps.get_app_config(app).path)
        for path in sorted(folder.rglob("*.py")):
            if ".GET" in (code := path.read_text()):
                yield str(path.relative_to(folder.parent)), code


def test_each_name_that_stands_in_our_code_is_drawn() -> None:
    found = {(file, name) for file, code in our_code() for name, _else in reads(code) if name}
    assert len(found) > 15
    of_lists = {name for route in LISTS for name in names_for(route)}
    assert {pair for pair in found if pair[1] not in KNOWN and pair[1] not in of_lists} == set()


def test_code_that_is_given_all_that_an_address_asks_is_known_with_what_it_looks_up() -> None:
    assert {file for file, code in our_code() for _name, whole in reads(code) if whole} == set(WHOLE)
    assert set().union(*WHOLE.values()) - KNOWN.keys() == set()


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("request.GET.get('size')", ("size", "")),
        ("request.GET['size']", ("size", "")),
        ("'size' in self.request.GET", ("size", "")),
        ("(request.POST if posted else request.GET).get('size', '')", ("size", "")),
        ("1 if 'size' in request.GET else 2", ("size", "")),
        ("request.GET.get(name)", ("", "name")),
        ("Form(request.GET)", ("", "Form(request.GET)")),
        ("for name in request.GET: pass", ("", "for name in request.GET:\n    pass")),
    ],
)
def test_each_way_to_read_is_seen(code: str, found: Read) -> None:
    assert list(reads(code)) == [found]
