"""Every write to open sessions and their places (ADR 49)."""

from bookings.services.sessions.changing import assign_presenter, move_session, set_capacity
from bookings.services.sessions.clashing import Clash, clashes
from bookings.services.sessions.closing import cancel_session, mark_session_delivered
from bookings.services.sessions.errors import (
    DateTaken,
    DetailsSent,
    NoJoiningLink,
    OfferOver,
    PersonErased,
    PlaceMoved,
    SessionClosed,
    SessionMoved,
    SessionNeedsPresenter,
    SizeRefused,
    TimeChanged,
    TimePassed,
    WouldDrop,
)
from bookings.services.sessions.freeing import free_sessions
from bookings.services.sessions.joining import can_be_known, send_details, set_joining
from bookings.services.sessions.locking import lock_session
from bookings.services.sessions.offering import fill_places, lapse_offers, offer_until
from bookings.services.sessions.placing import accept_offer, give_up, give_up_all, mark_attended, take_place
from bookings.services.sessions.planning import Planned, plan_sessions
from bookings.services.sessions.reminding import remind_of_sessions
from bookings.services.sessions.warning import is_unsure, warn_of_sessions, were_warned

__all__ = [
    "Clash",
    "DateTaken",
    "DetailsSent",
    "NoJoiningLink",
    "OfferOver",
    "PersonErased",
    "PlaceMoved",
    "Planned",
    "SessionClosed",
    "SessionMoved",
    "SessionNeedsPresenter",
    "SizeRefused",
    "TimeChanged",
    "TimePassed",
    "WouldDrop",
    "accept_offer",
    "assign_presenter",
    "can_be_known",
    "cancel_session",
    "clashes",
    "fill_places",
    "free_sessions",
    "give_up",
    "give_up_all",
    "is_unsure",
    "lapse_offers",
    "lock_session",
    "mark_attended",
    "mark_session_delivered",
    "move_session",
    "offer_until",
    "plan_sessions",
    "remind_of_sessions",
    "send_details",
    "set_capacity",
    "set_joining",
    "take_place",
    "warn_of_sessions",
    "were_warned",
]
