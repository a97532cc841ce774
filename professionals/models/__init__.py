from professionals.models.address_change import AddressChange
from professionals.models.area import LocalAuthority, Nation, OutwardCode
from professionals.models.draft import Draft, DraftKind
from professionals.models.limit import RateLimit
from professionals.models.organisation import Organisation, RecognisedDomain
from professionals.models.person import Person, Profession
from professionals.models.recovery import AccountRecovery
from professionals.models.session import Session
from professionals.models.stopped import By, Stopped, Where, Why
from professionals.models.user import User

__all__ = [
    "AccountRecovery",
    "AddressChange",
    "By",
    "Draft",
    "DraftKind",
    "LocalAuthority",
    "Nation",
    "Organisation",
    "OutwardCode",
    "Person",
    "Profession",
    "RateLimit",
    "RecognisedDomain",
    "Session",
    "Stopped",
    "User",
    "Where",
    "Why",
]
