"""Which pages of the guidance are approved: nothing unapproved advises anybody (product.md, rule 12)."""

from datetime import date, datetime
from itertools import product
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from core.dates import uk_day
from core.models import impersonal, user_foreign_key
from guidance.contacts.models import AreaContact, ContactKind  # noqa: F401 - Django looks for models here
from guidance.content import AUDIENCES, NATIONS, Audience, UKNation, page_text_digest
from professionals.models import Language


class ApprovalState(models.TextChoices):
    APPROVED = "approved", _("Approved")
    OVERDUE = "overdue", _("Review overdue")
    CHANGED = "changed", _("Text changed since")
    NEVER = "never", _("Not approved")


class GuidancePageQuerySet(models.QuerySet["GuidancePage"]):
    def approved(self, today: date) -> Self:
        """Filters as `GuidancePage.state` decides for one page."""
        texts = [page_text_digest(*each) for each in product(AUDIENCES, NATIONS, Language.values)]
        found = self.filter(digest__in=texts, approver__isnull=False, review_on__gte=today)
        return found.filter(is_sample=False) if settings.PRODUCTION else found

    def to_approve(self, today: date) -> Self:
        return self.exclude(pk__in=self.model.objects.approved(today).values("pk"))

    def due_by(self, day: date, today: date) -> Self:
        """Still approved, and to be reviewed by that day."""
        return self.approved(today).filter(review_on__lte=day)


class GuidancePage(models.Model):
    """One audience's page in one nation and language, and who approved which text. Every page has a row from the start.

    `digest` is of the approved text: if the text changes, the review date passes or the approver's account goes, the page is no
    longer approved. `is_sample`: approved by the sample data, which production ignores.
    """

    audience = models.CharField(_("audience"), max_length=20, choices=Audience)
    nation = models.CharField(_("nation"), max_length=20, choices=UKNation)
    language = impersonal(models.CharField(_("language"), max_length=5, choices=Language, default=Language.ENGLISH))
    digest = impersonal(models.CharField(max_length=64, blank=True, editable=False))
    author = user_foreign_key(_("author"), blank=True)
    approver = user_foreign_key(_("approver"), blank=True)
    approved_at = models.DateTimeField(_("approved"), null=True, blank=True)
    review_on = models.DateField(_("to be reviewed by"), null=True, blank=True)
    is_sample = models.BooleanField(_("approved for trying out only"), default=False, editable=False)

    objects = GuidancePageQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        verbose_name = _("guidance page")
        verbose_name_plural = _("guidance pages")
        constraints = [
            models.UniqueConstraint(fields=["audience", "nation", "language"], name="guidance_page_once"),
            models.CheckConstraint(
                condition=Q(author=None) | Q(approver=None) | ~Q(author=F("approver")), name="guidance_author_does_not_approve"
            ),
            models.CheckConstraint(
                condition=Q(digest="", author=None, approver=None, approved_at=None, review_on=None)
                | (~Q(digest="") & Q(approved_at__isnull=False, review_on__isnull=False)),
                name="guidance_approval_is_whole",
            ),
        ]

    def __str__(self) -> str:
        page = f"{self.get_audience_display()}, {self.get_nation_display()}"
        return page if self.language == Language.ENGLISH else f"{page} ({self.get_language_display()})"

    def get_absolute_url(self) -> str:
        return reverse("guidance_nation_page", args=[self.audience, self.nation])

    def text_digest(self) -> str:
        """Digest of the text as it is now."""
        return page_text_digest(self.audience, self.nation, self.language)

    def state(self, now: datetime) -> ApprovalState:
        if self.approver_id is None or self.review_on is None or (self.is_sample and settings.PRODUCTION):
            return ApprovalState.NEVER
        if self.digest != self.text_digest():
            return ApprovalState.CHANGED
        return ApprovalState.APPROVED if uk_day(now) <= self.review_on else ApprovalState.OVERDUE

    def is_approved(self, now: datetime) -> bool:
        return self.state(now) == ApprovalState.APPROVED
