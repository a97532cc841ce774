"""Who comes to an open session, in numbers: for its presenter, who needs no names, and for staff."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bookings.models import OpenSession, PlaceState
from professionals.models import Profession

COMING = (PlaceState.TAKEN, PlaceState.ATTENDED)


@dataclass(frozen=True)
class Figures:
    """How many people stand in each state, and of those who come how many are of each profession, the most first."""

    states: dict[str, int]
    professions: dict[str, int]

    @property
    def coming(self) -> int:
        return sum(self.states.get(state, 0) for state in COMING)

    def of(self, state: str) -> int:
        return self.states.get(state, 0)

    @property
    def lines(self) -> list[str]:
        """'12 health visitors' has no plural that is right for every profession, so: 'Health visitor: 12'."""
        return [
            _("%(profession)s: %(count)d") % {"profession": called(name), "count": count}
            for name, count in self.professions.items()
        ]


def called(profession: str) -> str:
    return str(dict(Profession.choices).get(profession, _("Not known")))


def figures_of(session: OpenSession) -> Figures:
    """In one statement."""
    counted = session.places.order_by().values_list("state", "person__profession").annotate(people=Count("pk"))
    states: dict[str, int] = {}
    professions: dict[str, int] = {}
    for state, profession, people in counted:
        states[state] = states.get(state, 0) + people
        if state in COMING:
            professions[profession] = professions.get(profession, 0) + people
    order = sorted(professions, key=lambda name: (-professions[name], called(name)))
    return Figures(states, {name: professions[name] for name in order})


def filled(session: OpenSession) -> str:
    """'12 of 20 places taken, 3 people wait': from the figures on the row itself, so that a list reads nothing more."""
    places = ngettext("%(taken)d of %(places)d place taken", "%(taken)d of %(places)d places taken", session.capacity)
    said = places % {"taken": session.occupied, "places": session.capacity}
    return f"{said}, {waiting(session.waiting)}" if session.waiting else said


def waiting(count: int) -> str:
    return ngettext("%(count)d person waits", "%(count)d people wait", count) % {"count": count}


def needs(session: OpenSession) -> list[str]:
    """What those who come need, each once and without names; nothing that looks like a child's details."""
    told = session.places.filter(state__in=COMING, flagged_child_details=False).exclude(access_needs="")
    return once(told.order_by("position").values_list("access_needs", flat=True)[:MOST_NEEDS])


MOST_NEEDS = 50


def once(lines: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(line.strip() for line in lines))
