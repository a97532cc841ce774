"""Editions found wrong after people had them: what each is to do, whom it reached, and what became of open orders."""

from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Case, Exists, F, OuterRef, Q, Value, When
from django.utils.translation import gettext_lazy as _

from ctac.models import RecordedBy, free_text, personal
from leaflets.models.catalogue import Edition
from leaflets.models.orders import Order
from notifications.models import UNFINISHED, Notification, State
from professionals.models import Person

MAX_ADVICE_LENGTH = 500


class Advice(models.TextChoices):
    """What people are to do with the copies that they have."""

    RECYCLE = "recycle", _("Stop using them, and recycle them")
    SEND_BACK = "send-back", _("Stop using them, and send them back to us")
    KEEP = "keep", _("Keep using them, but tell people something")


class RecallReplacement(models.TextChoices):
    """What becomes of copies that are promised or waited for."""

    SAME = "same", _("The current print of the same leaflet is sent instead")
    OTHER = "other", _("Another leaflet is sent instead")
    WAIT = "wait", _("They wait for the next print of this leaflet")
    CANCEL = "cancel", _("They are cancelled")


class Recall(RecordedBy):
    """The recall of one edition. Why stands on the edition, as for any that is withdrawn; `words` say more of the advice.

    `successor` is the edition that is sent instead. The figures say what happened to what was open at that moment.
    """

    edition = models.OneToOneField(Edition, verbose_name=_("edition"), on_delete=models.PROTECT, related_name="recall")
    advice = models.CharField(_("what people do with copies"), max_length=9, choices=Advice)
    words = free_text(models.CharField(_("more about that"), max_length=MAX_ADVICE_LENGTH, blank=True))
    instead = models.CharField(_("what is sent instead"), max_length=6, choices=RecallReplacement)
    successor = models.ForeignKey(
        *(Edition, models.PROTECT), verbose_name=_("successor"), null=True, blank=True, related_name="succeeds"
    )
    recalled_at = models.DateTimeField(_("recalled"))
    blocked = models.PositiveIntegerField(_("copies on the shelf that are blocked"))
    moved = models.PositiveIntegerField(_("copies promised from the successor"))
    to_come = models.PositiveIntegerField(_("copies that wait"))
    cancelled = models.PositiveIntegerField(_("copies cancelled"))

    class Meta:
        ordering = ["-recalled_at", "-pk"]
        verbose_name = _("recall")
        verbose_name_plural = _("recalls")
        constraints = [
            models.CheckConstraint(
                name="recall_has_the_successor_it_names",
                condition=Q(instead__in=["same", "other"], successor__isnull=False)
                | Q(instead__in=["wait", "cancel"], successor__isnull=True),
            ),
            models.CheckConstraint(name="recall_by_another_edition", condition=~Q(successor=F("edition"))),
        ]

    def __str__(self) -> str:
        return str(self.edition)

    @property
    def reference(self) -> str:
        """What the ledger and emails call it, and staff search for."""
        return f"RECALL-{self.pk}"


class RecallOrder(models.Model):
    """What became of an open order's copies of a recalled edition; `was_packing`: it was taken off the packing table."""

    recall = models.ForeignKey(Recall, verbose_name=_("recall"), on_delete=models.PROTECT, related_name="orders")
    order = models.ForeignKey(Order, verbose_name=_("order"), on_delete=models.PROTECT, related_name="recalls")
    moved = models.PositiveIntegerField(_("copies sent instead"))
    to_come = models.PositiveIntegerField(_("copies that wait"))
    cancelled = models.PositiveIntegerField(_("copies cancelled"))
    was_packing = models.BooleanField(_("was being packed"))

    class Meta:
        ordering = ["pk"]
        verbose_name = _("order of a recall")
        verbose_name_plural = _("orders of a recall")
        constraints = [models.UniqueConstraint(fields=["recall", "order"], name="recall_order_once")]

    def __str__(self) -> str:
        return f"{self.order_id}"


class ReachState(models.TextChoices):
    """How far the news has come to one person."""

    PHONED = "phoned", _("Reached by phone")
    SENT = "sent", _("Email sent")
    PENDING = "pending", _("Email on its way")
    FAILED = "failed", _("Email failed")
    NO_EMAIL = "no-email", _("No email address")


REACH_TO_PHONE = (ReachState.FAILED, ReachState.NO_EMAIL)


class RecallHolderQuerySet(models.QuerySet["RecallHolder"]):
    def with_reach(self) -> Self:
        """Each with `reach`. An email that was sent again counts as sent if one of them was."""
        again = Notification.objects.filter(resend_of=OuterRef("told_in"))
        sent = Q(told_in__state=State.SENT) | Exists(again.filter(state=State.SENT))
        pending = Q(told_in__state__in=UNFINISHED) | Exists(again.filter(state__in=UNFINISHED))
        return self.annotate(
            reach=Case(
                When(reached_at__isnull=False, then=Value(ReachState.PHONED)),
                When(told_in=None, then=Value(ReachState.NO_EMAIL)),
                When(sent, then=Value(ReachState.SENT)),
                When(pending, then=Value(ReachState.PENDING)),
                default=Value(ReachState.FAILED),
                output_field=models.CharField(),
            )
        )

    def to_ring(self) -> Self:
        """Those whom no email has reached, nor anybody by phone."""
        return self.filter(reached_at=None).with_reach().filter(reach__in=REACH_TO_PHONE)


class RecallHolder(models.Model):
    """One person who is to know of a recall: who was sent `received` copies, or (0) whose open order it changes.

    `told_in` is their email; none without an address. Whoever is erased is taken out.
    """

    recall = models.ForeignKey(Recall, verbose_name=_("recall"), on_delete=models.PROTECT, related_name="holders")
    person = models.ForeignKey(Person, verbose_name=_("person"), on_delete=models.PROTECT, related_name="recalls")
    personal(person)
    received = personal(models.PositiveIntegerField(_("copies received")))
    told_in = models.ForeignKey(
        *(Notification, models.SET_NULL), verbose_name=_("told in"), null=True, editable=False, related_name="recalls"
    )
    reached_at = personal(models.DateTimeField(_("reached by phone"), null=True, blank=True))
    reached_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("by"), null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    personal(reached_by)

    objects: ClassVar = RecallHolderQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        verbose_name = _("person of a recall")
        verbose_name_plural = _("people of a recall")
        constraints = [models.UniqueConstraint(fields=["recall", "person"], name="recall_holder_once")]

    def __str__(self) -> str:
        return f"{self.person_id}"
