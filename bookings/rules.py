"""The figures of booking, in one place. Those for the public yield to staff with a logged reason (product.md, rule 11)."""

from datetime import time, timedelta

# Between today and the first day that the public can book, counted in the presenter's nation.
NOTICE_WORKING_DAYS = 5
HORIZON = timedelta(days=90)
# Slots start on the hour and on the half hour, UK time.
GRID = timedelta(minutes=30)
HOLD_FOR = timedelta(minutes=15)
# An expired hold that nobody has cleared is still nobody else's: so long after, it is used without looking for a slot again.
HOLD_USABLE_AFTER = timedelta(minutes=30)
# By address while signed out, by user after (professionals.limits): a trust behind one address still gets through,
# and nobody empties the diary.
HOLDS_ALLOWED = (40, timedelta(hours=1))
# And so many at one time. A person who is signed in has one; this is for the others, who may share a trust's address.
HOLDS_AT_ONCE = 10
# "Fewest bookings near that day" looks this far to either side.
NEAR = timedelta(days=3)
REMINDER_AT = time(9)
ALTERNATIVES = 6
LARGEST_AUDIENCE = 500
