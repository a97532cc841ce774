"""Emails after a presentation: to its host or the people who had a place, and a year later to those who asked for it."""

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise, cached_property
from django.utils.translation import gettext, gettext_lazy as _

from bookings.emails import BookingEmail, sample_booking, sample_long_fields
from bookings.feedback.queries import host_has_answered, host_links, three_months_on_key
from bookings.feedback.services import get_or_create_follow_up, year_later_lookup
from bookings.models import (
    AnniversaryPrompt,
    Booking,
    BookingState,
    ConfidenceFollowUp,
    FollowUp,
    OpenSession,
    SessionPlace,
    SessionState,
)
from bookings.models.feedback import THREE_MONTHS_LINK_LIFETIME
from core.dates import format_day
from notifications.registry import Desk, Email
from notifications.samples import Example, example


def full_url(url: str) -> str:
    return f"{settings.SITE_URL}{url}"


class BookingAfterwards(BookingEmail):
    """To the host: how it was, what came of it, and what they can do now."""

    name = "booking-afterwards"
    label = _("After the presentation")
    subject = _("How was your presentation on %(day)s? (%(reference)s)")
    can_wait = True

    def is_still_due(self) -> bool:
        follow_up = FollowUp.objects.with_booking_or_session().filter(booking=self.booking).first()
        return self.booking.state == BookingState.DELIVERED and follow_up is not None and follow_up.is_open(timezone.now())

    @cached_property
    def follow_up(self) -> FollowUp:
        return get_or_create_follow_up(given=self.booking, now=timezone.now())

    @cached_property
    def has_answered(self) -> bool:
        return host_has_answered(self.follow_up)

    def context(self) -> dict[str, object]:
        return {
            **super().context(),
            "private": {name: full_url(url) for name, url in host_links(self.follow_up).items()},
            "short_url": full_url(self.follow_up.get_absolute_url()),
            "closes": format_day(self.follow_up.closes_at),
            "has_answered": self.has_answered,
        }


class SessionAfterwards(Email):
    """To everybody who had a place, about "place:12": asks how it was, and links to the certificate."""

    name = "session-afterwards"
    label = _("After an open session")
    subject = _("How was our session on %(day)s? (%(reference)s)")
    desk = Desk.BOOKINGS
    can_wait = True

    @cached_property
    def place(self) -> SessionPlace:
        places = SessionPlace.objects.select_related("person", "session__presentation", "session__follow_up")
        return places.get(pk=self.about_key)

    def is_still_due(self) -> bool:
        place, session = self.place, self.place.session
        follow_up = getattr(session, "follow_up", None)
        delivered = session.state == SessionState.DELIVERED and place.has_a_place
        same = place.person.email.lower() == self.notification.recipient.lower()
        return delivered and same and follow_up is not None and follow_up.is_open(timezone.now())

    def context(self) -> dict[str, object]:
        session = self.place.session
        follow_up = session.follow_up
        return {
            "title": session.presentation.title,
            "day": format_day(session.starts_at),
            "reference": session.reference,
            "feedback_url": full_url(follow_up.get_absolute_url()),
            "certificate_url": full_url(reverse("certificate", args=[follow_up.code])),
            "closes": format_day(follow_up.closes_at),
            "own_url": full_url(reverse("session_mine", args=[session.reference])),
            "sessions_url": full_url(reverse("sessions")),
        }


class YearLaterEmail(Email):
    """About "booking:12", or about "place:12", a place of their own: then nobody came to them."""

    name = "year-later"
    label = _("A year later")
    subject = _("It has been a year: would you like us to come again?")
    subject_of_session = _("It has been a year: would you like to join us again?")
    desk = Desk.BOOKINGS
    can_wait = True

    @cached_property
    def booking_or_place(self) -> Booking | SessionPlace:
        if self.notification.about.startswith("booking:"):
            return Booking.objects.with_related().with_leaflets().get(pk=self.about_key)
        return SessionPlace.objects.select_related("person", "session__presentation").get(pk=self.about_key)

    @property
    def given(self) -> Booking | OpenSession:
        after = self.booking_or_place
        return after if isinstance(after, Booking) else after.session

    def is_still_due(self) -> bool:
        """Not if they have something booked or a place already, nor to an address that is no longer theirs."""
        after, now = self.booking_or_place, timezone.now()
        person = after.person
        wished = AnniversaryPrompt.objects.filter(**year_later_lookup(after)).exists()
        if not wished or person.email.lower() != self.notification.recipient.lower():
            return False
        return not (person.bookings.upcoming(now).exists() or person.session_places.not_over(now).exists())

    def get_subject(self) -> str | Promise:
        return self.subject if isinstance(self.given, Booking) else self.subject_of_session

    def context(self) -> dict[str, object]:
        presentation, start = self.given.presentation, self.given.starts_at
        page = reverse("presentation", args=[presentation.slug]) if presentation.active else reverse("presentations")
        own = not isinstance(self.given, Booking)
        day = format_day(start) if start else ""
        context: dict[str, object] = {"title": presentation.title, "day": day, "url": full_url(page), "own": own}
        return {**context, "sessions_url": full_url(reverse("sessions"))} if own else context


class ThreeMonthsOnEmail(Email):
    """To people who asked for it, about "confidence:12": one question. Once it is sent, we no longer know to whom."""

    name = "three-months-on"
    label = _("Three months on")
    subject = _("One question, 3 months after our presentation")
    desk = Desk.BOOKINGS
    can_wait = True
    keeps_words = False
    may_resend = False

    @cached_property
    def later(self) -> ConfidenceFollowUp:
        given = ("follow_up__booking__presentation", "follow_up__session__presentation")
        return ConfidenceFollowUp.objects.select_related(*given).get(pk=self.about_key)

    def reader_name(self) -> str:
        """No name: we don't ask who answers, so we don't call them by name."""
        return ""

    def reader_language(self) -> str:
        return self.later.language or super().reader_language()

    def is_still_due(self) -> bool:
        return self.later.is_open(timezone.now()) and self.later.follow_up.takes_place

    def context(self) -> dict[str, object]:
        given = self.later.follow_up.given
        return {
            "title": given.presentation.title,
            "day": format_day(given.agreed_times[0]),
            "url": full_url(reverse("three_months_on", args=[self.later.follow_up.code, three_months_on_key(self.later)])),
            "closes": format_day((self.later.told_at or timezone.now()) + THREE_MONTHS_LINK_LIFETIME),
        }


def examples() -> list[Example]:
    bookings = [sample_booking(**{**fields, "state": BookingState.DELIVERED}) for fields in ({}, sample_long_fields())]
    usual, longest = (FollowUp(booking=booking, code="7Q4M2F") for booking in bookings)
    long_words = gettext("longest words")
    return [
        _after(usual),
        example(ThreeMonthsOnEmail, later=ConfidenceFollowUp(pk=12, follow_up=usual)),
        _after(usual, gettext("answered already"), has_answered=True),
        _after(longest, long_words),
        example(ThreeMonthsOnEmail, long_words, later=ConfidenceFollowUp(pk=12, follow_up=longest)),
        example(YearLaterEmail, booking_or_place=usual.booking),
        example(YearLaterEmail, long_words, booking_or_place=longest.booking),
    ]


def _after(follow_up: FollowUp, case: str = "", *, has_answered: bool = False) -> Example:
    booking = follow_up.booking
    return example(BookingAfterwards, case, booking=booking, follow_up=follow_up, has_answered=has_answered)
