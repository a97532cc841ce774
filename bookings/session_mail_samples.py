"""Places at open sessions that exist only to be shown in emails: nothing of them is stored."""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Any

from django.utils.translation import gettext as _

from bookings import after_mail, session_messages
from bookings.mail_sample_rows import NOW, STARTS, longest, person, presenter
from bookings.models import Afterwards, Channel, OpenSession, PlaceState, Presentation, SessionPlace, SessionState
from bookings.session_mail import KINDS
from bookings.session_messages import Telling
from bookings.words import moment
from notifications.registry import Message
from notifications.samples import Example

# Nobody's: there is no such link.
LEAVE = {"leave": "https://ctac.example/place-links/private/leave/"}
BOTH = {"see": "https://ctac.example/place-links/private/", **LEAVE}
LABELS = {kind.name: kind.label for kind in (*KINDS, *after_mail.KINDS)}
REASON = "Our presenter is ill. We plan another session in April."
HELP = "Meeting code 482 913. Please keep your camera off while you join."


def examples() -> Iterator[Example]:
    """Each kind in its usual case; after it the cases that read differently, and the longest words."""
    yield from _of_a_place()
    yield from _of_the_line()
    yield from _of_the_session()
    yield from _after_it()


def _of_a_place() -> Iterator[Example]:
    taken = partial(session_messages.taken, telling=Telling(NOW, LEAVE))
    yield _example("place-taken", "", taken)
    yield _example("place-taken", _("no link yet"), taken, presenter=presenter(joining_link=""))
    yield _example("place-taken", _("from the waiting list"), partial(taken, from_the_line=True))
    yield _example("place-taken", _("longest words"), taken, **{name: longest()[name] for name in FIT})
    gone = {"state": PlaceState.GIVEN_UP}
    given_up = session_messages.given_up
    yield _example("place-given-up", "", partial(given_up, telling=Telling(NOW, {}, in_calendars=True)), **gone)
    yield _example("place-given-up", _("from the waiting list"), partial(given_up, telling=Telling(NOW, {})), **gone)


def _of_the_line() -> Iterator[Example]:
    third, waits = Telling(NOW, LEAVE, 3), {"state": PlaceState.WAITING}
    yield _example("place-waiting", "", partial(session_messages.waiting, telling=third), **waits)
    yield _example("place-waiting", _("next in line"), partial(session_messages.waiting, telling=Telling(NOW, LEAVE, 1)), **waits)
    yield _example("place-offered", "", partial(session_messages.offered, telling=Telling(NOW, BOTH)), **OFFERED)
    lapsed = {"state": PlaceState.GIVEN_UP}
    yield _example("place-lapsed", "", partial(session_messages.lapsed, telling=Telling(NOW, {})), **lapsed)
    first = Telling(NOW, LEAVE, 1, in_calendars=True)
    yield _example("place-bumped", "", partial(session_messages.bumped, telling=first), **waits)


def _of_the_session() -> Iterator[Example]:
    before = moment(STARTS - timedelta(days=7))
    moved = partial(
        session_messages.moved, before=before, reason="Our presenter has to be in court on the day that we had planned."
    )
    yield _example("session-moved", "", partial(moved, telling=Telling(NOW, LEAVE)), sequence=1)
    waits = partial(moved, telling=Telling(NOW, LEAVE, 3))
    yield _example("session-moved", _("on the waiting list"), waits, sequence=1, state=PlaceState.WAITING)
    yield _example("session-moved", _("a place offered"), partial(moved, telling=Telling(NOW, BOTH)), sequence=1, **OFFERED)
    cancelled, off = session_messages.cancelled, {"session_state": SessionState.CANCELLED, "closed_reason": REASON}
    yield _example("session-cancelled", "", partial(cancelled, telling=Telling(NOW, {}, in_calendars=True)), **off)
    waited = partial(cancelled, telling=Telling(NOW, {}))
    yield _example("session-cancelled", _("on the waiting list"), waited, state=PlaceState.WAITING, **off)
    details = partial(session_messages.details, telling=Telling(NOW, LEAVE))
    yield _example("session-details", "", details, joining_help=HELP)
    yield _example("session-details", _("link taken away"), details, presenter=presenter(joining_link=""))
    takes_place = partial(details, takes_place=True)
    yield _example("session-details", _("takes place after all"), takes_place)
    yield _example("session-details", _("takes place after all, no link yet"), takes_place, presenter=presenter(joining_link=""))
    yield _example("session-unsure", "", partial(session_messages.unsure, telling=Telling(NOW, LEAVE)), presenter=None)


def _after_it() -> Iterator[Example]:
    of: dict[str, Any] = {"session_state": SessionState.DELIVERED}
    for case, more in (("", {}), (_("longest words"), {name: longest()[name] for name in FIT})):
        yield _example("session-afterwards", case, _asked, **of, **more)
    yield _example("year-later", _("of a place"), after_mail.year_later, **of)


def _asked(place: SessionPlace) -> Message:
    return after_mail.asked_of_place(place, Afterwards(session=place.session, code="7Q4M2F"))


FIT = ("person", "presenter", "presentation")  # of what is longest, what a session has
OFFERED: dict[str, Any] = {"state": PlaceState.OFFERED, "offer_expires_at": NOW + timedelta(hours=24)}
OF_THE_PLACE = ("state", "offer_expires_at", "person", "version")


def _example(kind: str, case: str, words: Any, **fields: Any) -> Example:
    title = f"{LABELS[kind]}, {case}" if case else LABELS[kind]
    return Example(kind, title, lambda: words(place(**fields)))


def place(**fields: Any) -> SessionPlace:
    own = {name: fields.pop(name) for name in OF_THE_PLACE if name in fields}
    defaults = {"person": person(), "state": PlaceState.TAKEN, "channel": Channel.WEB, "version": 1, "created_at": NOW}
    return SessionPlace(pk=1, session=session(**fields), position=1, **{**defaults, **own})


def session(**fields: Any) -> OpenSession:
    state = fields.pop("session_state", SessionState.SCHEDULED)
    defaults = {
        "reference": "OS-4T9K-2M",
        "presentation": Presentation(pk=1, slug="signs", title="Spotting the signs of child trafficking", length_minutes=90),
        "presenter": presenter(),
        "starts_at": STARTS,
        "ends_at": STARTS + timedelta(minutes=90),
        "capacity": 30,
        "ical_uid": "sample-session@ctac.example",
        "created_at": NOW,
    }
    return OpenSession(pk=1, state=state, **{**defaults, **fields})
