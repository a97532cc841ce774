"""The agenda: one email to a presenter in the morning of a day on which they give something."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from bookings.email_samples import longest_fields, sample_booking, sample_brought, sample_presenter
from bookings.models import Booking, Format, OpenSession, Presenter
from bookings.open_sessions.email_samples import sample_for_presenter
from bookings.presenter.views import AGENDA, SessionStop, VisitStop, session_stop_rows, stops_on, visit_stop_rows
from ctac.dates import format_clock, format_day
from notifications.registry import Desk, Email
from notifications.samples import PRESENTER, Example, example


class PresenterAgenda(Email):
    """About "agenda:12:2027-03-09". It names people of several bookings, so nothing is kept: who is erased would stay in it."""

    name = AGENDA
    label = _("To the presenter: today")
    template = "bookings/presenter_agenda"
    subject = _("Today, %(day)s: you start at %(clock)s")
    desk = Desk.BOOKINGS
    keeps_words = False

    @cached_property
    def day(self) -> date:
        return date.fromisoformat(self.notification.about.split(":")[2])

    @cached_property
    def presenter(self) -> Presenter | None:
        return Presenter.objects.with_given().filter(pk=self.about_key).first()

    @cached_property
    def stops(self) -> Sequence[VisitStop | SessionStop]:
        """Without what somebody else has taken over from them."""
        if self.presenter is None:
            raise Presenter.DoesNotExist
        given, key = stops_on(self.presenter, self.day), self.presenter.pk
        return [stop for stop in given if isinstance(stop, SessionStop) or stop.booking.presenter_id == key]

    def is_still_due(self) -> bool:
        """At their address, while something of that day is yet to begin."""
        if self.presenter is None or self.presenter.email.lower() != self.notification.recipient.lower():
            return False
        return any(stop.start > timezone.now() for stop in self.stops)

    def context(self) -> dict[str, object]:
        stops = []
        for stop in self.stops:
            given: Booking | OpenSession
            if isinstance(stop, SessionStop):
                given, page, leave = stop.session, "presenter_session", gettext("Open session, online")
            else:
                given, page, leave = stop.booking, "presenter_visit", stop.leave
            stops.append(
                {
                    "clocks": given.clocks,
                    "reference": given.reference,
                    "leave": leave,
                    "title": given.presentation.title,
                    "rows": stop.rows,
                    "url": f"{settings.SITE_URL}{reverse(page, args=[given.reference])}",
                }
            )
        return {
            "day": format_day(self.day),
            "clock": format_clock(self.stops[0].start),
            "stops": stops,
            "goes_out": any(isinstance(stop, VisitStop) and stop.booking.format == Format.WORKPLACE for stop in self.stops),
            "day_url": f"{settings.SITE_URL}{reverse('presenter_day')}?day={self.day}",
        }


def examples() -> Iterator[Example]:
    session, visit = sample_for_presenter(), sample_booking(brought=sample_brought())
    day = session.starts_at.date()
    leave = gettext("Leave %(from)s at %(clock)s. The journey takes %(minutes)d minutes, with parking.")
    away = VisitStop(visit, leave % {"clock": "12:45pm", "from": "LS9 7TF", "minutes": 45}, visit_stop_rows(visit))
    online = SessionStop(session, session_stop_rows(session))
    yield example(PresenterAgenda, day=day, stops=[online, away], recipient=PRESENTER)
    long = sample_booking(**{**longest_fields(), "presenter": sample_presenter()})
    stop = replace(away, booking=long, rows=visit_stop_rows(long))
    yield example(PresenterAgenda, gettext("longest words"), day=day, stops=[stop], recipient=PRESENTER)
    yield example(PresenterAgenda, gettext("only online"), day=day, stops=[online], recipient=PRESENTER)
