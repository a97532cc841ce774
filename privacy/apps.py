from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PrivacyConfig(AppConfig):
    name = "privacy"
    verbose_name = _("Data protection")

    def ready(self) -> None:
        from notifications import registry
        from privacy import personal_data, retention, services
        from professionals.emails import account_email_kind
        from professionals.safeguarding.services import register_flagged_sources

        registry.discard_addresses_of(account_email_kind(services.ACCOUNT_ERASED_TEMPLATE))
        import_module("privacy.emails")  # its classes register themselves
        for source in personal_data.PRIVACY_SOURCES:
            services.register_source(source)
        for rule in retention.RULES:
            retention.register_rule(rule)
        retention.register_activity(retention.has_complained)
        register_flagged_sources(personal_data.FLAGGED_COMPLAINTS)
