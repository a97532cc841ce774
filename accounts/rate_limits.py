"""Limits on tries and exports, and the honeypot of forms that are open to everybody (ADR 10)."""

import hashlib
import ipaddress
import logging
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import wraps
from typing import Any, ClassVar, Protocol

from allauth.account.adapter import get_adapter
from allauth.mfa import app_settings as mfa_settings
from django import forms
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.core.signing import BadSignature, Signer, TimestampSigner
from django.db import connection
from django.db.models import F
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _, gettext_lazy

from accounts.access import P, ResponseView
from accounts.models import BlockReason, LimitedActivity, RateLimit, ThrottleScope, User
from core.dates import format_day, format_uk_time, uk_day
from core.logs import request_reference
from office.site_settings.queries import advice_hours, site_settings

# A limit is a fixed window: it opens with the first hit, and when it ends all its hits are forgotten at once.

MAX_HITS = 2_000_000_000  # fits into the column, however long somebody hammers
UNKNOWN_CLIENT = "unknown"
DOTLESS_I = "\u0131"  # Django takes it for a letter of an address, but no Unicode form turns it into an i
INVISIBLE_CATEGORIES = {"Mn", "Cf"}  # accents and other marks on a letter; signs without a width, such as a soft hyphen
Limits = Mapping[str, tuple[int, timedelta]]  # each key ('sign-in:person@work.example') with the most hits and the window


def count_hits(limits: Limits, now: datetime) -> dict[str, datetime]:
    """Count one hit for each key and return nothing, unless a key has had all its hits: then count none, and return these keys.

    Each comes with the time until which its window lasts. So somebody who reaches a limit of their own uses up none that they
    share with others. Call it outside the transaction that it protects: a rollback would forget the hit. One statement.
    """
    if not limits:
        return {}
    names = {hash_key(key): key for key in limits}
    values: dict[str, Any] = {
        "keys": list(names),
        "most": [limits[key][0] for key in names.values()],
        "until": [now + limits[key][1] for key in names.values()],
        "now": now,
        "most_hits": MAX_HITS,
    }
    with connection.cursor() as cursor:
        cursor.execute(COUNT_HITS_SQL, values)
        return {names[digest]: until for digest, until in cursor.fetchall()}


# If two hits at once would take the last one, both are counted, and the second is over the limit. Rows are locked in the
# order of their keys.
# SQL because the ORM can't say in ON CONFLICT DO UPDATE how to change a row, nor read and count all keys at once.
COUNT_HITS_SQL = """
    WITH wanted AS (
        SELECT * FROM unnest(%(keys)s::text[], %(most)s::bigint[], %(until)s::timestamptz[]) AS wanted (key, most, resets_at)
    ), full_up AS (
        SELECT wanted.key, stored.resets_at FROM wanted JOIN accounts_ratelimit stored ON stored.key = wanted.key
        WHERE stored.resets_at > %(now)s AND NOT stored.lifted AND stored.hits >= wanted.most
    ), counted AS (
        INSERT INTO accounts_ratelimit AS stored (key, hits, resets_at)
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


def lift_limit(digest: str, until: datetime) -> None:
    """Let everything through until that time. `digest` is the hash of the key."""
    RateLimit.objects.update_or_create(key=digest, defaults={"hits": 0, "resets_at": until, "lifted": True})


def current_hits(keys: Iterable[str], now: datetime) -> dict[str, int]:
    """How often each key was hit in its present window. Counts no hit."""
    names = {hash_key(key): key for key in keys}
    stored = RateLimit.objects.filter(key__in=names, resets_at__gt=now, lifted=False).values_list("key", "hits")
    return dict.fromkeys(names.values(), 0) | {names[digest]: count for digest, count in stored}


def give_back_hit(key: str) -> None:
    """Take back the hit of a try that turned out well."""
    RateLimit.objects.filter(key=hash_key(key), hits__gt=0).update(hits=F("hits") - 1)


def clear_limits(keys: Iterable[str]) -> None:
    RateLimit.objects.filter(key__in=[hash_key(key) for key in keys]).delete()


def hash_key(key: str) -> str:
    """The hash that is stored instead of the key, since keys contain addresses.

    It is the same for capital and small letters, for every Unicode form, with or without accents and invisible characters.
    """
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", key).casefold())
    same = "".join(sign for sign in plain if unicodedata.category(sign) not in INVISIBLE_CATEGORIES).replace(DOTLESS_I, "i")
    return hashlib.sha256(f"{settings.SECRET_KEY}:{same}".encode("utf-8", "replace")).hexdigest()


def mailbox_of(address: str) -> str:
    """The address whose mailbox this is: many servers deliver 'name+anything@…' to 'name@…'."""
    name, at, domain = address.rpartition("@")
    return f"{name.partition('+')[0] or name}{at}{domain}"


def client_key(request: HttpRequest, action: str) -> str:
    """The key of this action for the signed-in user, or else for the client's address."""
    if request.user.is_authenticated:
        return f"{action}:user:{request.user.pk}"
    return f"{action}:address:{client_ip(request)}"


