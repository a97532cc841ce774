"""The kinds of email about a booking: how each is built when it is sent, and whether it should still go then."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings import rules
from bookings.booking.emails import messages
from bookings.booking.limits import may_still_change
from bookings.booking.services.links import make_booking_links
from bookings.booking.services.notify import gets_reminders, reminder_moment, reminder_version
from bookings.booking.services.request import ESCALATION_KIND as NAME
from bookings.booking.services.request import anything_waits, waiting_too_long, with_waiting_since
from bookings.emails import booking_of
from bookings.models import Booking, BookingEvent, DateOption, EventKind, LinkPurpose, OptionKind, State
from bookings.text import Row, row
from ctac.dates import format_day
from leaflets.models import Order
from notifications.models import Notification
from notifications.registry import Kind, Message, Topic
from notifications.samples import Example


def build_confirmed(notification: Notification) -> Message:
    booking, why = booking_of(notification), reason_of(notification)
    new = {"new_link": why == EventKind.LINK_SET, "new_presenter": why == EventKind.REASSIGNED}
    reminds = gets_reminders(booking.person)
    return messages.confirmed(booking, now=notification.created_at, reminds=reminds, links=links_for(booking), **new)


def build_reminder(notification: Notification, *, early: bool) -> Message:
    booking = booking_of(notification)
    return messages.reminder(booking, links=links_for(booking), early=early)


def build_presenter_week_reminder(notification: Notification) -> Message:
    return messages.presenter_reminder(booking_of(notification), early=True)


def build_cancelled(notification: Notification) -> Message:
    booking = booking_of(notification)
    return messages.cancelled(booking, now=notification.created_at, in_calendars=was_in_calendars(booking))


def build_for_presenter(notification: Notification) -> Message:
    new_link = reason_of(notification) == EventKind.LINK_SET
    return messages.for_presenter(booking_of(notification), now=notification.created_at, new_link=new_link)


def reason_of(notification: Notification) -> str:
    """LINK_SET or REASSIGNED, written at the same moment as the message: what is confirmed was so before, and this is new.

    Empty for the first confirmation, also of a request that was changed before it was confirmed.
    """
    if not notification.version:
        return ""
    first = notification.resend_of or notification
    told = BookingEvent.objects.filter(booking=int(notification.about.partition(":")[2]), at=first.created_at)
    kinds = told.filter(kind__in=(EventKind.LINK_SET, EventKind.REASSIGNED)).values_list("kind", flat=True)
    return kinds.first() or ""


def build_closed_for_presenter(notification: Notification) -> Message:
    booking = booking_of(notification)
    return messages.closed_for_presenter(booking, now=notification.created_at, in_calendars=was_in_calendars(booking))


def was_in_calendars(booking: Booking) -> bool:
    """Of one that is closed: whether it had been confirmed, so that calendars have an entry of it."""
    return booking.events.filter(kind=EventKind.CANCELLED, from_state=State.CONFIRMED).exists()


def build_freed(notification: Notification) -> Message:
    booking, change = booking_of(notification), change_of(notification, EventKind.RESCHEDULED, "sequence")
    return messages.freed_for_presenter(
        messages.as_it_was(booking, change),
        now=notification.created_at,
        to=notification.recipient,
        sequence=notification.version,
        in_calendars=booking.state != State.REQUESTED,
    )


def build_rescheduled(notification: Notification) -> Message:
    booking, change = booking_of(notification), change_of(notification, EventKind.RESCHEDULED, "sequence")
    return messages.rescheduled(booking, change, now=notification.created_at, links=links_for(booking))


def build_rescheduled_for_presenter(notification: Notification) -> Message:
    booking, change = booking_of(notification), change_of(notification, EventKind.RESCHEDULED, "sequence")
    return messages.rescheduled_for_presenter(booking, change, now=notification.created_at)


def build_rescheduled_for_team(notification: Notification) -> Message:
    return messages.rescheduled_for_team(booking_of(notification), change_of(notification, EventKind.RESCHEDULED, "sequence"))


def build_changed(notification: Notification) -> Message:
    booking, change = booking_of(notification), change_of(notification, EventKind.DETAILS_CHANGED, "revision")
    in_calendars = changes_calendars(booking, change)
    return messages.details_changed(
        booking, change, now=notification.created_at, in_calendars=in_calendars, links=links_for(booking)
    )


def build_changed_for_presenter(notification: Notification) -> Message:
    booking, change = booking_of(notification), change_of(notification, EventKind.DETAILS_CHANGED, "revision")
    in_calendars = changes_calendars(booking, change)
    return messages.details_changed_for_presenter(booking, change, now=notification.created_at, in_calendars=in_calendars)


def build_changed_for_team(notification: Notification) -> Message:
    return messages.details_changed_for_team(
        booking_of(notification), change_of(notification, EventKind.DETAILS_CHANGED, "revision")
    )


def change_of(notification: Notification, kind: EventKind, counted_by: str) -> BookingEvent | None:
    """The event that this message tells of: its version is what the event counted."""
    events = BookingEvent.objects.filter(booking=int(notification.about.partition(":")[2]), kind=kind)
    return events.filter(**{f"changes__{counted_by}": notification.version}).first()


def changes_calendars(booking: Booking, change: BookingEvent | None) -> bool:
    return booking.state == State.CONFIRMED and bool(change and change.changes.get("in_calendars"))


def links_for(booking: Booking) -> dict[str, str]:
    """Addresses that work without signing in, made anew whenever the message is written; only what can still be done."""
    now = timezone.now()
    if booking.starts_at is not None and booking.starts_at <= now:
        return {}  # it was sent late, and there is nothing left to change
    purposes = [LinkPurpose.CHANGE] if booking.has_time and may_still_change(booking, now) else []
    tokens = make_booking_links(booking=booking, address=booking.person.email, purposes=[*purposes, LinkPurpose.CANCEL], now=now)
    return {purpose: f"{settings.SITE_URL}{reverse(LINK_PAGES[purpose], args=[token])}" for purpose, token in tokens.items()}


def dates_of(booking: Booking) -> list[DateOption]:
    options = list(booking.options.select_related("presenter"))
    for option in options:
        option.booking = booking
    return options


def build_requested(notification: Notification) -> Message:
    booking = booking_of(notification)
    if booking.has_time:
        return messages.slot_requested(booking)
    return messages.dates_requested(booking, dates_of(booking), now=timezone.now())


def build_new_for_team(notification: Notification) -> Message:
    booking = booking_of(notification)
    if booking.has_time:
        return messages.new_booking_for_team(booking)
    return messages.new_request_for_team(booking, dates_of(booking), now=timezone.now())


def build_offered(notification: Notification) -> Message:
    booking = booking_of(notification)
    return messages.times_offered(booking, dates_of(booking))


def build_lapsed(notification: Notification) -> Message:
    booking = booking_of(notification)
    return messages.dates_lapsed(booking, dates_of(booking), now=timezone.now())


def build_lapsed_for_team(notification: Notification) -> Message:
    booking = booking_of(notification)
    return messages.dates_lapsed_for_team(booking, dates_of(booking), now=timezone.now())


def build_others_asked(notification: Notification) -> Message:
    booking = booking_of(notification)
    asked = booking.events.filter(kind=EventKind.OTHERS_ASKED).last()
    return messages.others_asked(booking, asked.reason if asked else "")


def message_of_booking(words: Callable[[Booking], Message]) -> Callable[[Notification], Message]:
    return lambda notification: words(booking_of(notification))


DueCheck = Callable[[Booking, Notification], bool]


def is_still_due(check: DueCheck) -> Callable[[Notification], bool]:
    return lambda notification: check(booking_of(notification), notification)


def is_confirmed_as_told(booking: Booking, notification: Notification) -> bool:
    """Confirmed and not changed since this was written. It stands also while it needs another presenter."""
    return booking.state == State.CONFIRMED and booking.sequence == notification.version


def reminds_of(booking: Booking, notification: Notification, *, early: bool) -> bool:
    """To come, on the day of which this reminds, and somebody comes: a reminder without a presenter would be no help."""
    if booking.state != State.CONFIRMED or booking.presenter_id is None or booking.agreed[0] <= timezone.now():
        return False
    return reminder_version(reminder_moment(booking, early=early)) == notification.version


def reminds_of_theirs(booking: Booking, notification: Notification, *, early: bool) -> bool:
    return reminds_of(booking, notification, early=early) and is_theirs(booking, notification)


def is_open(booking: Booking, notification: Notification) -> bool:
    return booking.is_open


def is_at_that_time(booking: Booking, notification: Notification) -> bool:
    """Open, and its calendar entry has not changed again since this was written."""
    return booking.is_open and booking.sequence == notification.version


def offer_stands(booking: Booking, notification: Notification) -> bool:
    """Requested, and what was offered (the newest of it is the version) is still open."""
    offered = booking.options.open().filter(kind=OptionKind.PROPOSED, pk=notification.version)
    return booking.state == State.REQUESTED and offered.exists()


def waits_for_us(booking: Booking, notification: Notification) -> bool:
    """Requested, and nothing that the professional could still answer."""
    offered = booking.options.open().filter(kind=OptionKind.PROPOSED)
    return booking.state == State.REQUESTED and not offered.exists()


def is_at_that_time_and_theirs(booking: Booking, notification: Notification) -> bool:
    return is_at_that_time(booking, notification) and is_theirs(booking, notification)


def has_those_details(booking: Booking, notification: Notification) -> bool:
    return booking.is_open and booking.revision == notification.version


def has_those_details_and_theirs(booking: Booking, notification: Notification) -> bool:
    return has_those_details(booking, notification) and is_theirs(booking, notification)


def is_theirs(booking: Booking, notification: Notification) -> bool:
    return booking.presenter is not None and booking.presenter.email.lower() == notification.recipient.lower()


def in_state(*states: State) -> DueCheck:
    return lambda booking, notification: booking.state in states


def theirs_in_state(*states: State) -> DueCheck:
    """For a presenter who still has it."""
    return lambda booking, notification: booking.state in states and is_theirs(booking, notification)


def is_not_soon(notification: Notification, digest_at: datetime) -> bool:
    """What happens to a presentation that would begin soon after the team's digest is told at once."""
    soon = digest_at + rules.DIGEST_BYPASS_WINDOW
    return not Booking.objects.filter(pk=int(notification.about.partition(":")[2]), starts_at__lt=soon).exists()


