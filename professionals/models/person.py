"""A professional: who owns bookings, places and orders, and whom mail goes to."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Value
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from ctac.db import words_index


class Profession(models.TextChoices):
    """product.md's list."""

    HEALTH_VISITOR = "health-visitor", _("Health visitor")
    SOCIAL_WORKER = "social-worker", _("Social worker")
    EMERGENCY_CARE = "emergency-care", _("A&E or walk-in clinic staff")
    MIDWIFE = "midwife", _("Midwife")
    SCHOOL_NURSE = "school-nurse", _("School nurse")
    GP = "gp", _("GP")
    TEACHER = "teacher", _("Teacher")
    POLICE_OFFICER = "police-officer", _("Police officer")
    IMMIGRATION_OFFICER = "immigration-officer", _("Immigration officer")
    FOSTER_CARER = "foster-carer", _("Foster carer")
    YOUTH_WORKER = "youth-worker", _("Youth worker")
    OTHER = "other", _("Other")


class PersonQuerySet(models.QuerySet["Person"]):
    def with_email(self, email: str) -> Self:
        """Those with that address in any case: one at most."""
        return self.alias(lower_email=Lower("email")).filter(lower_email=Lower(Value(email))).exclude(email="")

    def entered_by_staff(self) -> Self:
        """Those who have no sign-in yet."""
        return self.filter(user=None)


class Person(models.Model):
    """One professional.

    Someone whom staff entered from a phone call has no user until they sign up with the same, then verified, address.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, verbose_name=_("user"), null=True, blank=True, on_delete=models.SET_NULL, related_name="person"
    )
    name = models.CharField(_("name"), max_length=150)
    email = models.EmailField(_("email address"), blank=True)
    phone = models.CharField(_("phone"), max_length=30, blank=True)
    profession = models.CharField(_("profession"), max_length=30, choices=Profession)
    organisation = models.ForeignKey(
        "professionals.Organisation",
        verbose_name=_("organisation"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="people",
    )
    postcode = models.CharField(_("work postcode"), max_length=9, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    erased_at = models.DateTimeField(_("erased"), null=True, blank=True, editable=False)
    searched = models.TextField(_("words that staff search"), editable=False, default="")  # the database keeps it

    objects = PersonQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        verbose_name = _("person")
        verbose_name_plural = _("people")
        permissions = [
            ("erase_person", _("Can erase a person")),
            ("give_person_data", _("Can give a person a copy of all that is held about them")),
        ]
        constraints = [
            models.UniqueConstraint(Lower("email"), name="person_email_unique_in_any_case", condition=~models.Q(email=""))
        ]
        indexes = [
            words_index("person_searched"),
            models.Index(fields=["name", "id"], name="person_by_name"),
            models.Index(fields=["created_at"], name="person_kept", condition=models.Q(erased_at__isnull=True)),
            models.Index(fields=["profession", "name", "id"], name="person_by_profession"),
            models.Index(fields=["name", "id"], name="person_entered_by_staff", condition=models.Q(user__isnull=True)),
        ]

    def __str__(self) -> str:
        return self.name