def client_ip(request: HttpRequest) -> str:
    """The client's IP address, or for IPv6 its /64 network, since one customer has a whole one.

    Of X-Forwarded-For, only what our own proxies added counts (TRUSTED_PROXY_COUNT from the right); the rest is whatever the
    client wrote.
    """
    address = request.META.get("REMOTE_ADDR", "")
    proxies = settings.TRUSTED_PROXY_COUNT
    forwarded = [part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if part.strip()]
    if proxies and len(forwarded) >= proxies:
        address = forwarded[-proxies]
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return UNKNOWN_CLIENT  # a Unix socket without a proxy in front: all share one limit
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network(f"{parsed}/64", strict=False))
    return str(parsed)


# How the sentence begins; ReachedThrottle goes on with when to try again.
THROTTLE_SENTENCES = {
    ThrottleScope.NETWORK: gettext_lazy("We have had too many tries from your network in a short time."),
    ThrottleScope.ACCOUNT: gettext_lazy("You have done this too often in a short time."),
    ThrottleScope.ORGANISATION: gettext_lazy("Your organisation has placed a great many orders today."),
    ThrottleScope.POSTCODE: gettext_lazy("We have had a great many orders for this delivery postcode today."),
    ThrottleScope.TITLE: gettext_lazy("A great many people are ordering one of your leaflets just now."),
    ThrottleScope.MAILBOX: gettext_lazy("We have had too many requests to email this address."),
    ThrottleScope.BOOKING: gettext_lazy("This booking has been changed too often today."),
}


class BlockedAttemptRecorder(Protocol):
    """Records a blocked attempt for staff. `request` and `address` say who it may have been, if that is known."""

    def __call__(
        self,
        *,
        where: LimitedActivity,
        why: BlockReason,
        now: datetime,
        by: ThrottleScope = ...,
        key: str = ...,
        about: str = ...,
        request: HttpRequest | None = ...,
        address: str = ...,
    ) -> None: ...


BLOCKED_ATTEMPT_RECORDERS: list[BlockedAttemptRecorder] = []  # added to in an app's AppConfig.ready()


@dataclass(frozen=True)
class Throttle:
    """At most so many tries in a window that opens with the first one. `about` may be stored, so it never names a person."""

    by: ThrottleScope
    key: str
    most: int
    window: timedelta
    about: str = ""


@dataclass(frozen=True)
class ReachedThrottle:
    """The throttle that a try has reached, and until when it holds."""

    throttle: Throttle
    until: datetime

    def sentence(self, now: datetime) -> SafeString:
        """What happened, when to try again (to the minute, and then it works), and whom to call."""
        whole = self.until + timedelta(minutes=1, microseconds=-1)
        clock = format_uk_time(whole)
        when = clock if uk_day(whole) == uk_day(now) else f"{clock}, {format_day(whole)}"
        happened = THROTTLE_SENTENCES[self.throttle.by]
        phone = site_settings().advice_phone
        tel = "tel:" + "".join(sign for sign in phone if sign.isdigit() or sign == "+")
        link = format_html('<a class="govuk-link" href="{}">{}</a>', tel, phone)
        ask = _("{happened} Your answers are kept. Try again at {when}, or call us on {phone} ({hours}).")
        return format_html(ask, happened=happened, when=when, phone=link, hours=advice_hours())

    def seconds(self, now: datetime) -> int:
        """Seconds to wait, for the header Retry-After."""
        return max(int((self.until - now).total_seconds()), 1)


