from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ProfessionalsConfig(AppConfig):
    name = "professionals"
    verbose_name = _("Professionals")

    def ready(self) -> None:
        from notifications import registry
        from professionals import allauth_limits, mail_labels, own_data, privacy, safeguarding

        allauth_limits.install()
        registry.register(safeguarding.KIND)
        registry.name_account_mail(mail_labels.ACCOUNT_MAIL)
        for source in own_data.SOURCES:
            privacy.register(source)
