"""The public’s rules that a start can break; staff may break them with a reason."""

from enum import Enum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Breach(Enum):
    """What the public may not do and staff may, with a reason."""

    NOTICE = "notice"
    HORIZON = "horizon"
    BANK_HOLIDAY = "bank-holiday"
    HOST_BANK_HOLIDAY = "host-bank-holiday"
    HOURS = "hours"
    DAY_FULL = "day-full"
    WEEK_FULL = "week-full"
    PRESENTATION = "presentation"
    FORMAT = "format"
    AUDIENCE = "audience"
    REGION = "region"
    DISTANCE = "distance"
    LEAVES_EARLY = "leaves-early"
    RETURNS_LATE = "returns-late"
    FROM_BASE = "from-base"
    NO_LINK = "no-link"

    @property
    def sentence(self) -> str | Promise:
        return SENTENCES[self]


SENTENCES: dict[Breach, str | Promise] = {
    Breach.NOTICE: _("It is sooner than the notice period allows."),
    Breach.HORIZON: _("It is further ahead than we take bookings."),
    Breach.BANK_HOLIDAY: _("It is a bank holiday where the presenter lives."),
    Breach.HOST_BANK_HOLIDAY: _("It is a bank holiday where the presentation takes place."),
    Breach.DAY_FULL: _("The presenter has as many presentations that day as they take on."),
    Breach.WEEK_FULL: _("The presenter has as many presentations that week as they take on."),
    Breach.PRESENTATION: _("The presenter does not give this presentation."),
    Breach.FORMAT: _("The presenter does not give presentations in this way."),
    Breach.AUDIENCE: _("The presenter does not give presentations to this audience."),
    Breach.REGION: _("It is outside the regions that the presenter covers."),
    Breach.HOURS: _("It is outside the presenter’s availability."),
    Breach.DISTANCE: _("It is further than the presenter travels."),
    Breach.LEAVES_EARLY: _("The presenter would have to leave the base earlier than they do."),
    Breach.RETURNS_LATE: _("The presenter would be back at the base later than they are."),
    Breach.FROM_BASE: _("The presenter is online from the base, and would have no time for the way between there and a visit."),
    Breach.NO_LINK: _("The presenter has no joining link for online presentations."),
}
# Whoever asks for a date of their own asks staff to yield in these; in the presenter's own hours and area nobody yields unasked.
ABOUT_THE_DAY = {Breach.NOTICE, Breach.HORIZON}
