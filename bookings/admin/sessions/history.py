"""What has happened to a session, as staff read it: a page at a time, the newest first."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from bookings.models import OpenSession, Presenter, SessionEvent
from bookings.words import moment
from ctac.staff_lists import short_moment


@dataclass(frozen=True)
class Told:
    """One line of the history. `by` is empty for what the site did by itself."""

    when: str
    what: str
    by: str
    why: str


def history_of(session: OpenSession) -> Any:
    return session.events.select_related("by", "place__person").order_by("-at", "-pk")


def told(events: Iterable[SessionEvent]) -> list[Told]:
    """One statement for the presenters that are named in all of them."""
    rows = list(events)
    names = presenters_in(rows)
    return [Told(short_moment(each.at), what(each, names), str(each.by or ""), each.reason) for each in rows]


def presenters_in(events: Iterable[SessionEvent]) -> Mapping[int, str]:
    keys = {key for event in events for key in event.changes.get("presenter", ()) if key}
    return dict(Presenter.objects.filter(pk__in=keys).values_list("pk", "name")) if keys else {}


def what(event: SessionEvent, names: Mapping[int, str]) -> str:
    """'Places: from 20 to 12'; 'Place taken: Sam Taylor'."""
    said, changes = str(event.get_kind_display()), event.changes
    if "time" in changes:
        said = from_to(said, *(moment(datetime.fromisoformat(at)) for at in changes["time"]))
    elif "capacity" in changes:
        said = from_to(said, *(str(places) for places in changes["capacity"]))
    elif "presenter" in changes:
        said = from_to(said, *(names.get(key, _("nobody")) for key in changes["presenter"]))
    elif "people" in changes:
        said = _("%(what)s: %(people)s") % {"what": said, "people": changes["people"][-1]}
    elif event.place_id is not None:
        said = _("%(what)s: %(name)s") % {"what": said, "name": who(event)}
    return _("%(what)s (by a link in an email)") % {"what": said} if changes.get("by_link") else said


def who(event: SessionEvent) -> str:
    """The history stays when a place has gone."""
    return str(event.place.person.name) if event.place is not None else _("somebody who is no longer kept")


def from_to(said: str, before: str, after: str) -> str:
    return _("%(what)s: from %(before)s to %(after)s") % {"what": said, "before": before, "after": after}
