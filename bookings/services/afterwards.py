"""The short link of a presentation: made once, found again by what somebody typed; and the link that is the host's alone."""

import re
import secrets
from datetime import datetime

from django.db import transaction
from django.utils.crypto import constant_time_compare, salted_hmac

from bookings.models import Afterwards, Given, belongs_to
from bookings.models.link import address_hash
from ctac.references import ALPHABET

CODE_LENGTH = 6  # 25**6: about 244 million, of which a few thousand are anybody's
NOT_OF_A_CODE = re.compile(r"[^0-9A-Z]")


def new_code() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))


@transaction.atomic
def open_afterwards(*, given: Given, now: datetime) -> Afterwards:
    """Its short link; the same whoever asks, and however many at once."""
    found = Afterwards.objects.filter(**belongs_to(given)).first()
    while found is None:
        # Refused silently if it has one by now, or if the code is another's.
        Afterwards.objects.bulk_create([Afterwards(**belongs_to(given), code=new_code(), created_at=now)], ignore_conflicts=True)
        found = Afterwards.objects.filter(**belongs_to(given)).first()
    for name, value in belongs_to(given).items():
        setattr(found, name, value)  # at hand already
    return found


def tidy_code(typed: str) -> str:
    """' 7q4-m2f' → '7Q4M2F'."""
    return NOT_OF_A_CODE.sub("", typed.upper())


def find_by_code(typed: str) -> Afterwards | None:
    """Of what takes place; None for every other, whyever. One statement, or none for what can't be a code."""
    code = tidy_code(typed)
    if len(code) != CODE_LENGTH or not set(code) <= set(ALPHABET):
        return None
    found = Afterwards.objects.with_given().filter(code=code).first()
    return found if found is not None and found.takes_place else None


def host_key(afterwards: Afterwards) -> str:
    """What makes the short link the host's. It ends with their address, and there is none for an open session."""
    booking = afterwards.booking
    if booking is None or not booking.person.email:
        return ""
    about = f"{afterwards.code}:{address_hash(booking.person.email)}"
    return salted_hmac("bookings.afterwards.host", about, algorithm="sha256").hexdigest()[:32]


def is_hosts(afterwards: Afterwards, key: str) -> bool:
    ours = host_key(afterwards)
    return bool(ours) and constant_time_compare(ours, key)
