"""What Django looks for in the app."""

from guidance.contacts.models import AreaContact, ContactKind

__all__ = ["AreaContact", "ContactKind"]
