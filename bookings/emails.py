"""What emails about a booking have in common: its facts, its page, its calendar entry."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise, cached_property
from django.utils.translation import gettext as _

from bookings import text
from bookings.calendars import ical
from bookings.models import (
    Booking,
    BookingChannel,
    BookingEvent,
    BookingEventKind,
    BookingState,
    DateOption,
    DateOptionKind,
    DateOptionState,
    Format,
    Nation,
    Presentation,
    Presenter,
    Visit,
    VisitLeaflets,
)
from bookings.models.booking import OPEN_BOOKING_STATES
from bookings.text import SummaryRow, summary_row
from core.dates import format_day, format_uk_time
from leaflets.orders.emails import sample_order as an_order
from notifications.registry import Desk, Email
from notifications.samples import NAMES_BY_ADDRESS, PRESENTER_ADDRESS, READER_ADDRESS, SAMPLE_NOW
from professionals.models import Organisation, Person, Profession

# News of a booking that starts this soon after the team's next digest does not wait for it.
DIGEST_BYPASS_WINDOW = timedelta(days=2)


class BookingEmail(Email):
    """About "booking:12". Its subject may name %(reference)s and, if the booking has a time, %(day)s and %(clock)s."""

    desk = Desk.BOOKINGS
    subject_without_time: str | Promise = ""  # for a request without a time, if it differs
    template_without_time = ""
    states: tuple[BookingState, ...] = ()  # the states in which it is due
    version_field = ""  # the field of the booking that must still equal its version
    has_joining_link = False  # for the professional and the presenter; nobody else needs it

    @cached_property
    def booking(self) -> Booking:
        """Raises Booking.DoesNotExist."""
        # The few emails that need its organisation or its visit read it themselves: a join of nine tables takes long to plan.
        return Booking.objects.with_related().with_leaflets().get(pk=self.about_key)

    def is_still_due(self) -> bool:
        if self.booking.state not in self.states:
            return False
        return not self.version_field or getattr(self.booking, self.version_field) == self.notification.version

    def get_subject(self) -> str | Promise:
        return self.subject if self.booking.has_time else self.subject_without_time or self.subject

    def get_template(self) -> str:
        return self.template if self.booking.has_time else self.template_without_time or self.template

    def context(self) -> dict[str, object]:
        booking = self.booking
        start = booking.starts_at
        context: dict[str, object] = {
            "booking": booking,
            "reference": booking.reference,
            "rows": text.booking_facts(booking, with_link=self.has_joining_link),
            "leaflet_rows": text.leaflet_rows_for_host(booking),
            "leaflets_url": f"{settings.SITE_URL}{reverse('leaflets')}" if text.has_missing_leaflets(booking) else "",
            "day": format_day(start) if start else "",
            "clock": format_uk_time(start) if start else "",
            # Nothing that looks like a child's details reaches an email.
            "reason": "" if booking.flagged_child_details else booking.closed_reason,
            "url": f"{settings.SITE_URL}{booking.get_absolute_url()}",
            "in_calendars": self.in_calendars,
        }
        return {**context, "awaits_link": booking.awaits_link} if self.has_joining_link else context

    @cached_property
    def in_calendars(self) -> bool:
        """Whether the reader's calendar has an entry of it, or gets one now. A request has none."""
        return self.booking.state == BookingState.CONFIRMED

    def get_calendar_method(self) -> str:
        return self.calendar_method if self.in_calendars else ""

    def calendar(self, method: str) -> bytes:
        return ical.booking_calendar(self.booking, method, now=self.notification.created_at, to=self.attendee())

    def attendee(self) -> ical.Attendee | None:
        """Whose calendar entry it is; None for the professional's."""
        return None


