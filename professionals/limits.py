"""Rate limits: one table that every process shares, one statement for all keys of a request.

A limit is a fixed window: it opens with the first hit and everything in it is forgotten at once when it ends.
"""

import hashlib
import ipaddress
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection
from django.http import HttpRequest

from professionals.models import RateLimit

MOST_HITS = 2_000_000_000  # stays inside the column, however long someone hammers
TABLE = "professionals_ratelimit"


def exceeded(limits: Mapping[str, tuple[int, timedelta]], now: datetime) -> set[str]:
    """Count one hit for each key ('sign-in:person@work.example') and return the keys that are now over their limit.

    `limits` maps each key to (how many are allowed, in what time). Call it outside the transaction that it guards:
    a rollback would forget the hit.
    """
    return {key for key, hits in count(limits, now).items() if hits > limits[key][0]}


def count(limits: Mapping[str, tuple[int, timedelta]], now: datetime) -> dict[str, int]:
    """Count one hit for each key and return how often each was hit in its window. One statement."""
    if not limits:
        return {}
    names = {hashed(key): key for key in limits}
    rows = [(digest, now + limits[names[digest]][1]) for digest in sorted(names)]  # sorted: two requests lock in the same order
    values = ", ".join(["(%s, 1, %s)"] * len(rows))
    # Only our own table name and a number are put into the statement; every value is passed beside it.
    statement = f"""
        INSERT INTO {TABLE} AS stored (key, hits, resets_at) VALUES {values}
        ON CONFLICT (key) DO UPDATE SET
            hits = CASE WHEN stored.resets_at <= %s THEN 1 ELSE LEAST(stored.hits + 1, {MOST_HITS}) END,
            resets_at = CASE WHEN stored.resets_at <= %s THEN EXCLUDED.resets_at ELSE stored.resets_at END
        RETURNING key, hits
    """  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(statement, [*(value for row in rows for value in row), now, now])
        return {names[digest]: hits for digest, hits in cursor.fetchall()}


def hits(keys: Iterable[str], now: datetime) -> dict[str, int]:
    """How often each key was hit in the window that is open now, without counting a hit."""
    names = {hashed(key): key for key in keys}
    stored = RateLimit.objects.filter(key__in=names, resets_at__gt=now).values_list("key", "hits")
    return dict.fromkeys(names.values(), 0) | {names[digest]: found for digest, found in stored}


def give_back(key: str) -> None:
    """Take one hit back: what was counted as an attempt turned out well."""
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {TABLE} SET hits = hits - 1 WHERE key = %s AND hits > 0", [hashed(key)])  # noqa: S608


def clear(keys: Iterable[str]) -> None:
    RateLimit.objects.filter(key__in=[hashed(key) for key in keys]).delete()


def hashed(key: str) -> str:
    """What is stored instead of the key, the same in any case and form of the letters: keys carry addresses."""
    same = unicodedata.normalize("NFKC", key).casefold()
    return hashlib.sha256(f"{settings.SECRET_KEY}:{same}".encode("utf-8", "replace")).hexdigest()


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
        return "unknown"  # a Unix socket without a proxy in front: all share one limit
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network(f"{parsed}/64", strict=False))
    return str(parsed)
