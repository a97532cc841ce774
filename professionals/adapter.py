"""allauth's adapters: how mail leaves, and what happens when an address is verified or somebody signs in."""

import base64
import io
import logging
import secrets
import unicodedata
from datetime import timedelta
from typing import Any, cast

import segno
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.authentication import get_authentication_records
from allauth.account.models import EmailAddress
from allauth.core import context
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import encryption, rate_limits
from accounts.access import has_recently_reauthenticated, is_own_page, url_with_next
from accounts.allauth_internals import record_authentication
from accounts.models import Session, User
from accounts.services import has_address, lock_account, passkey_host
from accounts.sessions import hash_session_key
from audit.models import Act
from audit.services import write_audit_entry
from notifications.bounces.services import confirm_addresses
from notifications.models import MarkClearReason
from professionals import drafts, services
from professionals.access import has_details_form, second_factors, sync_language
from professionals.emails import EMAIL_CHANGED_TEMPLATE, queue_account_email
from professionals.models import Person
from professionals.services import lock_people_and_account

logger = logging.getLogger(__name__)
CODE_VALIDITY_PERIOD = timedelta(seconds=settings.ACCOUNT_LOGIN_BY_CODE_TIMEOUT)
NOTICE_VALIDITY_PERIOD = timedelta(days=3)
CREDENTIAL_BY_ERROR_CODE = {"incorrect_code": "code", "incorrect_password": "password"}


def is_still_signed_in(request: HttpRequest) -> bool:
    """Whether the request's session still exists, asked once the account is locked.

    A session that ended while the old address was put back must not confirm another address.
    """
    if not request.user.is_authenticated:
        return True
    return Session.objects.filter(pk=hash_session_key(str(request.session.session_key)), user=request.user).exists()


