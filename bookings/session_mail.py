"""Kinds of email to professionals about open sessions."""

from collections.abc import Callable

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from bookings.models import PlaceState, SessionPlace, SessionState
from notifications.models import Notification
from notifications.registry import Kind, Message
from notifications.samples import Example

LIVE = (PlaceState.TAKEN, PlaceState.OFFERED, PlaceState.WAITING)


def place_of(notification: Notification) -> SessionPlace:
    places = SessionPlace.objects.select_related("session__presentation", "session__presenter", "person")
    return places.get(pk=int(notification.about.partition(":")[2]))


def message(label: str | Promise, what: str, when: str) -> Message:
    return Message(f"{label}: {what}, {when}", "session_note", {"label": label, "what": what, "when": when})


def kind(name: str, label: str | Promise, *states: PlaceState) -> Kind:
    def build(notification: Notification) -> Message:
        session = place_of(notification).session
        return message(label, session.presentation.title, session.when)

    def still_true(notification: Notification) -> bool:
        place = place_of(notification)
        if name == "session-cancelled":
            return place.session.state == SessionState.CANCELLED
        return place.session.is_scheduled and place.session.starts_at > timezone.now() and place.state in states

    return Kind(name, label, build, still_true)


KINDS = (
    kind("place-taken", gettext_lazy("Place taken"), PlaceState.TAKEN),
    kind("place-waiting", gettext_lazy("On the waiting list"), PlaceState.WAITING),
    kind("place-offered", gettext_lazy("Place offered"), PlaceState.OFFERED),
    kind("place-lapsed", gettext_lazy("Offer ran out"), PlaceState.GIVEN_UP),
    kind("place-given-up", gettext_lazy("Place given up"), PlaceState.GIVEN_UP),
    kind("place-bumped", gettext_lazy("Back on the waiting list"), PlaceState.WAITING),
    kind("session-moved", gettext_lazy("Open session moved"), *LIVE),
    kind("session-cancelled", gettext_lazy("Open session cancelled")),
    kind("session-details", gettext_lazy("How to join an open session"), PlaceState.TAKEN),
)


def example(each: Kind) -> Example:
    words: Callable[[], Message] = lambda: message(each.label, "Spotting the signs", "9 March 2027, 1:30pm")  # noqa: E731
    return Example(each.name, each.label, words)


def examples() -> list[Example]:
    return [example(each) for each in KINDS]
