"""Staff's own wordings of our sentences: what was written, by whom, and what became of it. Rows are only added to both tables."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from core.models import Event, free_text, impersonal, personal, user_foreign_key


class StepKind(models.TextChoices):
    APPROVED = "approved", _("Approved")
    SENT_BACK = "sent-back", _("Sent back")
    TAKEN_BACK = "taken-back", _("Changed back to the wording before")
    OURS = "ours", _("Changed back to the wording that came with the site")


DECISIONS = (StepKind.APPROVED, StepKind.SENT_BACK)


class TextVersionQuerySet(models.QuerySet["TextVersion"]):
    def with_decision(self) -> Self:
        """`decided`: somebody has approved it or sent it back; `replaced`: a newer one was written."""
        newer = TextVersion.objects.filter(key=OuterRef("key"), number__gt=OuterRef("number"))
        decided = TextStep.objects.filter(version=OuterRef("pk"), kind__in=DECISIONS)
        return self.annotate(decided=Exists(decided), replaced=Exists(newer))

    def waiting(self) -> Self:
        return self.with_decision().filter(decided=False, replaced=False)

    def live(self) -> Self:
        """Wordings that readers get, as long as our own sentence is still the one that they were written for."""
        return self.filter(pk__in=TextStep.objects.newest().values("live"))


class TextVersion(models.Model):
    """One wording of one sentence in one language.

    `ours` is our sentence, as gettext gives it in that language: once a release changes it, this wording isn't used any more.
    `key` is a digest of the language and `ours`. `reason`: why the wording is right, although the page warned its author.
    """

    key = impersonal(models.CharField(max_length=32, editable=False))
    number = models.PositiveSmallIntegerField(_("version"), editable=False)
    language = impersonal(models.CharField(_("language"), max_length=5, editable=False))
    ours = impersonal(models.TextField(_("our wording"), editable=False))
    text = free_text(models.TextField(_("new wording"), max_length=1000))
    reason = free_text(models.CharField(_("why it is right as it is"), max_length=300, blank=True))
    author = user_foreign_key(_("author"), blank=True)
    at = models.DateTimeField(_("written"))

    objects = TextVersionQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-pk"]
        verbose_name = _("wording")
        verbose_name_plural = _("wordings")
        constraints = [
            models.UniqueConstraint(fields=["key", "number"], name="text_version_once"),
            models.CheckConstraint(condition=~Q(text=""), name="text_version_has_words"),
        ]
        indexes = [
            models.Index(fields=["-at", "-id"], name="text_version_newest"),
            models.Index(fields=["language", "-at", "-id"], name="text_version_by_language"),
        ]

    def __str__(self) -> str:
        return self.text if len(self.text) <= 60 else f"{self.text[:59]}…"


class TextStepQuerySet(models.QuerySet["TextStep"]):
    def newest(self) -> Self:
        """For each sentence, the last step that changed what readers get."""
        changes = self.model.objects.filter(key=OuterRef("key"), pk__gt=OuterRef("pk")).exclude(kind=StepKind.SENT_BACK)
        return self.exclude(kind=StepKind.SENT_BACK).filter(~Exists(changes))


class TextStep(Event):
    """A step in the life of a version. `live`: the version that readers get from now on; without one they get our own wording.

    `author` is that of the version, so that the database itself can refuse an approval by the author (office/sql/texts.sql sets
    it).
    """

    version = models.ForeignKey(TextVersion, on_delete=models.PROTECT, related_name="steps")
    key = impersonal(models.CharField(max_length=32, editable=False))
    kind = models.CharField(_("what"), max_length=10, choices=StepKind)
    live = models.ForeignKey(TextVersion, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    personal(author)
    reason = free_text(models.CharField(_("reason"), max_length=300, blank=True))

    objects = TextStepQuerySet.as_manager()

    class Meta(Event.Meta):
        verbose_name = _("step of a wording")
        verbose_name_plural = _("steps of wordings")
        constraints = [
            models.UniqueConstraint(fields=["version"], condition=Q(kind__in=DECISIONS), name="text_decided_once"),
            models.CheckConstraint(condition=~Q(kind=StepKind.APPROVED) | Q(live=F("version")), name="text_approved_is_live"),
            models.CheckConstraint(
                condition=Q(by=None) | Q(author=None) | ~Q(kind=StepKind.APPROVED) | ~Q(by=F("author")),
                name="text_author_does_not_approve",
            ),
            models.CheckConstraint(condition=~Q(kind=StepKind.SENT_BACK) | ~Q(reason=""), name="text_sent_back_with_reason"),
            models.CheckConstraint(
                condition=~Q(kind__in=[StepKind.SENT_BACK, StepKind.OURS]) | Q(live=None), name="text_ours_has_no_version"
            ),
        ]
        indexes = [models.Index(fields=["key", "-id"], name="text_step_by_key")]
