"""Who could give a booking, ranked, and why each other presenter could not: what staff read before they choose (ADR 25)."""

from collections.abc import Container, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from bookings.diary.breaches import ABOUT_THE_DAY, Breach
from bookings.diary.reading import Ignoring, open_diary
from bookings.diary.verdict import Verdict
from bookings.diary.wish import Wish
from bookings.models import Booking, BusyTime, Format, OpenSession, Presenter
from bookings.places import PlaceUnknown, find_place
from bookings.travel import Place
from ctac.uk import uk_day


@dataclass(frozen=True)
class Choice:
    """A verdict on each presenter, the best first."""

    verdicts: Sequence[Verdict]
    in_person: bool

    def of(self, presenter: Presenter) -> Verdict | None:
        return next((verdict for verdict in self.verdicts if verdict.presenter == presenter), None)

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
    return Choice(ranked(diary.verdicts(start)), booking.format == Format.WORKPLACE)


def choice_of_session(session: OpenSession, now: datetime) -> Choice:
    """For an open session as it stands; whoever gives it, its day stays."""
    day = uk_day(session.starts_at)
    wish = Wish(session.presentation, Format.ONLINE, None)
    diary = open_diary(wish, first_day=day, last_day=day, now=now, ignoring={"session": session})
    fine = {*ABOUT_THE_DAY, *([Breach.NO_LINK] if session.own_joining_link else [])}
    return Choice(ranked(diary.verdicts(session.starts_at), fine), in_person=False)


def ranked(verdicts: Sequence[Verdict], fine: Container[Breach] = ABOUT_THE_DAY) -> list[Verdict]:
    """The best first, where the day is nobody's reason."""
    return sorted((without(fine, verdict) for verdict in verdicts), key=lambda verdict: verdict.rank)


def choice_at(wish: Wish, start: datetime, now: datetime, ignoring: Ignoring | None = None) -> Choice:
    """For a booking that is not placed yet, or not at that time; `ignoring` as for open_diary."""
    day = uk_day(start)
    diary = open_diary(wish, first_day=day, last_day=day, now=now, ignoring=ignoring)
    return Choice(diary.verdicts(start), wish.place is not None)


def without(fine: Container[Breach], verdict: Verdict) -> Verdict:
    if verdict.candidate is None:
        return verdict
    breaches = tuple(breach for breach in verdict.candidate.breaches if breach not in fine)
    return replace(verdict, candidate=replace(verdict.candidate, breaches=breaches))


def place_of(booking: Booking) -> Place | None:
    """Where it takes place, from its claim if it has one."""
    claim = BusyTime.objects.filter(booking=booking).first()
    if claim is not None:
        return replace(claim.place, nation=booking.nation) if claim.place else None
    return find_place(booking.postcode) if booking.format == Format.WORKPLACE else None
