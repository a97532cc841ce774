"""Staff pages of bookings; importing this registers them."""

from bookings.admin import bookings, leave, presenters, waiting

__all__ = ["bookings", "leave", "presenters", "waiting"]
