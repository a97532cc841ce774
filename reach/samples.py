"""Two years of a made-up past across the country, so that map, gaps and report show something in a new installation.

The rows look like imported old records: no events, no mail, nobody's time taken. Every workplace is called “made up”.
"""

import random
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from django.contrib.auth.hashers import make_password
from django.db import transaction

from accounts.models import User
from bookings.feedback.services import get_or_create_follow_up
from bookings.models import (
    Attendance,
    AttendanceCount,
    Booking,
    BookingChannel,
    BookingState,
    Feedback,
    Format,
    OpenSession,
    PlaceState,
    Presentation,
    Presenter,
    SessionPlace,
    SessionState,
)
from core.dates import months_before, uk_datetime, uk_day
from leaflets.models import Edition, EditionState, Order, OrderChannel, OrderLine, OrderState
from professionals.areas import authority_of, look_up_areas
from professionals.models import Organisation, OutwardCode, Person, Profession
from reach.areas import Unit, areas_of

SAMPLE_MARK = "made up"
SEED = 26
MONTHS = 23  # within the time that retention keeps
INWARD = "1AA"
# The share of upper-tier areas that were ever visited.
VISITED_SHARE = 0.55
MONTHLY_VISITS, SESSION_PLACES, MONTHLY_ORDERS = 11, 12, 20  # a month; places are for the one session a month
TEAM_SHARE = 0.8  # of the people are in one of TEAMS
VISITS_PER_FEEDBACK, FEEDBACK_PER_QUOTE = (
    8,
    6,
)  # every eighth visit has feedback; of these, every sixth has a quote that staff chose
SAMPLE_COMMENTS = (
    "I will ask more, and sooner.",
    "The three stories stayed with me all week.",
    "Now I know whom to ring before I go home.",
    "Short, clear, and nobody was made to feel foolish.",
)
WORKPLACES = ("Health Centre", "Children’s Services", "Royal Infirmary", "High School", "Family Hub", "Police Station")
FORENAMES = ("Amina", "Ben", "Carys", "Dev", "Ewan", "Farah", "Grace", "Hamza", "Isla", "Jo", "Kofi", "Lena", "Mei", "Niamh")
SURNAMES = ("Adams", "Begum", "Campbell", "Davies", "Evans", "Fraser", "Green", "Hussain", "Jones", "Khan", "Lewis", "Moore")
TEAMS = (
    Profession.HEALTH_VISITOR,
    Profession.SOCIAL_WORKER,
    Profession.EMERGENCY_CARE,
    Profession.TEACHER,
    Profession.SCHOOL_NURSE,
    Profession.POLICE_OFFICER,
)


@transaction.atomic
def load_reach(now: datetime) -> None:
    """Load once. Not if old records were imported, since then there is a real past."""
    if Booking.objects.filter(channel=BookingChannel.LIST).exists():
        return
    chance = random.Random(SEED)  # noqa: S311 - the same past in every copy
    people = _create_people(chance, now)
    this_month = uk_datetime(uk_day(now).replace(day=1), time(12))
    months = [uk_day(months_before(this_month, count)) for count in range(1, MONTHS + 1)]
    _create_visits(chance, people, months, now)
    _create_sessions(chance, people, months)
    _create_orders(chance, people, months, now)


def _create_people(chance: random.Random, now: datetime) -> list[Person]:
    """Two for each district that was ever visited, who work there."""
    visited = [area for area in areas_of(Unit.UPPER).values() if area.districts and chance.random() < VISITED_SHARE]
    rows = OutwardCode.objects.exclude(authority="").order_by("-code")
    postcodes = {authority_of(row, INWARD): f"{row.code} {INWARD}" for row in rows}  # one of each district
    places = [(code, area) for area in visited for code in sorted(area.districts) if code in postcodes] * 2
    names = [f"{area.name} {chance.choice(WORKPLACES)} ({SAMPLE_MARK})" for _code, area in places]
    made = Organisation.objects.bulk_create(Organisation(name=name) for name in sorted(set(names)))
    workplaces = {each.name: each for each in made}
    since = {f"person-{n}@made-up.example": now - timedelta(days=chance.randrange(10, 30 * MONTHS)) for n in range(len(places))}
    # Every other one has signed up.
    users = User.objects.bulk_create(
        User(email=address, password=make_password(None), date_joined=since[address]) for address in list(since)[::2]
    )
    accounts = {user.email: user for user in users}
    return Person.objects.bulk_create(
        Person(
            user=accounts.get(address),
            name=f"{chance.choice(FORENAMES)} {chance.choice(SURNAMES)}",
            email=address,
            profession=chance.choice(TEAMS if chance.random() < TEAM_SHARE else tuple(Profession)),
            organisation=workplaces[name],
            postcode=postcodes[code],
            created_at=since[address],
        )
        for address, (code, _area), name in zip(since, places, names, strict=True)
    )


def _random_weekday(chance: random.Random, month: date) -> date:
    """A day of the month that is not at a weekend."""
    day = month.replace(day=chance.randrange(3, 28))
    return day - timedelta(days=max(day.weekday() - 4, 0))


