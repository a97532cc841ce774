"""The emails to the team about an open session whose presenter is away: at once, and when the people with a place hear of it."""

from collections.abc import Iterator
from functools import partial

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.models import OpenSession
from bookings.services.sessions.warning import case_of
from bookings.session_figures import filled
from bookings.session_presenter_mail import sample, session_of
from bookings.words import row
from ctac.uk import format_day
from notifications.models import Notification
from notifications.registry import Kind, Message
from notifications.samples import Example


def needs_presenter(session: OpenSession, *, people_know: bool = False) -> Message:
    day = format_day(session.starts_at)
    rows = [
        row(_("Open session"), session.presentation.title),
        row(_("When"), session.when),
        row(_("Who comes"), filled(session)),
        row(_("Reference"), session.reference),
    ]
    sentence = _("Needs a presenter: open session on %(day)s (%(reference)s)")
    if people_know:
        sentence = _("Still needs a presenter: open session on %(day)s (%(reference)s)")
    url = f"{settings.SITE_URL}{reverse('staff:bookings_opensession_change', args=[session.pk])}"
    context: dict[str, object] = {"day": day, "rows": rows, "staff_url": url, "people_know": people_know}
    return Message(sentence % {"day": day, "reference": session.reference}, "session_staff_needs_presenter", context)


def build(notification: Notification) -> Message:
    return needs_presenter(session_of(notification))


def still_needed(notification: Notification) -> bool:
    """As long as nobody gives it; a later leave has its own message."""
    session = session_of(notification)
    return session.needs_a_presenter and session.sequence == notification.version


def build_still(notification: Notification) -> Message:
    return needs_presenter(session_of(notification), people_know=True)


def is_still_unsure(notification: Notification) -> bool:
    """Since the same loss."""
    session = session_of(notification)
    return session.needs_a_presenter and case_of(session) == notification.version


KINDS = (
    Kind("staff-session-needs-presenter", gettext_lazy("To staff: session needs a presenter"), build, still_needed),
    Kind("staff-session-unsure", gettext_lazy("To staff: session still needs a presenter"), build_still, is_still_unsure),
)


def examples() -> Iterator[Example]:
    first, still = KINDS
    yield Example(first.name, first.label, partial(needs_presenter, sample(presenter=None)))
    yield Example(still.name, still.label, partial(needs_presenter, sample(presenter=None), people_know=True))