LINK_PAGES: dict[str, str] = {LinkPurpose.CHANGE: "link_booking", LinkPurpose.CANCEL: "link_cancel"}
BOOKING_KINDS = (
    Kind("booking-confirmed", gettext_lazy("Booking confirmed"), build_confirmed, is_still_due(is_confirmed_as_told)),
    Kind("booking-requested", gettext_lazy("Booking requested"), build_requested, is_still_due(in_state(State.REQUESTED))),
    Kind("booking-offered", gettext_lazy("Times offered"), build_offered, is_still_due(offer_stands)),
    Kind("booking-dates-lapsed", gettext_lazy("Dates no longer kept"), build_lapsed, is_still_due(waits_for_us)),
    Kind(
        "booking-declined",
        gettext_lazy("Booking declined"),
        message_of_booking(messages.declined),
        is_still_due(in_state(State.DECLINED)),
    ),
    Kind("booking-cancelled", gettext_lazy("Booking cancelled"), build_cancelled, is_still_due(in_state(State.CANCELLED))),
    Kind(
        "booking-reminder-week",
        gettext_lazy("Reminder a week before"),
        partial(build_reminder, early=True),
        is_still_due(partial(reminds_of, early=True)),
        topic=Topic.REMINDERS,
        can_wait=True,
    ),
    Kind(
        "booking-reminder",
        gettext_lazy("Booking reminder"),
        partial(build_reminder, early=False),
        is_still_due(partial(reminds_of, early=False)),
        topic=Topic.REMINDERS,
        can_wait=True,
    ),
    Kind(
        "staff-new-booking",
        gettext_lazy("To staff: new booking"),
        build_new_for_team,
        is_still_due(is_open),
        in_digest=is_not_soon,
    ),
    Kind(
        "staff-booking-cancelled",
        gettext_lazy("To staff: cancelled"),
        message_of_booking(messages.closed_for_team),
        is_still_due(in_state(State.CANCELLED, State.DECLINED)),
        in_digest=is_not_soon,
    ),
    Kind(
        "staff-needs-presenter",
        gettext_lazy("To staff: needs a presenter"),
        message_of_booking(messages.needs_presenter),
        is_still_due(lambda booking, notification: booking.needs_a_presenter),
    ),
    Kind(
        "staff-time-taken",
        gettext_lazy("To staff: offered time taken"),
        message_of_booking(messages.time_taken),
        is_still_due(in_state(State.CONFIRMED)),
        in_digest=is_not_soon,
    ),
    Kind(
        "staff-others-asked",
        gettext_lazy("To staff: other times asked for"),
        build_others_asked,
        is_still_due(waits_for_us),
        in_digest=is_not_soon,
    ),
    Kind(
        "staff-dates-lapsed",
        gettext_lazy("To staff: dates lapsed"),
        build_lapsed_for_team,
        is_still_due(waits_for_us),
        in_digest=is_not_soon,
    ),
    Kind(
        "presenter-kept",
        gettext_lazy("To the presenter: time kept"),
        build_for_presenter,
        is_still_due(theirs_in_state(State.REQUESTED)),
    ),
    Kind(
        "presenter-booked",
        gettext_lazy("To the presenter: booked"),
        build_for_presenter,
        is_still_due(theirs_in_state(State.CONFIRMED)),
    ),
    Kind(
        "presenter-reminder-week",
        gettext_lazy("To the presenter: a week before"),
        build_presenter_week_reminder,
        is_still_due(partial(reminds_of_theirs, early=True)),
        can_wait=True,
    ),
    Kind(
        "presenter-reminder",
        gettext_lazy("To the presenter: the day before"),
        message_of_booking(messages.presenter_reminder),
        is_still_due(partial(reminds_of_theirs, early=False)),
        can_wait=True,
    ),
    Kind(
        "presenter-cancelled",
        gettext_lazy("To the presenter: cancelled"),
        build_closed_for_presenter,
        is_still_due(theirs_in_state(State.CANCELLED, State.DECLINED)),
    ),
    Kind(
        "presenter-freed",
        gettext_lazy("To the presenter: no longer theirs"),
        build_freed,
        is_still_due(lambda booking, notification: not is_theirs(booking, notification)),
    ),
    Kind("booking-moved", gettext_lazy("Booking moved"), build_rescheduled, is_still_due(is_at_that_time)),
    Kind("booking-changed", gettext_lazy("Booking changed"), build_changed, is_still_due(has_those_details)),
    Kind(
        "staff-booking-moved",
        gettext_lazy("To staff: moved"),
        build_rescheduled_for_team,
        is_still_due(is_at_that_time),
        in_digest=is_not_soon,
    ),
    Kind(
        "staff-booking-changed",
        gettext_lazy("To staff: changed"),
        build_changed_for_team,
        is_still_due(has_those_details),
        in_digest=is_not_soon,
    ),
    Kind(
        "presenter-moved",
        gettext_lazy("To the presenter: moved"),
        build_rescheduled_for_presenter,
        is_still_due(is_at_that_time_and_theirs),
    ),
    Kind(
        "presenter-changed",
        gettext_lazy("To the presenter: changed"),
        build_changed_for_presenter,
        is_still_due(has_those_details_and_theirs),
    ),
)


