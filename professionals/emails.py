"""Account mail, from allauth's templates in our layout; notices of changed addresses and merges; letters; mail to the lead."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.functional import Promise, cached_property
from django.utils.translation import gettext, gettext_lazy as _

from core.dates import format_datetime, format_day
from notifications.outbox import queue_account_mail
from notifications.registry import Desk, Email, Message, find_reader_name
from notifications.rendering import Rendered, render_page
from notifications.samples import ACCOUNT_EMAILS_TITLE, NAMES_BY_ADDRESS, READER_ADDRESS, SAMPLE_LINK, Example, example, preview
from office.site_settings.queries import site_settings
from office.texts.sources import TextSource
from professionals.models import AccountRecovery, AddressChange, FlaggedText, Merge, Note, NoteKind, Person

# Labels for staff, by kind; allauth’s templates name the kinds.
ACCOUNT_EMAIL_LABELS: dict[str, str | Promise] = {
    "account-email-confirmation-signup": _("Sign-up code"),
    "account-email-confirmation": _("Code for a new address"),
    "account-login-code": _("Sign-in code"),
    "account-reauthentication-code": _("Code to confirm who it is"),
    "account-unknown-account": _("New password for an unknown address"),
    "account-email-changed": _("Email address changed"),
    "account-address-put-back": _("Old email address put back"),
    "account-account-erased": _("Their details erased"),
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
SAMPLE_ADDRESS_CHANGE = {
    "from_email": READER_ADDRESS,
    "to_email": "nadia.rahman@bradford.nhs.uk",
    "link": SAMPLE_LINK,
    "changed": "Tuesday 12 January 2027, 10am",
    "until": "Tuesday 19 January 2027, 10am",
}
KNOWN_READER = {"reader_name": NAMES_BY_ADDRESS[READER_ADDRESS]}
UNKNOWN_READER = {"reader_name": ""}  # the address has no account, or not yet, or no longer
# The context of each template besides the address, for the samples.
ACCOUNT_EMAIL_SAMPLES: dict[str, dict[str, str]] = {
    "account/email/email_confirmation_signup": SAMPLE_CODE | UNKNOWN_READER,
    "account/email/login_code": SAMPLE_CODE | UNKNOWN_READER,
    "account/email/reauthentication_code": SAMPLE_CODE | UNKNOWN_READER,
    "account/email/email_confirmation": SAMPLE_CODE | UNKNOWN_READER,
    "account/email/password_reset_code": SAMPLE_CODE | KNOWN_READER,
    "account/email/unknown_account": UNKNOWN_READER,
    "account/email/email_changed": SAMPLE_ADDRESS_CHANGE | UNKNOWN_READER,
    "account/email/password_set": KNOWN_READER,
    "account/email/password_changed": KNOWN_READER,
    "account/email/password_reset": KNOWN_READER,
    "account/email/account_erased": {"themselves": "yes"} | UNKNOWN_READER,
    "mfa/email/totp_activated": KNOWN_READER,
    "mfa/email/totp_deactivated": KNOWN_READER,
    "mfa/email/webauthn_added": KNOWN_READER,
    "mfa/email/webauthn_removed": KNOWN_READER,
    "mfa/email/recovery_codes_generated": KNOWN_READER,
}


def render_account_email(template_prefix: str, email: str, context: dict[str, Any]) -> Rendered:
    """Render <prefix>_subject.txt, and text and HTML from <prefix>_message.html. Samples bring their own `reader_name`."""
    subject = render_to_string(f"{template_prefix}_subject.txt", context)
    minutes = settings.ACCOUNT_LOGIN_BY_CODE_TIMEOUT // 60
    name = context["reader_name"] if "reader_name" in context else find_reader_name(email)
    facts = {**context, "email": email, "minutes": minutes, "reader_name": name}
    return render_page(f"{template_prefix}_message.html", subject, facts)


def account_email_kind(template_prefix: str) -> str:
    """The kind for a template: 'account-login-code' for 'account/email/login_code'."""
    return f"account-{template_prefix.rpartition('/')[2].replace('_', '-')}"


def account_email_text_sources() -> Iterator[TextSource]:
    """The account emails whose words staff may change.

    A kind that has a label here but no template of ours is allauth's, and is never sent.
    """
    for prefix in (*ACCOUNT_EMAIL_SAMPLES, ADDRESS_PUT_BACK_TEMPLATE, MOVED_BY_STAFF_TEMPLATE):
        kind = account_email_kind(prefix)
        templates = (f"{prefix}_subject.txt", f"{prefix}_message.html")
        yield TextSource(kind, ACCOUNT_EMAIL_LABELS[kind], ACCOUNT_EMAILS_TITLE, templates, preview=partial(preview, kind))


EMAIL_CHANGED_TEMPLATE, ADDRESS_PUT_BACK_TEMPLATE, ADDRESS_OBJECTION_KIND = (
    "account/email/email_changed",
    "account/email/address_put_back",
    "address-objection",
)
MOVED_BY_STAFF_TEMPLATE = "account/email/moved_by_staff"
ADDRESS_NOTICE_PERIOD = timedelta(days=7)


def queue_account_email(template_prefix: str, to: str, context: dict[str, Any], *, now: datetime, expires_at: datetime) -> None:
    """Through the outbox, like all mail; encrypted there, and gone when it has expired."""
    mail = render_account_email(template_prefix, to, context)
    queue_account_mail(kind=account_email_kind(template_prefix), to=to, mail=mail, now=now, expires_at=expires_at)


def notify_address_change(change: AddressChange, token: str, now: datetime) -> None:
    """Notify the old address. Only this email has the token; the outbox keeps it encrypted until it is sent."""
    link = f"{settings.SITE_URL}{reverse('account_address_put_back', args=[token])}"
    moments = {"changed": format_datetime(change.changed_at), "until": format_datetime(change.until)}
    context = {"from_email": change.old, "to_email": change.new, "link": link, **moments}
    queue_account_email(EMAIL_CHANGED_TEMPLATE, change.old, context, now=now, expires_at=change.until)


def notify_address_put_back(change: AddressChange, *, before: str, now: datetime) -> None:
    """Notify the address that is right again, and the one that the account had until now."""
    for to in dict.fromkeys([change.old, before]):
        context = {"old": change.old, "moment": format_datetime(now), "is_theirs": to == change.old}
        queue_account_email(ADDRESS_PUT_BACK_TEMPLATE, to, context, now=now, expires_at=now + ADDRESS_NOTICE_PERIOD)


def notify_moved_by_staff(recovery: AccountRecovery) -> None:
    """Notify the old address, without a link: its reader may be the one from whom the account was taken (ADR 7)."""
    person = getattr(recovery.user, "person", None)
    with translation.override((person and person.language) or settings.LANGUAGE_CODE):
        context = {"moment": format_datetime(recovery.at)}
        expires_at = recovery.at + ADDRESS_NOTICE_PERIOD
        queue_account_email(MOVED_BY_STAFF_TEMPLATE, recovery.old, context, now=recovery.at, expires_at=expires_at)


class AddressObjection(Email):
    """About "address-change:12", with a link to the person who put their old address back."""

    name = ADDRESS_OBJECTION_KIND
    label = _("To staff: an old email address was put back")
    subject = _("Please check an account: somebody has put its old email address back")

    @cached_property
    def path(self) -> str:
        change = AddressChange.objects.select_related("user__person").filter(pk=self.about_key).first()
        if change is None:
            return reverse("staff:index")
        if hasattr(change.user, "person"):
            return reverse("staff:professionals_person_change", args=[change.user.person.pk])
        return reverse("staff:accounts_user_change", args=[change.user_id])

    def context(self) -> dict[str, object]:
        return {"url": f"{settings.SITE_URL}{self.path}"}


class MergeAsked(Email):
    """About "merge:12". It doesn't name the other address or its owner: nobody has said yet that both belong to one person."""

    name = "merge-asked"
    label = _("Do two accounts belong to one person?")
    subject = _("Do you have two accounts with us?")
    desk = Desk.ACCOUNTS

    @cached_property
    def merge(self) -> Merge | None:
        return Merge.objects.waiting(timezone.now()).filter(pk=self.about_key).first()

    def is_still_due(self) -> bool:
        return self.merge is not None

    def context(self) -> dict[str, object]:
        until = format_day(self.merge.waits_until) if self.merge else ""
        return {"until": until, "url": f"{settings.SITE_URL}{reverse('account_merge', args=[self.about_key])}"}


