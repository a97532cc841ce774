from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PrivacyConfig(AppConfig):
    name = "privacy"
    verbose_name = _("Data protection")

    def ready(self) -> None:
        from notifications import registry, samples
        from privacy import personal_data
        from privacy import retention as privacy_retention
        from privacy import services as privacy_services
        from privacy.retention import register_activity, register_rule
        from privacy.services import PrivacySource, register_source
        from professionals.emails import account_email_kind
        from professionals.safeguarding import services as texts

        registry.forget_addresses_of(account_email_kind(privacy_services.ACCOUNT_ERASED))
        import_module("privacy.emails")  # its classes register themselves
        for source in personal_data.PERSON_SOURCES:
            register_source(source)
        for rule in privacy_retention.PERSON_RULES:
            register_rule(rule)
        samples.register("privacy.emails.examples")
        texts.register_flagged_sources(*personal_data.FLAGGED_COMPLAINTS)
        register_source(
            PrivacySource(
                "complaints", personal_data.export_complaints, personal_data.erase_complaints, personal_data.open_complaints
            )
        )
        for rule in privacy_retention.COMPLAINT_RULES:
            register_rule(rule)
        register_activity(privacy_retention.has_complained)
