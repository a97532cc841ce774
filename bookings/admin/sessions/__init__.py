"""Staff pages of open sessions; importing this registers them."""

from bookings.admin.sessions import listing, waiting

__all__ = ["listing", "waiting"]
