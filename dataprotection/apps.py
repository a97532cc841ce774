from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DataProtectionConfig(AppConfig):
    name = "dataprotection"
    verbose_name = _("Data protection")

    def ready(self) -> None:
        from dataprotection import emails, flagged, privacy, retention
        from notifications import registry, samples
        from professionals import flagged as texts
        from professionals.privacy import PrivacySource, register
        from professionals.retention import register as register_rule
        from professionals.retention import register_activity

        for kind in emails.KINDS:
            registry.register(kind)
        samples.register("dataprotection.emails.examples")
        texts.register(*flagged.SOURCES)
        register(PrivacySource("complaints", privacy.export, privacy.erase, privacy.ahead))
        for rule in retention.RULES:
            register_rule(rule)
        register_activity(retention.complained)
