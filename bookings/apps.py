from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BookingsConfig(AppConfig):
    name = "bookings"
    verbose_name = _("Bookings")

    def ready(self) -> None:
        from bookings import (
            flagged,
            handed_over_privacy,
            privacy,
            session_privacy,
            whose_address,
        )
        from bookings.services import joining, presenters
        from bookings.services.sessions import joining as session_joining
        from notifications import owners
        from professionals import flagged as texts
        from professionals.privacy import PrivacySource, register

        register_emails()
        presenters.LINK_CHANGED += [joining.presenters_link_changed, session_joining.presenters_link_changed_for_sessions]
        texts.register(*flagged.SOURCES)
        owners.register(whose_address.presenters_at)
        # Who erases takes them from the last on: bookings, whose presenters are locked before any session.
        register(PrivacySource("open_sessions", session_privacy.export, session_privacy.erase, session_privacy.ahead))
        register(PrivacySource("bookings_given_away", handed_over_privacy.export, handed_over_privacy.erase))
        register(PrivacySource("bookings", privacy.export, privacy.erase, privacy.ahead))
        register_attendance()
        register_retention()


def register_emails() -> None:
    """Each kind of email, and what the styleguide shows of it."""
    from bookings import (
        after_mail,
        agenda_mail,
        alerts,
        escalation_mail,
        handing_over_mail,
        leave_mail,
        mail,
        session_invitations,
        session_mail,
        session_presenter_mail,
        session_reminders,
        session_staff_mail,
    )
    from notifications import registry, samples
    from notifications.senders import Desk

    kinds = [
        *mail.KINDS,
        *handing_over_mail.KINDS,
        *alerts.KINDS,
        *leave_mail.KINDS,
        *session_mail.KINDS,
        *session_presenter_mail.KINDS,
        *session_staff_mail.KINDS,
        *session_reminders.KINDS,
        *session_invitations.KINDS,
        *after_mail.KINDS,
        *agenda_mail.KINDS,
        *escalation_mail.KINDS,
    ]
    for kind in kinds:
        registry.register(kind, Desk.BOOKINGS)
    samples.register("bookings.mail_samples.examples")
    samples.register("bookings.alert_samples.examples")
    samples.register("bookings.leave_mail_samples.examples")
    samples.register("bookings.after_mail_samples.examples")
    samples.register("bookings.session_mail_samples.examples")
    samples.register("bookings.session_presenter_mail.examples")
    samples.register("bookings.session_staff_mail.examples")
    samples.register("bookings.session_reminders.examples")
    samples.register("bookings.session_invitations.examples")
    samples.register("bookings.agenda_mail.examples")
    samples.register("bookings.escalation_mail.examples")


def register_attendance() -> None:
    """Of bookings and open sessions, how many came is recorded in the same way."""
    from functools import partial

    from bookings.models import Booking, EventKind, OpenSession, SessionEventKind
    from bookings.models.booking import record
    from bookings.services import attendance, locking, moving
    from bookings.services.sessions import closing, recording
    from bookings.services.sessions import locking as session_locking
    from bookings.session_figures import figures_of

    attendance.SOURCES[Booking] = attendance.AttendanceSource(
        lock=lambda booking, now: locking.lock_booking(booking, now=now),
        record=partial(record, kind=EventKind.ATTENDANCE),
        mark_delivered=lambda booking, **how: moving.mark_delivered(booking=booking, **how),
        professions=lambda booking: [booking.audience_profession, booking.person.profession],
    )
    attendance.SOURCES[OpenSession] = attendance.AttendanceSource(
        lock=lambda session, _now: session_locking.lock_session(session),
        record=partial(recording.record, kind=SessionEventKind.ATTENDANCE),
        mark_delivered=lambda session, **how: closing.mark_session_delivered(session=session, **how),
        professions=lambda session: list(figures_of(session).professions),
    )


def register_retention() -> None:
    """For how long bookings and what belongs to them keep what is personal."""
    from bookings import retention
    from professionals.retention import register, register_activity

    for rule in retention.RULES:
        register(rule)
    for activity in retention.ACTIVITIES:
        register_activity(activity)
