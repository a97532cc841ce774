"""Why a booking service says no. Each carries a sentence that tells the person what to do."""

from collections.abc import Iterable
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from bookings.models.booking import NoTimeAgreed as NoTimeAgreed
from bookings.rules import RuleViolation
from ctac.errors import DomainError


class SlotTaken(DomainError):
    """No presenter is free then, travel included. The page shows the nearest slots that are."""

    message = _("Choose another time. Nothing you typed is lost.")


class NotOffered(DomainError):
    message = _("We don’t offer this presentation in that way at the moment.")


class DraftGone(DomainError):
    message = _("This booking has been placed already, or was left for too long. Look under your bookings, or start again.")


class TooManyHolds(DomainError):
    """As many times are kept for people at one address as may be at once."""

    message = _(
        "Too many times are being kept for people where you are. "
        "Try again in a few minutes, or call us and we will book it for you."
    )


class HoldOver(DomainError):
    message = _("Your time to fill in the form was over.")


class ExtendedAlready(DomainError):
    message = _("You have had your extra 15 minutes. If you need longer, carry on: you can still have it if it is free.")


class AlreadyPlaced(DomainError):
    """The one-time token was used: the view finds the booking that it made."""

    message = _("This booking has been placed already.")


class OutsideRules(DomainError):
    """The public’s rules say no; staff may go on with a reason."""

    def __init__(self, violations: Iterable[RuleViolation], leaves_at: datetime | None = None) -> None:
        self.violations = tuple(violations)
        sentences = " ".join(violation.sentence(leaves_at) for violation in self.violations)
        super().__init__(_("%(why)s Give a reason to go on all the same.") % {"why": sentences})


class MoveRefused(DomainError):
    """The booking is not in a state that allows this, perhaps no longer."""

    message = _("This booking has changed meanwhile. Look at it again.")
    passing = True


class Stale(MoveRefused):
    """The page that asks was drawn from an older version of the booking."""

    message = _(
        "This booking was changed while you had the page open, in another window or by somebody else. "
        "Nothing of what you sent was stored. Look at it as it stands now, then change it again."
    )


class TooLateToChange(DomainError):
    """The professional’s cut-off has passed. Staff have none."""

    message = _("It is too late to change this here. Please call us.")


class AnotherAudience(DomainError):
    """Whoever gives the booking does not give presentations to the people who would come."""

    message = _(
        "Your presenter does not give presentations to the people who would come now, so nothing was changed. "
        "Call us, and we find somebody who does."
    )


class NothingChanged(DomainError):
    message = _("Nothing is different from what we have, so nothing was changed.")


class TooLate(DomainError):
    message = _("This presentation has started, so it can’t be cancelled here. Please call us.")


class NotStarted(DomainError):
    message = _("It has not started yet. Mark it as delivered afterwards.")


class NotOver(DomainError):
    message = _("It is not over yet. Mark it as delivered afterwards.")


class NeedsPresenter(DomainError):
    message = _("This booking needs a presenter. Choose one first.")


class SamePresenter(DomainError):
    message = _("This presenter has the booking already.")


class LeaveOverDelivered(DomainError):
    message = _("A presentation was delivered in that time. Choose times beside it.")


class LeaveDecided(DomainError):
    """It was answered, taken back or over before this."""

    message = _("This leave has changed meanwhile. Look at it again.")
