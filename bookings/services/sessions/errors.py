"""Why a service of open sessions says no. Each carries a sentence that tells the person what to do."""

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from bookings import rules
from bookings.services.errors import SlotTaken
from ctac.errors import DomainError

if TYPE_CHECKING:
    from bookings.services.sessions.planning import Planned


class SessionClosed(DomainError):
    """It was cancelled, has taken place, or has begun."""

    message = _("This session has begun, is over or was cancelled. Choose another one.")


class SessionMoved(DomainError):
    """Somebody changed it while we waited, or since the page was drawn."""

    message = _("This session was changed while you had the page open. Look at it as it stands now, then change it again.")


class PersonErased(SessionClosed):
    """Their account was deleted while they took a place: it is closed to them."""

    message = _("This account has been deleted, so no place was taken.")


class TimeChanged(SessionClosed):
    """It was moved after the page was drawn: nobody takes a place at a time that they have not read."""

    message = _("This session has moved to another time since you opened the page. Read when it is now, then press again.")


class PlaceMoved(DomainError):
    """The place is not in a state that allows this, perhaps no longer."""

    message = _("This place has changed meanwhile. Look at it again.")


class OfferOver(DomainError):
    """It ran out, or was withdrawn."""

    message = _("This offer has ended, so the place went to the next person. You can ask for a place again.")


class DateTaken(SlotTaken):
    """One of the dates that were to be planned: its presenter is busy then."""

    def __init__(self, planned: "Planned") -> None:
        self.planned = planned
        super().__init__(_("%(name)s is busy then, or could not get there in time.") % {"name": planned.presenter})


class TimePassed(DomainError):
    message = _("This time has passed. Choose one that is still to come.")


class SizeRefused(DomainError):
    message = _("A session has between 1 and %(most)d places.") % {"most": rules.LARGEST_SESSION}


class WouldDrop(DomainError):
    """So many people would go back to the line: whoever cuts the places says that they know."""

    def __init__(self, people: int) -> None:
        self.people = people
        sentence = ngettext_lazy(
            "%(people)d person has a place, or an offer of one, that there would be no more. Say that they go back to the line.",
            "%(people)d people have a place, or an offer of one, that there would be no more. Say that they go back to the line.",
            "people",
        )
        super().__init__(sentence % {"people": people})


class NoJoiningLink(DomainError):
    message = _("There is no joining link yet, neither of this session nor of its presenter. Give one first.")


class DetailsSent(DomainError):
    message = _("Everybody with a place has them already. Whoever gets a place from now on reads them with it.")


class SessionNeedsPresenter(DomainError):
    message = _("This session needs a presenter. Choose one first.")
