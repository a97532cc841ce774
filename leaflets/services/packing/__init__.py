"""Packing sessions: chosen, started, ended."""
