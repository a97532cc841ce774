"""Why a booking service refuses: its errors, and the public's rules, which staff may break with a reason (product.md, rule 11).

Each error has a sentence that tells the person what to do.
"""

from collections.abc import Iterable
from datetime import datetime

from django.db import models
from django.utils.translation import gettext_lazy as _

from bookings.models.booking import NoTimeAgreed as NoTimeAgreed
from core.dates import format_uk_time
from core.errors import DomainError


class RuleViolation(models.TextChoices):
    """What the public may not do, but staff may, with a reason."""

    BEGUN = "begun", _("It would have begun already.")
    TOO_LATE = "too-late", _("The presenter would have had to leave by now.")
    NOTICE = "notice", _("It is sooner than the notice period allows.")
    HORIZON = "horizon", _("It is further ahead than we take bookings.")
    BANK_HOLIDAY = "bank-holiday", _("It is a bank holiday where the presenter lives.")
    HOST_BANK_HOLIDAY = "host-bank-holiday", _("It is a bank holiday where the presentation takes place.")
    CLOSED = "closed", _("We are closed that day.")
    HOURS = "hours", _("It is outside the presenter’s availability.")
    DAY_FULL = "day-full", _("The presenter can’t take any more presentations that day.")
    WEEK_FULL = "week-full", _("The presenter can’t take any more presentations that week.")
    PRESENTATION = "presentation", _("The presenter does not give this presentation.")
    FORMAT = "format", _("The presenter does not give presentations in this format.")
    AUDIENCE = "audience", _("The presenter does not give presentations to this audience.")
    REGION = "region", _("It is outside the regions that the presenter covers.")
    DISTANCE = "distance", _("It is further than the presenter can travel.")
    LEAVES_EARLY = "leaves-early", _("The presenter would have to leave their base before their usual time.")
    RETURNS_LATE = "returns-late", _("The presenter would get back to their base after their usual time.")
    FROM_BASE = (
        "from-base",
        _("The presenter is online from their base that day, and would have no time to travel between there and a visit."),
    )
    NO_LINK = "no-link", _("The presenter has no joining link for online presentations.")

    def sentence(self, leaves_at: datetime | None = None) -> str:
        """`leaves_at`: when the presenter would have to leave."""
        if self is RuleViolation.TOO_LATE and leaves_at is not None:
            return _("The presenter would have had to leave at %(clock)s.") % {"clock": format_uk_time(leaves_at)}
        return str(self.label)


# Staff need no reason to break these for a date that somebody proposes. The presenter's own hours and area always need one.
DAY_VIOLATIONS = {RuleViolation.BEGUN, RuleViolation.NOTICE, RuleViolation.HORIZON}


class SlotTaken(DomainError):
    """No presenter is free then, travel included. The page shows the nearest free slots."""

    message = _("Choose another time. Nothing you typed is lost.")


class NotOffered(DomainError):
    message = _("We don’t offer this presentation in that way at the moment.")


class DraftGone(DomainError):
    message = _("You have already placed this booking, or left it for too long. Check your bookings, or start again.")


class TooManyHolds(DomainError):
    """We already keep as many times as we may for people at one network address."""

    message = _(
        "We are already keeping too many times for people on your network. "
        "Try again in a few minutes, or call us and we will book it for you."
    )


class HoldExpired(DomainError):
    message = _("Your time to fill in the form has run out.")


class HoldAlreadyExtended(DomainError):
    message = _("You have had your extra time. If you need longer, just carry on. You can still have the time if it is free.")


class AlreadyPlaced(DomainError):
    """The one-time token was used: the view finds the booking that it made."""

    message = _("You have already placed this booking.")


class OutsideRules(DomainError):
    """The public's rules forbid it; staff may go on with a reason."""

    def __init__(self, violations: Iterable[RuleViolation], leaves_at: datetime | None = None) -> None:
        self.violations = tuple(violations)
        sentences = " ".join(violation.sentence(leaves_at) for violation in self.violations)
        super().__init__(_("%(why)s If you still want to go ahead, give a reason.") % {"why": sentences})


class TransitionNotAllowed(DomainError):
    """The booking's state does not allow this, or no longer does."""

    message = _("This booking has changed in the meantime. Please look at it again.")
    passing = True


class StaleBooking(TransitionNotAllowed):
    """The page that asks showed an older version of the booking."""

    message = _(
        "This booking was changed while you had the page open, in another window or by somebody else. "
        "We did not save your changes. Check how it is now, then make your changes again."
    )


class TooLateToChange(DomainError):
    """The professional’s cut-off has passed. Staff have none."""

    message = _("It is too late to change this here. Please call us.")


class AudienceMismatch(DomainError):
    """The presenter of the booking does not give presentations to the people who would come."""

    message = _(
        "Your presenter does not give presentations to that audience, so nothing was changed. "
        "Call us, and we will find a presenter who does."
    )


class NothingChanged(DomainError):
    message = _("Your answers are the same as before, so nothing was changed.")


class TooLateToCancel(DomainError):
    message = _("This presentation has started, so it can’t be cancelled here. Please call us.")


class NotStarted(DomainError):
    message = _("The presentation has not started yet. Mark it as delivered afterwards.")


class NotOver(DomainError):
    message = _("The presentation is not over yet. Mark it as delivered afterwards.")


class NeedsPresenter(DomainError):
    message = _("This booking needs a presenter. Choose one first.")


class SamePresenter(DomainError):
    message = _("This presenter already has the booking.")


class LeaveOverlapsDelivered(DomainError):
    message = _("A presentation took place in that time. Choose times before or after it.")


class LeaveDecided(DomainError):
    """The leave was answered, taken back or over before this."""

    message = _("This leave has changed in the meantime. Please look at it again.")
