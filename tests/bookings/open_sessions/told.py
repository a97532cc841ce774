"""What the outbox says to whom, and the steps that these tests share."""

from datetime import datetime

from bookings.models import OpenSession, SessionPlace
from bookings.open_sessions.services.places import take_place
from notifications.models import Notification
from professionals.models import Person
from tests.bookings.rows import NOW
from tests.factories import make_person


def told(place: SessionPlace) -> list[str]:
    """The kinds of message to this person, in order; that no two have one version is held on the way."""
    rows = list(Notification.objects.filter(about=f"place:{place.pk}").order_by("version").values_list("kind", "version"))
    assert len({version for _kind, version in rows}) == len(rows)
    return [kind for kind, _version in rows]


def told_of(session: OpenSession) -> list[tuple[str, str, int]]:
    """To presenters and the team."""
    rows = Notification.objects.filter(about=f"session:{session.pk}").order_by("pk")
    return list(rows.values_list("kind", "recipient", "version"))


def take(session: OpenSession, person: Person | None = None, now: datetime = NOW, **more: object) -> SessionPlace:
    return take_place(session=session, person=person or make_person(), by=None, now=now, channel="web", **more)  # type: ignore[arg-type]


def states(session: OpenSession) -> list[str]:
    """Of all its places by their position."""
    return list(session.places.order_by("position").values_list("state", flat=True))


def figures(session: OpenSession) -> tuple[int, int]:
    return OpenSession.objects.values_list("occupied", "waiting").get(pk=session.pk)
