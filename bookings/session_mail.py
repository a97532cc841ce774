"""Kinds of email to professionals about open sessions: how each is built when it is sent, and whether it should still go then."""

from collections.abc import Callable, Iterable

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy

from bookings import session_messages, session_words
from bookings.models import PlaceLinkPurpose, PlaceState, SessionEvent, SessionEventKind, SessionPlace, SessionState
from bookings.services.place_links import make_place_links
from bookings.services.reminding import gets_reminders
from bookings.services.sessions.warning import case_of
from bookings.session_messages import Telling
from bookings.words import moment, times_of
from notifications.models import Notification
from notifications.registry import Kind, Message

LINK_PAGES: dict[str, str] = {PlaceLinkPurpose.SEE: "place_link", PlaceLinkPurpose.LEAVE: "place_link_leave"}
# What says how somebody stood before the newest event.
STANDINGS = (
    SessionEventKind.TAKEN,
    SessionEventKind.JOINED,
    SessionEventKind.OFFERED,
    SessionEventKind.ACCEPTED,
    SessionEventKind.LAPSED,
    SessionEventKind.GIVEN_UP,
    SessionEventKind.BUMPED,
)
HAD_A_PLACE = (SessionEventKind.TAKEN, SessionEventKind.ACCEPTED)
IN_LINE = (SessionEventKind.JOINED, SessionEventKind.OFFERED, SessionEventKind.BUMPED)


def place_of(notification: Notification) -> SessionPlace:
    """The place that `about` names ("place:12")."""
    places = SessionPlace.objects.select_related("session__presentation", "session__presenter", "person")
    return places.get(pk=int(notification.about.partition(":")[2]))


def telling(notification: Notification, place: SessionPlace, *purposes: PlaceLinkPurpose, **more: bool) -> Telling:
    number = session_words.number_in_line(place) if place.state == PlaceState.WAITING else 0
    return Telling(notification.created_at, links_for(place, purposes), number, **more)


def links_for(place: SessionPlace, purposes: Iterable[PlaceLinkPurpose]) -> dict[str, str]:
    """Addresses that work without signing in, made anew whenever the message is written."""
    now = timezone.now()
    if not purposes or place.session.has_begun(now):
        return {}  # it was sent late, and there is nothing left to do
    tokens = make_place_links(place=place, purposes=purposes, now=now)
    return {purpose: f"{settings.SITE_URL}{reverse(LINK_PAGES[purpose], args=[token])}" for purpose, token in tokens.items()}


def stood_before(place: SessionPlace, notification: Notification) -> str:
    """What had become of the place before what this message tells of; empty if nothing had. Events count as messages do."""
    before = place.events.filter(kind__in=STANDINGS, changes__version__lt=notification.version)
    return before.order_by("at", "pk").values_list("kind", flat=True).last() or ""


def build_taken(notification: Notification) -> Message:
    """Taken, an offer accepted, or given without asking because the session is near."""
    place = place_of(notification)
    given = place.events.filter(kind=SessionEventKind.TAKEN, changes__version=notification.version).exists()
    from_the_line = given and stood_before(place, notification) in IN_LINE
    told = telling(notification, place, PlaceLinkPurpose.LEAVE, reminds=gets_reminders(place.person))
    return session_messages.taken(place, told, from_the_line=from_the_line)


def build_given_up(notification: Notification) -> Message:
    place = place_of(notification)
    had = stood_before(place, notification) in HAD_A_PLACE
    return session_messages.given_up(place, telling(notification, place, in_calendars=had))


def build_bumped(notification: Notification) -> Message:
    place = place_of(notification)
    had = stood_before(place, notification) in HAD_A_PLACE
    return session_messages.bumped(place, telling(notification, place, PlaceLinkPurpose.LEAVE, in_calendars=had))


def build_moved(notification: Notification) -> Message:
    place, event = place_of(notification), move_of(notification)
    times = times_of(event)
    purposes = list(PlaceLinkPurpose) if place.state == PlaceState.OFFERED else [PlaceLinkPurpose.LEAVE]
    before = moment(times[0]) if times else ""
    # Nothing that looks like a child's details reaches an email.
    reason = event.reason if event and not event.changes.get("flagged") else ""
    return session_messages.moved(place, telling(notification, place, *purposes), before=before, reason=reason)


def build_cancelled(notification: Notification) -> Message:
    place = place_of(notification)
    return session_messages.cancelled(place, telling(notification, place, in_calendars=place.has_a_place))


