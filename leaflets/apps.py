from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LeafletsConfig(AppConfig):
    name = "leaflets"
    verbose_name = _("Leaflets")

    def ready(self) -> None:
        from leaflets import (
            alert_mail,
            edition_mail,
            emails,
            flagged,
            missing_emails,
            privacy,
            recall_emails,
            retention,
            stock_mail,
        )
        from notifications import registry, samples
        from notifications.senders import Desk
        from professionals import flagged as texts
        from professionals.privacy import PrivacySource, register
        from professionals.retention import register as register_rule
        from professionals.retention import register_activity

        alone = (alert_mail.KIND, edition_mail.KIND, recall_emails.KIND, stock_mail.KIND)
        for kind in (*emails.KINDS, *missing_emails.KINDS, *alone):
            registry.register(kind, Desk.LEAFLETS)
        samples.register("leaflets.mail_samples.examples")
        samples.register("leaflets.stock_mail.low_stock_examples")
        samples.register("leaflets.alert_mail.alert_examples")
        samples.register("leaflets.edition_mail.edition_examples")
        samples.register("leaflets.recall_emails.recall_examples")
        texts.register(*flagged.SOURCES)
        # What is registered last is erased first.
        register(PrivacySource("back_in_stock_emails", privacy.export_alerts, privacy.erase_alerts))
        register(PrivacySource("leaflets", privacy.export, privacy.erase, privacy.ahead))
        register(PrivacySource("delivery_addresses", privacy.export_addresses, privacy.erase_addresses))
        for rule in retention.RULES:
            register_rule(rule)
        for activity in retention.ACTIVITIES:
            register_activity(activity)
