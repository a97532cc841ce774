"""The agenda: one email to a presenter in the morning of a day on which they give something."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.models import Format, Presenter
from bookings.open_sessions.emails import presenters as session_presenter_emails
from bookings.presenter.agenda import AGENDA as NAME
from bookings.presenter.agenda import SessionStop, VisitStop, session_stop_rows, stops_on, visit_stop_rows
from ctac.dates import format_clock, format_day
from notifications.models import Notification
from notifications.registry import Kind, Message
from notifications.samples import Example

Stops = Sequence[VisitStop | SessionStop]


def agenda_message(day: date, given: Stops) -> Message:
    first = given[0].start
    facts = {"day": format_day(day), "clock": format_clock(first)}
    context: dict[str, object] = {
        **facts,
        "stops": [stop_context(stop) for stop in given],
        "goes_out": any(isinstance(stop, VisitStop) and stop.booking.format == Format.WORKPLACE for stop in given),
        "day_url": f"{settings.SITE_URL}{reverse('presenter_day')}?day={day}",
    }
    return Message(_("Today, %(day)s: you start at %(clock)s") % facts, "presenter_agenda", context)


def stop_context(stop: VisitStop | SessionStop) -> dict[str, object]:
    if isinstance(stop, SessionStop):
        session = stop.session
        title, url = session.presentation.title, reverse("presenter_session", args=[session.reference])
        about = {"clocks": session.clocks, "reference": session.reference, "leave": _("Open session, online")}
    else:
        booking = stop.booking
        title, url = booking.presentation.title, reverse("presenter_visit", args=[booking.reference])
        about = {"clocks": booking.clocks, "reference": booking.reference, "leave": stop.leave}
    return {**about, "title": title, "rows": stop.rows, "url": f"{settings.SITE_URL}{url}"}


# Whose, and of which day


def presenter_and_day(notification: Notification) -> tuple[Presenter | None, date]:
    """`about` is "agenda:12:2027-03-09"."""
    _kind, key, day = notification.about.split(":")
    return Presenter.objects.with_given().filter(pk=int(key)).first(), date.fromisoformat(day)


def own_stops(presenter: Presenter, day: date) -> Stops:
    """Without what somebody else has taken over from them."""
    given = stops_on(presenter, day)
    return [stop for stop in given if isinstance(stop, SessionStop) or stop.booking.presenter_id == presenter.pk]


def build(notification: Notification) -> Message:
    presenter, day = presenter_and_day(notification)
    if presenter is None:
        raise Presenter.DoesNotExist
    return agenda_message(day, own_stops(presenter, day))


def still_true(notification: Notification) -> bool:
    """At their address, while something of that day is yet to begin."""
    presenter, day = presenter_and_day(notification)
    if presenter is None or presenter.email.lower() != notification.recipient.lower():
        return False
    return any(stop.start > timezone.now() for stop in own_stops(presenter, day))


# Its words name the people of several bookings, so none are kept: who is erased later would stay in them.
KINDS = (Kind(NAME, gettext_lazy("To the presenter: today"), build, still_true, keeps_words=False),)


# For the styleguide


def examples() -> Iterator[Example]:
    from bookings.email_samples import longest_fields, sample_booking, sample_brought, sample_presenter

    kind = KINDS[0]
    session = session_presenter_emails.sample_for_presenter()
    day = session.starts_at.date()
    visit = sample_booking(brought=sample_brought())
    leave = _("Leave at %(clock)s from %(from)s: %(minutes)d minutes on the way, with parking")
    away = VisitStop(visit, leave % {"clock": "12:45pm", "from": "LS9 7TF", "minutes": 45}, visit_stop_rows(visit))
    online = SessionStop(session, session_stop_rows(session))
    yield Example(kind.name, kind.label, lambda: agenda_message(day, [online, away]))
    long = sample_booking(**{**longest_fields(), "presenter": sample_presenter()})
    case = _("%(label)s, longest words") % {"label": kind.label}
    yield Example(kind.name, case, lambda: agenda_message(day, [replace(away, booking=long, rows=visit_stop_rows(long))]))
    only = _("%(label)s, only online") % {"label": kind.label}
    yield Example(kind.name, only, lambda: agenda_message(day, [online]))
