from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class NotificationsConfig(AppConfig):
    name = "notifications"
    verbose_name = _("Notifications")

    def ready(self) -> None:
        from ctac import health as site_health
        from notifications import digest_mail, health, registry, samples
        from notifications.bounces import providers
        from notifications.services import quiet

        quiet.night()  # a setting that is no time stops the start, and not the mail
        providers.check_settings()
        site_health.register("outbox", health.outbox)
        site_health.register("returned mail", health.returned_mail)
        registry.register(digest_mail.KIND)
        samples.register("notifications.digest_mail.examples")
