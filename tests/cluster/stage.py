"""What people can book and order in the cluster, and who they are. Runs inside, as any command of the site."""

from datetime import UTC, datetime, time

from tests.faults.stage import LEAFLET, SLUG, STOCK

PLACES = 50  # workplaces: an order counts for its workplace and its postcode too


def email(number: int) -> str:
    return f"person{number}@ward{number % PLACES}.nhs.uk"


def lay_out(people: int, presenters: int) -> None:
    from office.site_settings.services import change_settings
    from professionals.models import Organisation
    from tests.bookings.rows import make_presentation, make_presenter
    from tests.factories import make_person
    from tests.leaflets.factories import make_edition

    # It may be night here, and what can wait must come; and they order more than people do in a day.
    change_settings(order_limit_times=100, quiet_from=time(0), quiet_until=time(0))
    make_presentation(slug=SLUG, title="While things break")
    for number in range(presenters):
        make_presenter(name=f"Presenter {number}", email=f"presenter{number}@ctac.example")
    most = dict.fromkeys(("most_per_order", "most_per_person", "most_per_workplace"), STOCK)
    make_edition(datetime.now(UTC), stock=STOCK, slug=LEAFLET, title="While things break", position=9000, **most)
    places = [Organisation.objects.get_or_create(name=f"Ward {number}")[0] for number in range(PLACES)]
    for number in range(people):
        make_person(email=email(number), organisation=places[number % PLACES])