# The emails about a booking that a colleague takes over: to who had it, and to who has it now.


def build_given_away(notification: Notification) -> Message:
    booking = booking_of(notification)
    return messages.given_away(booking, now=notification.created_at, to=notification.recipient)


def build_taken_over(notification: Notification) -> Message:
    booking = booking_of(notification)
    return messages.taken_over(booking, now=notification.created_at, links=links_for(booking))


def is_its_owners(notification: Notification) -> bool:
    return booking_of(notification).person.email.lower() == notification.recipient.lower()


def belongs_to_other(notification: Notification) -> bool:
    """Also of one that was cancelled meanwhile: of that its new owner is told, so this strikes the entry out."""
    return not is_its_owners(notification)


def is_taken_over(notification: Notification) -> bool:
    return booking_of(notification).is_open and is_its_owners(notification)


TRANSFER_KINDS = (
    Kind("booking-given-away", gettext_lazy("Booking taken over by a colleague"), build_given_away, belongs_to_other),
    Kind("booking-taken-over", gettext_lazy("Booking of a colleague taken over"), build_taken_over, is_taken_over),
)


# The email to the manager about requests that wait too long for our answer.

# As many as can be read; the list of the staff site has them all.
MOST_LISTED = 30


def where_they_wait(bookings: int, orders: int) -> str:
    """The list of the staff site that has all of them: of one sort its own, of both the first page, which leads to either."""
    if bookings and orders:
        return f"{settings.SITE_URL}{reverse('staff:index')}"
    name = "leaflets_order" if orders else "bookings_booking"
    return f"{settings.SITE_URL}{reverse(f'staff:{name}_changelist')}?waits=long"


