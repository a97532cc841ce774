"""Staff pages of bookings; importing this registers them."""

from bookings.admin import bookings, journeys, leave, own_pages, presenters, waiting

__all__ = ["bookings", "journeys", "leave", "own_pages", "presenters", "waiting"]
