"""One client: draws an operation, does it, counts how it ended, and draws the next. Runs inside the live copy."""

import random
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date, datetime, time as clock
from functools import cached_property
from typing import Any

from tests.live.clients import Answer, Client


class NothingThere(Exception):
    """There is none of what the operation would act on."""


class Watched(Client):
    """Remembers every page that failed."""

    def __init__(self, base_url: str, session: str, failures: list[str]) -> None:
        super().__init__(base_url, session=session)
        self.failures = failures

    def _ask(self, method: str, path: str, body: str | None = None) -> Answer:
        answer = super()._ask(method, path, body)
        if answer.status >= 500:
            self.failures.append(f"{method} {path}: {answer.status} {answer.heading}")
        return answer


@dataclass
class Actor:
    """Who acts, with a chance of their own; what the operations draw from."""

    world: dict[str, Any]
    chance: random.Random
    failures: list[str] = field(default_factory=list)

    @property
    def now(self) -> datetime:
        from django.utils import timezone

        return timezone.now()

    @cached_property
    def people(self) -> list[Any]:
        from professionals.models import Person

        return list(Person.objects.filter(email__in=self.world["people"]).select_related("user").order_by("pk"))

    @cached_property
    def all_staff(self) -> list[Any]:
        from accounts.models import User

        return list(User.objects.filter(email__in=self.world["staff"]).order_by("pk"))

    @cached_property
    def presentations(self) -> list[Any]:
        from bookings.models import Presentation

        return list(Presentation.objects.filter(pk__in=self.world["presentations"]).order_by("pk"))

    @cached_property
    def leaflets(self) -> list[Any]:
        from leaflets.models import Leaflet

        return list(Leaflet.objects.filter(editions__in=self.world["editions"]).order_by("pk"))

    def one_of(self, rows: Any) -> Any:
        """One of the newest, so that many clients want the same."""
        found = list(rows.order_by("-pk")[:40])
        if not found:
            raise NothingThere
        return self.chance.choice(found)

    def person(self) -> Any:
        return self.chance.choice(self.people)

    def staff(self) -> Any:
        return self.chance.choice(self.all_staff)

    def page_of(self, person: Any) -> Watched:
        return Watched(self.world["base_url"], self.world["people"][person.email], self.failures)

    def staff_page(self) -> Watched:
        return Watched(self.world["base_url"], self.world["staff"][self.staff().email], self.failures)

    def day(self) -> date:
        return date.fromisoformat(self.chance.choice(self.world["days"]))

    def start(self) -> datetime:
        """A whole or half hour between 9am and 4pm, UK time."""
        from core.dates import uk_datetime

        half_hours = self.chance.randrange(18, 33)
        return uk_datetime(self.day(), clock(half_hours // 2, half_hours % 2 * 30))

    def presenter(self) -> Any:
        from bookings.models import Presenter

        return Presenter.objects.get(pk=self.chance.choice(self.world["presenters"]))

    def edition(self) -> Any:
        from leaflets.models import Edition

        """The print of a title that is handed out now."""
        found = Edition.objects.current().filter(leaflet=self.chance.choice(self.leaflets)).first()
        if found is None:
            raise NothingThere
        return found

    def basket(self) -> dict[Any, int]:
        titles = self.chance.sample(self.leaflets, self.chance.randint(1, 3))
        return {leaflet: self.chance.randint(1, 10) for leaflet in titles}


def run(world: dict[str, Any], seed: int, numbers: list[int], count: int) -> dict[str, Any]:
    """These clients, each in a thread, `count` operations each. How they ended, and every failure in words."""
    from tests.races.unguarded import pause

    weights = {name: weight for module in subjects(world["subjects"]) for name, weight in module.WEIGHTS.items()}

    def one(number: int) -> tuple[Counter[str], list[str]]:
        from django.db import connection, transaction

        actor, ends = Actor(world, random.Random(f"{seed}:{number}")), Counter[str]()
        drawn = actor.chance.choices(list(weights), list(weights.values()), k=count)
        with transaction.atomic():
            pause("start")
        for name in drawn:
            ends[f"{name}: {attempt(name, actor)}"] += 1
        connection.close()
        return ends, actor.failures

    begun = time.monotonic()
    with ThreadPoolExecutor(len(numbers)) as pool:
        results = list(pool.map(one, numbers))
    ends = sum((ends for ends, _failures in results), Counter[str]())
    return {"ends": ends, "failures": [words for _ends, found in results for words in found], "seconds": time.monotonic() - begun}


def subjects(only: Sequence[str] = ()) -> list[Any]:
    """The modules of operations, or those of them."""
    from tests.races.driver import (
        availability_operations,
        counting_operations,
        leaflet_operations,
        on_the_day,
        operations,
        packing_operations,
        recall_operations,
        request_operations,
        session_operations,
    )

    of_bookings = [operations, request_operations, session_operations, availability_operations, on_the_day]
    of_leaflets = [leaflet_operations, packing_operations, counting_operations, recall_operations]
    all_of_them = [*of_bookings, *of_leaflets]
    return [module for module in all_of_them if not only or module.__name__.rpartition(".")[2] in only]


def attempt(name: str, actor: Actor) -> str:
    from core.errors import DomainError
    from tests.races.driver.operations import PageSaysNo

    where = next(module for module in subjects() if name in module.WEIGHTS)
    try:
        done = getattr(where, name)(actor)
    except NothingThere:
        return "nothing there"
    except (DomainError, PageSaysNo):
        return "refused"
    except Exception as error:  # noqa: BLE001 - every other end is what we look for
        actor.failures.append(f"{name}: {type(error).__name__} {error}"[:500])
        return "failed"
    return "refused" if done is False else "done"
