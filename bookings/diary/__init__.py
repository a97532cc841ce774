"""Slots: the start times that can be booked, and who could give the presentation then.

A diary is read in one query a table (presenters, availability, busy time) and answers from memory after that, day by day.
"""
