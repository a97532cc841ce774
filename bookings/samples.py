"""Sample data for trying a new copy: presentations, presenters, a visit, sessions, and one given last week."""

from datetime import datetime, time, timedelta

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from accounts.models import User
from accounts.roles import ROLES_BY_SLUG
from bookings.booking.services.create import place_booking
from bookings.feedback.services import get_or_create_follow_up, give_feedback, record_attendance
from bookings.models import (
    Attendance,
    Availability,
    Booking,
    BookingChannel,
    BookingState,
    BusyKind,
    BusyTime,
    DutyShift,
    Feedback,
    Format,
    Nation,
    OpenSession,
    Presentation,
    Presenter,
)
from bookings.open_sessions.queries import PlannedSession, clashes
from bookings.open_sessions.services.places import take_place
from bookings.open_sessions.services.sessions import plan_sessions
from bookings.schedule.queries import read_schedule
from bookings.schedule.services import save_presenter
from bookings.schedule.slots import SlotQuery
from bookings.travel import find_place
from core.dates import uk_datetime, uk_day
from core.models import random_reference
from leaflets.models import CopiesToBring
from leaflets.stock.queries import leaflets_in_stock
from professionals.models import Person, Profession
from professionals.samples import STAFF_EMAIL, role_email

HOST_EMAIL = "nadia.rahman@leeds.nhs.uk"  # see professionals/samples.py
HOST_ADDRESS = {
    "address_line_1": "St James Health Centre",
    "address_line_2": "1 Park Row",
    "town": "Leeds",
    "postcode": "LS1 4AP",
}
TIME_UNTIL_VISIT = timedelta(weeks=4)
CHECK_VALIDITY_PERIOD = timedelta(days=3 * 365)
# One session with room, one with a line, two more; a Wednesday at 2pm, three weeks ahead and then each week.
SESSION_PLACES = (40, 1, 40, 40)
TIME_UNTIL_SESSIONS, WEDNESDAY, SESSION_START_TIME = timedelta(weeks=3), 2, time(14)
SIGN_INS = {1: STAFF_EMAIL, 2: role_email(ROLES_BY_SLUG["presenter"])}  # who signs in as which presenter
DUTY_EMAILS = (role_email(ROLES_BY_SLUG["coordinator"]), role_email(ROLES_BY_SLUG["manager"]))
COLLEAGUE_EMAIL = "owen.hughes@cardiff.gov.uk"
PRESENTATIONS = (
    {
        "slug": "spotting-the-signs",
        "title": "Spotting the signs of child trafficking",
        "summary": "What child trafficking looks like in everyday work, and what to do when something doesn’t fit.",
        "description": (
            "We start with what trafficking is, and how children come to be moved and used. Then we look at the signs that "
            "you may meet in your own work: at a home visit, in a waiting room, at the school gate.\n\n"
            "You leave knowing what to note down, whom to call, and what to say. There is time for questions. When we come to "
            "you, we bring leaflets if you ask for them."
        ),
        "audience": "Health visitors, social workers, A&E and walk-in clinic staff, and anyone who meets children at work",
        "length_minutes": 90,
        "formats": [Format.WORKPLACE, Format.ONLINE],
    },
    {
        "slug": "after-a-concern",
        "title": "After a concern: from a worry to a safe next step",
        "summary": "For teams who know the signs and want to be sure of what happens after somebody speaks up.",
        "description": (
            "Made-up stories, told step by step, with a pause at each place where someone must decide. Who needs to know, how "
            "fast, and what keeps the child safe meanwhile?\n\n"
            "We show how a referral travels, what our advice line can do for you, and what tends to go wrong."
        ),
        "audience": "Social workers, safeguarding leads and managers",
        "length_minutes": 60,
        "formats": [Format.ONLINE, Format.WORKPLACE],
    },
)
# Name, address, base, nation, longest journey, weekly windows (weekday, from, to).
PRESENTERS = (
    ("Asha Patel", "asha.patel@ctac.test", "LS1 4AP", Nation.ENGLAND, 150, ((0, 9, 17), (1, 9, 17), (3, 9, 17), (4, 9, 13))),
    ("Tom Adeyemi", "tom.adeyemi@ctac.test", "SE1 7PB", Nation.ENGLAND, 120, ((1, 8, 16), (2, 8, 16), (3, 8, 16))),
    ("Eilidh Fraser", "eilidh.fraser@ctac.test", "G2 1DU", Nation.SCOTLAND, 180, ((0, 10, 18), (2, 9, 17), (4, 9, 17))),
)


