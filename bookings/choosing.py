"""Who could give a booking, ranked, and why each other presenter could not: what staff read before they choose (ADR 25)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from bookings.diary import Ignoring, Verdict, Wish, open_diary
from bookings.models import Booking, Format
from bookings.places import PlaceUnknown
from bookings.services.assigning import place_of
from bookings.services.keeping import ABOUT_THE_DAY
from ctac.uk import uk_day


@dataclass(frozen=True)
class Choice:
    """A verdict on each presenter, the best first."""

    verdicts: Sequence[Verdict]
    in_person: bool

    def as_table(self) -> SafeString:
        context = {"verdicts": self.verdicts, "in_person": self.in_person}
        return render_to_string("bookings/includes/who_could.html", context)


def choice_for(booking: Booking, now: datetime) -> Choice:
    """For a booking that has a time. Whoever gives it, its day stays: notice and horizon are nobody's reason."""
    try:
        wish = Wish.of(booking, place_of(booking))
    except PlaceUnknown:  # which no form lets in
        return Choice([], in_person=True)
    start = booking.agreed[0]
    day = uk_day(start)
    diary = open_diary(wish, first_day=day, last_day=day, now=now, ignoring={"booking": booking})
    found = [without_the_day(verdict) for verdict in diary.verdicts(start)]
    return Choice(sorted(found, key=lambda verdict: verdict.rank), booking.format == Format.WORKPLACE)


def choice_at(wish: Wish, start: datetime, now: datetime, ignoring: Ignoring | None = None) -> Choice:
    """For a booking that is not placed yet, or not at that time; `ignoring` as for open_diary."""
    day = uk_day(start)
    diary = open_diary(wish, first_day=day, last_day=day, now=now, ignoring=ignoring)
    return Choice(diary.verdicts(start), wish.place is not None)


def without_the_day(verdict: Verdict) -> Verdict:
    if verdict.candidate is None:
        return verdict
    breaches = tuple(breach for breach in verdict.candidate.breaches if breach not in ABOUT_THE_DAY)
    return replace(verdict, candidate=replace(verdict.candidate, breaches=breaches))
