from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OfficeConfig(AppConfig):
    name = "office"
    verbose_name = _("Office")

    def ready(self) -> None:
        from celery.signals import task_prerun
        from django.core.signals import request_started

        from office.queries import forget

        request_started.connect(forget)
        task_prerun.connect(forget)
