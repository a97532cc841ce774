"""Every write about who people are. Other apps import from here."""

from professionals.services.organisations import NothingToMerge, is_recognised, merge_organisations, organisation_named
from professionals.services.people import (
    Details,
    address_verified,
    find_or_enter_person,
    give_details,
    sign_up,
    update_details,
)

__all__ = [
    "Details",
    "NothingToMerge",
    "address_verified",
    "find_or_enter_person",
    "give_details",
    "is_recognised",
    "merge_organisations",
    "organisation_named",
    "sign_up",
    "update_details",
]
