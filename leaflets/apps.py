from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LeafletsConfig(AppConfig):
    name = "leaflets"
    verbose_name = _("Leaflets")

    def ready(self) -> None:
        from core import figures
        from leaflets import privacy, promises
        from leaflets.models import Order, RecallHolder
        from leaflets.orders.imports import ORDER_IMPORT_KIND
        from leaflets.recalls.services import merge_holders
        from leaflets.stock.services import stock_figures
        from office.site_settings.services import register_promise_check
        from privacy.retention import register_activity, register_rule
        from privacy.services import PrivacySource, register_source
        from professionals import services as professionals_services
        from professionals.imports.registry import register_import_kind
        from professionals.safeguarding import services as texts

        for room in ("orders", "stock", "catalogue", "recalls"):
            import_module(f"leaflets.{room}.emails")  # its classes register themselves
        texts.register_flagged_sources(*privacy.FLAGGED_SOURCES)
        professionals_services.ROW_MERGES[RecallHolder] = professionals_services.RowMerge(merge_holders)
        # Sources are erased in reverse order of registration.
        register_source(PrivacySource("back_in_stock_emails", privacy.export_alerts, privacy.erase_alerts))
        register_source(PrivacySource("leaflets", privacy.export_orders, privacy.erase_orders, privacy.erasure_notice))
        register_source(PrivacySource("delivery_addresses", privacy.export_addresses, privacy.erase_addresses))
        for promise in promises.PROMISES:
            register_promise_check(promise.field, promise)
        register_rule(privacy.RETENTION_RULE)
        register_activity(privacy.ordered_since)
        register_import_kind(ORDER_IMPORT_KIND)
        figures.register(lambda now: figures.recent_figure("ctac_recent_orders", "Orders placed", Order.objects, now))
        figures.register(stock_figures, asks_database=False)
