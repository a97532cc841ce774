from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BookingsConfig(AppConfig):
    name = "bookings"
    verbose_name = _("Bookings")

    def ready(self) -> None:
        from bookings import privacy, promises
        from bookings.booking.imports import BOOKINGS
        from bookings.booking.services import assign
        from bookings.models import Booking, Seat, SessionPlace
        from bookings.open_sessions.services import places
        from bookings.open_sessions.services import sessions as session_joining
        from bookings.schedule import queries as schedule_queries
        from bookings.schedule import services as schedule_services
        from bookings.seats.services import join_seats
        from ctac.monitoring import figures
        from notifications import registry
        from office.closures.services import register_conflicts
        from office.services import add_promise
        from privacy.services import PrivacySource, register_source
        from professionals import services as professionals_services
        from professionals.imports.registry import register_import_kind
        from professionals.safeguarding import services as texts

        for room in ("booking", "seats", "visits", "leave", "open_sessions", "feedback", "presenter"):
            import_module(f"bookings.{room}.emails")  # its classes register themselves
        registry.forget_addresses_of("three-months-on")
        register_conflicts(schedule_queries.given_on)
        professionals_services.ROW_MERGES[SessionPlace] = professionals_services.RowMerge(
            places.join_places, places.lock_sessions_of
        )
        professionals_services.ROW_MERGES[Seat] = professionals_services.RowMerge(join_seats)
        schedule_services.JOINING_LINK_CHANGED += [
            assign.presenter_link_changed,
            session_joining.presenters_link_changed_for_sessions,
        ]
        texts.register_flagged_sources(*privacy.FLAGGED_SOURCES)
        registry.OWNER_FINDERS.append(schedule_queries.presenters_at_address)
        registry.NAME_FINDERS.append(schedule_queries.presenter_names)
        # Who erases takes them from the last on: bookings, whose presenters are locked before any session.
        register_source(PrivacySource("open_sessions", privacy.export_places, privacy.erase_places, privacy.places_ahead))
        register_source(PrivacySource("asked_again", privacy.export_three_months_on, privacy.erase_three_months_on))
        register_source(PrivacySource("seats", privacy.export_seats, privacy.erase_seats, privacy.seats_ahead))
        register_source(PrivacySource("bookings_given_away", privacy.export_transferred, privacy.erase_transferred))
        register_source(PrivacySource("bookings", privacy.export_bookings, privacy.erase_bookings, privacy.bookings_ahead))
        register_attendance()
        register_retention()
        for promise in promises.PROMISES:
            add_promise(promise.field, promise)
        register_import_kind(BOOKINGS)
        figures.register(lambda now: figures.recent("ctac_recent_bookings", "Bookings made", Booking.objects, now))


def register_attendance() -> None:
    """Of bookings and open sessions, how many came is recorded in the same way."""
    from bookings.booking.services import transitions
    from bookings.feedback import services as feedback_services
    from bookings.models import Booking, OpenSession
    from bookings.models.booking import record_event
    from bookings.open_sessions.queries import place_figures
    from bookings.open_sessions.services import notify as session_base
    from bookings.open_sessions.services import notify as session_locking
    from bookings.open_sessions.services import sessions as session_services
    from bookings.schedule import locks
    from bookings.seats.queries import guest_professions

    feedback_services.ATTENDANCE_SOURCES[Booking] = feedback_services.AttendanceSource(
        lock=lambda booking, now: locks.lock_booking(booking, now=now),
        record=record_event,
        mark_delivered=lambda booking, **how: transitions.mark_delivered(booking=booking, **how),
        professions=lambda booking: [booking.audience_profession, booking.person.profession, *guest_professions(booking)],
    )
    feedback_services.ATTENDANCE_SOURCES[OpenSession] = feedback_services.AttendanceSource(
        lock=lambda session, _now: session_locking.lock_session(session),
        record=session_base.record_session_event,
        mark_delivered=lambda session, **how: session_services.mark_session_delivered(session=session, **how),
        professions=lambda session: list(place_figures(session).professions),
    )


def register_retention() -> None:
    """For how long bookings and what belongs to them keep what is personal."""
    from bookings import privacy
    from privacy.retention import register_activity, register_rule

    for rule in privacy.RETENTION_RULES:
        register_rule(rule)
    for activity in privacy.ACTIVITIES:
        register_activity(activity)
