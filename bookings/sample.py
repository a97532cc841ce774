"""What a new copy is tried with: two presentations, and three presenters in different parts of the country."""

from datetime import datetime, time, timedelta

from django.db import transaction

from bookings.models import Availability, Format, Nation, Presentation, Presenter
from bookings.services import keep_presenter
from ctac.uk import uk_day
from professionals.models import User
from professionals.sample import STAFF_EMAIL

PRESENTATIONS = (
    {
        "slug": "spotting-the-signs",
        "title": "Spotting the signs of child trafficking",
        "summary": "What child trafficking looks like in everyday work, and what to do when something doesn’t fit.",
        "description": (
            "We start with what trafficking is, and how children come to be moved and used. Then we look at the signs that "
            "you may meet in your own work: at a home visit, in a waiting room, at the school gate.\n\n"
            "You leave knowing what to note down, whom to call, and what to say. There is time for questions. We bring leaflets."
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
def load(now: datetime) -> None:
    """Run again, it adds nothing and changes nothing. The first presenter is whom the sample staff login belongs to."""
    for fields in PRESENTATIONS:
        Presentation.objects.get_or_create(slug=fields["slug"], defaults=fields)
    for number, (name, email, base, nation, longest, windows) in enumerate(PRESENTERS, start=1):
        if Presenter.objects.filter(email=email).exists():
            continue
        presenter = keep_presenter(
            presenter=Presenter(
                name=name,
                email=email,
                phone=f"0113 496 000{number}",
                base_postcode=base,
                nation=nation,
                max_travel_minutes=longest,
                joining_link=f"https://meet.example/ctac-{number}",
                user=User.objects.filter(email=STAFF_EMAIL, presenter=None).first(),
            )
        )
        Availability.objects.bulk_create(
            Availability(
                presenter=presenter, weekday=day, start=time(start), end=time(end), valid_from=uk_day(now) - timedelta(days=1)
            )
            for day, start, end in windows
        )
