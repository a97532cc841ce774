from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("Accounts")

    def ready(self) -> None:
        from accounts import roles, services  # importing services and its sessions connects their signals
        from notifications.registry import MOBILE_FINDERS

        post_migrate.connect(roles.write_groups_after_migrate, sender=self)
        MOBILE_FINDERS.append(services.mobiles_of)
