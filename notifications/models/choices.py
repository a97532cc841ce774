"""What people chose to get: one row an address, with the token of its page, and one row for each thing they said."""

import secrets
from typing import ClassVar

from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from notifications.topics import Topic


class Where(models.TextChoices):
    """Where somebody said what they want."""

    PAGE = "page", _("The page of choices")
    ONE_CLICK = "one-click", _("One press in their mail program")
    SIGN_UP = "sign-up", _("At sign-up")
    ORDER = "order", _("After an order")
    PHONE = "phone", _("On the phone to us")
    COMPLAINT = "complaint", _("By calling our mail unwanted in their mail program")


def new_token() -> str:
    return secrets.token_urlsafe(24)


def as_kept(address: str) -> str:
    """An address in the one way in which it is kept here."""
    return address.strip().lower()


class MailReader(models.Model):
    """An address that mail went to. Whoever has the token, which only stands in mail to this address, chooses for it.

    Made with the first mail that carries the link or with the first choice; gone when the person is erased or reads elsewhere.
    """

    address = models.EmailField(_("address"), unique=True)
    token = models.CharField(_("token"), max_length=43, unique=True, default=new_token)
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("reader of mail")
        verbose_name_plural = _("readers of mail")
        constraints = [
            models.CheckConstraint(
                name="mailreader_in_small_letters", condition=models.Q(address=Lower("address")) & ~models.Q(address="")
            )
        ]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.pk}"


class MailChoiceQuerySet(models.QuerySet["MailChoice"]):
    def of_address(self, address: str) -> "MailChoiceQuerySet":
        return self.filter(reader__address=as_kept(address))

    def said(self) -> dict[Topic, bool]:
        return {Topic(topic): wanted for topic, wanted in self.values_list("topic", "wanted")}

    def newest_first(self) -> "MailChoiceQuerySet":
        return self.order_by("-chosen_at", "topic")


class MailChoice(models.Model):
    """What one reader last said of one topic, when and where. Without a row the topic is as notifications.topics begins it."""

    reader = models.ForeignKey(MailReader, verbose_name=_("reader"), on_delete=models.CASCADE, related_name="choices")
    topic = models.CharField(_("topic"), max_length=20, choices=Topic)
    wanted = models.BooleanField(_("wanted"))
    chosen_at = models.DateTimeField(_("chosen"))
    chosen_where = models.CharField(_("where it was said"), max_length=20, choices=Where)

    objects: ClassVar = MailChoiceQuerySet.as_manager()

    class Meta:
        verbose_name = _("choice of mail")
        verbose_name_plural = _("choices of mail")
        constraints = [models.UniqueConstraint(fields=["reader", "topic"], name="mailchoice_once_a_topic")]

    def __str__(self) -> str:
        return f"{self.get_topic_display()}: {self.wanted}"
