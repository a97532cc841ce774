from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ReachConfig(AppConfig):
    name = "reach"
    verbose_name = _("Reach")

    def ready(self) -> None:
        from core.pages import CONFIRMATION_OFFERS
        from privacy.retention import register_rule
        from privacy.services import PrivacySource, register_source
        from reach.invitations import privacy
        from reach.invitations.views import visit_offer_html

        import_module("reach.invitations.emails")  # its classes register themselves
        import_module("reach.regional_sessions.emails")
        register_source(PrivacySource("invitations", privacy.export_invitations, privacy.erase_invitations))
        for rule in privacy.RETENTION_RULES:
            register_rule(rule)
        CONFIRMATION_OFFERS.append(visit_offer_html)
