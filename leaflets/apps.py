from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LeafletsConfig(AppConfig):
    name = "leaflets"
    verbose_name = _("Leaflets")

    def ready(self) -> None:
        from leaflets import emails, mail_samples, privacy
        from notifications import registry, samples
        from professionals.privacy import PrivacySource, register

        for kind in emails.KINDS:
            registry.register(kind)
        samples.register(mail_samples.examples)
        register(PrivacySource("leaflets", privacy.export, privacy.erase))
        register(PrivacySource("delivery_addresses", privacy.export_addresses, privacy.erase_addresses))
