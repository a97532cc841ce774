"""The public's rules for a booking, which staff may break with a reason (product.md, rule 11)."""

from datetime import datetime

from django.db import models
from django.utils.translation import gettext_lazy as _

from ctac.dates import format_clock


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
            return _("The presenter would have had to leave at %(clock)s.") % {"clock": format_clock(leaves_at)}
        return str(self.label)


# Staff need no reason to break these for a date that somebody proposes. The presenter's own hours and area always need one.
DAY_VIOLATIONS = {RuleViolation.BEGUN, RuleViolation.NOTICE, RuleViolation.HORIZON}
