from django.apps import AppConfig
from django.conf import settings
from django.utils.module_loading import autodiscover_modules


class CtacConfig(AppConfig):
    name = "ctac"

    def ready(self) -> None:
        """SimpleAdminConfig looks for no admin modules; ours register on our own site (staff.site)."""
        from core import health
        from ctac import celery, checks  # noqa: F401 - the application of shared tasks; checks register themselves

        if settings.FILES_URL:
            health.register("files", health.check_storage)

        autodiscover_modules("admin")
        if settings.SENTRY_DSN:
            from ctac.monitoring import error_reports

            error_reports.start_sentry(settings.SENTRY_DSN)
        if not settings.PRODUCTION:  # there each release makes it
            from ctac.welsh import compile_if_older

            compile_if_older()
