"""A presentation that was given last week, with who came and what they said. Rows of the past, which no service writes."""

from datetime import datetime, time, timedelta

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from bookings.models import Afterwards, Attendance, Booking, BusyKind, BusyTime, Channel, Format, Presentation, Presenter, State
from bookings.services.afterwards import open_afterwards
from bookings.services.attendance import record_attendance
from bookings.services.feedback import Said, give_feedback
from ctac.references import random_reference
from ctac.uk import uk_datetime, uk_day
from professionals.models import Person, Profession, User

CAME: dict[str, int] = {Profession.HEALTH_VISITOR: 11, Profession.MIDWIFE: 4, Profession.OTHER: 2}
# How far each agrees with the three sentences, and what they wrote.
ANSWERS = (
    ((5, 5, 5), "The stories made it real. I would have liked more time for questions."),
    ((5, 4, 4), ""),
    ((4, 4, 5), "Please send the slides."),
    ((4, 5, 3), ""),
    ((3, 4, 4), "A bit fast at the end."),
)


def give_one_last_week(person: Person, presenter: Presenter, presentation: Presentation, by: User | None, now: datetime) -> None:
    """Once: not if anything was ever given."""
    if Attendance.objects.exists() or by is None:
        return
    day = uk_day(now) - timedelta(days=7)
    start = uk_datetime(day - timedelta(days=max(day.weekday() - 4, 0)), time(10))
    booking = Booking.objects.create(
        reference=random_reference("BK"),
        person=person,
        presentation=presentation,
        presenter=presenter,
        state=State.CONFIRMED,
        format=Format.ONLINE,
        starts_at=start,
        ends_at=start + presentation.length,
        audience_size=18,
        audience_profession=Profession.HEALTH_VISITOR,
        contact_name=person.name,
        contact_phone=person.phone,
        channel=Channel.WEB,
        created_at=start - timedelta(days=30),
    )
    span = DateTimeTZRange(*booking.agreed)
    BusyTime.objects.create(presenter=presenter, kind=BusyKind.BOOKING, busy=span, booking=booking)
    over = booking.agreed[1] + timedelta(minutes=10)
    # Said today: what its host is sent is due now, not a week ago.
    record_attendance(given=booking, counts=CAME, by=by, now=now, by_presenter=True)
    say(open_afterwards(given=booking, now=over), over)


def say(afterwards: Afterwards, now: datetime) -> None:
    for number, ((useful, clear, ready), comment) in enumerate(ANSWERS):
        said = Said(useful, clear, ready, comment=comment)
        give_feedback(afterwards=afterwards, said=said, token=f"sample-{afterwards.code}-{number}", by_host=False, now=now)
