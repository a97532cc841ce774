from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ProfessionalsConfig(AppConfig):
    name = "professionals"
    verbose_name = _("Professionals")

    def ready(self) -> None:
        from notifications import owners, registry, samples
        from professionals import (
            account_mail,
            allauth_limits,
            mail_labels,
            own_data,
            privacy,
            safeguarding,
            security_log,
            without_passkeys,
        )
        from professionals.whose_address import people_at

        without_passkeys.leave_out()
        allauth_limits.install()
        security_log.install()
        registry.register(safeguarding.KIND)
        registry.name_account_mail(mail_labels.ACCOUNT_MAIL)
        samples.register(safeguarding.examples)
        samples.register(account_mail.examples)
        owners.register(people_at)
        for source in own_data.SOURCES:
            privacy.register(source)
