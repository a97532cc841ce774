from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DataProtectionConfig(AppConfig):
    name = "dataprotection"
    verbose_name = _("Data protection")

    def ready(self) -> None:
        from dataprotection import emails, flagged, privacy, retention
        from notifications import registry, samples
        from notifications.senders import Desk
        from professionals import erased_mail, inactive_mail, own_data, own_retention
        from professionals import flagged as texts
        from professionals.account_mail import kind_of
        from professionals.privacy import PrivacySource, register
        from professionals.retention import register as register_rule
        from professionals.retention import register_activity

        for name in ("dataprotection.admin", "professionals.tasks"):  # which register themselves
            import_module(name)
        registry.register(inactive_mail.KIND, Desk.ACCOUNTS)
        registry.forget_addresses_of(kind_of(erased_mail.ERASED))
        samples.register("professionals.inactive_mail.examples")
        for source in own_data.SOURCES:
            register(source)
        for rule in own_retention.RULES:
            register_rule(rule)
        for kind in emails.KINDS:
            registry.register(kind)
        samples.register("dataprotection.emails.examples")
        texts.register(*flagged.SOURCES)
        register(PrivacySource("complaints", privacy.export, privacy.erase, privacy.ahead))
        for rule in retention.RULES:
            register_rule(rule)
        register_activity(retention.complained)
