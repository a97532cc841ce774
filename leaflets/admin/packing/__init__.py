"""Packing on the staff site: start a session, print, cross out, dispatch."""
