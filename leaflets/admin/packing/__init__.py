"""Packing on the staff site: start a session, print, cross out, dispatch."""

from leaflets.admin.packing.sessions import PackingSessionAdmin, sessions_of_order

__all__ = ["PackingSessionAdmin", "sessions_of_order"]
