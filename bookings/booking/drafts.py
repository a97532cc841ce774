"""The answers in a booking draft, and the unsaved booking that they make."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from bookings.booking.forms import BOOKING_FIELDS, BookingForm
from bookings.models import Booking, Format, Hold, Precision, Presentation
from bookings.schedule.holds import PreferredDate
from ctac.dates import UK
from leaflets.models import ToBring
from professionals import drafts
from professionals.models import Draft, DraftKind

DRAFT_STEPS = ("where", "when", "leaflets")
# The answers that the first page gives. A draft from before one more was asked goes back to that page.
WHERE_ANSWERS = BOOKING_FIELDS & BookingForm.base_fields.keys()


@dataclass
class DraftAnswers:
    """A draft's answers about this presentation, by page: where, when or dates, leaflets. Those about another count as none."""

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
        if page == "where" and not self.step("where").keys() >= WHERE_ANSWERS:
            return False
        return self.is_about_this and bool(self.step(page))

    @property
    def asks_for_dates(self) -> bool:
        """Dates of their own in place of a time of ours: each clears the other when it is saved."""
        return bool(self.step("dates")) and self.is_about_this

    @property
    def dates(self) -> list[PreferredDate]:
        dates = []
        for date in self.step("dates").get("dates", []):
            start, end = (datetime.fromisoformat(date[name]).astimezone(UK) for name in ("starts_at", "ends_at"))
            if date["precision"] == Precision.TIME:
                end = start + self.presentation.length  # as it is now
            dates.append(PreferredDate(date["precision"], start, end))
        return dates

    def first_missing(self) -> str:
        """The step to go to next: the first without an answer, else the check page."""
        return next((name for name in DRAFT_STEPS if not self.has(name)), "check")

    def missing_before(self, step: str) -> str:
        """A step that must come before this one and has no answer yet, or ''."""
        return next((name for name in DRAFT_STEPS[: DRAFT_STEPS.index(step)] if not self.has(name)), "")

    @property
    def booking(self) -> Booking:
        """Unsaved: a form's answers by the names of the model, and the time once it is chosen."""
        beside = ("presentation", "range", "flagged")
        answered = {name: value for name, value in self.step("where").items() if name not in beside}
        reason = self.step("dates").get("reason", "") if self.asks_for_dates else ""
        flagged = any(self.step(name).get("flagged") for name in ("where", "dates"))
        return Booking(
            presentation=self.presentation,
            starts_at=None if self.asks_for_dates else self.start,
            request_reason=reason,
            flagged_child_details=flagged,
            **answered,
        )

    @property
    def is_online(self) -> bool:
        return self.step("where").get("format") == Format.ONLINE

    @property
    def start(self) -> datetime | None:
        """None before it is chosen."""
        return datetime.fromisoformat(self.step("when")["start"]) if self.step("when") and self.is_about_this else None

    @property
    def wants_leaflets(self) -> bool:
        """Ticked on the first page; which, a page of their own asks. Online nobody brings anything."""
        return bool(self.step("leaflets")) and not self.is_online

    @property
    def leaflets(self) -> list[ToBring]:
        """What the presenter is to bring for the audience."""
        return [ToBring(**entry) for entry in self.step("leaflets").get("copies", [])] if self.wants_leaflets else []

    @cached_property
    def hold(self) -> Hold | None:
        """The draft's hold, whatever it is for; set anew by whoever changes it."""
        return getattr(self.draft, "hold", None)


def answers_so_far(request: HttpRequest, slug: str, now: datetime) -> DraftAnswers:
    """The draft, and the presentation, which the hold brings along."""
    draft = drafts.find(request, DraftKind.BOOKING, now, along=["hold__presentation"])
    held = draft.hold.presentation if draft and hasattr(draft, "hold") else None
    if held is None or held.slug != slug or not held.active:
        held = get_object_or_404(Presentation.objects.offered(), slug=slug)
    return DraftAnswers(draft, held)
