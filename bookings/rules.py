"""The figures of booking, and the rules of the public, which yield to staff with a reason (product.md, rule 11)."""

from datetime import time, timedelta
from enum import Enum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

# Between today and the first day that the public can book, counted in the presenter's nation.
NOTICE_WORKING_DAYS = 5
HORIZON = timedelta(days=90)
# Slots start on the hour and on the half hour, UK time.
GRID = timedelta(minutes=30)
HOLD_FOR = timedelta(minutes=15)
# An expired hold that nobody has cleared is still nobody else's: so long after, it is used without looking for a slot again.
HOLD_USABLE_AFTER = timedelta(minutes=30)
# A page of a form whose booking was placed so long ago, from another window, says so.
JUST_PLACED = timedelta(hours=1)
# By address while signed out, by user after (accounts.limits): a trust behind one address still gets through,
# and nobody empties the diary.
HOLDS_ALLOWED = (40, timedelta(hours=1))
# And so many at one time. A person who is signed in has one; this is for the others, who may share a trust's address.
HOLDS_AT_ONCE = 20
# Of one booking, by whoever may: nobody who plans a day needs as many, and each is an email to three people.
CHANGES_ALLOWED = (20, timedelta(days=1))
# A request names so many days and times at most; what staff offer too.
DATES_A_REQUEST = 3
# So many of what somebody asked for are kept at a time, over all their requests; staff may offer more.
DATES_KEPT_A_PERSON = 3
# They are kept until 5pm UK time on the second working day.
DATES_KEPT_WORKING_DAYS = 2
DATES_KEPT_UNTIL = time(17)
# Of requests that wait too long for our answer (ctac/dates.py) the manager is told, and told again while anything waits.
ESCALATED_AGAIN_WORKING_DAYS = 2
ESCALATED_AT = time(9)
# What may be asked for at all: a presentation that begins and ends between these times of the clock, within a year.
EARLIEST_START, LATEST_END = time(7), time(21)
ASKED_AT_MOST_AHEAD = timedelta(days=365)
LONGEST_RANGE = timedelta(days=60)
# What parts of a day mean, UK time.
MORNING = time(8), time(13)
AFTERNOON = time(12), time(18)
ANY_TIME = time(8), time(18)
# "Fewest bookings near that day" looks this far to either side, so that load is shared out over a fortnight.
NEAR = timedelta(days=7)
# The last day on which the professional can move a booking or change its details comes so many working days before it.
CHANGE_UNTIL_WORKING_DAYS = 2
# A link in an email ends when the presentation starts, and never lasts longer than this.
LINKS_LAST = timedelta(days=120)
# Opened or tried, by address: a whole trust behind one address gets through, and guessing costs more than it finds.
LINKS_OPENED = (300, timedelta(hours=1))
# Places asked for at open sessions, by account: nobody who plans a year needs as many, and each may be an email.
PLACES_ASKED = (30, timedelta(hours=1))
# What happens to a booking that starts so soon after the team's next digest does not wait for it.
TOLD_AT_ONCE_WITHIN = timedelta(days=2)
REMINDER_AT = time(9)
# On the day, UK time, a presenter reads all that it has; if nothing could be sent, until then.
AGENDA_AT, AGENDA_UNTIL = time(7), time(11)
# When nothing could be sent for so long, a reminder of an open session is left out.
REMINDED_AT_MOST_LATE = timedelta(days=2)
ALTERNATIVES = 6
LARGEST_AUDIENCE = 500
# Places at an open session: what our meeting software carries.
LARGEST_SESSION = 1000
# Planned in one go: half a year of weekly ones, and each sends its presenter an email.
MOST_IN_A_SERIES = 26

# Safe visits (product.md, rule 10). Counted from the times of the booking.
CHECK_IN_OPENS = timedelta(hours=2)  # before the start: a long journey may end early
CHECK_IN_MISSED_AFTER = timedelta(minutes=15)  # after the start
CHECK_OUT_MISSED_AFTER = timedelta(minutes=30)  # after the end: people stay and ask
ESCALATED_AFTER = timedelta(minutes=60)  # after the start or the end, whichever nobody has spoken for
# On the day before, UK time: two hours before the reminder goes out, which should have the link.
JOINING_LINK_NEEDED_AT = time(7)
# Before the start: staff are told again of who still has no presenter, and has had none for ESCALATED_AFTER; the manager too.
PRESENTER_NEEDED_BEFORE = timedelta(days=2)

