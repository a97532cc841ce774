"""The booking figures that staff don't set, and the public's rules, which staff may break with a reason (product.md, rule 11).

The figures that staff set are in office/models.py.
"""

from datetime import datetime, time, timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _

from ctac.dates import format_clock

# A rate limit is a number and the time in which it may be reached (accounts.limits). Clock times are UK time.

# Slots and holds.
# Slots start on the hour and on the half hour.
SLOT_INTERVAL = timedelta(minutes=30)
# "Fewest bookings near that day" looks this far to either side, so that load is shared out over a fortnight.
LOAD_WINDOW = timedelta(days=7)
MAX_ALTERNATIVE_SLOTS = 6
# An expired hold that nobody has cleared is still nobody else's: for this long, it is used without looking for a slot again.
EXPIRED_HOLD_GRACE = timedelta(minutes=30)
# By network address while signed out, by user after: a trust behind one address still gets through, and nobody takes every slot.
HOLD_RATE_LIMIT = (40, timedelta(hours=1))
# At one time, for people who are not signed in and may share a trust's address; a person who is signed in has one.
MAX_HOLDS_PER_CLIENT = 20

# Bookings.
# A form from another window says so if its booking was placed within this time.
RECENT_BOOKING_WINDOW = timedelta(hours=1)
# For one booking, for all who change it: nobody needs as many to plan a day, and each is an email to three people.
CHANGE_RATE_LIMIT = (20, timedelta(days=1))
# A link in an email ends when the presentation starts, and never lasts longer than this.
LINK_LIFETIME = timedelta(days=120)
# Opened or tried, by network address: a whole trust behind one address gets through, and guessing costs more than it finds.
LINK_RATE_LIMIT = (300, timedelta(hours=1))

# Requests: dates that somebody asks for, and dates that staff offer.
MAX_DATES_PER_REQUEST = 3
KEPT_DATE_EXPIRY_TIME = time(17)
REQUEST_EARLIEST_START, REQUEST_LATEST_END = time(7), time(21)
MAX_REQUEST_RANGE = timedelta(days=60)
# The parts of a day.
MORNING = time(8), time(13)
AFTERNOON = time(12), time(18)
ANY_TIME = time(8), time(18)
# The manager hears of requests that wait too long for our answer, and again while anything waits.
REQUEST_ESCALATION_TIME = time(9)
REQUEST_ESCALATION_INTERVAL_WORKING_DAYS = 2

# Times held for an area, around a visit near it.
HELD_WORKING_DAYS = 5

# Reminders, digests and agendas.
REMINDER_TIME = time(9)
# If nothing could be sent for this long, a reminder is left out.
REMINDER_MAX_DELAY = timedelta(days=2)
# News of a booking that starts this soon after the team's next digest does not wait for it.
DIGEST_BYPASS_WINDOW = timedelta(days=2)
# On the day; if nothing could be sent, until the latest time.
AGENDA_TIME, AGENDA_LATEST_TIME = time(7), time(11)

# Safe visits (product.md, rule 10), counted from the times of the booking.
CHECK_IN_OPENS_BEFORE = timedelta(hours=2)  # before the start: a long journey may end early
# We question a check-in that is earlier than this before the start: nobody waits there for so long, and a phone in a pocket may
# press the button.
CHECK_IN_EXPECTED_BEFORE = timedelta(minutes=45)
CHECK_IN_GRACE = timedelta(minutes=15)  # after the start
CHECK_OUT_GRACE = timedelta(minutes=30)  # after the end: people stay and ask
# The alarm reaches duty person and deputy again and again, until one of them is on it.
ALARM_INTERVAL = timedelta(minutes=10)
# The delays, in minutes, that a presenter who runs late can choose; both graces begin that much later.
DELAYS = (15, 30, 60)
# After the end: for this long, the page of the visit shows a presenter the way to help.
HELP_PERIOD = timedelta(days=1)
# After a check-in or check-out: for this long it can be taken back, on the phone, and by staff with a reason.
TAKE_BACK_PERIOD, STAFF_TAKE_BACK_PERIOD = timedelta(minutes=10), timedelta(days=1)
VISIT_ESCALATION_DELAY = timedelta(minutes=60)  # after the start or the end
# Before the start: staff are alerted again if the presenter has been missing for VISIT_ESCALATION_DELAY; the manager too.
NO_PRESENTER_ALERT_WINDOW = timedelta(days=2)
# On the day before, two hours before the reminder goes out, which should have the link.
JOINING_LINK_DEADLINE_TIME = time(7)

