from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BookingsConfig(AppConfig):
    name = "bookings"
    verbose_name = _("Bookings")

    def ready(self) -> None:
        from bookings import (
            after_mail,
            agenda_mail,
            alerts,
            escalation_mail,
            flagged,
            handed_over_privacy,
            handing_over_mail,
            leave_mail,
            mail,
            privacy,
            session_invitations,
            session_mail,
            session_presenter_mail,
            session_privacy,
            session_reminders,
            session_staff_mail,
            whose_address,
        )
        from notifications import owners, registry, samples
        from notifications.senders import Desk
        from professionals import flagged as texts
        from professionals.privacy import PrivacySource, register

        of_sessions = (session_mail, session_presenter_mail, session_staff_mail, session_reminders, session_invitations)
        by_the_clock = (agenda_mail, escalation_mail)
        for module in (mail, handing_over_mail, alerts, leave_mail, *of_sessions, after_mail, *by_the_clock):
            for kind in module.KINDS:
                registry.register(kind, Desk.BOOKINGS)
        modules_of_samples = ("bookings.mail_samples", "bookings.session_mail_samples")
        for name in (*modules_of_samples, *(module.__name__ for module in (*of_sessions[1:], *by_the_clock))):
            samples.register(f"{name}.examples")
        texts.register(*flagged.SOURCES)
        owners.register(whose_address.presenters_at)
        # Who erases takes them from the last on: bookings, whose presenters are locked before any session.
        register(PrivacySource("open_sessions", session_privacy.export, session_privacy.erase, session_privacy.ahead))
        register(PrivacySource("bookings_given_away", handed_over_privacy.export, handed_over_privacy.erase))
        register(PrivacySource("bookings", privacy.export, privacy.erase, privacy.ahead))
        register_retention()


def register_retention() -> None:
    """For how long bookings and what belongs to them keep what is personal."""
    from bookings import retention
    from professionals.retention import register, register_activity

    for rule in retention.RULES:
        register(rule)
    for activity in retention.ACTIVITIES:
        register_activity(activity)
