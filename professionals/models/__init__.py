from professionals.models.absorbed import Absorbed
from professionals.models.address_change import AddressChange
from professionals.models.area import LocalAuthority, Nation, OutwardCode
from professionals.models.data_action import DataAction, Done, Reason
from professionals.models.draft import Draft, DraftKind
from professionals.models.flagged import Decision, FlaggedEvent, FlaggedEventKind, FlaggedText, OutOfHours
from professionals.models.former_address import FormerAddress
from professionals.models.limit import By, RateLimit, Where, Why
from professionals.models.organisation import Organisation, RecognisedDomain
from professionals.models.person import Person, Profession
from professionals.models.recovery import AccountRecovery
from professionals.models.retention_run import RetentionRun
from professionals.models.session import Session
from professionals.models.stopped import Stopped
from professionals.models.user import User

__all__ = [
    "Absorbed",
    "AccountRecovery",
    "AddressChange",
    "By",
    "DataAction",
    "Decision",
    "Done",
    "Draft",
    "DraftKind",
    "FlaggedEvent",
    "FlaggedEventKind",
    "FlaggedText",
    "FormerAddress",
    "LocalAuthority",
    "Nation",
    "Organisation",
    "OutOfHours",
    "OutwardCode",
    "Person",
    "Profession",
    "RateLimit",
    "Reason",
    "RecognisedDomain",
    "RetentionRun",
    "Session",
    "Stopped",
    "User",
    "Where",
    "Why",
]