def build_details(notification: Notification) -> Message:
    place = place_of(notification)
    said = telling(notification, place, PlaceLinkPurpose.LEAVE)
    return session_messages.details(place, said, takes_place=says_it_takes_place(notification, place))


def says_it_takes_place(notification: Notification, place: SessionPlace) -> bool:
    """Written at the moment at which somebody took the session over, if people had read that it may not take place."""
    first = notification.resend_of or notification
    taken_over = place.session.events.filter(kind=SessionEventKind.REASSIGNED, changes__unsure=True, at=first.created_at)
    return taken_over.exists()


def move_of(notification: Notification) -> SessionEvent | None:
    """The move that this message tells of, written at the same moment."""
    first = notification.resend_of or notification
    moves = SessionEvent.objects.filter(session__places=place_key(notification), kind=SessionEventKind.MOVED)
    return moves.filter(at__lte=first.created_at).order_by("at", "pk").last()


def place_key(notification: Notification) -> int:
    return int(notification.about.partition(":")[2])


def said(words: Callable[[SessionPlace, Telling], Message], *purposes: PlaceLinkPurpose) -> Callable[[Notification], Message]:
    def build(notification: Notification) -> Message:
        place = place_of(notification)
        return words(place, telling(notification, place, *purposes))

    return build


def while_to_come(*states: PlaceState) -> Callable[[Notification], bool]:
    """The session is to come and the place stands as it was told."""

    def check(notification: Notification) -> bool:
        place = place_of(notification)
        return session_words.may_be_joined(place.session, timezone.now()) and place.state in states

    return check


def is_still_offered(notification: Notification) -> bool:
    place = place_of(notification)
    return place.state == PlaceState.OFFERED and bool(place.offer_expires_at and place.offer_expires_at > timezone.now())


def has_not_moved_again(notification: Notification) -> bool:
    """A later move is told by a message of its own."""
    first = notification.resend_of or notification
    moves = SessionEvent.objects.filter(session__places=place_key(notification), kind=SessionEventKind.MOVED)
    stands = while_to_come(PlaceState.TAKEN, PlaceState.WAITING, PlaceState.OFFERED)(notification)
    return stands and not moves.filter(at__gt=first.created_at).exists()


def is_cancelled(notification: Notification) -> bool:
    return place_of(notification).session.state == SessionState.CANCELLED


def is_unsure(notification: Notification) -> bool:
    """Nobody gives it since that loss; whoever does makes everybody told of it, and what is lost again has its own message."""
    session = place_of(notification).session
    stands = while_to_come(PlaceState.TAKEN)(notification) and session.needs_a_presenter
    return stands and case_of(session) == notification.version


def still_tells_how(notification: Notification) -> bool:
    """That it takes place is untrue once who took it over is lost too."""
    place = place_of(notification)
    stands = while_to_come(PlaceState.TAKEN)(notification)
    return stands and not (place.session.needs_a_presenter and says_it_takes_place(notification, place))


SEE, LEAVE = PlaceLinkPurpose.SEE, PlaceLinkPurpose.LEAVE
TAKEN, WAITING, GIVEN_UP = PlaceState.TAKEN, PlaceState.WAITING, PlaceState.GIVEN_UP
KINDS = (
    Kind("place-taken", gettext_lazy("Place taken"), build_taken, while_to_come(TAKEN)),
    Kind("place-waiting", gettext_lazy("On the waiting list"), said(session_messages.waiting, LEAVE), while_to_come(WAITING)),
    Kind("place-offered", gettext_lazy("Place offered"), said(session_messages.offered, SEE, LEAVE), is_still_offered),
    Kind("place-lapsed", gettext_lazy("Offer ran out"), said(session_messages.lapsed), while_to_come(GIVEN_UP)),
    Kind("place-given-up", gettext_lazy("Place given up"), build_given_up, while_to_come(GIVEN_UP)),
    Kind("place-bumped", gettext_lazy("Back on the waiting list"), build_bumped, while_to_come(WAITING)),
    Kind("session-moved", gettext_lazy("Open session moved"), build_moved, has_not_moved_again),
    Kind("session-cancelled", gettext_lazy("Open session cancelled"), build_cancelled, is_cancelled),
    Kind("session-details", gettext_lazy("How to join"), build_details, still_tells_how),
    Kind("session-unsure", gettext_lazy("May not take place"), said(session_messages.unsure, LEAVE), is_unsure),
)
