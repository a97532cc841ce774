"""Rate limits: one table that every process shares, one statement for all keys of a request.

A limit is a fixed window: it opens with the first hit and everything in it is forgotten at once when it ends.
"""

import hashlib
import ipaddress
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import F
from django.http import HttpRequest

from professionals.models import RateLimit

MOST_HITS = 2_000_000_000  # stays inside the column, however long someone hammers
UNKNOWN = "unknown"
DOTLESS_I = "\u0131"  # which Django takes for a letter of an address, and no form of Unicode for an i
UNSEEN = {"Mn", "Cf"}  # accents and other marks on a letter; signs without a width, such as a soft hyphen
Limits = Mapping[str, tuple[int, timedelta]]  # each key ('sign-in:person@work.example') with how many, in what time


@dataclass(frozen=True)
class Full:
    """A key that has had all its tries, `until` then."""

    key: str
    until: datetime


def exceeded(limits: Limits, now: datetime) -> set[str]:
    """Count one hit for each key and return the keys that are over their limit; see `admit`."""
    return {full.key for full in admit(limits, now)}


def admit(limits: Limits, now: datetime) -> list[Full]:
    """Count one hit for each key and return nothing; or count none, if any key has had all its hits, and return those keys.

    So whoever is stopped by a limit of their own uses up none that they share with others. Call it outside the transaction that
    it guards: a rollback would forget the hit. One statement.
    """
    if not limits:
        return []
    names = {hashed(key): key for key in limits}
    values: dict[str, Any] = {
        "keys": list(names),
        "most": [limits[key][0] for key in names.values()],
        "until": [now + limits[key][1] for key in names.values()],
        "now": now,
        "most_hits": MOST_HITS,
    }
    with connection.cursor() as cursor:
        cursor.execute(ADMIT, values)
        return [Full(names[digest], until) for digest, until in cursor.fetchall()]


# Of two at once that would take the last hit, both are counted, and the second is told so. Rows are locked in the order of their
# keys, the same for everybody.
# SQL because the ORM can't say in ON CONFLICT DO UPDATE what becomes of a row, nor read and count all keys at once.
ADMIT = """
    WITH wanted AS (
        SELECT * FROM unnest(%(keys)s::text[], %(most)s::bigint[], %(until)s::timestamptz[]) AS wanted (key, most, resets_at)
    ), full_up AS (
        SELECT wanted.key, stored.resets_at FROM wanted JOIN professionals_ratelimit stored ON stored.key = wanted.key
        WHERE stored.resets_at > %(now)s AND NOT stored.lifted AND stored.hits >= wanted.most
    ), counted AS (
        INSERT INTO professionals_ratelimit AS stored (key, hits, resets_at)
        SELECT key, 1, resets_at FROM wanted WHERE NOT EXISTS (SELECT FROM full_up) ORDER BY key
        ON CONFLICT (key) DO UPDATE SET
            hits = CASE
                WHEN stored.resets_at <= %(now)s THEN 1
                WHEN stored.lifted THEN 0
                ELSE LEAST(stored.hits + 1, %(most_hits)s)
            END,
            lifted = stored.lifted AND stored.resets_at > %(now)s,
            resets_at = CASE WHEN stored.resets_at <= %(now)s THEN EXCLUDED.resets_at ELSE stored.resets_at END
        RETURNING key, hits, resets_at
    )
    SELECT key, resets_at FROM full_up
    UNION ALL
    SELECT counted.key, counted.resets_at FROM counted JOIN wanted ON wanted.key = counted.key WHERE counted.hits > wanted.most
"""


def count(limits: Limits, now: datetime) -> None:
    """Count one hit for each key, whatever its limit. One statement."""
    admit({key: (MOST_HITS + 1, window) for key, (_most, window) in limits.items()}, now)


def lift(digest: str, until: datetime) -> None:
    """Let everything through that is counted by this key (as it is stored), until then."""
    values = {"hits": 0, "resets_at": until, "lifted": True}
    RateLimit.objects.update_or_create(key=digest, defaults=values)


def hits(keys: Iterable[str], now: datetime) -> dict[str, int]:
    """How often each key was hit in the window that is open now, without counting a hit."""
    names = {hashed(key): key for key in keys}
    stored = RateLimit.objects.filter(key__in=names, resets_at__gt=now, lifted=False).values_list("key", "hits")
    return dict.fromkeys(names.values(), 0) | {names[digest]: found for digest, found in stored}


def give_back(key: str) -> None:
    """Take one hit back: what was counted as an attempt turned out well."""
    RateLimit.objects.filter(key=hashed(key), hits__gt=0).update(hits=F("hits") - 1)


def clear(keys: Iterable[str]) -> None:
    RateLimit.objects.filter(key__in=[hashed(key) for key in keys]).delete()


def hashed(key: str) -> str:
    """What is stored instead of the key, the same in any case and form of the letters, with or without accents and signs that
    nobody sees: keys carry addresses.
    """
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", key).casefold())
    same = "".join(sign for sign in plain if unicodedata.category(sign) not in UNSEEN).replace(DOTLESS_I, "i")
    return hashlib.sha256(f"{settings.SECRET_KEY}:{same}".encode("utf-8", "replace")).hexdigest()


def mailbox(address: str) -> str:
    """The address whose mailbox this is: many servers deliver 'name+anything@…' to 'name@…'."""
    name, at, domain = address.rpartition("@")
    return f"{name.partition('+')[0] or name}{at}{domain}"


def client_key(request: HttpRequest, action: str) -> str:
    """The key for this action by whoever asks: the user who is signed in, else the address."""
    if request.user.is_authenticated:
        return f"{action}:user:{request.user.pk}"
    return f"{action}:address:{client_address(request)}"


def client_address(request: HttpRequest) -> str:
    """The client's IP address; of IPv6 the /64 network, since one customer has a whole one.

    Only what our own proxies added to X-Forwarded-For counts (TRUSTED_PROXY_COUNT from the right); the rest is whatever
    the client wrote.
    """
    address = request.META.get("REMOTE_ADDR", "")
    proxies = settings.TRUSTED_PROXY_COUNT
    forwarded = [part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if part.strip()]
    if proxies and len(forwarded) >= proxies:
        address = forwarded[-proxies]
    return _network(address)


def _network(address: str) -> str:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return UNKNOWN  # a Unix socket without a proxy in front: all share one limit
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network(f"{parsed}/64", strict=False))
    return str(parsed)
