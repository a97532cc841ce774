"""The team's digest, worded: one line for each thing that happened, and the page of the staff site about it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ctac.uk import format_clock, format_day
from notifications.models import Notification
from notifications.registry import Kind, Message, kind_named
from notifications.samples import Example
from notifications.services.gathering import KIND as NAME

# As many as can be read; the others are counted.
MOST = 100


@dataclass(frozen=True)
class Line:
    at: datetime
    words: str
    url: str

    @property
    def when(self) -> str:
        return _("%(day)s, %(clock)s") % {"day": format_day(self.at), "clock": format_clock(self.at)}


def digest(lines: Sequence[Line], more: int = 0) -> Message:
    count = len(lines) + more
    one, many = _("For the team: one thing happened"), _("For the team: %(count)d things happened")
    context: dict[str, object] = {"lines": lines, "more": more, "url": f"{settings.SITE_URL}{reverse('staff:index')}"}
    return Message((one if count == 1 else many) % {"count": count}, "staff_digest", context)


def sources(notification: Notification) -> list[Notification]:
    """What this digest tells of, and is still so."""
    gathered = Notification.objects.filter(told_in=notification.resend_of_id or notification.pk)
    return [source for source in gathered.order_by("created_at", "pk") if kind_named(source.kind).still_true(source)]


def line(source: Notification) -> Line:
    """The subject of the email that it would have been, and its page."""
    said = kind_named(source.kind).build(source)
    return Line(source.created_at, str(said.subject), str(said.context.get("staff_url") or said.context.get("url") or ""))


def build(notification: Notification) -> Message:
    told = sources(notification)
    return digest([line(source) for source in told[:MOST]], max(0, len(told) - MOST))


# Its lines name people of whom `about` does not know, so none are kept: who is erased later would stay in them.
KIND = Kind(NAME, gettext_lazy("To staff: digest"), build, lambda notification: bool(sources(notification)), keeps_words=False)


def examples() -> Iterator[Example]:
    staff = "https://ctac.example/staff/"
    monday = datetime(2027, 2, 22, 10, 5, tzinfo=UTC)
    said = [
        Line(monday, "New booking BK-7Q4M-2F on Tuesday 9 March 2027", f"{staff}bookings/booking/1/"),
        Line(monday.replace(hour=14), "New order LO-3XK9-PT", f"{staff}leaflets/order/1/"),
    ]
    yield Example(KIND.name, KIND.label, lambda: digest(said))
    yield Example(KIND.name, _("%(label)s, very many") % {"label": KIND.label}, lambda: digest(said * 20, more=12))
