"""Parts of allauth that we need but that are not public. Nothing else imports them (ADR 10)."""

# Notes in the session how somebody showed who they are; allauth.account.authentication only reads that.
from allauth.account.internal.flows.login import record_authentication

# A password reset that is under way in this session: allauth's view has it only as a private attribute.
from allauth.account.internal.flows.password_reset_by_code import PasswordResetVerificationProcess

# Removes a second factor, and recovery codes if no other factor is left. Only its views are public, and they don't ask our
# questions.
from allauth.mfa.base.internal.flows import delete_and_cleanup

# The secret of an enrolment that has begun: the form of allauth makes a new one with each reload. Whether a code is right:
# allauth's form notes its use in a cache. And the code that an app shows, for the mailbox of `make run`.
from allauth.mfa.totp.internal.auth import SECRET_SESSION_KEY, format_hotp_value, get_totp_secret, hotp_value, validate_totp_code

# The questions to a browser about a passkey, and its answers. Only the views are public, and they need more than one page.
from allauth.mfa.webauthn.internal import auth as webauthn

__all__ = [
    "SECRET_SESSION_KEY",
    "PasswordResetVerificationProcess",
    "delete_and_cleanup",
    "format_hotp_value",
    "get_totp_secret",
    "hotp_value",
    "record_authentication",
    "validate_totp_code",
    "webauthn",
]
