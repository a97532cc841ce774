from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OfficeConfig(AppConfig):
    name = "office"
    verbose_name = _("Office")

    def ready(self) -> None:
        from celery.signals import task_prerun
        from django.core.signals import request_started
        from django.db.models.signals import post_delete, post_save

        from office.closures.services import publish_notices
        from office.copies import forget
        from office.models import Banner, Closure

        request_started.connect(forget)
        task_prerun.connect(forget)
        for model in (Closure, Banner):
            post_save.connect(publish_notices, sender=model)
            post_delete.connect(publish_notices, sender=model)
