"""Packing sessions: chosen, started, ended."""

from leaflets.services.packing.choosing import Choice, Preview, TitleToPack, oldest, picks_of, preview, titles_to_pack
from leaflets.services.packing.ending import Rest, close_session, copies_now, dispatch_session, outcome_of, take_out
from leaflets.services.packing.sessions import (
    InASession,
    NothingToPack,
    OfTheOtherKind,
    ParcelsAdded,
    SessionHasEnded,
    SessionIsFull,
    Typed,
    add_order,
    keep_typed,
    record_print,
    start_session,
)

__all__ = [
    "Choice",
    "InASession",
    "NothingToPack",
    "OfTheOtherKind",
    "ParcelsAdded",
    "Preview",
    "Rest",
    "SessionHasEnded",
    "SessionIsFull",
    "TitleToPack",
    "Typed",
    "add_order",
    "close_session",
    "copies_now",
    "dispatch_session",
    "keep_typed",
    "oldest",
    "outcome_of",
    "picks_of",
    "preview",
    "record_print",
    "start_session",
    "take_out",
    "titles_to_pack",
]
