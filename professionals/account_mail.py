"""Account mail: worded by allauth's choice of template, in our layout."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.translation import gettext

from notifications.rendering import Rendered, render_page
from notifications.samples import PAGE, Example
from professionals.mail_labels import ACCOUNT_MAIL

CODE = {"code": "BCDF-GHJK"}
MOVED = {
    "from_email": "nadia.rahman@leeds.nhs.uk",
    "to_email": "nadia.rahman@bradford.nhs.uk",
    "link": PAGE,
    "changed": "Tuesday 12 January 2027, 10am",
    "until": "Tuesday 19 January 2027, 10am",
}
# What the templates of each kind are given beside the address, for the samples.
KINDS: dict[str, dict[str, str]] = {
    "account/email/email_confirmation_signup": CODE,
    "account/email/login_code": CODE,
    "account/email/reauthentication_code": CODE,
    "account/email/email_confirmation": CODE,
    "account/email/password_reset_code": CODE,
    "account/email/account_already_exists": {},
    "account/email/unknown_account": {},
    "account/email/email_changed": MOVED,
    "account/email/password_set": {},
    "account/email/password_changed": {},
    "account/email/password_reset": {},
    "account/email/account_erased": {"themselves": "yes"},
    "mfa/email/totp_activated": {},
    "mfa/email/totp_deactivated": {},
    "mfa/email/webauthn_added": {},
    "mfa/email/webauthn_removed": {},
    "mfa/email/recovery_codes_generated": {},
}


def account_mail(template_prefix: str, email: str, context: dict[str, Any]) -> Rendered:
    """Subject from <prefix>_subject.txt, text and HTML from <prefix>_message.html."""
    subject = render_to_string(f"{template_prefix}_subject.txt", context)
    minutes = settings.ACCOUNT_LOGIN_BY_CODE_TIMEOUT // 60
    return render_page(f"{template_prefix}_message.html", subject, {**context, "email": email, "minutes": minutes})


def kind_of(template_prefix: str) -> str:
    """'account-login-code' of 'account/email/login_code'."""
    return f"account-{template_prefix.rpartition('/')[2].replace('_', '-')}"


def examples() -> Iterator[Example]:
    """One of each that allauth sends."""
    for prefix, facts in KINDS.items():
        title = gettext("Account: %(what)s") % {"what": ACCOUNT_MAIL[kind_of(prefix)]}
        yield Example(kind_of(prefix), title, partial(account_mail, prefix, "nadia.rahman@leeds.nhs.uk", facts))
