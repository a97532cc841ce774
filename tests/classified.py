"""Where each app says how its fields are classified."""

from collections.abc import Mapping

from django.utils.module_loading import import_string

CLASSES = {
    "audit": "audit.privacy.FIELDS",
    "notifications": "notifications.privacy.FIELDS",
    "professionals": "privacy.personal_data.PERSON_FIELDS",
    "dataprotection": "privacy.personal_data.COMPLAINT_FIELDS",
    "leaflets": "leaflets.privacy.FIELDS",
    "bookings": "bookings.privacy.FIELDS",
}


def classes_of(app: str) -> Mapping[str, Mapping[str, str]]:
    """By model, then by field."""
    found: Mapping[str, Mapping[str, str]] = import_string(CLASSES[app])
    return found
