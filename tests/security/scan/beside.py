"""`python -m tests.security.scan.beside`, in the environment of the site: what the sample data has none of is made.

Prints as JSON the pages at which the scanner begins besides the first, for a professional and for staff, and the page of the
staff account that it uses. To those a crawl of some seconds comes late or never: they stand behind long lists.
"""

import json
import os

import django

from tests.security.scan.people import PROFESSIONAL, STAFF

ON_PEOPLE = ("hand-over", "give-data", "stop-mail")
ON_TEXTS = ("read", "clear", "no-child")
OF_THEIRS = ("delete", "my-data", "email", "sessions", "passkeys", "passkeys/add")
LISTS = (
    "audit/entry",
    "professionals/flaggedtext",
    "privacy/dataaction",
    "privacy/retentionrun",
    "professionals/stopped",
)


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ctac.settings")
    django.setup()
    print(json.dumps({PROFESSIONAL: theirs(), STAFF: staffs(), "own": staff_page()}))  # noqa: T201


def theirs() -> list[str]:
    from accounts.models import User
    from tests.accounts.passkeys.device import kept_passkey

    user = User.objects.get(email=PROFESSIONAL)
    each = [f"/account/passkeys/{kept_passkey(user).pk}/{what}/" for what in ("rename", "remove")]
    return [*(f"/account/{page}/" for page in OF_THEIRS), *each]


def staffs() -> list[str]:
    from django.utils import timezone

    from bookings.models import Booking
    from privacy import retention as privacy_retention
    from professionals.models import FlaggedText, Person
    from professionals.safeguarding.services import notify_safeguarding_lead

    now, booking = timezone.now(), Booking.objects.order_by("pk")[0]
    privacy_retention.run_rules(now=now)
    notify_safeguarding_lead(about=f"booking:{booking.pk}", reference=booking.reference, now=now)
    text, person = FlaggedText.objects.get(), Person.objects.get(email=PROFESSIONAL)
    return [
        *(f"/staff/{name}/" for name in LISTS),
        *(f"/staff/professionals/person/{person.pk}/do/{slug}/" for slug in ON_PEOPLE),
        *(f"/staff/accounts/user/{person.user_id}/do/{slug}/" for slug in ("recover", "reset-second-factor")),
        f"/staff/accounts/user/{person.user_id}/change/",
        f"/staff/professionals/flaggedtext/{text.pk}/change/",
        *(f"/staff/professionals/flaggedtext/{text.pk}/do/{slug}/" for slug in ON_TEXTS),
        f"/staff/professionals/person/{person.pk}/do/erase/",
    ]


def staff_page() -> str:
    from accounts.models import User

    return f"/staff/accounts/user/{User.objects.get(email=STAFF).pk}/"


if __name__ == "__main__":
    main()
