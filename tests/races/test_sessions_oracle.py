"""The oracle of open sessions sees what would be wrong."""

from typing import Any

from tests.races.driver.open_sessions import as_told, figures, open_sessions, places_of

# Two people at a session of one place: the second waits, the first gives up, the second is offered the place and takes it.
EVENTS: list[tuple[str, int | None, dict[str, Any]]] = [
    *(("planned", None, {}), ("taken", 1, {}), ("joined", 2, {}), ("given-up", 1, {}), ("offered", 2, {}), ("accepted", 2, {})),
]
ROWS = [(1, "given-up", 1, 2), (2, "taken", 2, 3)]
MAIL = {1: [(1, "place-taken"), (2, "place-given-up")], 2: [(1, "place-waiting"), (2, "place-offered"), (3, "place-taken")]}


def wrong(*events: tuple[str, int | None, dict[str, Any]], capacity: int = 1) -> list[str]:
    return as_told(capacity, events).wrong


def test_a_whole_story_is_well() -> None:
    told = as_told(1, EVENTS)
    assert told.wrong == []
    assert list(figures(told, "scheduled", 1, 1, 0)) == list(places_of(told, ROWS, MAIL)) == []


def test_it_sees_a_place_too_many_and_who_was_passed_over() -> None:
    full = [*EVENTS[:2], ("joined", 2, {}), ("joined", 3, {})]
    assert wrong(*full) == []
    assert len(wrong(*full, ("taken", 4, {}))) == 2  # past the line, and over capacity
    assert len(wrong(*full, ("given-up", 1, {}), ("offered", 3, {}))) == 1
    assert len(wrong(*full, ("given-up", 1, {}), ("offered", 2, {}), ("given-up", 1, {}))) == 1
    assert len(wrong(*full, ("cancelled", None, {}), ("given-up", 1, {}))) == 1
    two = [("taken", 1, {}), ("taken", 2, {})]
    assert len(wrong(*two, ("capacity", None, {"capacity": [2, 1]}), capacity=2)) == 1
    assert wrong(*two, ("bumped", 2, {}), ("capacity", None, {"capacity": [2, 1]}), capacity=2) == []


def test_it_sees_rows_that_say_something_else() -> None:
    told = as_told(1, EVENTS)
    assert len(list(figures(told, "cancelled", 1, 1, 0))) == len(list(figures(told, "scheduled", 1, 0, 0))) == 1
    assert len(list(places_of(told, [ROWS[0], (2, "waiting", 2, 3)], MAIL))) == 1
    assert len(list(places_of(told, [(1, "given-up", 2, 2), (2, "taken", 1, 3)], MAIL))) == 1


def test_it_sees_what_was_told_twice_never_or_under_anothers_number() -> None:
    told = as_told(1, EVENTS)
    for mail in ([], [(1, "place-taken")], [*MAIL[1], (2, "place-given-up")], [(1, "place-given-up"), (2, "place-taken")]):
        assert len(list(places_of(told, ROWS, {**MAIL, 1: mail}))) == 1
    moved = as_told(1, [*EVENTS, ("details-sent", None, {"details": True}), ("moved", None, {})])
    after = [ROWS[0], (2, "taken", 2, 5)]
    assert list(places_of(moved, after, {**MAIL, 2: [*MAIL[2], (4, "session-details"), (5, "session-moved")]})) == []
    assert len(list(places_of(moved, after, MAIL))) == 1


def test_it_sees_who_waits_beside_a_free_place_and_time_that_nobody_has() -> None:
    def rows(occupied: int, *claims: tuple[int, int, int]) -> int:
        answers = {
            "bookings_opensession ": [(1, "scheduled", 2, occupied, 1, True, 7, 10, 11)],
            "bookings_sessionevent": [(1, *event) for event in [("taken", 1, {}), ("joined", 2, {})]],
            "bookings_sessionplace WHERE": [(1, 1, "taken", 1, 1), (1, 2, "waiting", 2, 1)],
            "notifications_notification": [(1, 1, "place-taken"), (2, 1, "place-waiting")],
            "bookings_busytime": [(1, *claim) for claim in claims],
        }

        def query(sql: str, *_values: object) -> list[tuple[Any, ...]]:
            return next(found for table, found in answers.items() if table in " ".join(sql.split()))

        return len(list(open_sessions(query, [])))

    assert rows(1, (7, 10, 11)) == 1  # two places, one taken, one waits
    assert rows(1) == rows(1, (7, 10, 12)) == 2
    assert rows(2, (7, 10, 11)) == 1  # the figure is wrong
