"""Staff pages of bookings; importing this registers them."""

from bookings.admin import bookings, leave, presenters

__all__ = ["bookings", "leave", "presenters"]
