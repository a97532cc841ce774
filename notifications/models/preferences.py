"""What people chose to get: one row an address, with the token of its page, and one row for each choice."""

import secrets
from datetime import datetime, time, timedelta
from itertools import count
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from ctac.dates import OURS, is_working_day, uk_datetime, uk_day
from ctac.models import personal
from notifications.registry import Topic


class ChoiceSource(models.TextChoices):
    """Where somebody made a choice."""

    PAGE = "page", _("The page of choices")
    ONE_CLICK = "one-click", _("One press in their mail program")
    SIGN_UP = "sign-up", _("At sign-up")
    ORDER = "order", _("After an order")
    PHONE = "phone", _("On the phone to us")
    COMPLAINT = "complaint", _("By calling our mail unwanted in their mail program")


def new_token() -> str:
    return secrets.token_urlsafe(24)


def normalise_address(address: str) -> str:
    return address.strip().lower()


class MailReader(models.Model):
    """An address that mail went to. Whoever has the token, which only stands in mail to this address, chooses for it.

    Made with the first mail that carries the link or with the first choice; gone when the person is erased or reads elsewhere.
    """

    address = personal(models.EmailField(_("address"), unique=True))
    token = personal(models.CharField(_("token"), max_length=43, unique=True, default=new_token))
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("reader of mail")
        verbose_name_plural = _("readers of mail")
        constraints = [
            models.CheckConstraint(name="mailreader_in_small_letters", condition=Q(address=Lower("address")) & ~Q(address=""))
        ]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.pk}"


class MailChoiceQuerySet(models.QuerySet["MailChoice"]):
    def of_address(self, address: str) -> "MailChoiceQuerySet":
        return self.filter(reader__address=normalise_address(address))

    def newest_first(self) -> "MailChoiceQuerySet":
        return self.order_by("-chosen_at", "topic")


class MailChoice(models.Model):
    """A reader's last choice of one topic. Without a row the topic is as notifications.registry begins it."""

    reader = models.ForeignKey(MailReader, verbose_name=_("reader"), on_delete=models.CASCADE, related_name="choices")
    personal(reader)
    topic = personal(models.CharField(_("topic"), max_length=20, choices=Topic))
    wanted = personal(models.BooleanField(_("wanted")))
    chosen_at = personal(models.DateTimeField(_("chosen")))
    chosen_where = personal(models.CharField(_("where it was said"), max_length=20, choices=ChoiceSource))

    objects: ClassVar = MailChoiceQuerySet.as_manager()

    class Meta:
        verbose_name = _("choice of mail")
        verbose_name_plural = _("choices of mail")
        constraints = [models.UniqueConstraint(fields=["reader", "topic"], name="mailchoice_once_a_topic")]

    def __str__(self) -> str:
        return f"{self.get_topic_display()}: {self.wanted}"


class DigestFrequency(models.TextChoices):
    AT_ONCE = "at-once", _("One email for each thing that happens, at once")
    DAILY = "daily", _("One email each working day, at 8am")
    TWICE = "twice", _("Two emails each working day, at 8am and at 1pm")


CLOCKS: dict[str, tuple[time, ...]] = {
    DigestFrequency.AT_ONCE: (),
    DigestFrequency.DAILY: (time(8),),
    DigestFrequency.TWICE: (time(8), time(13)),
}


class TeamMail(models.Model):
    """One row, or none: then each event is sent at once. Times are of a UK clock."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    rhythm = models.CharField(
        _("what can wait comes as"), max_length=10, choices=DigestFrequency, default=DigestFrequency.AT_ONCE
    )

    class Meta:
        verbose_name = _("setting")
        verbose_name_plural = _("How the team gets its mail")
        constraints = [models.CheckConstraint(condition=Q(id=1), name="teammail_is_one")]

    def __str__(self) -> str:
        return str(self._meta.verbose_name_plural)

    def next_digest(self, now: datetime) -> datetime | None:
        """The first after `now`, on a working day of the team: what comes on a weekend is sent on Monday."""
        clocks = CLOCKS[self.rhythm]
        if not clocks:
            return None
        days = (uk_day(now) + timedelta(days=ahead) for ahead in count())
        moments = (uk_datetime(day, clock) for day in days if is_working_day(day, OURS) for clock in clocks)
        return next(moment for moment in moments if moment > now)