# Open sessions (ADR 16).
# Planned in one go: half a year of weekly ones, and each sends its presenter an email.
MAX_SESSIONS_PER_SERIES = 26
# By account: nobody needs as many to plan a year, and each may be an email.
PLACE_RATE_LIMIT = (30, timedelta(hours=1))
# An offered place lasts until the same time on a working day of our office; if offered on a day off, at least until 5pm.
DAY_OFF_OFFER_EARLIEST_EXPIRY = time(17)
# At short notice it lasts some daytime hours, and never past an hour before the session.
SHORT_NOTICE_WINDOW = timedelta(hours=48)
SHORT_NOTICE_OFFER_DURATION = timedelta(hours=3)
DAYTIME_START, DAYTIME_END = time(7), time(21)
OFFER_CUTOFF = timedelta(hours=1)
# With fewer daytime hours left to answer, we don't ask: the next in line gets the place at once.
MIN_OFFER_DURATION = timedelta(hours=1)
# When everybody with a place hears that a session has no presenter; after a later loss the team has the delay to find one.
NO_PRESENTER_NOTICE_WORKING_DAYS, NO_PRESENTER_NOTICE_TIME = 1, time(9)
NO_PRESENTER_NOTICE_DELAY = timedelta(minutes=30)

# Spare seats at a team's booking, for people of other organisations nearby.
MAX_SPARE_SEATS = 20
# How long a host has before a request is declined for them (bookings.seats.services.decline_unanswered).
HOST_ANSWERS_WITHIN = timedelta(hours=4)
# In a straight line between the centres of two postcode districts; people in the same local authority are near too.
NEAR_MILES = 15
# We suggest a profession to the host if nobody of it has come in the local authority for this long.
MISSING_PERIOD = timedelta(days=365)
SEAT_RATE_LIMIT = (10, timedelta(hours=1))

# Calendar feeds (ADR 15).
FEED_HISTORY = timedelta(days=90)
FEED_CANCELLED_RETENTION = timedelta(days=14)
FEED_REFRESH_INTERVAL = timedelta(hours=1)  # what we ask of calendar programs; many look more seldom
# Addresses that are no calendar, by network address: guessing costs more than it finds. Real ones are not counted, because Google
# and Microsoft read everybody's from a few addresses of theirs.
UNKNOWN_FEED_RATE_LIMIT = (60, timedelta(hours=1))

# Feedback, attendance and certificates (ADR 15).
FEEDBACK_OPENS_BEFORE_END = timedelta(minutes=30)  # presenters finish early
# By network address: a whole hospital answers from one, in the quarter of an hour after a session of a thousand.
FEEDBACK_RATE_LIMIT = (2000, timedelta(hours=1))
# Answers to one presentation, besides its host's: as many as people were expected or came, and this many more.
FEEDBACK_MARGIN_SHARE = 4  # a quarter
LEAST_FEEDBACK_MARGIN = 5
# Feedback codes that don't exist: somebody guesses.
UNKNOWN_CODE_RATE_LIMIT = (200, timedelta(hours=1))
CERTIFICATE_LIFETIME = HOST_LINK_LIFETIME = timedelta(days=365)
THREE_MONTHS = timedelta(days=91)  # after the presentation: people who asked for it are asked again how confident they are
THREE_MONTHS_LINK_LIFETIME = timedelta(days=60)
PRESENTER_ATTENDANCE_PERIOD = timedelta(days=14)  # after the end; colleagues can put it right at any time

# Nobody may send a presenter to a workplace after their check or training has ended.
NOT_CHECKED = _("We have no DBS check or training of theirs for that day.")


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
