from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class ProfessionalsConfig(AppConfig):
    name = "professionals"
    verbose_name = _("Professionals")

    def ready(self) -> None:
        from notifications import owners, registry, samples
        from notifications.senders import Desk
        from professionals import (
            address_mail,
            erased_mail,
            inactive_mail,
            mail_labels,
            own_data,
            own_retention,
            privacy,
            retention,
            roles,
            safeguarding,
            security_log,
            session_ends,
        )
        from professionals.account_mail import kind_of
        from professionals.whose_address import people_at

        post_migrate.connect(roles.after_migrate, sender=self)
        session_ends.install()
        security_log.install()
        registry.register(safeguarding.KIND)
        registry.register(address_mail.KIND)
        registry.register(inactive_mail.KIND, Desk.ACCOUNTS)
        registry.name_account_mail(mail_labels.ACCOUNT_MAIL)
        registry.forget_addresses_of(kind_of(erased_mail.ERASED))
        samples.register("professionals.safeguarding.examples")
        samples.register("professionals.account_mail.examples")
        samples.register("professionals.address_mail.examples")
        samples.register("professionals.inactive_mail.examples")
        owners.register(people_at)
        for source in own_data.SOURCES:
            privacy.register(source)
        for rule in own_retention.RULES:
            retention.register(rule)
