from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OfficeConfig(AppConfig):
    name = "office"
    verbose_name = _("Office")

    def ready(self) -> None:
        from celery.signals import task_prerun
        from django.core.signals import request_started
        from django.db.models.signals import post_delete, post_save

        from core.models import reset_request_values
        from core.pages import SITE_FACTS
        from office.closures.models import Banner, Closure
        from office.closures.services import publish_notices
        from office.site_settings.queries import advice_hours, site_settings
        from office.texts.pages import page_text_sources
        from office.texts.sources import register_text_sources

        request_started.connect(reset_request_values)
        task_prerun.connect(reset_request_values)
        SITE_FACTS.update(
            phone=lambda: site_settings().advice_phone,
            email=lambda: site_settings().advice_email,
            hours=advice_hours,
            help_email=lambda: site_settings().site_help_email,
            help_phone=lambda: site_settings().site_help_phone,
            charity=lambda: site_settings().charity,
        )
        for model in (Closure, Banner):
            post_save.connect(publish_notices, sender=model)
            post_delete.connect(publish_notices, sender=model)
        register_text_sources(page_text_sources)
