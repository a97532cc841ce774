"""To whom the tests are dealt out, as xdist reads it: a file to one worker, what empties the database last."""

from types import SimpleNamespace

import pytest

from tests.collecting import empties_the_database, pytest_collection_modifyitems as deal_out
from tests.live.fixtures import LONGEST_FIRST, turn


@pytest.fixture
def items(request):
    return request.session.items


def groups(item):
    return [mark.args[0] for mark in item.iter_markers("xdist_group")]


def test_the_tests_of_this_file_go_to_one_worker(request):
    assert groups(request.node) == ["platform/test_collecting"]


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_one_that_empties_the_database_stays_by_itself(request, items):
    assert groups(request.node) == []
    assert turn(request.node) == max(turn(item) for item in items)
    after = items[items.index(request.node) :]
    assert [item for item in after if "db" in item.fixturenames and not empties_the_database(item)] == []


def test_a_group_of_its_own_is_left_as_it_is():
    named, marks = [], []
    item = SimpleNamespace(get_closest_marker=lambda name: named.append(name) or object(), add_marker=marks.append)
    deal_out([item])
    assert (named, marks) == (["xdist_group"], [])


def test_a_file_that_takes_long_is_called_as_its_group_is(items):
    """Of a whole run; of a part of it, only what is there."""
    files = {f"{item.path.parent.name}/{item.path.stem}" for item in items}
    listed = {name for name in LONGEST_FIRST if "/" in name}
    assert listed - files == set() or len(files) < 100
