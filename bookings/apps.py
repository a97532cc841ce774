from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BookingsConfig(AppConfig):
    name = "bookings"
    verbose_name = _("Bookings")

    def ready(self) -> None:
        from bookings import privacy
        from bookings.booking.services import assign
        from bookings.open_sessions.services import sessions as session_joining
        from bookings.schedule import queries as schedule_queries
        from bookings.schedule import services as schedule_services
        from notifications import registry
        from privacy.services import PrivacySource, register_source
        from professionals.safeguarding import services as texts

        register_emails()
        schedule_services.JOINING_LINK_CHANGED += [
            assign.presenter_link_changed,
            session_joining.presenters_link_changed_for_sessions,
        ]
        texts.register_flagged_sources(*privacy.FLAGGED_SOURCES)
        registry.register_owners(schedule_queries.presenters_at_address)
        # Who erases takes them from the last on: bookings, whose presenters are locked before any session.
        register_source(PrivacySource("open_sessions", privacy.export_places, privacy.erase_places, privacy.places_ahead))
        register_source(PrivacySource("bookings_given_away", privacy.export_transferred, privacy.erase_transferred))
        register_source(PrivacySource("bookings", privacy.export_bookings, privacy.erase_bookings, privacy.bookings_ahead))
        register_attendance()
        register_retention()


def register_emails() -> None:
    """Each kind of email, and what the styleguide shows of it."""
    from bookings.booking.emails import kinds as booking_emails
    from bookings.feedback import emails as feedback_emails
    from bookings.leave import emails as leave_emails
    from bookings.open_sessions.emails import places as place_emails
    from bookings.open_sessions.emails import presenters as session_presenter_emails
    from bookings.presenter import emails as presenter_emails
    from bookings.visits import emails as visits_emails
    from notifications import registry, samples
    from notifications.registry import Desk

    kinds = [
        *booking_emails.BOOKING_KINDS,
        *booking_emails.TRANSFER_KINDS,
        *visits_emails.KINDS,
        *leave_emails.KINDS,
        *place_emails.PLACE_KINDS,
        *session_presenter_emails.PRESENTER_KINDS,
        *session_presenter_emails.TEAM_KINDS,
        *place_emails.REMINDER_KINDS,
        *place_emails.INVITATION_KINDS,
        *feedback_emails.KINDS,
        *presenter_emails.KINDS,
        *booking_emails.ESCALATION_KINDS,
    ]
    for kind in kinds:
        registry.register(kind, Desk.BOOKINGS)
    samples.register("bookings.booking.emails.samples.examples")
    samples.register("bookings.visits.emails.examples")
    samples.register("bookings.leave.emails.examples")
    samples.register("bookings.feedback.emails.examples")
    samples.register("bookings.open_sessions.emails.places.place_examples")
    samples.register("bookings.open_sessions.emails.presenters.presenter_examples")
    samples.register("bookings.open_sessions.emails.presenters.team_examples")
    samples.register("bookings.open_sessions.emails.places.reminder_examples")
    samples.register("bookings.open_sessions.emails.places.invitation_examples")
    samples.register("bookings.presenter.emails.examples")
    samples.register("bookings.booking.emails.kinds.escalation_examples")


def register_attendance() -> None:
    """Of bookings and open sessions, how many came is recorded in the same way."""
    from functools import partial

    from bookings.booking.services import transitions
    from bookings.feedback import services as feedback_services
    from bookings.models import Booking, EventKind, OpenSession, SessionEventKind
    from bookings.models.booking import record_event
    from bookings.open_sessions.queries import place_figures
    from bookings.open_sessions.services import base as session_base
    from bookings.open_sessions.services import base as session_locking
    from bookings.open_sessions.services import sessions as session_services
    from bookings.schedule import locks

    feedback_services.ATTENDANCE_SOURCES[Booking] = feedback_services.AttendanceSource(
        lock=lambda booking, now: locks.lock_booking(booking, now=now),
        record=partial(record_event, kind=EventKind.ATTENDANCE),
        mark_delivered=lambda booking, **how: transitions.mark_delivered(booking=booking, **how),
        professions=lambda booking: [booking.audience_profession, booking.person.profession],
    )
    feedback_services.ATTENDANCE_SOURCES[OpenSession] = feedback_services.AttendanceSource(
        lock=lambda session, _now: session_locking.lock_session(session),
        record=partial(session_base.record_session_event, kind=SessionEventKind.ATTENDANCE),
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