@transaction.atomic
def load_bookings(now: datetime) -> None:
    """Load the samples. A second run adds nothing and changes nothing. SIGN_INS says who signs in as which presenter."""
    for fields in PRESENTATIONS:
        Presentation.objects.get_or_create(slug=fields["slug"], defaults=fields)
    for number, (name, email, base, nation, longest, windows) in enumerate(PRESENTERS, start=1):
        if Presenter.objects.filter(email=email).exists():
            continue
        presenter = save_presenter(
            presenter=Presenter(
                name=name,
                email=email,
                phone=f"0113 496 000{number}",
                base_postcode=base,
                nation=nation,
                max_travel_minutes=longest,
                joining_link=f"https://meet.example/ctac-{number}",
                checked_until=uk_day(now) + CHECK_VALIDITY_PERIOD,
                trained_until=uk_day(now) + CHECK_VALIDITY_PERIOD,
                user=User.objects.filter(email=SIGN_INS.get(number, ""), presenter=None).first(),
            )
        )
        Availability.objects.bulk_create(
            Availability(
                presenter=presenter, weekday=day, start=time(start), end=time(end), valid_from=uk_day(now) - timedelta(days=1)
            )
            for day, start, end in windows
        )
    _put_on_duty(now)
    _book_a_visit(now)
    _plan_sessions(now)
    _add_past_presentation(now)


def _put_on_duty(now: datetime) -> None:
    """Put a coordinator and a manager on duty for a year, if the sample staff exist."""
    users = {user.email: user for user in User.objects.filter(email__in=DUTY_EMAILS)}
    if len(users) == len(DUTY_EMAILS) and not DutyShift.objects.exists():
        duty_person, deputy = (users[email] for email in DUTY_EMAILS)
        DutyShift.objects.create(
            first_day=uk_day(now),
            last_day=uk_day(now) + timedelta(days=366),
            duty_person=duty_person,
            duty_phone="0113 496 0021",
            deputy=deputy,
            deputy_phone="0113 496 0022",
        )


def _book_a_visit(now: datetime) -> None:
    """Book the last time of its week for a team in Leeds, with leaflets for the audience, if the sample people exist."""
    person = Person.objects.filter(email=HOST_EMAIL).first()
    presentation = Presentation.objects.get(slug=PRESENTATIONS[0]["slug"])
    if person is None or person.bookings.exists() or not presentation.active:
        return
    slot_query = SlotQuery(presentation, Format.WORKPLACE, find_place(HOST_ADDRESS["postcode"]), person.profession)
    day = uk_day(now) + TIME_UNTIL_VISIT
    days = read_schedule(slot_query, first_day=day, last_day=day + timedelta(days=6), now=now).week(day)
    slots = [slot for _day, slots in days for slot in slots]
    if slots:
        booking = Booking(
            person=person,
            channel=BookingChannel.WEB,
            presentation=presentation,
            format=Format.WORKPLACE,
            starts_at=slots[-1].start,
            audience_size=14,
            audience_profession=person.profession,
            contact_name=person.name,
            contact_phone=person.phone,
            room="Room 2.14",
            **HOST_ADDRESS,
        )
        leaflets = [CopiesToBring(leaflet.slug, leaflet.title, 14) for leaflet in leaflets_in_stock(person.profession, 2)]
        place_booking(booking=booking, leaflets=leaflets, by=person.user, now=now)


