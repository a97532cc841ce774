"""Where people work, and which addresses count as work."""

from typing import Self

from django.db import models
from django.db.models import Value
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from ctac.db import words_in, words_index

ORGANISATION_WORDS = words_in("name")


class OrganisationQuerySet(models.QuerySet["Organisation"]):
    def named(self, name: str) -> Self:
        """Those of that name in any case: one at most."""
        return self.alias(lower_name=Lower("name")).filter(lower_name=Lower(Value(name)))


class Organisation(models.Model):
    """An employer, chosen or added at sign-up; staff can merge two."""

    name = models.CharField(_("name"), max_length=200)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects = OrganisationQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        verbose_name = _("organisation")
        verbose_name_plural = _("organisations")
        constraints = [models.UniqueConstraint(Lower("name"), name="organisation_name_unique_in_any_case")]
        indexes = [
            words_index("organisation_searched", ORGANISATION_WORDS),
            models.Index(fields=["name", "id"], name="organisation_by_name"),
            models.Index(fields=["-created_at", "-id"], name="organisation_newest"),
        ]

    def __str__(self) -> str:
        return self.name


class RecognisedDomain(models.Model):
    """A domain whose addresses we take as work addresses, with everything below it (nhs.uk covers leedsth.nhs.uk)."""

    domain = models.CharField(_("domain"), max_length=253, unique=True)

    class Meta:
        ordering = ["domain"]
        verbose_name = _("recognised domain")
        verbose_name_plural = _("recognised domains")

    def __str__(self) -> str:
        return self.domain
