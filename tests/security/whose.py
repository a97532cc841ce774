"""Whose form is whose: of each route with a form, the first of some who may send it."""

from tests.matrix.asking import ASKED
from tests.matrix.people import PEOPLE
from tests.matrix.table import read_table
from tests.security.filled_in import FILLED_IN

TABLE = read_table()
# Whose form it is: the first of these who may.
RIGHTFUL = ("owner", "manager", "own presenter", "lead", "signed out")
NO_FORMS = ("_history", "staff:app_list", "staff:index", "styleguide_form")


def answered(method: str, asked: str) -> dict[str, str]:
    return dict(zip(PEOPLE, TABLE[f"{method} {asked}"], strict=True))


def rightful(asked: str) -> str | None:
    """Nobody, if it is a page to look at: then a POST is refused to one of them as a method, or is a list without an action."""
    get, post = answered("GET", asked), answered("POST", asked)
    if any(post[who] == "405" for who in RIGHTFUL) or (asked.endswith("_changelist") and asked not in FILLED_IN):
        return None
    may = [who for who in RIGHTFUL if post[who] in {"200", "302"} and get[who] in {"200", "302", "405"}]
    return min(may, key=lambda who: get[who] != "200", default=None)


FORMS = {asked: who for asked in ASKED if not asked.endswith(NO_FORMS) and (who := rightful(asked))}
