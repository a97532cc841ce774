"""Where each app says how its fields are classified."""

from collections.abc import Mapping

from django.utils.module_loading import import_string

CLASSES = {
    "audit": "audit.privacy.FIELDS",
    "notifications": "notifications.privacy.FIELDS",
    "accounts": "privacy.personal_data.ACCOUNT_FIELDS",
    "professionals": "privacy.personal_data.PERSON_FIELDS",
    "privacy": "privacy.personal_data.PRIVACY_FIELDS",
    "leaflets": "leaflets.privacy.FIELDS",
    "bookings": "bookings.privacy.FIELDS",
}


def classes_of(app: str) -> Mapping[str, Mapping[str, str]]:
    """By model, then by field."""
    found: Mapping[str, Mapping[str, str]] = import_string(CLASSES[app])
    return found
