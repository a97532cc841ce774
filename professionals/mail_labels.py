"""What staff call the messages about signing in, which the account pages word (allauth’s templates name their kinds)."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

ACCOUNT_MAIL: dict[str, str | Promise] = {
    "account-email-confirmation-signup": _("Sign-up code"),
    "account-email-confirmation": _("Code for a new address"),
    "account-login-code": _("Sign-in code"),
    "account-reauthentication-code": _("Code to show who it is"),
    "account-account-already-exists": _("Sign-up with a known address"),
    "account-unknown-account": _("Sign-in with an unknown address"),
    "account-email-changed": _("Email address changed"),
    "account-address-put-back": _("Old email address put back"),
    "account-account-erased": _("Everything about them erased"),
    "account-moved-by-staff": _("Account moved to another address by staff"),
    "account-email-confirm": _("Email address confirmed"),
    "account-email-deleted": _("Email address removed"),
    "account-password-changed": _("Password changed"),
    "account-password-reset": _("Password reset"),
    "account-password-reset-key": _("Password reset"),
    "account-password-reset-code": _("Password reset code"),
    "account-password-set": _("Password set"),
    "account-totp-activated": _("Second factor set up"),
    "account-totp-deactivated": _("Second factor removed"),
    "account-webauthn-added": _("Passkey added"),
    "account-webauthn-removed": _("Passkey removed"),
    "account-recovery-codes-generated": _("New recovery codes"),
}