class AccountAdapter(DefaultAccountAdapter):
    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "account_inactive": _("This account is closed. Call us if you think that is a mistake."),
        "email_password_mismatch": _("That email address and password don’t match. Check both, or sign in with a code."),
        "email_taken": _("We can’t use that email address. Enter another one."),
        "duplicate_email": _("That is already your email address. Enter the new one."),
        "enter_current_password": _("That is not your password now. Check it and type it again."),
        "incorrect_code": _("That code is not right. Check the newest email from us and type the code again."),
        "incorrect_password": _("That password is not right. Check it and type it again."),
        "too_many_login_attempts": _("You have tried too often. Wait a few minutes and start again."),
        "old_code": _("That code went to an address that your account no longer uses. Start again."),
        "rate_limited": _("You have tried too often. Wait a few minutes and try again."),
        "max_email_addresses": _("You are changing your email address already. Enter the code that we sent."),
    }

    def validation_error(self, code: str, *args: Any) -> ValidationError:
        """Record a wrong answer in the audit. allauth's forms call this for one, and send no signal."""
        if code in CREDENTIAL_BY_ERROR_CODE:
            write_audit_entry(Act.NOT_LET_IN, by=self.request.user.pk, whats=[CREDENTIAL_BY_ERROR_CODE[code]])
        return cast(ValidationError, super().validation_error(code, *args))

    def is_ajax(self, request: HttpRequest) -> bool:
        """No header turns our pages into JSON."""
        return False

    get_client_ip = staticmethod(rate_limits.client_ip)

    def is_safe_url(self, url: str) -> bool:
        """Whether `next` is a page of ours. allauth's own check breaks on addresses that can't be read, such as 'http://[::1'."""
        return is_own_page(self.request, url)

    def clean_email(self, email: str) -> str:
        """Replace letters that only look like others: a mail server would see another address, a reader the same one."""
        return unicodedata.normalize("NFKC", email).lower()

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Our pages have asked by then: allauth would store what was posted, cookies too, as plain text."""
        return not has_recently_reauthenticated(context.request, enrolling=True) and super().is_reauthentication_required(
            app=app, **kwargs
        )

    def get_reauthentication_methods(self, user: AbstractBaseUser | AnonymousUser) -> list[dict[str, Any]]:
        """With a second factor only that one: a password or a mailbox may be just what was stolen."""
        methods = super().get_reauthentication_methods(user)
        if any(method["id"].startswith("mfa_") for method in methods):  # a code and a passkey, on one page
            return [{"id": "mfa_reauthenticate", "description": "", "url": reverse("mfa_reauthenticate")}]
        if not user.is_authenticated:
            return []
        by_password = [{**method, "description": _("Use your password instead")} for method in methods]
        url = reverse("account_reauthenticate_code")
        return [*by_password, {"id": "code", "description": _("Use a code from an email instead"), "url": url}]

    def authenticate(self, request: HttpRequest, **credentials: Any) -> AbstractBaseUser | None:
        """A try counts at once and is given back if it was right, so that many tries at the same time get no more."""
        user: AbstractBaseUser | None = super().authenticate(request, **credentials)
        if user is not None:
            rate_limits.give_back_try(request, "login_failed", address=credentials.get("email", ""))
        return user

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        if rate_limits.is_rate_limited(request, "login_failed", address=credentials.get("email", "")):
            raise self.validation_error("too_many_login_attempts")

    def send_confirmation_mail(self, request: HttpRequest, emailconfirmation: Any, signup: bool) -> None:
        """Asks whether this address is theirs: each such email counts. allauth's views show what is raised."""
        if rate_limits.is_rate_limited(request, "confirm_email", address=emailconfirmation.email_address.email):
            raise ImmediateHttpResponse(rate_limits.too_many_requests_page(request))
        super().send_confirmation_mail(request, emailconfirmation, signup)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Gone when its code has expired."""
        now = timezone.now()
        expires_at = now + (CODE_VALIDITY_PERIOD if "code" in context else NOTICE_VALIDITY_PERIOD)
        queue_account_email(template_prefix, email, context, now=now, expires_at=expires_at)

    def confirm_email(self, request: HttpRequest, email_address: EmailAddress) -> bool:
        """Confirm an address after the right code: at the first sign-in, or instead of the old address."""
        try:
            with transaction.atomic():
                account, _people = lock_people_and_account(email_address.user_id, email_address.email)
                before = account.email
                confirmed = is_still_signed_in(request) and super().confirm_email(request, email_address)
                if confirmed:
                    confirm_addresses(addresses=[email_address.email], how=MarkClearReason.CODE, now=timezone.now())
                    if not request.user.is_authenticated:  # a sign-in by emailed code, which allauth doesn't record as one
                        record_authentication(request, email_address.user, "code", email=email_address.email)
                    if before.lower() != email_address.email.lower():
                        services.record_address_change(user=email_address.user, old=before, now=timezone.now())
                    services.assign_verified_address(
                        user=email_address.user, email=email_address.email, details=None, now=timezone.now()
                    )
        except IntegrityError:  # another account confirmed it at the same moment
            return False
        return confirmed

    def set_password(self, user: User, password: str) -> None:
        """Save only the password, since the row may have another address by now.

        A session that has ended meanwhile saves nothing.
        """
        user.set_password(password)
        with transaction.atomic():
            lock_account(user.pk)
            if is_still_signed_in(self.request):
                user.save(update_fields=["password"])

    def send_notification_mail(
        self, template_prefix: str, user: User, context: dict[str, Any] | None = None, email: str | None = None
    ) -> None:
        """Send none about a changed address: the service that records the change sends one, with a link of its own."""
        if template_prefix != EMAIL_CHANGED_TEMPLATE:
            super().send_notification_mail(template_prefix, user, context, email)

    def pre_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse | None:
        """Refuse a code that went to an address which the account no longer has."""
        if kwargs.get("email") and not has_address(user, kwargs["email"]):
            messages.error(request, self.error_messages["old_code"])
            return redirect("account_login")
        return cast(HttpResponse | None, super().pre_login(request, user, **kwargs))

    def login(self, request: HttpRequest, user: User) -> None:
        """Sign in under a lock. Raises AccountGoneError if the account is deleted at this moment."""
        with transaction.atomic():
            lock_account(user.pk)
            super().login(request, user)

    def post_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse:
        """Give the browser's drafts to the person. Somebody whom we don't know yet goes to the details page first."""
        response = super().post_login(request, user, **kwargs)
        # A code was read there, so mail arrives, whatever came back before.
        records = get_authentication_records(request, user)
        if addresses := [str(record.get("email") or "") for record in records if record["method"] == "code"]:
            confirm_addresses(addresses=addresses, how=MarkClearReason.CODE, now=timezone.now())
        person = getattr(request.user, "person", None)
        if person is None or person.email.lower() != user.email.lower():  # a sign-in code shows whose address it is too
            person = services.assign_verified_address(user=user, email=user.email, details=None, now=timezone.now()) or person
        request.person = person  # type: ignore[attr-defined]
        if person is not None:
            sync_language(request, person)
            drafts.claim_drafts(request, person, timezone.now())
        elif not user.is_staff and not has_details_form(response["Location"]):
            response = redirect(url_with_next("account_details", response["Location"]))
        rate_limits.set_browser_cookie(response, user)
        return response

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        if request.user.is_staff and not Person.objects.filter(user=request.user).exists():
            return reverse("staff:index")
        return str(settings.LOGIN_REDIRECT_URL)

    def logout(self, request: HttpRequest) -> None:
        """Sign out, and forget the drafts' cookie.

        Somebody who leaves an unfinished sign-in for another address keeps their drafts.
        """
        was_signed_in = request.user.is_authenticated
        super().logout(request)
        if was_signed_in:
            drafts.forget_cookie(request)

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("account_details")

    def get_email_verification_redirect_url(self, email_address: EmailAddress) -> str:
        return reverse("account_details") if self.request.user.is_authenticated else reverse("account_login")


class MFAAdapter(DefaultMFAAdapter):
    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": _("That code is not right, or was used already. Wait for the next one and type it."),
        "cannot_delete_authenticator": _("Staff need a second factor. If you get a new phone, ask a manager to reset it."),
        "cannot_generate_recovery_codes": _("Set up your authenticator app first."),
    }

    def is_mfa_enabled(self, user: AbstractBaseUser | AnonymousUser, types: list[str] | None = None) -> bool:
        """Whether the user has a second factor.

        A professional's passkey is none, but another way in beside the emailed code (ADR 7).
        """
        if user.is_anonymous:
            return False
        factors = second_factors().filter(user_id=user.pk)
        return bool((factors if types is None else factors.filter(type__in=types)).exists())

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        return {"id": passkey_host(), "name": settings.MFA_TOTP_ISSUER}

    def build_totp_svg(self, url: str) -> str:
        """Black on white in dark mode too, or some phones can't read it. Served by a view: our CSP allows no data: image."""
        drawing = io.BytesIO()
        segno.make(url, error="m", micro=False).save(
            drawing, kind="svg", scale=5, border=4, dark="#000", light="#fff", xmldecl=False
        )
        return drawing.getvalue().decode()

    encrypt = staticmethod(encryption.encrypt)

    def decrypt(self, encrypted_text: str) -> str:
        """Decrypt a secret. If none of our keys fits, return a random one, so that no code is right."""
        try:
            return encryption.decrypt(encrypted_text)
        except encryption.DecryptionError:
            logger.error("a second-factor secret can't be opened: SECRET_KEY changed and the old one is not a fallback")
            return base64.b32encode(secrets.token_bytes(20)).decode()

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        return not authenticator.user.is_staff
