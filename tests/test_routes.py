"""Every route × every kind of person: tests/routes.txt says what each gets, and a route that is not in it fails.

The table decides what is right, and people read and change it; the last tests here say what no change of it may give away.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from notifications.models import TeamMail
from professionals.models import RecognisedDomain
from tests.bookings.rows import make_booking, make_presenter
from tests.matrix.asking import ACTIONS, ASKED, ROUTES, answers, fingerprints, written, written_since
from tests.matrix.checks import EXPECTED, WAYS_IN_AND_OUT, wrong_with
from tests.matrix.people import EVERYBODY, OUTSIDE, PEOPLE, fresh_browsers, laid_out, world
from tests.professionals.kept_rows import plant

__all__ = ["laid_out", "world"]
# The pages of the staff site that lead in and out.
OPEN_TO_ALL = {"staff:login", "staff:logout"}
# What an argument is called that leads to something of one person's.
THEIRS = {"reference", "address_id", "public_id"}
# An open session is everybody's to see and to take a place at.
EVERYBODYS = {"session", "session_place"}


@pytest.fixture(scope="module")
def planted(laid_out: dict[str, Any], django_db_blocker: Any) -> Iterator[tuple[dict[str, Any], dict[str, str]]]:
    """With a note about a child wherever one can wait, an alarm that nobody is on, and what every table holds then."""
    with django_db_blocker.unblock(), transaction.atomic():
        plant()
        make_booking(make_presenter(), timezone.now() - timedelta(hours=3), claim=False)
        yield laid_out, fingerprints()
        transaction.set_rollback(True)


def test_the_table_has_every_route_and_action_and_no_other() -> None:
    assert set(EXPECTED) == {f"{method} {asked}" for asked in ASKED for method in ("GET", "POST")}


def shared_out(method: str, *, parts: int, marks: tuple[Any, ...] = ()) -> Iterator[Any]:
    """All that is asked, in parts, each of which any worker may take."""
    for part in range(parts):
        group = pytest.mark.xdist_group(f"routes {method} {part}")
        yield pytest.param(method, ASKED[part::parts], id=f"{method}-{part}", marks=(group, *marks))


@pytest.mark.parametrize(("method", "part"), [*shared_out("GET", parts=5), *shared_out("POST", parts=2)])
def test_each_answer_is_as_it_should_be_and_no_get_changes_anything(
    method: str, part: tuple[str, ...], planted: tuple[dict[str, Any], dict[str, str]], db: None
) -> None:
    world, as_laid_out = planted
    found: dict[str, list[str]] = {}
    for asked in part:
        wrong, before = found.setdefault(asked, []), written()
        with transaction.atomic():
            for answer in answers(asked, method, {**world, "clients": fresh_browsers(world)}, who_asks(asked, method)):
                wrong += [f"{answer.person}: {each}" for each in wrong_with(answer)]
            touched = written_since(before)
            if method == "GET":
                wrong += [f"changed {table}" for table, held in fingerprints(touched).items() if held != as_laid_out[table]]
            transaction.set_rollback(True)
    assert {asked: wrong for asked, wrong in found.items() if wrong} == {}


# Of the others an empty POST is tried for a third of all that is asked, but by whoever gets a page, and by a superuser.
TRIED_BY_ALL = set(ASKED[::3])


def who_asks(asked: str, method: str) -> list[str]:
    of_staff = asked.startswith("staff:") and asked not in WAYS_IN_AND_OUT
    people = EVERYBODY if of_staff else PEOPLE
    if method == "GET" or asked in TRIED_BY_ALL:
        return list(people)
    return [person for person in people if EXPECTED[f"POST {asked}"].get(person, "200") == "200"]


@pytest.mark.slow
@pytest.mark.parametrize("asked", [each for each in ASKED if each not in TRIED_BY_ALL])
def test_an_empty_post_answers_each_person_as_the_table_says(asked: str, world: dict[str, Any]) -> None:
    assert {answer.person: answer.cell for answer in answers(asked, "POST", world)} == EXPECTED[f"POST {asked}"]


def test_a_write_is_seen_also_one_that_was_taken_back(planted: tuple[dict[str, Any], dict[str, str]], db: None) -> None:
    """Of the control: what one GET may not do, each in a table of its own."""
    world, as_laid_out = planted
    before = written()
    world["owner"].save(update_fields=["name"])
    with transaction.atomic():
        RecognisedDomain.objects.create(domain="new.example")
        transaction.set_rollback(True)
    TeamMail.objects.all().delete()
    touched = written_since(before)
    changed = {table for table, held in fingerprints(touched).items() if held != as_laid_out[table]}
    assert touched == {"professionals_person", "professionals_recogniseddomain", "notifications_teammail"}
    assert changed == {"notifications_teammail"}
    assert fingerprints().keys() == as_laid_out.keys()


def cells(asked: str, *people: str) -> set[str]:
    """What these are answered by GET and POST."""
    rows = [EXPECTED[f"{method} {asked}"] for method in ("GET", "POST")]
    return {row[person] for row in rows for person in people}


def test_nobody_from_outside_passes_the_door_of_the_staff_site() -> None:
    asked = [each for each in ASKED if each.startswith("staff:") and each not in OPEN_TO_ALL]
    assert {each: cells(each, *OUTSIDE) for each in asked if cells(each, *OUTSIDE) != {"door"}} == {}


def test_what_is_another_professionals_is_not_there_for_a_colleague_or_a_stranger() -> None:
    asked = [route for route, names in ROUTES.items() if names & THEIRS and "sign in" in cells(route, "signed out")]
    assert len(asked) > 10
    wrong = {each: cells(each, "colleague", "stranger") for each in asked if each not in EVERYBODYS}
    assert {each: seen for each, seen in wrong.items() if not seen <= {"404", "405"}} == {}


def test_what_is_another_presenters_is_not_there_for_a_presenter() -> None:
    """Of their own pages; on the staff site's a presenter may see lists, and in them nothing of anybody else's."""
    about = ("staff:bookings_booking_", "staff:bookings_opensession_")
    asked = [each for each in ASKED if each.startswith(about) and "object_id" in ROUTES[each.partition(" ")[0]]]
    asked += [route for route, names in ROUTES.items() if route.startswith("presenter_") and names]
    assert {each: cells(each, "presenter") for each in asked if not cells(each, "presenter") <= {"404", "405"}} == {}


def test_an_action_that_a_role_does_not_have_is_refused_before_anything_else() -> None:
    """Read only has no action at all."""
    assert {each: cells(each, "read only") for each in ACTIONS if not cells(each, "read only") <= {"403", "404"}} == {}


# The booking of the matrix is a visit, and only one online has a page for its team: tests/bookings/booking/test_team_page.py.
OF_ONLINE_ALONE = {"team_link", "team_calendar"}
WITH_TOKEN = [route for route, names in ROUTES.items() if "token" in names and route not in OF_ONLINE_ALONE]
# Whoever has a private link is answered the same, but who is signed in as its owner may be led to their own page.
BY_LINK = ("signed out", "colleague", "stranger", "at the door", "coordinator", "presenter", "own presenter", "read only")


@pytest.mark.parametrize("asked", WITH_TOKEN)
def test_a_private_link_gives_the_same_to_whoever_has_it_and_a_made_up_one_nothing(asked: str, world: dict[str, Any]) -> None:
    given = [tuple(EXPECTED[f"{method} {asked}"][who] for method in ("GET", "POST")) for who in BY_LINK]
    assert len(set(given)) == 1
    assert given[0][0] in {"200", "302"}
    made_up = {**world, "objects": {**world["objects"], "tokens": {}}}
    found = {answer.cell for method in ("GET", "POST") for answer in answers(asked, method, made_up)}
    assert found <= {"404", "405"}