def client_throttle(request: HttpRequest, action: str, most: int, window: timedelta) -> Throttle:
    """A throttle for the signed-in account, or else for the network address."""
    by = ThrottleScope.ACCOUNT if request.user.is_authenticated else ThrottleScope.NETWORK
    return Throttle(by, client_key(request, action), most, window)


def check_throttles(
    request: HttpRequest, where: LimitedActivity, throttles: Sequence[Throttle], now: datetime, *, address: str = ""
) -> ReachedThrottle | None:
    """Count this try, in one statement; or return the throttle that has had all its tries, after recording that for staff.

    Of several such throttles it returns the first, so put those of one person before those that many share. `address` is that of
    the person who tries, if nobody is signed in.
    """
    until = count_hits({throttle.key: (throttle.most, throttle.window) for throttle in throttles}, now)
    for throttle in throttles:
        if throttle.key in until:
            whose: dict[str, Any] = {"by": throttle.by, "key": throttle.key, "request": request, "address": address}
            for record in BLOCKED_ATTEMPT_RECORDERS:
                record(where=where, why=BlockReason.THROTTLE, now=now, about=throttle.about, **whose)
            return ReachedThrottle(throttle, until[throttle.key])
    return None


def count_throttles(throttles: Sequence[Throttle], now: datetime) -> None:
    """Count what staff do for somebody on the phone, and let it through whatever the limit."""
    count_hits({throttle.key: (MAX_HITS + 1, throttle.window) for throttle in throttles}, now)


AnyUser = AbstractBaseUser | AnonymousUser
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True)
class Rate:
    by: ThrottleScope
    most: int
    window: timedelta


# Emails that anybody can ask for are counted by the address that they go to: 30 codes a day are enough for a ward's shared
# mailbox, and nobody's mailbox is flooded.
MAILBOX_RATES = (Rate(ThrottleScope.MAILBOX, 10, HOUR), Rate(ThrottleScope.MAILBOX, 30, DAY))
# How often account pages may be posted, and how many emails to one address may be asked for (ADR 10). allauth's own limits are
# off (ctac/settings.py): they live in a cache, which can be lost and isn't shared. The order is that of check_throttles. The
# limits of a network are loose: a whole hospital may have one address.
RATES_BY_ACTION: dict[str, tuple[Rate, ...]] = {
    "confirm_email": (Rate(ThrottleScope.MAILBOX, 5, 5 * MINUTE), *MAILBOX_RATES),
    "login": (Rate(ThrottleScope.NETWORK, 120, MINUTE),),
    "request_login_code": (Rate(ThrottleScope.MAILBOX, 3, MINUTE), *MAILBOX_RATES, Rate(ThrottleScope.NETWORK, 60, MINUTE)),
    # Wrong passwords count by the mailbox, wrong second factors by the account.
    "login_failed": (
        Rate(ThrottleScope.MAILBOX, 5, 5 * MINUTE),
        Rate(ThrottleScope.ACCOUNT, 5, 5 * MINUTE),
        Rate(ThrottleScope.NETWORK, 60, MINUTE),
    ),
    "webauthn_login": (Rate(ThrottleScope.NETWORK, 120, MINUTE),),  # two for each sign-in
    "reset_password": (Rate(ThrottleScope.MAILBOX, 5, MINUTE), *MAILBOX_RATES, Rate(ThrottleScope.NETWORK, 60, MINUTE)),
    "reset_password_from_key": (Rate(ThrottleScope.NETWORK, 60, MINUTE),),
    "reauthenticate": (Rate(ThrottleScope.ACCOUNT, 10, MINUTE),),
    "change_password": (Rate(ThrottleScope.ACCOUNT, 5, MINUTE),),
    # A code goes to an address that is not theirs yet.
    "manage_email": (Rate(ThrottleScope.ACCOUNT, 10, MINUTE), Rate(ThrottleScope.ACCOUNT, 20, DAY)),
}
ACTIVITY_BY_ACTION = {
    "login": LimitedActivity.SIGN_IN,
    "request_login_code": LimitedActivity.SIGN_IN,
    "login_failed": LimitedActivity.SIGN_IN,
    "webauthn_login": LimitedActivity.SIGN_IN,
    "reset_password": LimitedActivity.PASSWORD,
    "reset_password_from_key": LimitedActivity.PASSWORD,
}


