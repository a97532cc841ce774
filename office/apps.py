from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OfficeConfig(AppConfig):
    name = "office"
    verbose_name = _("Office")

    def ready(self) -> None:
        from celery.signals import task_prerun
        from django.core.signals import request_started

        from office.queries import forget
        from office.texts.pages import page_places
        from office.texts.places import register_places
        from office.texts.queries import forget as forget_wordings

        register_places(page_places)
        for signal in (request_started, task_prerun):
            signal.connect(forget)
            signal.connect(forget_wordings)
