"""Every write to bookings and to presenters' time."""
