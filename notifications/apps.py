from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class NotificationsConfig(AppConfig):
    name = "notifications"
    verbose_name = _("Notifications")

    def ready(self) -> None:
        from core import figures, health as site_health
        from notifications import samples
        from notifications.delivery import (
            mail_test,  # noqa: F401 - its email registers itself
            services as delivery_services,
        )
        from office.texts.sources import register_text_sources

        site_health.register("outbox", delivery_services.check_outbox)
        site_health.register("returned mail", delivery_services.check_returned_mail)
        figures.register(delivery_services.outbox_figures)
        register_text_sources(samples.email_text_sources)
