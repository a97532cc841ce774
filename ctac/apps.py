from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class CtacConfig(AppConfig):
    name = "ctac"

    def ready(self) -> None:
        """SimpleAdminConfig looks for no admin modules; ours register on our own site (ctac.staff.site)."""
        from ctac import checks  # noqa: F401 - registers itself

        autodiscover_modules("admin")
