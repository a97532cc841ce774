"""No address and no form breaks a page, and what is refused stores nothing, whatever is typed.

`make test` draws the same few inputs for one page in six each time; `make security` more than 10,000 new ones for all, and prints
where it began: `SECURITY=1 FUZZ_SEED=123` with `-k` for the page draws the same again, `FUZZ_MORE=10` ten times as many.
"""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.handlers import wsgi
from hypothesis import strategies as st

from tests.matrix.asking import ASKED, address
from tests.matrix.people import PEOPLE, fresh_browsers, laid_out, world
from tests.security.beforehand import Case
from tests.security.filled_in import FILLED_IN
from tests.security.fuzz import run
from tests.security.fuzz.addresses import keys_of, variants
from tests.security.fuzz.forms import Changes, OnePage, fuzzed_form, pages
from tests.security.fuzz.parameters import KNOWN, Spying, names_for
from tests.security.fuzz.trying import SENT, Sent, Tables, fuzzed, look, written
from tests.security.posting import Form
from tests.security.whose import FORMS, RIGHTFUL, answered

__all__ = ["laid_out", "world"]
WATCHERS = ("signed out", "owner", "own presenter", "manager")
STRAY = [asked for asked in ASKED if asked not in FORMS and set(answered("POST", asked).values()) != {"405"}]


@pytest.fixture(autouse=True, scope="module")
def figures() -> Iterator[None]:
    began = time.process_time()
    yield
    spent = time.process_time() - began
    print(f"\nfuzz: FUZZ_SEED={run.BEGIN}, {dict(SENT)}, {sum(SENT.values())} inputs, {spent:.0f} s of CPU beside the database's")  # noqa: T201


@pytest.fixture(scope="module")
def as_laid_out(laid_out: dict[str, Any], django_db_blocker: Any) -> Tables:
    with django_db_blocker.unblock():
        return Tables()


@pytest.fixture
def tables(as_laid_out: Tables, world: dict[str, Any]) -> Tables:
    """All that other tests wrote they took back."""
    as_laid_out.written = written()
    return as_laid_out


def test_there_are_many_pages() -> None:
    assert len(ASKED) > 400
    assert len(FORMS) > 200
    assert len(STRAY) > 40


@pytest.mark.parametrize("asked", run.some(ASKED))
def test_an_address_breaks_nothing_and_changes_nothing(
    asked: str, world: dict[str, Any], laid_out: dict[str, Any], tables: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a page reads of its address must be known, so that it is drawn."""
    get = answered("GET", asked)
    rightful = [who for who in (*RIGHTFUL, *PEOPLE) if get[who] == "200"]
    who = st.sampled_from([*rightful[:1], *WATCHERS, *rightful[:2]])
    monkeypatch.setattr(wsgi, "QueryDict", Spying)
    Spying.seen = set()
    look(fresh_browsers(laid_out)[rightful[0] if rightful else "owner"], Sent("GET", address(asked, world)), tables)
    everywhere = st.tuples(who, variants(asked, world, set(Spying.seen) & KNOWN.keys()))

    def act(data: st.DataObject) -> None:
        person, sent = data.draw(everywhere)
        look(fresh_browsers(laid_out)[person], sent, tables)

    fuzzed(act, name=asked, inputs=run.ADDRESSES, begin=run.BEGIN)
    assert Spying.seen - KNOWN.keys() - set(names_for(asked)) == set()


@pytest.mark.parametrize("asked", run.some(FORMS))
def test_a_form_breaks_nothing_and_stores_nothing_that_it_refuses(
    asked: str, world: dict[str, Any], laid_out: dict[str, Any], tables: Tables
) -> None:
    case = FILLED_IN.get(asked, Case())
    here = {**world, "laid_out": laid_out}
    here["objects"] = {**world["objects"], **case.before(here)}
    browser = fresh_browsers(laid_out)[case.who or FORMS[asked]]
    each = pages(browser, case.address(asked, here), case, here)
    fuzzed_form(each, keys_of(here), tables, name=asked, inputs=run.FORM, begin=run.BEGIN)


@pytest.mark.parametrize("asked", run.some(STRAY))
def test_a_post_where_no_form_is_breaks_nothing(
    asked: str, world: dict[str, Any], laid_out: dict[str, Any], tables: Tables
) -> None:
    """As an action of a list would be sent, with rows that are ticked."""
    get = answered("GET", asked)
    who = next((each for each in (*RIGHTFUL, *PEOPLE) if get[each] == "200"), "manager")
    keys = keys_of(world)
    sent = {"action": ["delete_selected"], "_selected_action": list(keys[:2]), "index": ["0"], "select_across": ["0"]}
    page = OnePage(fresh_browsers(laid_out)[who], Form(address(asked, world), sent, frozenset(sent)), {})
    changes = Changes(page, keys, asked).strategy()
    fuzzed(lambda data: look(page.again(), data.draw(changes), tables), name=asked, inputs=run.STRAY, begin=run.BEGIN)


@pytest.mark.skipif(not run.LONG, reason="the long run, in `make security`")
def test_it_was_a_long_run_and_went_beyond_the_first_check() -> None:
    assert sum(SENT.values()) >= run.AT_LEAST * min(run.MORE, 1)
    assert SENT["POST taken"] > SENT["POST refused"] / 10
