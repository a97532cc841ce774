from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LeafletsConfig(AppConfig):
    name = "leaflets"
    verbose_name = _("Leaflets")

    def ready(self) -> None:
        from leaflets import privacy
        from leaflets.catalogue import emails as catalogue_emails
        from leaflets.orders import emails as orders_emails
        from leaflets.recalls import emails as recalls_emails
        from leaflets.stock import emails as stock_emails
        from notifications import registry, samples
        from notifications.registry import Desk
        from privacy.retention import register_activity, register_rule
        from privacy.services import PrivacySource, register_source
        from professionals.safeguarding import services as texts

        alone = (
            stock_emails.BACK_IN_STOCK_EMAIL,
            catalogue_emails.NEW_EDITION_EMAIL,
            recalls_emails.RECALL_EMAIL,
            stock_emails.LOW_STOCK_EMAIL,
        )
        for kind in (*orders_emails.ORDER_EMAILS, *orders_emails.MISSING_EMAILS, *alone):
            registry.register(kind, Desk.LEAFLETS)
        samples.register("leaflets.orders.emails.order_examples")
        samples.register("leaflets.stock.emails.low_stock_examples")
        samples.register("leaflets.stock.emails.alert_examples")
        samples.register("leaflets.catalogue.emails.edition_examples")
        samples.register("leaflets.recalls.emails.recall_examples")
        texts.register_flagged_sources(*privacy.FLAGGED_SOURCES)
        # What is registered last is erased first.
        register_source(PrivacySource("back_in_stock_emails", privacy.export_alerts, privacy.erase_alerts))
        register_source(PrivacySource("leaflets", privacy.export, privacy.erase, privacy.erasure_notice))
        register_source(PrivacySource("delivery_addresses", privacy.export_addresses, privacy.erase_addresses))
        for rule in privacy.RETENTION_RULES:
            register_rule(rule)
        for activity in privacy.RETENTION_ACTIVITIES:
            register_activity(activity)
