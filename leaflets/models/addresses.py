"""Addresses that a person keeps for their next orders."""

from dataclasses import fields
from typing import Self

from django.db import models
from django.db.models import F, TextField, Value
from django.db.models.functions import MD5, Concat, Lower
from django.utils.translation import gettext_lazy as _

from leaflets.models.order import Delivery
from professionals.models import Person

MOST_KEPT = 20  # addresses of one person
ON_THE_LABEL = ("name", "attention", "organisation_name", "address_line_1", "address_line_2", "town", "postcode")
_SAID = Lower(Concat(*(part for name in ON_THE_LABEL for part in (F(name), Value("\n"))), output_field=TextField()))


class KeptAddressQuerySet(models.QuerySet["KeptAddress"]):
    def of(self, person: Person) -> Self:
        """As its owner sees them: what was kept last, first."""
        return self.filter(person=person).order_by("-pk")


class KeptAddress(models.Model):
    """One entry of a person's address book. An order has a copy of its own, so changing this changes no order."""

    person = models.ForeignKey(Person, verbose_name=_("person"), on_delete=models.CASCADE, related_name="kept_addresses")
    name = models.CharField(_("name"), max_length=150)
    attention = models.CharField(_("for the attention of"), max_length=150, blank=True)
    organisation_name = models.CharField(_("organisation"), max_length=200, blank=True)
    address_line_1 = models.CharField(_("address line 1"), max_length=150)
    address_line_2 = models.CharField(_("address line 2"), max_length=150, blank=True)
    town = models.CharField(_("town or city"), max_length=100)
    postcode = models.CharField(_("postcode"), max_length=9)

    objects = KeptAddressQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        verbose_name = _("kept address")
        verbose_name_plural = _("kept addresses")
        constraints = [
            # In any case of letters. By a digest, since an index has no room for all that may be typed.
            models.UniqueConstraint(F("person"), MD5(_SAID), name="kept_address_once_a_person"),
        ]

    def __str__(self) -> str:
        return ", ".join(self.lines)

    @property
    def lines(self) -> list[str]:
        """Of a label, without the empty ones."""
        return [line for line in (getattr(self, name) for name in ON_THE_LABEL) if line]

    @property
    def delivery(self) -> Delivery:
        return Delivery(**{field.name: getattr(self, field.name) for field in fields(Delivery)})


def same_place(one: Delivery, other: Delivery) -> bool:
    """Whether both say the same on a label, in any case of letters."""
    return all(getattr(one, name).casefold() == getattr(other, name).casefold() for name in ON_THE_LABEL)