def waiting_message(rows: Sequence[Row], bookings: int, orders: int) -> Message:
    count = bookings + orders
    one, many = (
        _("%(count)d request has waited too long for our answer"),
        _("%(count)d requests have waited too long for our answer"),
    )
    context: dict[str, object] = {"facts": rows, "more": count - len(rows), "url": where_they_wait(bookings, orders)}
    return Message((one if count == 1 else many) % {"count": count}, "manager_requests_waiting", context)


def waiting_row(reference: str, title: str, since: datetime) -> Row:
    return row(reference, _("%(title)s\nWaiting for us since %(day)s") % {"title": title, "day": format_day(since)})


def of_leaflets() -> str:
    return _("A request for leaflets")


def build_escalation(notification: Notification) -> Message:
    now = timezone.now()
    bookings = with_waiting_since(waiting_too_long(Booking.objects.with_names(), now))
    orders = Order.objects.asked_too_long_ago(now).order_by("created_at", "pk")
    rows = [waiting_row(each.reference, each.presentation.title, each.waits_since) for each in bookings[:MOST_LISTED]]
    rows += [waiting_row(each.reference, of_leaflets(), each.created_at) for each in orders[: MOST_LISTED - len(rows)]]
    return waiting_message(rows, bookings.count(), orders.count())


def still_waits(notification: Notification) -> bool:
    return anything_waits(timezone.now())


ESCALATION_KINDS = (Kind(NAME, gettext_lazy("To the manager: requests wait"), build_escalation, still_waits),)


# For the styleguide


def escalation_examples() -> Iterator[Example]:
    kind, since = ESCALATION_KINDS[0], datetime(2027, 2, 22, 10, tzinfo=UTC)
    title = "Spotting the signs of child trafficking"
    first, second = waiting_row("BK-7Q4M-2F", title, since), waiting_row("LO-3XK9-PT", of_leaflets(), since)
    yield Example(kind.name, kind.label, lambda: waiting_message([first, second], 1, 1))
    many = _("%(label)s, very many") % {"label": kind.label}
    yield Example(kind.name, many, lambda: waiting_message([first] * MOST_LISTED, MOST_LISTED + 12, 0))
