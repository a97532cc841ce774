"""Jobs that all come for one row, and get it in the order in which they came."""

from collections.abc import Callable
from functools import partial
from typing import Any

from tests.accounts.sessions.test_at_once import held
from tests.professionals.waiting import begun

Job = Callable[[], Any]


def ended(job: Job) -> str:
    try:
        job()
    except Exception as error:  # noqa: BLE001 - how it ended is what the test looks at
        return type(error).__name__
    return "done"


def in_turn(lock: str, key: int, *jobs: Job) -> list[str]:
    """All wait for that row, in this order; then they go on. How each ended."""
    answers: dict[int, str] = {}
    with held(lock, key) as other:
        threads = [begun(partial(note, answers, turn, job), [], turn) for turn, job in enumerate(jobs, 1)]
        other.rollback()
        for thread in threads:
            thread.join(timeout=30)
    return [answers[turn] for turn in sorted(answers)]


def note(answers: dict[int, str], turn: int, job: Job) -> None:
    answers[turn] = ended(job)
