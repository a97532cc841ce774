"""The part of the tour that is about what staff do every hour: they find somebody, keep a view of a list, merge two records."""

from tests.journeys import workspace
from tests.live.clients import inside

from .guide import Guide, Tour

SEARCHES = {"empty": "", "several": "?q=leeds", "spelt like it": "?q=imelda+ferrow", "nothing": "?q=qqqxqq"}
GUIDE = {
    "contents": "",
    "found": "?q=cancel",
    "nothing": "?q=qqqxqq",
    "pictures": "start-the-day/",
    "tables": "what-a-manager-does/",
}


def finds(guide: Guide) -> Tour:
    for name, query in SEARCHES.items():
        guide.open(f"/staff/find/{query}")
        yield f"staff find {name}"


def looks_up_help(guide: Guide) -> Tour:
    for name, address in GUIDE.items():
        guide.open(f"/staff/guide/{address}")
        yield f"staff guide {name}"


def saves_a_view(guide: Guide) -> Tour:
    guide.open("/staff/views/bookings.booking/save/?waits=us")
    yield "staff save view"
    guide.press_main()
    yield "staff save view with errors"
    guide.fill("Name of this view", "To decide")
    guide.press_main()
    yield "staff saved views"


def merges(guide: Guide) -> Tour:
    """Up to the last button and past it, and back."""
    facts = inside(guide.live, workspace.__name__, workspace.two_records.__name__, "Bronagh", "FRW3")
    person = f"/staff/professionals/person/{facts['kept']}"
    guide.open(f"{person}/do/merge/")
    yield "staff merge"
    guide.press_main()
    yield "staff merge with errors"
    guide.open(f"{person}/do/merge/?with={facts['other']}")
    yield "staff merge compare"
    guide.press_main()
    yield "staff merged"
    guide.open(f"{person}/do/undo-merge/")
    yield "staff take a merge apart"
    yield from finds(guide)


def has_two_accounts(guide: Guide, email: str) -> Tour:
    """The page that asks somebody whether both are theirs, before and after they have said so."""
    guide.open(inside(guide.live, workspace.__name__, workspace.second_account.__name__, email))
    yield "my two accounts"
    guide.press("Confirm that both are mine")
    yield "my two accounts confirmed"
