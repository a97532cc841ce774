from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class AuditConfig(AppConfig):
    name = "audit"
    verbose_name = _("Audit")

    def ready(self) -> None:
        from audit import pages, services
        from audit.services import add_months_after_migrate
        from core import health as site_health
        from staff.site import staff_site

        post_migrate.connect(add_months_after_migrate, sender=self)
        site_health.register("audit", services.check_tables)
        staff_site.audit = pages.STAFF_SITE_AUDIT
