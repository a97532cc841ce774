from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class ProfessionalsConfig(AppConfig):
    name = "professionals"
    verbose_name = _("Professionals")

    def ready(self) -> None:
        from notifications import owners, registry, samples
        from professionals import (
            address_mail,
            mail_labels,
            roles,
            security_log,
            session_ends,
            throttles,
        )
        from professionals.services import safeguarding
        from professionals.services.stopping import keep_stopped_of
        from professionals.whose_address import people_at

        post_migrate.connect(roles.after_migrate, sender=self)
        session_ends.install()
        security_log.install()
        throttles.register_recorder(keep_stopped_of)
        registry.register(safeguarding.KIND)
        registry.register(address_mail.KIND)
        registry.name_account_mail(mail_labels.ACCOUNT_MAIL)
        samples.register("professionals.services.safeguarding.examples")
        samples.register("professionals.account_mail.examples")
        samples.register("professionals.address_mail.examples")
        owners.register(people_at)
