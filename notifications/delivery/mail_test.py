"""A test email to oneself, to see that mail really leaves by outbox, worker and mail server, and arrives."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from core.dates import format_datetime
from core.errors import DomainError
from notifications.models import Notification, NotificationQuerySet
from notifications.outbox import notify
from notifications.registry import Desk, Email
from notifications.samples import Example, example

MIN_TEST_INTERVAL = timedelta(minutes=1)  # between two by the same person
MAIL_TEST_LIFETIME = timedelta(hours=1)


class MailTest(Email):
    name = "mail-test"
    label = _("To staff: test email")
    template = "staff_mail_test"
    subject = _("Test email from CTAC")
    desk = Desk.TEAM
    may_resend = False

    def context(self) -> dict[str, object]:
        asked = format_datetime(self.notification.created_at)
        return {"asked": asked, "url": f"{settings.SITE_URL}{reverse('staff:first_run')}"}


def mail_tests() -> NotificationQuerySet:
    """The newest first."""
    rows: NotificationQuerySet = Notification.objects.filter(kind=MailTest.name).order_by("-created_at", "-pk")
    return rows


def about_user(user: Any) -> str:
    return f"user:{user.pk}"


@transaction.atomic
def send_mail_test(*, by: Any, now: datetime) -> None:
    """Sends a test email to whoever asks, at once. Of two at the same moment one is sent: they have the same version."""
    last = mail_tests().filter(about=about_user(by)).first()
    if last and now - last.created_at < MIN_TEST_INTERVAL:
        raise DomainError(_("We have just sent you one. Wait a minute before you send another."))
    version = last.version + 1 if last else 1
    notify(kind=MailTest.name, about=about_user(by), to=[by.email], version=version, now=now, expires_at=now + MAIL_TEST_LIFETIME)


@transaction.atomic
def confirm_mail_test(*, by: Any, now: datetime) -> None:
    """Their last one came. Saying so twice keeps the first moment."""
    last = mail_tests().filter(about=about_user(by)).first()
    if last is None:
        raise DomainError(_("Send yourself a test email first."))
    Notification.objects.filter(pk=last.pk, received_at=None).update(received_at=now)


def examples() -> list[Example]:
    return [
        example(MailTest),
    ]