class MergeDone(Email):
    """To both addresses: each has been proved to be theirs."""

    name = "merge-done"
    label = _("Two accounts are now one")
    subject = _("Your two accounts are now one")
    desk = Desk.ACCOUNTS

    @cached_property
    def address(self) -> str:
        person = Person.objects.filter(merges=self.about_key).select_related("user").first()
        return person.user.email if person and person.user else ""

    def is_still_due(self) -> bool:
        return bool(self.address)

    def context(self) -> dict[str, object]:
        return {"address": self.address, "url": f"{settings.SITE_URL}{reverse('account_login')}"}


class SafeguardingFlag(Email):
    """Says that there is a text to read; never what it says."""

    name = "safeguarding-flag"
    label = _("To the safeguarding lead: something to read")
    subject = _("Please read the note on %(reference)s")

    @cached_property
    def flagged(self) -> FlaggedText | None:
        return FlaggedText.objects.undecided().filter(about=self.notification.about).first()

    def is_still_due(self) -> bool:
        return self.flagged is not None

    def context(self) -> dict[str, object]:
        key = self.flagged.pk if self.flagged else None
        path = reverse("staff:professionals_flaggedtext_change", args=[key]) if key else reverse("staff:index")
        return {"reference": self.notification.reference, "path": path}


class StaffLetter(Email):
    """About "note:12": a colleague's letter to a person, whose answer goes to the team."""

    name = "letter"
    label = NoteKind.LETTER.label
    desk = Desk.BOOKINGS
    subject = "%(subject)s"

    @cached_property
    def letter(self) -> Note:
        return Note.objects.get(pk=self.about_key)

    def is_still_due(self) -> bool:
        """Whether the address is still theirs."""
        return Note.objects.filter(pk=self.about_key, person__email__iexact=self.notification.recipient).exists()

    def context(self) -> dict[str, object]:
        subject = self.letter.subject or gettext("A colleague of our team has written to you.")
        return {"subject": subject, "words": self.letter.text}

    def message(self) -> Message:
        return replace(super().message(), reply_to=site_settings().team_email)


