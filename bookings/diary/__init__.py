"""Slots: the start times that can be booked, and who could give the presentation then.

A diary is read in one query a table (presenters, availability, busy time) and answers from memory after that, day by day.
"""

from bookings.diary.book import Diary, Slot
from bookings.diary.breaches import SENTENCES, Breach
from bookings.diary.candidate import Candidate
from bookings.diary.grid import grid_starts, on_grid
from bookings.diary.presenter_day import PresenterDiary
from bookings.diary.reading import Ignoring, claims_within, open_diary, read_again, read_claims, read_whole, to_claim
from bookings.diary.stretch import Stretch
from bookings.diary.verdict import Verdict
from bookings.diary.wish import Wish

__all__ = [
    "SENTENCES",
    "Breach",
    "Candidate",
    "Diary",
    "Ignoring",
    "PresenterDiary",
    "Slot",
    "Stretch",
    "Verdict",
    "Wish",
    "claims_within",
    "grid_starts",
    "on_grid",
    "open_diary",
    "read_again",
    "read_claims",
    "read_whole",
    "to_claim",
]
