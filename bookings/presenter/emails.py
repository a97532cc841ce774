"""To a presenter in the morning: what they give that day; and, also to the team, which of their checks ends."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise, cached_property
from django.utils.translation import gettext, gettext_lazy as _

from bookings.emails import SAMPLE_START, sample_booking, sample_brought, sample_long_fields, sample_presenter
from bookings.models import Booking, Format, Presenter
from bookings.open_sessions.emails import sample_presenter_session
from bookings.presenter.services import AGENDA_EMAIL_KIND, CHECKS_END_EMAIL_KIND, TEAM_CHECKS_END_EMAIL_KIND
from bookings.presenter.views import Stop, session_stop_rows, stops_on, visit_stop_rows
from bookings.text import summary_row
from core.dates import format_day, format_uk_time
from notifications.registry import Desk, Email
from notifications.samples import PRESENTER_ADDRESS, TEAM_ADDRESS, Example, example


class PresenterAgenda(Email):
    """About "agenda:12:2027-03-09". It names people of several bookings, so we don't keep it: erased people would stay in it."""

    name = AGENDA_EMAIL_KIND
    label = _("To the presenter: today")
    subject = _("Today, %(day)s: you start at %(clock)s")
    desk = Desk.BOOKINGS
    keeps_words = False

    @cached_property
    def day(self) -> date:
        return date.fromisoformat(self.notification.about.split(":")[2])

    @cached_property
    def presenter(self) -> Presenter | None:
        return Presenter.objects.with_presentation_keys().filter(pk=self.about_key).first()

    @cached_property
    def stops(self) -> Sequence[Stop]:
        """The day's stops, without bookings that somebody else has taken over from them."""
        if self.presenter is None:
            raise Presenter.DoesNotExist
        return [stop for stop in stops_on(self.presenter, self.day) if stop.given.presenter_id == self.presenter.pk]

    def is_still_due(self) -> bool:
        """If it is still their address, and something is yet to begin that day."""
        if self.presenter is None or self.presenter.email.lower() != self.notification.recipient.lower():
            return False
        return any(stop.start > timezone.now() for stop in self.stops)

    def context(self) -> dict[str, object]:
        all_given = [stop.given for stop in self.stops]
        return {
            "day": format_day(self.day),
            "clock": format_uk_time(self.stops[0].start),
            "stops": [
                {"given": stop.given, "leave": stop.leave, "rows": stop.rows, "url": f"{settings.SITE_URL}{stop.path}"}
                for stop in self.stops
            ],
            "goes_out": any(isinstance(given, Booking) and given.format == Format.WORKPLACE for given in all_given),
            "day_url": f"{settings.SITE_URL}{reverse('presenter_day')}?day={self.day}",
        }


class ChecksEnd(Email):
    """About "presenter:12:2027-03-09", the last day. Due while that is still the day; the version is 0 on the day itself."""

    name = CHECKS_END_EMAIL_KIND
    label = _("To the presenter: check or training ends")
    subject = _("Please renew your %(what)s by %(day)s")
    subject_on_the_day = _("Today is the last day of your %(what)s")
    desk = Desk.BOOKINGS
    can_wait = True

    @cached_property
    def day(self) -> date:
        return date.fromisoformat(self.notification.about.split(":")[2])

    @cached_property
    def presenter(self) -> Presenter | None:
        return Presenter.objects.active().filter(pk=self.about_key).first()

    @property
    def what(self) -> str:
        """The checks that end that day, in words; empty once all are renewed."""
        if self.presenter is None:
            return ""
        words = {
            (True, False): gettext("DBS check"),
            (False, True): gettext("training"),
            (True, True): gettext("DBS check and training"),
        }
        return words.get((self.presenter.checked_until == self.day, self.presenter.trained_until == self.day), "")

    def is_still_due(self) -> bool:
        is_theirs = self.presenter is not None and self.presenter.email.lower() == self.notification.recipient.lower()
        return is_theirs and self.what != ""

    def get_subject(self) -> str | Promise:
        return self.subject if self.notification.version else self.subject_on_the_day

    def context(self) -> dict[str, object]:
        what, presenter = self.what, self.presenter
        if presenter is None:
            raise Presenter.DoesNotExist
        page = reverse("staff:bookings_presenter_change", args=[presenter.pk])
        return {
            "name": presenter.name,
            "what": what,
            "day": format_day(self.day),
            "is_last_day": not self.notification.version,
            "rows": [
                summary_row(gettext("Presenter"), presenter.name),
                summary_row(gettext("To renew"), what),
                summary_row(gettext("Last day"), format_day(self.day)),
            ],
            "staff_url": f"{settings.SITE_URL}{page}",
        }


class ChecksEndForTeam(ChecksEnd):
    name = TEAM_CHECKS_END_EMAIL_KIND
    label = _("To staff: a presenter’s check or training ends")
    subject = _("%(name)s: %(what)s to renew by %(day)s")
    subject_on_the_day = _("%(name)s: %(what)s to renew today")
    in_digest = True

    def is_still_due(self) -> bool:
        return self.what != ""


def examples() -> list[Example]:
    session, visit = sample_presenter_session(), sample_booking(brought=sample_brought())
    day = session.starts_at.date()
    leave = gettext("Leave %(from)s at %(clock)s. The journey takes %(minutes)d minutes, with parking.")
    away = Stop(visit, leave % {"clock": "12:45pm", "from": "LS9 7TF", "minutes": 45}, visit_stop_rows(visit))
    online = Stop(session, gettext("Open session, online"), session_stop_rows(session))
    long = sample_booking(**{**sample_long_fields(), "presenter": sample_presenter()})
    stop = replace(away, given=long, rows=visit_stop_rows(long))
    last = SAMPLE_START.date()
    early = sample_presenter(checked_until=last, trained_until=last + timedelta(days=90))
    today = sample_presenter(checked_until=last, trained_until=last)
    mine: dict[str, Any] = {"day": last, "recipient": PRESENTER_ADDRESS}
    ours = {**mine, "recipient": TEAM_ADDRESS}
    return [
        example(PresenterAgenda, day=day, stops=[online, away], recipient=PRESENTER_ADDRESS),
        example(PresenterAgenda, gettext("longest words"), day=day, stops=[stop], recipient=PRESENTER_ADDRESS),
        example(PresenterAgenda, gettext("only online"), day=day, stops=[online], recipient=PRESENTER_ADDRESS),
        example(ChecksEnd, presenter=early, version=1, **mine),
        example(ChecksEnd, gettext("on the last day"), presenter=today, **mine),
        example(ChecksEndForTeam, presenter=early, version=1, **ours),
        example(ChecksEndForTeam, gettext("on the last day"), presenter=today, **ours),
    ]