def _plan_sessions(now: datetime) -> None:
    """A series by the presenter who lives in London, if that time is free, with places for those sample people who are there."""
    presentation = Presentation.objects.get(slug=PRESENTATIONS[1]["slug"])
    presenter = Presenter.objects.filter(email=PRESENTERS[1][1]).first()
    if presenter is None or OpenSession.objects.exists() or not presentation.active:
        return
    first = uk_day(now) + TIME_UNTIL_SESSIONS
    first += timedelta(days=(WEDNESDAY - first.weekday()) % 7)
    days = [first + timedelta(weeks=number) for number in range(len(SESSION_PLACES))]
    planned = [
        PlannedSession(presentation, presenter, uk_datetime(day, SESSION_START_TIME), places)
        for day, places in zip(days, SESSION_PLACES, strict=True)
    ]
    against = clashes(planned, now=now)
    free = [session for session, found in zip(planned, against, strict=True) if not any(clash.hard for clash in found)]
    sessions = plan_sessions(sessions=free, by=None, now=now, series="Wednesdays at 2pm")
    people = {person.email: person for person in Person.objects.filter(email__in=(HOST_EMAIL, COLLEAGUE_EMAIL))}
    for number, email in ((0, HOST_EMAIL), (1, COLLEAGUE_EMAIL), (1, HOST_EMAIL)):
        if email in people and number < len(sessions):
            person = people[email]
            take_place(session=sessions[number], person=person, by=person.user, now=now, channel=BookingChannel.WEB)


# A presentation that was given last week, with who came and what they said. These rows of the past are not from a service.

SAMPLE_ATTENDANCE: dict[str, int] = {Profession.HEALTH_VISITOR: 11, Profession.MIDWIFE: 4, Profession.OTHER: 2}
# How far each agrees with the three sentences, and what they wrote.
SAMPLE_ANSWERS = (
    ((5, 5, 5), "The stories made it real. I would have liked more time for questions."),
    ((5, 4, 4), ""),
    ((4, 4, 5), "Please send the slides."),
    ((4, 5, 3), ""),
    ((3, 4, 4), "A bit fast at the end."),
)


def _add_past_presentation(now: datetime) -> None:
    """Once, if the sample people are there, and only if nothing was ever given: a copy in use has presentations of its own."""
    person, presenter = Person.objects.filter(email=HOST_EMAIL).first(), Presenter.objects.filter(email=PRESENTERS[0][1]).first()
    presentation = Presentation.objects.get(slug=PRESENTATIONS[0]["slug"])
    by = presenter.user if presenter else None
    if person is None or presenter is None or by is None or not presentation.active or Attendance.objects.exists():
        return
    day = uk_day(now) - timedelta(days=7)
    start = uk_datetime(day - timedelta(days=max(day.weekday() - 4, 0)), time(10))
    booking = Booking.objects.create(
        reference=random_reference("BK"),
        person=person,
        presentation=presentation,
        presenter=presenter,
        state=BookingState.CONFIRMED,
        format=Format.ONLINE,
        starts_at=start,
        ends_at=start + presentation.length,
        audience_size=18,
        audience_profession=Profession.HEALTH_VISITOR,
        contact_name=person.name,
        contact_phone=person.phone,
        channel=BookingChannel.WEB,
        created_at=start - timedelta(days=30),
    )
    span = DateTimeTZRange(*booking.agreed_times)
    BusyTime.objects.create(presenter=presenter, kind=BusyKind.BOOKING, busy=span, booking=booking)
    over = booking.agreed_times[1] + timedelta(minutes=10)
    # Recorded today, so that what its host is sent is due now, not a week ago.
    record_attendance(given=booking, counts=SAMPLE_ATTENDANCE, by=by, now=now, by_presenter=True)
    follow_up = get_or_create_follow_up(given=booking, now=over)
    for number, ((useful, clear, ready), comment) in enumerate(SAMPLE_ANSWERS):
        before = max(ready - 2, 1)
        answers = Feedback(
            useful=useful,
            clear=clear,
            ready=ready,
            confidence_before=before,
            confidence_now=ready,
            comment=comment,
            quotable=bool(comment),
        )
        give_feedback(follow_up=follow_up, answers=answers, token=f"sample-{follow_up.code}-{number}", by_host=False, now=over)
