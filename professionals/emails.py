"""Account mail: worded by allauth's choice of template, in our layout; and what is told of a changed address."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.functional import Promise, cached_property
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ctac.dates import format_moment
from notifications.outbox import queue_account_mail
from notifications.registry import Email
from notifications.rendering import Rendered, render_page
from notifications.samples import PAGE, Example, example
from professionals.models import AccountRecovery, AddressChange, FlaggedText, Person

# What staff call the messages about signing in, which the account pages word (allauth’s templates name their kinds).

ACCOUNT_EMAIL_LABELS: dict[str, str | Promise] = {
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


SAMPLE_CODE = {"code": "BCDF-GHJK"}
SAMPLE_CHANGE = {
    "from_email": "nadia.rahman@leeds.nhs.uk",
    "to_email": "nadia.rahman@bradford.nhs.uk",
    "link": PAGE,
    "changed": "Tuesday 12 January 2027, 10am",
    "until": "Tuesday 19 January 2027, 10am",
}
# What the templates of each kind are given beside the address, for the samples.
ACCOUNT_EMAIL_SAMPLES: dict[str, dict[str, str]] = {
    "account/email/email_confirmation_signup": SAMPLE_CODE,
    "account/email/login_code": SAMPLE_CODE,
    "account/email/reauthentication_code": SAMPLE_CODE,
    "account/email/email_confirmation": SAMPLE_CODE,
    "account/email/password_reset_code": SAMPLE_CODE,
    "account/email/account_already_exists": {},
    "account/email/unknown_account": {},
    "account/email/email_changed": SAMPLE_CHANGE,
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


def render_account_email(template_prefix: str, email: str, context: dict[str, Any]) -> Rendered:
    """Subject from <prefix>_subject.txt, text and HTML from <prefix>_message.html."""
    subject = render_to_string(f"{template_prefix}_subject.txt", context)
    minutes = settings.ACCOUNT_LOGIN_BY_CODE_TIMEOUT // 60
    return render_page(f"{template_prefix}_message.html", subject, {**context, "email": email, "minutes": minutes})


def account_email_kind(template_prefix: str) -> str:
    """'account-login-code' of 'account/email/login_code'."""
    return f"account-{template_prefix.rpartition('/')[2].replace('_', '-')}"


def account_examples() -> Iterator[Example]:
    """One of each that allauth sends."""
    for prefix, facts in ACCOUNT_EMAIL_SAMPLES.items():
        title = gettext("Account: %(what)s") % {"what": ACCOUNT_EMAIL_LABELS[account_email_kind(prefix)]}
        yield Example(
            account_email_kind(prefix), title, partial(render_account_email, prefix, "nadia.rahman@leeds.nhs.uk", facts)
        )


# What is told of a changed address: to the old one how to put it back; when it was put back, to both and to staff.

CHANGED, PUT_BACK, OBJECTION = "account/email/email_changed", "account/email/address_put_back", "address-objection"
MOVED_BY_STAFF = "account/email/moved_by_staff"
NOTICE_TRIED_FOR = timedelta(days=7)


def notify_address_change(change: AddressChange, token: str, now: datetime) -> None:
    """To the old address. It carries the token, which stands nowhere else: encrypted in the outbox until it is sent."""
    link = f"{settings.SITE_URL}{reverse('account_address_put_back', args=[token])}"
    moments = {"changed": format_moment(change.changed_at), "until": format_moment(change.until)}
    mail = render_account_email(CHANGED, change.old, {"from_email": change.old, "to_email": change.new, "link": link, **moments})
    queue_account_mail(kind=account_email_kind(CHANGED), to=change.old, mail=mail, now=now, expires_at=change.until)


def notify_address_put_back(change: AddressChange, *, before: str, now: datetime) -> None:
    """To the address that is right again, and to the one that the account had until now."""
    facts = {"old": change.old, "moment": format_moment(now)}
    for to in dict.fromkeys([change.old, before]):
        mail = render_account_email(PUT_BACK, to, {**facts, "is_theirs": to == change.old})
        queue_account_mail(kind=account_email_kind(PUT_BACK), to=to, mail=mail, now=now, expires_at=now + NOTICE_TRIED_FOR)


def notify_moved_by_staff(recovery: AccountRecovery) -> None:
    """To the old address, without a link: who reads it may be just whom the account was moved away from (ADR 7)."""
    mail = render_account_email(MOVED_BY_STAFF, recovery.old, {"moment": format_moment(recovery.at)})
    queue_account_mail(
        kind=account_email_kind(MOVED_BY_STAFF),
        to=recovery.old,
        mail=mail,
        now=recovery.at,
        expires_at=recovery.at + NOTICE_TRIED_FOR,
    )


class AddressObjection(Email):
    """To staff, with the page of whoever put their old address back, about "address-change:12"."""

    name = OBJECTION
    label = _("To staff: an old email address was put back")
    template = "address_objection"
    subject = _("Somebody put an old email address back: an account may have been misused")

    @cached_property
    def path(self) -> str:
        change = AddressChange.objects.select_related("user").filter(pk=self.about_key).first()
        if change is None:
            return reverse("staff:index")
        person = Person.objects.filter(user=change.user_id).first()
        if person is None:
            return reverse("staff:accounts_user_change", args=[change.user_id])
        return reverse("staff:professionals_person_change", args=[person.pk])

    def context(self) -> dict[str, object]:
        return {"url": f"{settings.SITE_URL}{self.path}"}


def address_examples() -> Iterator[Example]:
    yield example(AddressObjection, path="/staff/professionals/person/1/change/")
    moved = partial(
        render_account_email, MOVED_BY_STAFF, "nadia.rahman@leeds.nhs.uk", {"moment": "Tuesday 12 January 2027, 10am"}
    )
    yield Example(account_email_kind(MOVED_BY_STAFF), _("Account: moved to another address by staff"), moved)
    for is_theirs, title in ((True, _("Account: old address back")), (False, _("Account: old address back, to the other one"))):
        facts = {"old": "nadia.rahman@leeds.nhs.uk", "moment": "Tuesday 12 January 2027, 10am", "is_theirs": is_theirs}
        yield Example(
            account_email_kind(PUT_BACK), title, partial(render_account_email, PUT_BACK, "nadia.rahman@leeds.nhs.uk", facts)
        )


# To the safeguarding lead: there is a text to read. Never what it says.


class SafeguardingFlag(Email):
    name = "safeguarding-flag"
    label = _("To the safeguarding lead: something to read")
    template = "safeguarding_flag"
    subject = _("Please read what was written with %(reference)s")

    @cached_property
    def flagged(self) -> FlaggedText | None:
        return FlaggedText.objects.undecided().filter(about=self.notification.about).first()

    def is_still_due(self) -> bool:
        return self.flagged is not None

    def context(self) -> dict[str, object]:
        key = self.flagged.pk if self.flagged else None
        path = reverse("staff:professionals_flaggedtext_change", args=[key]) if key else reverse("staff:index")
        return {"reference": self.notification.reference, "path": path}


def flag_examples() -> Iterator[Example]:
    yield example(SafeguardingFlag, reference="BK-7Q4M-2F", flagged=FlaggedText(pk=12))