class TeamEmail(BookingEmail):
    """To staff, with the address of the booking's page on the staff site."""

    def context(self) -> dict[str, object]:
        url = f"{settings.SITE_URL}{reverse('staff:bookings_booking_change', args=[self.booking.pk])}"
        return {**super().context(), "staff_url": url}

    def can_join_digest(self, digest_at: datetime) -> bool:
        """If the presentation begins soon after the team's digest, the email goes at once."""
        starts_at = self.booking.starts_at
        return starts_at is None or starts_at >= digest_at + DIGEST_BYPASS_WINDOW


class PresenterEmail(BookingEmail):
    """To its presenter, as long as it is theirs."""

    def context(self) -> dict[str, object]:
        url = f"{settings.SITE_URL}{reverse('presenter_visit', args=[self.booking.reference])}"
        organisation = self.booking.person.organisation
        host = text.summary_row(_("Organisation"), organisation.name if organisation else "")
        return {**super().context(), "staff_url": url, "day_rows": [host, *presenter_detail_rows(self.booking)]}

    def is_still_due(self) -> bool:
        presenter = self.booking.presenter
        theirs = presenter is not None and presenter.email.lower() == self.notification.recipient.lower()
        return theirs and super().is_still_due()

    def attendee(self) -> ical.Attendee:
        return ical.presenter_attendee(self.booking)


class NewsEmail(BookingEmail):
    """It is confirmed; or still confirmed, with another joining link or presenter; or confirmed after all."""

    calendar_method = "REQUEST"
    has_joining_link = True
    states = (BookingState.CONFIRMED,)
    subject_of_link: str | Promise = ""
    subject_of_presenter: str | Promise = ""
    subject_of_restored: str | Promise = ""

    @cached_property
    def news(self) -> str:
        """LINK_SET, REASSIGNED or RESTORED: the event that was written at the same moment as the message.

        Empty for the first confirmation, also of a request that was changed before it was confirmed.
        """
        if not self.notification.version:
            return ""
        first = self.notification.resend_of or self.notification
        events = BookingEvent.objects.filter(booking=self.about_key, at=first.created_at)
        kinds = (BookingEventKind.LINK_SET, BookingEventKind.REASSIGNED, BookingEventKind.RESTORED)
        news = events.filter(kind__in=kinds).values_list("kind", flat=True)
        return news.first() or ""

    def get_subject(self) -> str | Promise:
        by_news: dict[str, str | Promise] = {
            BookingEventKind.LINK_SET: self.subject_of_link,
            BookingEventKind.REASSIGNED: self.subject_of_presenter,
            BookingEventKind.RESTORED: self.subject_of_restored,
        }
        return by_news.get(self.news) or super().get_subject()

    def context(self) -> dict[str, object]:
        return {**super().context(), "new_link": self.news == BookingEventKind.LINK_SET}


class ClosedEmail(BookingEmail):
    calendar_method = "CANCEL"

    @cached_property
    def in_calendars(self) -> bool:
        """Whether it had been confirmed: a request sent no calendar entry."""
        return self.booking.events.filter(kind=BookingEventKind.CANCELLED, from_state=BookingState.CONFIRMED).exists()


class ChangeEmail(BookingEmail):
    calendar_method = "REQUEST"
    states = OPEN_BOOKING_STATES
    event_kind: BookingEventKind

    @cached_property
    def change(self) -> BookingEvent | None:
        """The event that counted the version of this email."""
        events = BookingEvent.objects.filter(booking=self.about_key, kind=self.event_kind)
        return events.filter(**{f"changes__{self.version_field}": self.notification.version}).first()


class MovedEmail(ChangeEmail):
    """When it was and when it is now."""

    event_kind = BookingEventKind.RESCHEDULED
    version_field = "sequence"

    def context(self) -> dict[str, object]:
        """`before`: 'Tuesday 9 March 2027, 1:30pm', or '' if that is no longer known."""
        moments = text.times_of_move(self.change)
        return {**super().context(), "before": text.moment_text(moments[0]) if moments else ""}