# Open sessions (ADR 16). An offer of a place lasts until the same UK time on our office's next working day; one of a day off at
# least until 5pm then. When the session is near it lasts some hours, nights not counted; and never past an hour before it.
OFFER_LASTS_WORKING_DAYS = 1
OFFERS_OF_A_DAY_OFF_LAST_UNTIL = time(17)
OFFER_LASTS_WHEN_NEAR = timedelta(hours=3)
SESSION_IS_NEAR = timedelta(hours=48)
NO_NIGHT_FROM, NO_NIGHT_UNTIL = time(7), time(21)
OFFERS_END_BEFORE = timedelta(hours=1)
# Who would have no longer to answer, nights not counted, is not asked: whoever is next gets the place at once. By day these are
# the last two hours.
TOO_LATE_TO_ASK = timedelta(hours=1)

# Of a session that nobody gives everybody with a place is told at this UK time so many of our working days before it; of what
# loses its presenter later, so long after, in which the team may find somebody.
UNSURE_WORKING_DAYS_BEFORE, UNSURE_AT = 1, time(9)
UNSURE_AFTER = timedelta(minutes=30)

# Calendar feeds (ADR 15).
FEED_LOOKS_BACK = timedelta(days=90)
FEED_KEEPS_CANCELLED = timedelta(days=14)
FEED_READ_EVERY = timedelta(hours=1)  # what we ask of calendar programs; many look more seldom
# Addresses that are no calendar, by network address: guessing costs more than it finds. Those that are one are not counted, for
# Google and Microsoft read everybody's from a few addresses of theirs.
FEEDS_GUESSED = (60, timedelta(hours=1))

# After a presentation (ADR 15).
FEEDBACK_OPENS = timedelta(minutes=30)  # before the end: presenters finish early
FEEDBACK_OPEN_FOR = timedelta(weeks=6)  # after the end
CERTIFICATES_FOR = HOST_LINKS_LAST = timedelta(days=365)
ATTENDANCE_BY_PRESENTER = timedelta(days=14)  # after the end; colleagues can put it right at any time
# By network address: a whole hospital answers from one, in the quarter of an hour after a session of a thousand.
FEEDBACK_ALLOWED = (2000, timedelta(hours=1))
# Codes that are nobody's: somebody guesses.
CODES_MISSED = (200, timedelta(hours=1))


# The public’s rules that a start can break; staff may break them with a reason.


class RuleViolation(Enum):
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
        return VIOLATION_SENTENCES[self]


VIOLATION_SENTENCES: dict[RuleViolation, str | Promise] = {
    RuleViolation.NOTICE: _("It is sooner than the notice period allows."),
    RuleViolation.HORIZON: _("It is further ahead than we take bookings."),
    RuleViolation.BANK_HOLIDAY: _("It is a bank holiday where the presenter lives."),
    RuleViolation.HOST_BANK_HOLIDAY: _("It is a bank holiday where the presentation takes place."),
    RuleViolation.DAY_FULL: _("The presenter has as many presentations that day as they take on."),
    RuleViolation.WEEK_FULL: _("The presenter has as many presentations that week as they take on."),
    RuleViolation.PRESENTATION: _("The presenter does not give this presentation."),
    RuleViolation.FORMAT: _("The presenter does not give presentations in this way."),
    RuleViolation.AUDIENCE: _("The presenter does not give presentations to this audience."),
    RuleViolation.REGION: _("It is outside the regions that the presenter covers."),
    RuleViolation.HOURS: _("It is outside the presenter’s availability."),
    RuleViolation.DISTANCE: _("It is further than the presenter travels."),
    RuleViolation.LEAVES_EARLY: _("The presenter would have to leave the base earlier than they do."),
    RuleViolation.RETURNS_LATE: _("The presenter would be back at the base later than they are."),
    RuleViolation.FROM_BASE: _(
        "The presenter is online from the base, and would have no time for the way between there and a visit."
    ),
    RuleViolation.NO_LINK: _("The presenter has no joining link for online presentations."),
}
# Whoever asks for a date of their own asks staff to yield in these; in the presenter's own hours and area nobody yields unasked.
DAY_VIOLATIONS = {RuleViolation.NOTICE, RuleViolation.HORIZON}
