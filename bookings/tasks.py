"""The tasks of the worker: each loads by id and calls one service."""

import logging

from celery import shared_task
from django.utils import timezone

from bookings.booking.services.decide import bookings_with_lapsed_dates, lapse_booking_dates
from bookings.booking.services.request import escalate_overdue_requests
from bookings.booking.services.transitions import remind_of_bookings
from bookings.errors import TransitionNotAllowed
from bookings.feedback.services import (
    attendances_to_deliver,
    mark_counted_delivered,
    send_three_months_questions,
    send_year_later_reminders,
)
from bookings.models import Booking
from bookings.open_sessions.services.notify import remind_of_sessions, warn_of_sessions
from bookings.open_sessions.services.places import lapse_offers
from bookings.presenter.services import send_agendas, warn_of_checks
from bookings.schedule.holds import lapse_held_times, presenters_with_stale_held_times
from bookings.seats.services import decline_unanswered
from bookings.visits import services as visits_services
from core import health
from core.models import statement_timeout
from professionals.models import NameWord

logger = logging.getLogger(__name__)


@shared_task(name="bookings.tasks.watch")
def watch() -> None:
    """Alert staff. A failure with one booking does not stop the next alert, but then the round does not count as good."""
    now, failures = timezone.now(), 0
    for key in visits_services.bookings_to_alert(now=now):
        try:
            visits_services.alert_staff(key=key, now=now)
        except Exception as error:  # noqa: BLE001 - tried again in two minutes; the staff page shows it meanwhile
            failures += 1
            logger.error("Booking %s could not be told of: %s", key, type(error).__name__)
    if not failures:
        health.record_visit_watch()


@shared_task(name="bookings.tasks.send_agendas_of_today")
def send_agendas_of_today() -> None:
    """From 7 in the morning; also tells who must renew a check. Twice does no harm: each is written once."""
    now = timezone.now()
    send_agendas(now=now)
    warn_of_checks(now=now)


@shared_task(name="bookings.tasks.escalate_requests")
def escalate_requests() -> None:
    """On working days from 9. Running twice does no harm: the manager gets one email a day at most."""
    escalate_overdue_requests(now=timezone.now())


@shared_task(name="bookings.tasks.lapse_dates")
def lapse_dates() -> None:
    """Lapse dates that nobody answered in time, and times held for an area. Runs every minute; twice does no harm."""
    now = timezone.now()
    for booking in bookings_with_lapsed_dates(now):
        try:
            lapse_booking_dates(booking=booking, now=now)
        except TransitionNotAllowed:  # another worker was quicker: two beats may run
            continue
        except Exception as error:  # noqa: BLE001 - tried again in a minute; what has lapsed can't be taken meanwhile
            logger.error("The dates of %s could not lapse: %s", booking.reference, type(error).__name__)
    for presenter in sorted(presenters_with_stale_held_times(now)):
        try:
            lapse_held_times(presenter, now=now)
        except Exception as error:  # noqa: BLE001 - tried again in a minute; what has lapsed is nobody's meanwhile
            logger.error("What is held of presenter %d could not lapse: %s", presenter, type(error).__name__)


@shared_task(name="bookings.tasks.expire_place_offers")
def expire_place_offers() -> None:
    """End offers of places that nobody accepted in time; the next in line get them. Runs every minute; twice does no harm."""
    lapse_offers(now=timezone.now())


@shared_task(name="bookings.tasks.deliver_what_was_counted")
def deliver_what_was_counted() -> None:
    """Mark presentations as delivered whose attendance was recorded before they were over. Running twice does no harm."""
    now = timezone.now()
    for attendance in attendances_to_deliver(now):
        try:
            mark_counted_delivered(attendance=attendance, now=now)
        except Exception as error:  # noqa: BLE001 - tried again in five minutes; staff can mark it too
            logger.error("%s could not be marked as delivered: %s", attendance.given.reference, type(error).__name__)


@shared_task(name="bookings.tasks.remind_a_year_later")
def remind_a_year_later() -> None:
    """Running twice does no harm: each is sent once."""
    send_year_later_reminders(now=timezone.now())


@shared_task(name="bookings.tasks.ask_three_months_on")
def ask_three_months_on() -> None:
    """Running twice does no harm: each is sent once."""
    send_three_months_questions(now=timezone.now())


@shared_task(name="bookings.tasks.remind_of_their_bookings")
def remind_of_their_bookings() -> None:
    """Write reminders that are due, and decline seats that no host has answered. Runs every five minutes; twice does no harm."""
    now = timezone.now()
    remind_of_bookings(now=now)
    decline_unanswered(now=now)


@shared_task(name="bookings.tasks.remind_of_open_sessions")
def remind_of_open_sessions() -> None:
    """Reminders that have fallen due. Runs every five minutes; twice does no harm, and late is better than not at all."""
    remind_of_sessions(now=timezone.now())


@shared_task(name="bookings.tasks.warn_of_unsure_sessions")
def warn_of_unsure_sessions() -> None:
    """About open sessions that are soon and have no presenter. Runs every five minutes; twice does no harm: each is sent once."""
    warn_of_sessions(now=timezone.now())


@shared_task(name="bookings.tasks.keep_street_words")
def keep_street_words() -> None:
    """Keep the words of addresses for the staff's search. Runs nightly; twice does no harm."""
    with statement_timeout("10min"):
        NameWord.objects.sync_words(Booking.objects.all(), "address_line_1", "address_line_2", "town")