def is_rate_limited(request: HttpRequest, action: str, *, address: str = "", user: AnyUser | None = None) -> bool:
    """Count one try by each rate of the action for which a mailbox or account is given.

    Returns True if it was one too many, which it records for staff.
    """
    counted = _throttles_of(request, action, address, user)
    where = ACTIVITY_BY_ACTION.get(action, LimitedActivity.ACCOUNT)
    return check_throttles(request, where, counted, timezone.now(), address=address) is not None


def give_back_try(request: HttpRequest, action: str, *, address: str = "", user: AnyUser | None = None) -> None:
    """Take back a try that turned out well."""
    for throttle in _throttles_of(request, action, address, user):
        give_back_hit(throttle.key)


def clear_tries(request: HttpRequest, action: str, *, address: str = "", user: AnyUser | None = None) -> None:
    """Clear all tries of the mailbox or the account. The network gets only this one back: else a stranger could clear it by
    signing in to an account of their own."""
    for throttle in _throttles_of(request, action, address, user):
        if throttle.by == ThrottleScope.NETWORK:
            give_back_hit(throttle.key)
        else:
            clear_limits([throttle.key])


def _throttles_of(request: HttpRequest, action: str, address: str, user: AnyUser | None) -> list[Throttle]:
    known = {
        ThrottleScope.NETWORK: client_ip(request),
        ThrottleScope.MAILBOX: mailbox_of(address),
        ThrottleScope.ACCOUNT: str(user.pk or "") if user else "",
    }
    # Somebody who has signed in with this browser before has tries of their own, whatever strangers do.
    own = known_browser_key(request, address, user) if action in ACTIONS_COUNTED_BY_BROWSER else ""
    return [
        Throttle(rate.by, f"{action}:{rate.most}/{rate.window}:{rate.by}:{own or known[rate.by]}", rate.most, rate.window)
        for rate in RATES_BY_ACTION[action]
        if known[rate.by]
    ]


# A signed cookie recognises a browser in which somebody has signed in before. It opens nothing, but its tries are counted apart.
# Otherwise anybody who knows an address could lock its owner out by using up the tries (ADR 10). It names the account, and is
# void once the password, the address or the account has changed.

BROWSER_COOKIE_AGE = timedelta(days=180)
browser_signer = TimestampSigner(salt="proved browser")
ACTIONS_COUNTED_BY_BROWSER = {"login", "request_login_code", "login_failed", "webauthn_login", "reset_password"}


def _credentials_hash(user: User) -> str:
    return salted_hmac("proved browser", f"{user.password} {user.email.lower()}", algorithm="sha256").hexdigest()[:32]


def set_browser_cookie(response: HttpResponse, user: User) -> None:
    """Set the cookie after a complete sign-in, with the second factor if there is one."""
    response.set_cookie(
        settings.BROWSER_COOKIE_NAME,
        browser_signer.sign(f"{user.pk}.{_credentials_hash(user)}"),
        max_age=BROWSER_COOKIE_AGE,
        httponly=True,
        samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )


def known_browser_key(request: HttpRequest, address: str = "", user: AnyUser | None = None) -> str:
    """The key for tries from the account's own browsers, if this is one of them; otherwise ''.

    The account is the one with the address, or `user`; without either, any account will do. It looks nothing up by address, so it
    doesn't show whether an address has an account. Looks the owner up once for a request; without our cookie it needs no
    statement.
    """
    if not hasattr(request, "browser_owner"):
        try:
            signed = browser_signer.unsign(request.COOKIES.get(settings.BROWSER_COOKIE_NAME, ""), max_age=BROWSER_COOKIE_AGE)
        except BadSignature:
            signed = ""
        pk, _dot, credentials = signed.partition(".")
        owner = User.objects.filter(pk=pk, is_active=True).first() if pk else None
        is_current = owner is not None and constant_time_compare(credentials, _credentials_hash(owner))
        request.browser_owner = owner if is_current else None  # type: ignore[attr-defined]
    owner = request.browser_owner  # type: ignore[attr-defined]
    if owner is None:
        return ""
    is_theirs = owner.email.lower() == address.lower() if address else (user is None or user.pk in {None, owner.pk})
    return f"proved:{owner.pk}" if is_theirs else ""


