"""What of allauth we need and it has no public way to. It is imported here and nowhere else (ADR 10)."""

# Notes in the session how somebody showed who they are; allauth.account.authentication only reads that.
from allauth.account.internal.flows.login import record_authentication

# The reset of a password that goes on in this session: its view has it as a private attribute alone.
from allauth.account.internal.flows.password_reset_by_code import PasswordResetVerificationProcess

# Removes a second factor, and recovery codes that are left alone by it; public are only views, which ask nothing of ours.
from allauth.mfa.base.internal.flows import delete_and_cleanup

# The secret of an enrolment that has begun: the form of allauth has one of its own, and makes a new one with each reload.
# Whether a code is right: allauth's form notes in a cache that it was used. And what an app shows, for the mailbox of `make run`.
from allauth.mfa.totp.internal.auth import SECRET_SESSION_KEY, format_hotp_value, get_totp_secret, hotp_value, validate_totp_code

# What a browser is asked about a passkey, and what it answers: public are only views, which need more than one page.
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
