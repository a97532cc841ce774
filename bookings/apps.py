from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BookingsConfig(AppConfig):
    name = "bookings"
    verbose_name = _("Bookings")

    def ready(self) -> None:
        from bookings import alerts, leave_mail, mail, mail_samples, privacy, session_presenter_mail
        from notifications import registry, samples
        from professionals.privacy import PrivacySource, register

        for kind in (*mail.KINDS, *alerts.KINDS, *leave_mail.KINDS, *session_presenter_mail.KINDS):
            registry.register(kind)
        samples.register(mail_samples.examples)
        samples.register(session_presenter_mail.examples)
        register(PrivacySource("bookings", privacy.export, privacy.erase))
