"""Who wants which mail, and the links in mail by which its reader chooses. Writes are in services.choosing (ADR 58)."""

from typing import TYPE_CHECKING

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from notifications.models import MailChoice, MailReader
from notifications.models.choices import as_kept
from notifications.registry import kind_named
from notifications.topics import ON_AT_FIRST, Topic

if TYPE_CHECKING:
    from notifications.models import Notification


def wants(topic: Topic, address: str) -> bool:
    """What the reader of this address last said of the topic, or else how it begins: one statement."""
    said = MailChoice.objects.of_address(address).filter(topic=topic).values_list("wanted", flat=True).first()
    return topic in ON_AT_FIRST if said is None else said


def has_chosen(topic: Topic, address: str) -> bool:
    """Whether they said yes or no to it, so that nobody asks again: one statement."""
    return MailChoice.objects.of_address(address).filter(topic=topic).exists()


def wants_each(address: str) -> dict[Topic, bool]:
    """The same of every topic, in the order of the page: one statement."""
    return {topic: topic in ON_AT_FIRST for topic in Topic} | MailChoice.objects.of_address(address).said()


def is_wanted(notification: "Notification") -> bool:
    """Asked just before it is sent. Service mail and account mail always are, and nothing is read for them."""
    if notification.is_account_mail or (topic := kind_named(notification.kind).topic) is None:
        return True
    return wants(topic, notification.recipient)


def page_link(address: str) -> str:
    """The page on which the reader of this address chooses, for mail to this address only; it is a private link."""
    return f"{settings.SITE_URL}{reverse('mail_choices', args=[token_of(address)])}"


def one_click_link(address: str, topic: Topic) -> str:
    """For List-Unsubscribe (RFC 8058): a POST there stops this topic for this address; whoever opens it comes to the page."""
    return f"{settings.SITE_URL}{reverse('mail_stop', args=[token_of(address), topic])}"


def token_of(address: str) -> str:
    """The token of this address, made if it has none yet; two who make it at once get the same."""
    reader, _made = MailReader.objects.get_or_create(address=as_kept(address), defaults={"created_at": timezone.now()})
    return reader.token
