"""Limits on tries, with whom they count and what is said of them: a stopped try is kept for staff to see."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from django.conf import settings
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ctac.uk import format_clock, format_day, uk_day
from professionals import limits
from professionals.models import By, Where, Why

# How each begins; what follows says when to try again.
WHAT_HAPPENED = {
    By.NETWORK: gettext_lazy("Very many tries came from your network in a short time."),
    By.ACCOUNT: gettext_lazy("You have done this very often in a short time."),
    By.ORGANISATION: gettext_lazy("Very many orders came from your organisation today."),
    By.POSTCODE: gettext_lazy("Very many orders for this delivery postcode came in today."),
    By.TITLE: gettext_lazy("Very many people are ordering one of your leaflets just now."),
    By.MAILBOX: gettext_lazy("Very many emails were asked for to this address."),
    By.BOOKING: gettext_lazy("This booking was changed very often today."),
}


class Recorder(Protocol):
    """Keeps for staff what was stopped. `request` and `address`: who it may have been, as far as that is known."""

    def __call__(
        self, *, where: Where, why: Why, now: datetime, by: By, key: str, about: str, request: HttpRequest | None, address: str
    ) -> None: ...


_recorders: list[Recorder] = []


def register_recorder(recorder: Recorder) -> None:
    """Called in an app's AppConfig.ready()."""
    if recorder not in _recorders:
        _recorders.append(recorder)


def record_blocked_attempt(
    *,
    where: Where,
    why: Why,
    now: datetime,
    by: By = By.NOBODY,
    key: str = "",
    about: str = "",
    request: HttpRequest | None = None,
    address: str = "",
) -> None:
    for recorder in _recorders:
        recorder(where=where, why=why, now=now, by=by, key=key, about=about, request=request, address=address)


@dataclass(frozen=True)
class Throttle:
    """At most so many tries in a window that opens with the first. `about` may be kept: nothing that names a person."""

    by: By
    key: str
    most: int
    window: timedelta
    about: str = ""


@dataclass(frozen=True)
class Stop:
    """The throttle that a try has met, and until when it holds."""

    throttle: Throttle
    until: datetime

    def sentence(self, now: datetime) -> SafeString:
        """What happened, when to try again (to the minute, and then it works), and whom to call."""
        whole = self.until + timedelta(minutes=1, microseconds=-1)
        clock = format_clock(whole)
        when = clock if uk_day(whole) == uk_day(now) else f"{clock}, {format_day(whole)}"
        happened = WHAT_HAPPENED[self.throttle.by]
        tel = "tel:" + "".join(sign for sign in settings.ADVICE_PHONE if sign.isdigit() or sign == "+")
        ask = _("Your answers are kept. Try again at %(when)s, or call us on") % {"when": when}
        phone = settings.ADVICE_PHONE
        return format_html('{} {} <a class="govuk-link" href="{}">{}</a> ({}).', happened, ask, tel, phone, settings.ADVICE_HOURS)

    def seconds(self, now: datetime) -> int:
        """For the header Retry-After."""
        return max(int((self.until - now).total_seconds()), 1)


def by_client(request: HttpRequest, action: str, most: int, window: timedelta) -> Throttle:
    """Whoever asks: the account that is signed in, else the network address."""
    by = By.ACCOUNT if request.user.is_authenticated else By.NETWORK
    return Throttle(by, limits.client_key(request, action), most, window)


def stopped(
    request: HttpRequest, where: Where, throttles: Sequence[Throttle], now: datetime, *, address: str = ""
) -> Stop | None:
    """Count this try, unless one of them has had all its tries: that one is kept for staff, and given. One statement, till then.

    Of several the first counts, so those of one person stand before those that many share. `address` is whose it is if nobody
    is signed in.
    """
    full = {each.key: each.until for each in limits.admit({each.key: (each.most, each.window) for each in throttles}, now)}
    met = next((each for each in throttles if each.key in full), None)
    if met is None:
        return None
    record_blocked_attempt(
        where=where, why=Why.THROTTLE, now=now, by=met.by, key=met.key, about=met.about, request=request, address=address
    )
    return Stop(met, full[met.key])


def count(throttles: Sequence[Throttle], now: datetime) -> None:
    """Count what is let through whatever the limit: what staff do for somebody on the phone."""
    limits.count({each.key: (each.most, each.window) for each in throttles}, now)