class DetailsEmail(ChangeEmail):
    """The names of the details that changed, and how everything stands now."""

    event_kind = BookingEventKind.DETAILS_CHANGED
    version_field = "revision"

    @cached_property
    def in_calendars(self) -> bool:
        """Whether what changed stands in calendar entries."""
        return self.booking.state == BookingState.CONFIRMED and bool(self.change and self.change.changes.get("in_calendars"))

    def context(self) -> dict[str, object]:
        changed, day_rows = text.event_changes(self.change)["fields"], presenter_detail_rows(self.booking)
        return {**super().context(), "changed": changed, "day_rows": day_rows}


class DatesEmail(BookingEmail):
    """About a request whose dates are still open."""

    @cached_property
    def options(self) -> Sequence[DateOption]:
        options = list(self.booking.options.select_related("presenter"))
        for option in options:
            option.booking = self.booking
        return options

    @cached_property
    def now(self) -> datetime:
        return timezone.now()

    def context(self) -> dict[str, object]:
        url = reverse("booking_answer", args=[self.booking.reference])
        return {**super().context(), "answer_url": f"{settings.SITE_URL}{url}"}


class UndecidedEmail(DatesEmail):
    """While the request waits for staff, and there is nothing that the professional could answer."""

    def is_still_due(self) -> bool:
        return self.booking.state == BookingState.REQUESTED and not self.booking.options.proposed().open().exists()

    @property
    def lapsed_offers(self) -> list[DateOption]:
        return [
            option
            for option in self.options
            if option.kind == DateOptionKind.PROPOSED and option.state == DateOptionState.EXPIRED
        ]

    def lapsed_rows(self, why: Callable[[DateOption, datetime], str]) -> list[SummaryRow]:
        """The times no longer kept, each with the reason: those that we offered, or else the dates that they asked for."""
        asked = text.labelled_dates([option for option in self.options if option.kind == DateOptionKind.PREFERRED])
        offered = [(_("Time %(number)d") % {"number": n}, option) for n, option in enumerate(self.lapsed_offers, start=1)]
        lapsed = offered or [(label, option) for label, option in asked if option.state == DateOptionState.EXPIRED]
        return [summary_row(label, f"{option.when}\n{why(option, self.now)}") for label, option in lapsed]


def presenter_detail_rows(booking: Booking) -> list[SummaryRow]:
    """The rows that say what a visit needs. Free text that was flagged goes into no email (product.md, rule 6)."""
    waiting = booking.presenter.name if booking.presenter and booking.state == BookingState.REQUESTED else ""
    rows = [
        summary_row(_("Kept with"), waiting),
        summary_row(_("People coming"), booking.audience_size),
        summary_row(_("Who is coming"), text.audience_text(booking.audience_profession)),
        summary_row(_("Guests from elsewhere"), booking.seats_taken or ""),
        summary_row(_("Contact on the day"), booking.contact_name),
        summary_row(_("Their phone"), booking.contact_phone, is_phone=True),
        summary_row(_("Leaflets to bring"), text.leaflets_to_bring_text(booking)),
    ]
    return rows if booking.flagged_child_details else [*rows, *text.needs_rows(booking)]


# Bookings made up to show emails: nothing of them is stored.

SAMPLE_START = datetime(2027, 3, 9, 13, 30, tzinfo=UTC)
SAMPLE_LONG_TITLE = (
    "Spotting the signs of child trafficking when a family moves often, and what to write down before the next visit"
)
SAMPLE_LONG_ORGANISATION = (
    "Cambridgeshire and Peterborough Safeguarding Children Partnership, Community Paediatrics and Health Visiting Service"
)
SAMPLE_LONG_EMAIL = "maximiliana.featherstonehaugh-cholmondeley@safeguarding.cambridgeshireandpeterborough.nhs.uk"
SAMPLE_NO_TIME_FIELDS: dict[str, Any] = {"state": BookingState.REQUESTED, "starts_at": None, "ends_at": None, "presenter": None}
SAMPLE_ONLINE_FIELDS: dict[str, Any] = {"format": Format.ONLINE, "room": "", **dict.fromkeys(text.ADDRESS_FIELDS, "")}


