"""Calendar addresses: made and revoked by their owner, found by the hash of what a calendar program asks for.

A token is 256 bits, worked out from a random seed of the row and from the site's secret key. So the database alone opens no
calendar, and yet its owner can look the address up again for a second device. ADR 50 says why.
"""

import base64
import hashlib
import re
import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils.crypto import constant_time_compare, salted_hmac

from bookings.models import CalendarFeed, Presenter
from professionals.models import Person, User

TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")  # 256 bits, six a letter
READ_EVERY = timedelta(hours=1)  # how exactly we say when it was last read, so that not every look is a write


@transaction.atomic
def make_feed(*, owner: Person | Presenter, by: User, now: datetime) -> CalendarFeed:
    """The owner's calendar address: the one that there is, or a new one. One that another sign-in made ends."""
    whose = {"presenter" if isinstance(owner, Presenter) else "person": owner}
    CalendarFeed.objects.filter(**whose).exclude(user=by).delete()
    seed = secrets.token_urlsafe(32)
    token_hash = hash_of(token_from(seed, settings.SECRET_KEY))
    new = {"user": by, "seed": seed, "token_hash": token_hash, "created_at": now}
    feed, _new = CalendarFeed.objects.get_or_create(**whose, defaults=new)
    return feed


def revoke_feed(*, owner: Person | Presenter, by: User | None, now: datetime) -> None:
    """No calendar program reads it from now on, and the address never works again."""
    whose = {"presenter" if isinstance(owner, Presenter) else "person": owner}
    CalendarFeed.objects.filter(**whose).delete()


def token_of(feed: CalendarFeed) -> str:
    """For its owner's eyes. Empty if it was made under a secret key that is gone: then it works, but can't be shown."""
    tokens = (token_from(feed.seed, secret) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS))
    return next((token for token in tokens if constant_time_compare(hash_of(token), feed.token_hash)), "")


def find_feed(*, token: str) -> CalendarFeed | None:
    """None for every address that does not work, whyever. One statement."""
    if not TOKEN.fullmatch(token):
        return None
    return CalendarFeed.objects.working().select_related("person", "presenter").filter(token_hash=hash_of(token)).first()


def note_reading(*, feed: CalendarFeed, digest: str, now: datetime) -> datetime:
    """A calendar program reads what has that digest: since when it is so. At most one statement, and mostly none."""
    if feed.changed_at is None or feed.digest != digest:
        # A client that knows only Last-Modified compares whole seconds.
        changed_at = max(now, feed.changed_at + timedelta(seconds=1)) if feed.changed_at else now
        feed.digest, feed.changed_at, feed.read_at = digest, changed_at.replace(microsecond=0), now
        save(feed)
    elif feed.read_at is None or feed.read_at <= now - READ_EVERY:
        feed.read_at = now
        save(feed)
    return feed.changed_at


def save(feed: CalendarFeed) -> None:
    """Not .save(), which raises if it was revoked at this very moment."""
    figures = {"digest": feed.digest, "changed_at": feed.changed_at, "read_at": feed.read_at}
    CalendarFeed.objects.filter(pk=feed.pk).update(**figures)


def token_from(seed: str, secret: str) -> str:
    digest = salted_hmac("bookings.calendar.feed", seed, secret=secret, algorithm="sha256").digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def hash_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