def too_many_requests_page(request: HttpRequest) -> HttpResponse:
    return render(request, "errors/429.html", {"reference": request_reference.get()}, status=429)


def rate_limited(action: str) -> Callable[[ResponseView[P]], ResponseView[P]]:
    """Decorates a view: everything posted to it counts, by network and by signed-in account."""

    def decorate(view: ResponseView[P]) -> ResponseView[P]:
        @wraps(view)
        def wrapper(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if request.method not in {"GET", "HEAD", "OPTIONS"} and is_rate_limited(request, action, user=request.user):
                return too_many_requests_page(request)
            return view(request, *args, **kwargs)

        return wrapper

    return decorate


@contextmanager
def limit_failed_codes(request: HttpRequest, user: AnyUser, refusal: str = "too_many_login_attempts") -> Iterator[None]:
    """Wraps a second-factor check: after five wrong ones the next is refused, on any page. A right one clears the count."""
    if is_rate_limited(request, "login_failed", user=user):
        raise get_adapter().validation_error(refusal)
    yield
    clear_tries(request, "login_failed", user=user)


def is_first_use_of_code(user_pk: int, code: str) -> bool:
    """Whether this is the first use of this person's app code, in all the time that the code is valid."""
    valid_for = timedelta(seconds=mfa_settings.TOTP_PERIOD * (2 * mfa_settings.TOTP_TOLERANCE + 1))
    digits = re.sub(r"\D", "", code)  # allauth takes it with spaces and hyphens
    return not count_hits({f"totp:{user_pk}:{digits}": (1, valid_for)}, timezone.now())


logger = logging.getLogger("ctac.security")
EXPORT_LIMIT_WINDOW = timedelta(hours=1)
# How many files with people's data an account may export, so that nobody who gets into an account can empty the site with it. The
# first limit is for everything about oneself: nobody needs it twice in an hour, unless they lost the first file.
OWN_DATA_RATE_LIMIT = (10, EXPORT_LIMIT_WINDOW)
# Orders, stock lists, catalogues, lists for couriers and copies of somebody's data, all together: one for every month of five
# years, to answer a funder.
EXPORT_RATE_LIMIT = (60, EXPORT_LIMIT_WINDOW)


def check_own_data_limit(request: HttpRequest, now: datetime) -> HttpResponse | None:
    """Count one more export of one's own data, or return the page that says to wait.

    Staff see who was stopped, and can let them through.
    """
    reached = check_throttles(request, LimitedActivity.ACCOUNT, [client_throttle(request, "own-data", *OWN_DATA_RATE_LIMIT)], now)
    return retry_after_page(request, reached.seconds(now)) if reached else None


def check_export_limit(request: HttpRequest, now: datetime) -> HttpResponse | None:
    """Count one more export by this colleague, or log it as too many and return the page that says to wait."""
    reached = count_hits({client_key(request, "sheets"): EXPORT_RATE_LIMIT}, now)
    if not reached:
        return None
    logger.warning("too many spreadsheets: user %s", request.user.pk)
    return retry_after_page(request, max(int((min(reached.values()) - now).total_seconds()), 1))


def retry_after_page(request: HttpRequest, seconds: int) -> HttpResponse:
    response = render(request, "errors/429.html", status=429)
    response["Retry-After"] = str(seconds)
    return response


# Forms that are open to everybody have a honeypot, a box that only a program fills in, and a signed time (ADR 10). How fast a
# form is filled in says nothing: browsers do it at once. Nobody is punished: people who trip over it read why, and press the
# button again. That works, whatever is in the box.

HONEYPOT_FIELD, OPENED_FIELD = "homepage", "opened"
HONEYPOT_SENTENCES = {
    BlockReason.HIDDEN_BOX: gettext_lazy(
        "Something on your computer filled in a box that you can’t see. Nothing is lost: press the button again."
    ),
    BlockReason.TOO_OLD: gettext_lazy("This page was open for more than a day. Check what it says, then press the button again."),
    BlockReason.NO_TIME: gettext_lazy("Part of this page did not reach us. Nothing is lost: press the button again."),
}
# Invisible, not reachable with the Tab key, hidden from screen readers, and ignored by programs that fill in passwords and
# addresses. For somebody who meets it all the same, as in a browser without styles, its label says what to do.
HONEYPOT_HTML = (
    '<div class="govuk-visually-hidden" aria-hidden="true"><label for="id_{box}">{label}</label>'
    '<input id="id_{box}" name="{box}" type="text" tabindex="-1" autocomplete="off" data-1p-ignore data-bwignore'
    ' data-lpignore="true" data-form-type="other"></div><input type="hidden" name="{opened}" value="{mark}">'
)


class HoneypotMixin(forms.Form):
    """A form with a honeypot. Put it before the form's other bases.

    `where` says which form. A second try is recognised by the answer to `answer_field`. A form that is stopped has no other
    errors, its `clean` does nothing, and `stopped_by` says why.
    """

    where: ClassVar[LimitedActivity]
    answer_field: ClassVar[str]
    stopped_by: BlockReason | None = None

    def clean(self) -> dict[str, Any] | None:
        self.stopped_by = None if self.errors else self._block_reason(timezone.now())
        if self.stopped_by is None:
            return super().clean()
        self.add_error(None, forms.ValidationError(HONEYPOT_SENTENCES[self.stopped_by], code="guarded"))
        return self.cleaned_data

    def _block_reason(self, now: datetime) -> BlockReason | None:
        opened, answer = self._parse_opened()
        age = timedelta(seconds=now.timestamp() - opened) if opened is not None else timedelta()
        if opened is not None and answer == self._answer_hash() and age <= DAY:
            return None
        if self.data.get(HONEYPOT_FIELD):
            return BlockReason.HIDDEN_BOX
        if not settings.CHECK_FORM_TIMESTAMP:
            return None
        if opened is None:
            return BlockReason.NO_TIME
        return BlockReason.TOO_OLD if age > DAY else None

    def _parse_opened(self) -> tuple[int | None, str]:
        """When the page was opened, None if our signature is missing; and the hash of the answer that was stopped, if one was."""
        try:
            signed = self.data.get(OPENED_FIELD, "") if self.is_bound else ""
            at, _dot, answer = self._signer.unsign(signed).partition(".")
        except BadSignature:
            return None, ""
        return int(at), answer

    def _answer_hash(self) -> str:
        return hash_key(str(self.data.get(self.add_prefix(self.answer_field), "")).strip())[:20]

    @property
    def _signer(self) -> Signer:
        return Signer(salt=f"guarded form {self.where.value}")

    @property
    def honeypot(self) -> SafeString:
        """The hidden fields, to be put inside the form. A form that comes back with errors keeps the time when it was opened."""
        opened, answer = self._parse_opened()
        if opened is None or self.stopped_by == BlockReason.TOO_OLD:
            opened = int(timezone.now().timestamp())
        return format_html(
            HONEYPOT_HTML,
            box=HONEYPOT_FIELD,
            opened=OPENED_FIELD,
            label=gettext_lazy("Leave this box empty"),
            mark=self._signer.sign(f"{opened}.{self._answer_hash() if self.stopped_by else answer}"),
        )


def record_if_blocked(form: Any) -> None:
    """Record a stopped form for staff, without a name: somebody who isn't signed in may be anybody."""
    if getattr(form, "stopped_by", None):
        for record in BLOCKED_ATTEMPT_RECORDERS:
            record(where=form.where, why=form.stopped_by, now=timezone.now())


class HoneypotViewMixin:
    """For allauth's views whose form has a honeypot."""

    def form_invalid(self, form: Any) -> HttpResponse:
        record_if_blocked(form)
        response: HttpResponse = super().form_invalid(form)  # type: ignore[misc]
        return response
