"""Every write about who people are. Other apps import from here."""

from professionals.services.address_changes import change_to_object, note_change, put_back
from professionals.services.clearing import clear_expired
from professionals.services.flagging import (
    DecidedAlreadyError,
    NotReadYetError,
    OtherWordsError,
    clear_flagged,
    read_flagged,
    say_no_child,
)
from professionals.services.locking import AccountGoneError, lock_person
from professionals.services.organisations import NothingToMergeError, is_recognised, merge_organisations, organisation_named
from professionals.services.people import (
    Details,
    address_verified,
    find_or_enter_person,
    give_details,
    update_details,
)
from professionals.services.recovering import recover_account
from professionals.services.sessions import end_sessions
from professionals.services.staff_accounts import open_account, reset_second_factor
from professionals.services.stopping import keep_stopped, let_through, mark_seen

__all__ = [
    "AccountGoneError",
    "DecidedAlreadyError",
    "Details",
    "NotReadYetError",
    "NothingToMergeError",
    "OtherWordsError",
    "address_verified",
    "change_to_object",
    "clear_expired",
    "clear_flagged",
    "end_sessions",
    "find_or_enter_person",
    "give_details",
    "is_recognised",
    "keep_stopped",
    "let_through",
    "lock_person",
    "mark_seen",
    "merge_organisations",
    "note_change",
    "open_account",
    "organisation_named",
    "put_back",
    "read_flagged",
    "recover_account",
    "reset_second_factor",
    "say_no_child",
    "update_details",
]
