"""Whom to tell about a child in a place: children's services, police, guardian service. Staff keep the numbers up to date."""

import re
from datetime import date, timedelta
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.models import impersonal, user_foreign_key
from guidance.content import NATIONS
from professionals.models import Nation

POLICE_NUMBER = "101"  # of every police force in the UK, from anywhere in its area
CHECK_INTERVAL = timedelta(days=365)
# Numbers that Ofcom reserves for drama. The sample data uses these.
DRAMA_NUMBER_PATTERN = re.compile(
    r"(?:01632960|01(?:1[3-8]|[2-6]1)4960|01914980|02079460|02896496|02920180|07700900|08081570|03069990)\d{3}"
)


class ContactKind(models.TextChoices):
    CHILDREN = "children", _("Children’s services")
    POLICE = "police", _("Police")
    GUARDIAN = "guardian", _("Guardian service")


class AreaContactQuerySet(models.QuerySet["AreaContact"]):
    def missing(self) -> Self:
        """Contacts without a phone number. UK police have at least 101."""
        return self.filter(phone="").exclude(kind=ContactKind.POLICE, nation__in=NATIONS)

    def to_check(self, today: date) -> Self:
        """Contacts with a number that nobody has checked for a year."""
        has_one = ~Q(phone="") | ~Q(out_of_hours_phone="")
        return self.filter(has_one, Q(checked_on=None) | Q(checked_on__lt=today - CHECK_INTERVAL))


class AreaContact(models.Model):
    """An authority, police force or guardian service, as listed in guidance/data/contacts.csv.

    `code` is its code in official statistics, or the nation's; `nation` is where it is.
    """

    kind = models.CharField(_("kind"), max_length=10, choices=ContactKind)
    code = impersonal(models.CharField(_("code"), max_length=20))
    name = impersonal(models.CharField(_("name"), max_length=80))
    nation = models.CharField(_("nation"), max_length=20, choices=Nation)
    phone = impersonal(models.CharField(_("phone"), max_length=30, blank=True))
    out_of_hours_phone = impersonal(models.CharField(_("phone out of hours"), max_length=30, blank=True))
    web_page = impersonal(models.URLField(_("web page"), blank=True))
    checked_on = models.DateField(_("checked on"), null=True, blank=True, editable=False)
    checked_by = user_foreign_key(_("checked by"), blank=True, editable=False)

    objects = AreaContactQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        verbose_name = _("contact of an area")
        verbose_name_plural = _("who to tell in each area")
        constraints = [models.UniqueConstraint(fields=["kind", "code"], name="area_contact_once")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.name}"

    @property
    def number(self) -> str:
        """The number to call by day; empty if we have none."""
        return self.phone or (POLICE_NUMBER if self.kind == ContactKind.POLICE and self.nation in NATIONS else "")

    @property
    def is_sample(self) -> bool:
        """Whether one of its numbers is a made-up one, which nobody answers."""
        return any(DRAMA_NUMBER_PATTERN.fullmatch(re.sub(r"\D", "", phone)) for phone in (self.phone, self.out_of_hours_phone))