def examples() -> list[Example]:
    words = "Thank you for your call.\n\nThe parcel left our store today. It should be with you on Thursday."
    asked = datetime.fromisoformat("2027-01-12T10:00:00Z")
    moment: dict[str, object] = {"moment": "Tuesday 12 January 2027, 10am"}
    account_title = gettext("Account: %(what)s")
    put_back: dict[str, object] = {"old": READER_ADDRESS, **moment}
    return [
        example(StaffLetter, letter=Note(kind=NoteKind.LETTER, subject="Your leaflets", text=words)),
        example(SafeguardingFlag, reference="BK-7Q4M-2F", flagged=FlaggedText(pk=12)),
        *(
            _account_example(prefix, account_title % {"what": ACCOUNT_EMAIL_LABELS[account_email_kind(prefix)]}, context)
            for prefix, context in ACCOUNT_EMAIL_SAMPLES.items()
        ),
        example(MergeAsked, about="merge:1", merge=Merge(pk=1, asked_at=asked)),
        example(MergeDone, address=READER_ADDRESS),
        example(AddressObjection, path="/staff/professionals/person/1/change/"),
        _account_example(MOVED_BY_STAFF_TEMPLATE, _("Account: moved to another address by staff"), {**moment, **UNKNOWN_READER}),
        _account_example(
            ADDRESS_PUT_BACK_TEMPLATE, _("Account: old address back"), {**put_back, **KNOWN_READER, "is_theirs": True}
        ),
        _account_example(
            ADDRESS_PUT_BACK_TEMPLATE,
            _("Account: old address back, to the other one"),
            {**put_back, **UNKNOWN_READER, "is_theirs": False},
        ),
    ]


def _account_example(prefix: str, title: str | Promise, context: Any) -> Example:
    shown = partial(render_account_email, prefix, email=READER_ADDRESS, context=context)
    return Example(account_email_kind(prefix), title, shown)
