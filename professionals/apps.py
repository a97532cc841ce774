from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ProfessionalsConfig(AppConfig):
    name = "professionals"
    verbose_name = _("Professionals")

    def ready(self) -> None:
        from accounts import rate_limits
        from core import figures
        from notifications import registry
        from office.closures.forms import register_text_check
        from office.texts.services import register_guard
        from office.texts.sources import register_text_sources
        from professionals import emails
        from professionals.imports.contacts import CONTACTS_KIND
        from professionals.imports.registry import register_import_kind
        from professionals.safeguarding.child_details import looks_like_child_details
        from professionals.safeguarding.forms import unpublishable_reason
        from professionals.services import (
            address_owners,
            blocked_attempt_figures,
            language_of_address,
            names_at_address,
            record_blocked_attempt,
        )

        rate_limits.BLOCKED_ATTEMPT_RECORDERS.append(record_blocked_attempt)
        figures.register(blocked_attempt_figures)
        registry.ACCOUNT_MAIL_LABELS.update(emails.ACCOUNT_EMAIL_LABELS)
        register_text_check(unpublishable_reason)
        registry.OWNER_FINDERS.append(address_owners)
        registry.LANGUAGE_FINDERS.append(language_of_address)
        registry.NAME_FINDERS.append(names_at_address)
        register_text_sources(emails.account_email_text_sources)
        register_guard(looks_like_child_details, _("This looks like details of a child."))
        register_import_kind(CONTACTS_KIND)
