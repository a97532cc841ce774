"""Mail providers that tell us what became of a message, as django-anymail reads their reports.

anymail, and the HTTP library that it brings, is loaded when the first report comes and by no page: it is heavy.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from anymail.exceptions import AnymailConfigurationError, AnymailWebhookValidationFailure
from django.conf import settings
from django.core.exceptions import BadRequest, ImproperlyConfigured, PermissionDenied
from django.http import HttpRequest
from django.utils.module_loading import import_string

from notifications.bounces.meaning import sort_of
from notifications.models.addresses import Sort, Source
from notifications.services.bouncing import Answer, storable


@dataclass(frozen=True)
class Provider:
    """`view` is anymail's; `key_name` what it calls the key by which the provider signs, "" where it only knows a password."""

    view: str
    key_name: str = ""


# Amazon SES and Resend need packages that we don't carry; anymail keeps SendGrid no longer.
PROVIDERS = {
    "brevo": Provider("brevo.BrevoTrackingWebhookView"),
    "mailersend": Provider("mailersend.MailerSendTrackingWebhookView", "signing_secret"),
    "mailgun": Provider("mailgun.MailgunTrackingWebhookView", "webhook_signing_key"),
    "mailjet": Provider("mailjet.MailjetTrackingWebhookView"),
    "mailtrap": Provider("mailtrap.MailtrapTrackingWebhookView", "tracking_secret"),
    "mandrill": Provider("mandrill.MandrillCombinedWebhookView", "webhook_key"),
    "postal": Provider("postal.PostalTrackingWebhookView", "webhook_key"),
    "postmark": Provider("postmark.PostmarkTrackingWebhookView"),
    "sparkpost": Provider("sparkpost.SparkPostTrackingWebhookView"),
    "unisender_go": Provider("unisender_go.UnisenderGoTrackingWebhookView", "api_key"),
}
DECLARED_HARD = re.compile(r"hard.?bounce|invalid_email|bademailaddress", re.IGNORECASE)
DECLARED_SOFT = re.compile(r"soft.?bounce|transient|temporary", re.IGNORECASE)
UNREADABLE = (KeyError, TypeError, ValueError, AttributeError)  # what anymail raises for a body of another shape
NO_SUCH_CLASS = {"10", "30", "90"}  # SparkPost's numbers for an address that is not there


@dataclass(frozen=True)
class Told:
    """What one report says: answers about mail that came back, and where a message arrived, and when."""

    answers: list[Answer]
    arrived: dict[str, datetime]


def missing_setting() -> str:
    """What MAIL_PROVIDER needs and has not; nothing if all is there or none is used."""
    if not settings.MAIL_PROVIDER:
        return ""
    provider = PROVIDERS.get(settings.MAIL_PROVIDER)
    if provider is None:
        return f"MAIL_PROVIDER is none of {', '.join(PROVIDERS)}."
    if provider.key_name:
        return "" if settings.MAIL_WEBHOOK_KEY else f"MAIL_WEBHOOK_KEY is not set: {settings.MAIL_PROVIDER} signs by it."
    return "" if ":" in settings.MAIL_WEBHOOK_PASSWORD else "MAIL_WEBHOOK_PASSWORD is not set, like user:password."


def check_settings() -> None:
    """Raises ImproperlyConfigured, so that a provider without a secret stops the start."""
    if missing := missing_setting():
        raise ImproperlyConfigured(missing)


def read_told(request: HttpRequest, now: datetime) -> Told:
    """What the provider of the settings says in this request.

    Raises PermissionDenied if it is not from there, BadRequest if it can't be read.
    """
    if missing_setting():
        raise PermissionDenied
    provider = PROVIDERS[settings.MAIL_PROVIDER]
    secrets: dict[str, Any] = {"webhook_secret": settings.MAIL_WEBHOOK_PASSWORD} if settings.MAIL_WEBHOOK_PASSWORD else {}
    if provider.key_name:
        secrets[provider.key_name] = settings.MAIL_WEBHOOK_KEY
    view = import_string(f"anymail.webhooks.{provider.view}")(**secrets)
    view.setup(request)
    try:
        view.run_validators(request)
    except (AnymailWebhookValidationFailure, *UNREADABLE) as error:
        raise PermissionDenied from error
    try:
        return told_by(view.parse_events(request), now)
    except (AnymailConfigurationError, *UNREADABLE) as error:
        raise BadRequest from error


def told_by(events: Iterable[Any], now: datetime) -> Told:
    told = Told([], {})
    for event in events:
        if event.event_type == "delivered" and event.recipient:
            told.arrived[storable(event.recipient).strip().lower()] = moment_of(event, now)
        elif sort := sort_of_event(event):
            told.answers.append(answer_of(event, sort, now))
    return told


def moment_of(event: Any, now: datetime) -> datetime:
    """A time without a zone says nothing that could be compared."""
    at = event.timestamp
    return at if at is not None and at.tzinfo is not None else now


def answer_of(event: Any, sort: Sort, now: datetime) -> Answer:
    """Providers may number messages in their own way; then the address says whose it was, and their number of the event which."""
    known = str(event.event_id or f"{event.message_id} {event.timestamp}")
    return Answer(
        sort=sort,
        source=Source.PROVIDER,
        message_id=str(event.message_id or ""),
        address=str(event.recipient or ""),
        said=words_of(event),
        key=hashlib.sha256(storable(known).encode()).hexdigest(),
        at=moment_of(event, now),
    )


def words_of(event: Any) -> str:
    return str(event.mta_response or event.description or event.reject_reason or event.event_type)


def sort_of_event(event: Any) -> Sort | None:
    """None for what says nothing about the address: late, opened, an absence note."""
    if event.event_type in {"complained", "unsubscribed"} or event.reject_reason in {"spam", "unsubscribed"}:
        return Sort.COMPLAINT
    if event.event_type not in {"bounced", "rejected", "failed"}:
        return None
    if event.reject_reason == "invalid" or (event.event_type == "rejected" and event.reject_reason == "bounced"):
        return Sort.HARD  # refused because it came back before
    declared = " ".join(declarations(event.esp_event))
    if DECLARED_SOFT.search(declared):
        return Sort.SOFT
    return Sort.HARD if DECLARED_HARD.search(declared) else sort_of("", words_of(event))


def declarations(raw: Any) -> Iterable[str]:
    """The short words with which a provider calls the event, wherever it puts them."""
    if not isinstance(raw, dict):
        return
    for name, value in raw.items():
        if isinstance(value, dict):
            yield from declarations(value)
        elif value is True:
            yield str(name)
        elif str(name) == "bounce_class":
            yield "hard_bounce" if str(value) in NO_SUCH_CLASS else "soft_bounce"
        elif str(name).lower() in {"type", "event", "status", "severity"} and isinstance(value, str):
            yield value