def sample_booking(**fields: Any) -> Booking:
    defaults = {
        "pk": 1,
        "reference": "BK-7Q4M-2F",
        "person": sample_person(),
        "presentation": sample_presentation(),
        "presenter": sample_presenter(),
        "state": BookingState.CONFIRMED,
        "format": Format.WORKPLACE,
        "starts_at": SAMPLE_START,
        "ends_at": SAMPLE_START + timedelta(minutes=90),
        "address_line_1": "St James Health Centre",
        "address_line_2": "1 Park Row",
        "town": "Leeds",
        "postcode": "LS1 4AP",
        "room": "Room 2.14. Ring at the side door; parking is behind the building.",
        "audience_size": 24,
        "audience_profession": Profession.HEALTH_VISITOR,
        "contact_name": "Jo Green",
        "contact_phone": "0113 496 0001",
        "access_needs": "One of us uses a wheelchair.",
        "notes": "Half of the team is new to this work.",
        "channel": BookingChannel.WEB,
        "ical_uid": "sample@ctac.example",
        "team_link_generation": 0,  # that of no booking, so that nobody can read how to join the one with this key
        "created_at": SAMPLE_NOW,
    }
    beside = [fields.pop(name) for name in ("visit", "brought") if name in fields]
    made = Booking(**{**defaults, **fields})
    Booking._meta.get_field("brought").set_cached_value(made, None)  # so that nothing is asked of the database
    for there in beside:
        there.booking = made  # this sets booking.visit too
    return made


def sample_brought(**fields: Any) -> VisitLeaflets:
    """The order of a visit's leaflets, with too few copies of one of them."""
    title = "Child trafficking is child abuse"
    order = an_order(visit_reference="BK-7Q4M-2F", **fields)
    return VisitLeaflets(pk=1, order=order, missing=[{"slug": "all-professionals", "title": title, "copies": 5}])


def sample_visit(**fields: Any) -> Visit:
    return Visit(**{"presenter": sample_presenter(), **fields})


def sample_presentation(**fields: Any) -> Presentation:
    defaults = {"slug": "signs", "title": "Spotting the signs of child trafficking", "length_minutes": 90}
    return Presentation(pk=1, **{**defaults, **fields})


def sample_person(**fields: Any) -> Person:
    defaults = {
        "name": NAMES_BY_ADDRESS[READER_ADDRESS],
        "email": READER_ADDRESS,
        "phone": "0113 496 0123",
        "profession": Profession.HEALTH_VISITOR,
        "organisation": Organisation(pk=1, name="Leeds Community Healthcare"),
    }
    return Person(pk=1, **{**defaults, **fields})


def sample_presenter(**fields: Any) -> Presenter:
    defaults = {
        "name": NAMES_BY_ADDRESS[PRESENTER_ADDRESS],
        "email": PRESENTER_ADDRESS,
        "phone": "0113 496 0002",
        "nation": Nation.ENGLAND,
        "joining_link": "https://meet.example/ctac-1",
    }
    return Presenter(pk=1, **{**defaults, **fields})


def sample_long_fields() -> dict[str, Any]:
    """Fields for an example: names, employers and addresses as long as real ones, and a little longer."""
    organisation = Organisation(pk=1, name=SAMPLE_LONG_ORGANISATION)
    name = "Dr Maximiliana Wilhelmina Featherstonehaugh-Cholmondeley"
    return {
        "person": sample_person(
            name=name, email=SAMPLE_LONG_EMAIL, organisation=organisation, profession=Profession.EMERGENCY_CARE
        ),
        "presenter": sample_presenter(name="Oluwaseun Adebayo-Fitzwilliam Okonkwo-Ramsbottom"),
        "presentation": sample_presentation(title=SAMPLE_LONG_TITLE),
        "address_line_1": SAMPLE_LONG_ORGANISATION,
        "address_line_2": "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch House, Unit 14b",
        "contact_name": name,
        "notes": "We would like most of the time for questions. " * 6,
    }
