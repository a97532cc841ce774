"""What a booking draft says, in our own types. It has an entry each for where and details (one page), when or dates, leaflets."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from bookings.booking.forms import to_moment
from bookings.booking.services.place import BookingDetails, VisitAddress
from bookings.models import Format, Hold, Precision, Presentation
from bookings.schedule.forms import to_start
from bookings.schedule.holds import PreferredDate
from leaflets.models import ToBring
from professionals.models import Draft

DRAFT_STEPS = ("where", "when", "leaflets")


@dataclass
class DraftAnswers:
    """A draft's answers about this presentation; those about another one count as none."""

    draft: Draft | None
    presentation: Presentation

    def step(self, name: str) -> dict[str, Any]:
        answers: dict[str, Any] = self.draft.answers if self.draft else {}
        entry: dict[str, Any] = answers.get(name) or {}
        return entry

    @property
    def is_about_this(self) -> bool:
        return self.step("where").get("presentation") == self.presentation.slug

    def has(self, page: str) -> bool:
        """Whether that page of the booking is answered; that of the leaflets also by whoever wants none."""
        if page == "leaflets":
            return bool(self.leaflets) or not self.wants_leaflets
        if page == "when" and self.asks_for_dates:
            return True
        return self.is_about_this and bool(self.step("details" if page == "where" else page))

    @property
    def asks_for_dates(self) -> bool:
        """Dates of their own in place of a time of ours: each clears the other when it is saved."""
        return bool(self.step("dates")) and self.is_about_this

    @property
    def dates(self) -> list[PreferredDate]:
        return [self._preferred(**each) for each in self.step("dates").get("dates", [])]

    def _preferred(self, precision: str, starts_at: str, ends_at: str) -> PreferredDate:
        """The length of a certain time is the presentation's, as it is now."""
        start = to_moment(starts_at)
        end = start + self.presentation.length if precision == Precision.TIME else to_moment(ends_at)
        return PreferredDate(precision, start, end)

    def first_missing(self) -> str:
        """The step to go to next: the first without an answer, else the check page."""
        return next((name for name in DRAFT_STEPS if not self.has(name)), "check")

    def missing_before(self, step: str) -> str:
        """A step that must come before this one and has no answer yet, or ''."""
        return next((name for name in DRAFT_STEPS[: DRAFT_STEPS.index(step)] if not self.has(name)), "")

    @property
    def format(self) -> str:
        return str(self.step("where")["format"])

    @property
    def is_online(self) -> bool:
        return self.step("where").get("format") == Format.ONLINE

    @property
    def address(self) -> VisitAddress | None:
        where = self.step("where")
        if where["format"] != Format.WORKPLACE:
            return None
        return VisitAddress(where["address_line_1"], where["town"], where["postcode"], where["address_line_2"])

    @property
    def start(self) -> datetime | None:
        """None before it is chosen."""
        return to_start(self.step("when")["start"]) if self.step("when") and self.is_about_this else None

    @property
    def audience(self) -> str:
        """The profession of most of them, which decides who can give it; empty for a mix."""
        return str(self.step("where").get("audience_profession", ""))

    @property
    def details(self) -> BookingDetails:
        return BookingDetails(**{**self.step("details"), "audience_profession": self.audience})

    @property
    def wants_leaflets(self) -> bool:
        """Ticked on the first page; which, a page of their own asks. Online nobody brings anything."""
        return bool(self.step("leaflets")) and not self.is_online

    @property
    def leaflets(self) -> list[ToBring]:
        """What the presenter is to bring for the audience."""
        return [ToBring(**each) for each in self.step("leaflets").get("copies", [])] if self.wants_leaflets else []

    @cached_property
    def hold(self) -> Hold | None:
        """The draft's hold, whatever it is for; whoever changes it says so here."""
        return getattr(self.draft, "hold", None)

    def fits(self, hold: Hold) -> bool:
        """Whether the hold is for exactly what these answers say (a draft may have been laid over another device's)."""
        place = self.address.postcode if self.address else ""
        asked = (self.presentation.pk, self.format, place, self.start)
        return (hold.presentation_id, hold.format, hold.postcode, hold.start) == asked