def _create_visits(chance: random.Random, people: Sequence[Person], months: Sequence[date], now: datetime) -> None:
    presentations, presenters = list(Presentation.objects.order_by("pk")), list(Presenter.objects.order_by("pk"))
    wanted = [(month, chance.choice(people)) for month in months for _visit in range(MONTHLY_VISITS)]
    areas = look_up_areas({person.postcode for _month, person in wanted})
    made = []
    for (month, person), reference in zip(wanted, Booking.new_references(len(wanted)), strict=True):
        presentation, area = chance.choice(presentations), areas[person.postcode]
        start = uk_datetime(_random_weekday(chance, month), time(chance.choice((10, 13, 15))))
        made.append(
            Booking(
                reference=reference,
                person=person,
                presentation=presentation,
                presenter=chance.choice(presenters),
                state=BookingState.DELIVERED,
                format=Format.WORKPLACE,
                starts_at=start,
                ends_at=start + presentation.length,
                postcode=person.postcode,
                nation=area.nation if area else "",
                local_authority=area.local_authority if area else "",
                audience_size=chance.randrange(8, 30),
                audience_profession=person.profession,
                contact_name=person.name,
                channel=BookingChannel.LIST,
                visit_closed=True,
                created_at=start - timedelta(days=40),
                imported_at=now,
            )
        )
    bookings = Booking.objects.bulk_create(made)
    came = [Attendance(booking=each, people=each.audience_size, recorded_at=now, changed_at=now) for each in bookings]
    counts = []
    for attendance, booking in zip(Attendance.objects.bulk_create(came), bookings, strict=True):
        others = chance.randrange(0, attendance.people // 3)
        other = chance.choice([each for each in TEAMS if each != booking.audience_profession])
        parts = {booking.audience_profession: attendance.people - others, other: others}
        counts += [AttendanceCount(attendance=attendance, profession=who, people=many) for who, many in parts.items() if many]
    AttendanceCount.objects.bulk_create(counts)
    _create_feedback(chance, bookings[::VISITS_PER_FEEDBACK])


def _create_feedback(chance: random.Random, bookings: Sequence[Booking]) -> None:
    """Feedback of a few people on some visits: how sure they were before and after, and one sentence that may be quoted."""
    for number, booking in enumerate(bookings):
        follow_up = get_or_create_follow_up(given=booking, now=booking.agreed_times[1])
        Feedback.objects.bulk_create(
            Feedback(
                follow_up=follow_up,
                useful=chance.choice((4, 5)),
                clear=chance.choice((3, 4, 5)),
                ready=chance.choice((4, 5)),
                confidence_before=chance.choice((1, 2, 3)),
                confidence_now=chance.choice((3, 4, 5)),
                comment=SAMPLE_COMMENTS[number % len(SAMPLE_COMMENTS)] if answer == 0 else "",
                quotable=answer == 0,
                chosen_at=booking.agreed_times[1] if answer == 0 and number % FEEDBACK_PER_QUOTE == 0 else None,
                token=f"made-up-{follow_up.code}-{answer}",
                received_on=uk_day(booking.agreed_times[1]),
            )
            for answer in range(chance.randrange(4, 8))
        )


def _create_sessions(chance: random.Random, people: Sequence[Person], months: Sequence[date]) -> None:
    presentation, presenter = Presentation.objects.latest("pk"), Presenter.objects.earliest("pk")
    starts = [uk_datetime(_random_weekday(chance, month), time(11)) for month in months]
    sessions = OpenSession.objects.bulk_create(
        OpenSession(
            reference=reference,
            presentation=presentation,
            presenter=presenter,
            state=SessionState.DELIVERED,
            starts_at=start,
            ends_at=start + presentation.length,
            capacity=40,
            created_at=start - timedelta(days=40),
        )
        for start, reference in zip(starts, OpenSession.new_references(len(starts)), strict=True)
    )
    SessionPlace.objects.bulk_create(
        SessionPlace(
            session=session, person=person, state=PlaceState.ATTENDED, channel=BookingChannel.LIST, created_at=session.created_at
        )
        for session in sessions
        for person in chance.sample(people, SESSION_PLACES)
    )


def _create_orders(chance: random.Random, people: Sequence[Person], months: Sequence[date], now: datetime) -> None:
    editions = list(Edition.objects.filter(state=EditionState.CURRENT).order_by("pk"))
    wanted = [(month, chance.choice(people)) for month in months for _order in range(MONTHLY_ORDERS)]
    orders = Order.objects.bulk_create(
        Order(
            reference=reference,
            person=person,
            organisation_id=person.organisation_id,
            name=person.name,
            postcode=person.postcode,
            state=OrderState.DISPATCHED,
            channel=OrderChannel.LIST,
            created_at=uk_datetime(_random_weekday(chance, month), time(12)),
            imported_at=now,
        )
        for (month, person), reference in zip(wanted, Order.new_references(len(wanted)), strict=True)
    )
    lines = [(order, chance.choice(editions), chance.randrange(10, 60, 5)) for order in orders]
    OrderLine.objects.bulk_create(
        OrderLine(order=order, edition=edition, copies=copies, dispatched=copies) for order, edition, copies in lines
    )
