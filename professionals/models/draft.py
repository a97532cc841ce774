"""Answers of a form that is not finished."""

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils.translation import gettext_lazy as _


class DraftKind(models.TextChoices):
    BOOKING = "booking", _("Booking")
    ORDER = "order", _("Order")
    CHANGE = "change", _("Change of a booking")
    PLACE = "place", _("Place at a session")


class Draft(models.Model):
    """What someone has typed so far, bound to a cookie and, after sign-in, to the person. Goes after 48 hours.

    `answers` holds one entry a step. `token` is the one-time token that the result is stored with.
    """

    kind = models.CharField(_("kind"), max_length=10, choices=DraftKind)
    key_hash = models.CharField(_("hash of the cookie"), max_length=64)
    person = models.ForeignKey(
        "professionals.Person", verbose_name=_("person"), null=True, blank=True, on_delete=models.CASCADE, related_name="drafts"
    )
    answers = models.JSONField(_("answers"), default=dict, blank=True, encoder=DjangoJSONEncoder)
    token = models.CharField(_("one-time token"), max_length=43, unique=True)
    expires_at = models.DateTimeField(_("expires"), db_index=True)

    class Meta:
        verbose_name = _("draft")
        verbose_name_plural = _("drafts")
        constraints = [
            models.UniqueConstraint(fields=["key_hash", "kind"], name="draft_one_a_cookie_and_kind"),
            models.UniqueConstraint(fields=["person", "kind"], name="draft_one_a_person_and_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"
