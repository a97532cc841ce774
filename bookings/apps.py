from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BookingsConfig(AppConfig):
    name = "bookings"
    verbose_name = _("Bookings")

    def ready(self) -> None:
        from accounts.models import User
        from accounts.services import PHONE_COPIES, PhoneCopies
        from bookings import privacy, promises
        from bookings.booking.imports import BOOKING_IMPORT_KIND
        from bookings.booking.services import assign, reschedule, transitions
        from bookings.feedback.services import ATTENDANCE_SOURCES, AttendanceSource
        from bookings.models import Booking, OpenSession, Seat, SessionPlace
        from bookings.models.booking import record_event
        from bookings.open_sessions.queries import place_figures
        from bookings.open_sessions.services import notify as session_events, places, sessions
        from bookings.schedule import queries as schedule_queries
        from bookings.schedule.locks import lock_booking
        from bookings.schedule.services import JOINING_LINK_CHANGED_HANDLERS
        from bookings.seats.queries import guest_professions
        from bookings.seats.services import merge_seats
        from bookings.visits import services as visits
        from core import figures
        from notifications import registry
        from office.closures.services import register_conflict_finder
        from office.site_settings.services import register_promise_check
        from privacy.retention import register_activity, register_rule
        from privacy.services import PrivacySource, register_source
        from professionals.imports.registry import register_import_kind
        from professionals.models import Person
        from professionals.safeguarding.services import register_flagged_sources
        from professionals.services import ROW_MERGES, RowMerge

        for room in ("booking", "seats", "visits", "leave", "open_sessions", "feedback", "presenter"):
            import_module(f"bookings.{room}.emails")  # its classes register themselves
        # Attendance is recorded in the same way for bookings and open sessions.
        ATTENDANCE_SOURCES[Booking] = AttendanceSource(
            lock=lambda booking, now: lock_booking(booking, now=now),
            record=record_event,
            mark_delivered=transitions.mark_delivered,
            professions=lambda booking: [booking.audience_profession, booking.person.profession, *guest_professions(booking)],
        )
        ATTENDANCE_SOURCES[OpenSession] = AttendanceSource(
            lock=lambda session, _now: session_events.lock_session(session),
            record=session_events.record_session_event,
            mark_delivered=sessions.mark_session_delivered,
            professions=lambda session: list(place_figures(session).professions),
        )
        PHONE_COPIES[Person] = PhoneCopies(
            _("Which number should our presenter call on the day?"),
            reschedule.find_contact_phones,
            reschedule.replace_contact_phone,
        )
        PHONE_COPIES[User] = PhoneCopies(
            _("Which number should colleagues call during a visit?"), visits.find_phone_copies, visits.replace_phone_copies
        )
        registry.discard_addresses_of("three-months-on")
        register_conflict_finder(schedule_queries.closure_conflicts)
        ROW_MERGES[SessionPlace] = RowMerge(places.merge_places, places.lock_sessions_of)
        ROW_MERGES[Seat] = RowMerge(merge_seats)
        JOINING_LINK_CHANGED_HANDLERS.extend([assign.notify_bookings_of_link_change, sessions.notify_sessions_of_link_change])
        register_flagged_sources(*privacy.FLAGGED_SOURCES)
        registry.OWNER_FINDERS.append(schedule_queries.presenters_at_address)
        registry.NAME_FINDERS.append(schedule_queries.presenter_names)
        # Erasing takes them from the last to the first, so that bookings, whose presenters are locked before any session, come
        # first.
        register_source(
            PrivacySource("open_sessions", privacy.export_places, privacy.erase_places, privacy.upcoming_places_notice)
        )
        register_source(PrivacySource("asked_again", privacy.export_three_months_on, privacy.erase_three_months_on))
        register_source(PrivacySource("seats", privacy.export_seats, privacy.erase_seats, privacy.upcoming_seats_notice))
        register_source(PrivacySource("bookings_given_away", privacy.export_transferred, privacy.erase_transferred))
        register_source(
            PrivacySource("bookings", privacy.export_bookings, privacy.erase_bookings, privacy.upcoming_bookings_notice)
        )
        for rule in privacy.RETENTION_RULES:
            register_rule(rule)
        for activity in privacy.ACTIVITIES:
            register_activity(activity)
        for promise in promises.PROMISES:
            register_promise_check(promise.field, promise)
        register_import_kind(BOOKING_IMPORT_KIND)
        figures.register(lambda now: figures.recent_figure("ctac_recent_bookings", "Bookings made", Booking.objects, now))
