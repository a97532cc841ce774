"""The stock ledger, stock-takes, spreadsheets, and recalls of editions."""

from typing import ClassVar, Self

from django.db import models
from django.db.models import Case, Exists, F, OuterRef, Q, Value, When
from django.db.models.functions import Abs
from django.utils import dateformat
from django.utils.translation import gettext_lazy as _

from core.dates import uk_day
from core.models import Event, RecordedBy, free_text, impersonal, personal, searchable_text, trigram_index, user_foreign_key
from leaflets.models.catalogue import Edition, Leaflet
from leaflets.models.orders import OpenQuerySet, Order, OrderLine
from notifications.models import UNFINISHED_STATES, Notification, NotificationState
from professionals.models import Person

# The stock ledger, stock-takes, the figures for the forecast, and spreadsheets.

MOVEMENT_SEARCH_TEXT = searchable_text("reason")


class MovementKind(models.TextChoices):
    RECEIVED = "received", _("Received")
    ALLOCATED = "allocated", _("Allocated")
    RELEASED = "released", _("Released")
    DISPATCHED = "dispatched", _("Dispatched")
    CORRECTED = "corrected", _("Corrected")


class StockMovement(Event):
    """One entry of the ledger. An edition's running figures are the sums of the changes in its movements."""

    edition = models.ForeignKey(Edition, verbose_name=_("edition"), on_delete=models.PROTECT, related_name="movements")
    kind = models.CharField(_("what"), max_length=10, choices=MovementKind)
    copies = models.PositiveIntegerField(_("copies"))
    on_hand_change = models.IntegerField(_("change on hand"))
    allocated_change = models.IntegerField(_("change allocated"))
    order_line = models.ForeignKey(
        OrderLine, verbose_name=_("order line"), null=True, blank=True, on_delete=models.PROTECT, related_name="movements"
    )
    reason = free_text(models.CharField(_("why"), max_length=300, blank=True))

    class Meta:
        ordering = ["-at", "-pk"]
        verbose_name = _("stock movement")
        verbose_name_plural = _("stock movements")
        indexes = [
            models.Index(fields=["-at", "-id"], name="stock_movement_newest"),
            models.Index(fields=["kind", "-at", "-id"], name="stock_movement_by_kind"),
            models.Index(fields=["edition", "-at", "-id"], name="stock_movement_of_edition"),
            # For the last movement of an edition's copies, and those since: leaves out movements that only promise or release.
            models.Index(fields=["edition", "-id"], condition=~Q(on_hand_change=0), name="stock_movement_of_copies"),
            trigram_index("stock_movement_searched", MOVEMENT_SEARCH_TEXT, condition=~Q(reason="")),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(copies__gte=1), name="stock_movement_of_something"),
            # Kind and figures must agree.
            models.CheckConstraint(
                condition=Q(kind="received", on_hand_change=F("copies"), allocated_change=0, order_line__isnull=True)
                | Q(kind="allocated", on_hand_change=0, allocated_change=F("copies"), order_line__isnull=False)
                | Q(kind="released", on_hand_change=0, allocated_change=-F("copies"), order_line__isnull=False)
                | Q(kind="dispatched", on_hand_change=-F("copies"), allocated_change=-F("copies"), order_line__isnull=False)
                | Q(kind="corrected", copies=Abs(F("on_hand_change")), allocated_change=0, order_line__isnull=True),
                name="stock_movement_changes_match_kind",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.copies}"

    @property
    def reference(self) -> str:
        """Its name in emails, which the search of the ledger finds."""
        return f"STOCK-{self.pk}"


class StockTakeState(models.TextChoices):
    OPEN = "open", _("Being counted")
    CONFIRMED = "confirmed", _("Confirmed")
    ABANDONED = "abandoned", _("Given up")


class StockTake(models.Model):
    """Some editions to count (ADR 20). Stock changes only when it is confirmed, and then all at once."""

    state = models.CharField(_("state"), max_length=9, choices=StockTakeState, default=StockTakeState.OPEN)
    started_at = models.DateTimeField(_("started"))
    started_by = user_foreign_key(_("started by"))
    ended_at = models.DateTimeField(_("ended"), null=True)
    ended_by = user_foreign_key(_("ended by"))

    objects: ClassVar = OpenQuerySet.as_manager()

    class Meta:
        ordering = ["-started_at", "-pk"]
        verbose_name = _("stock-take")
        verbose_name_plural = _("stock-takes")
        constraints = [
            models.CheckConstraint(
                name="stock_take_ended_says_when",
                condition=Q(state="open", ended_at__isnull=True) | ~Q(state="open") & Q(ended_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return str(_("Stock-take of %(day)s") % {"day": dateformat.format(uk_day(self.started_at), "j F Y")})


class TitleCount(models.Model):
    """One edition of a stock-take. `expected` is the ledger's figure when it was counted.

    `position` is the key of the edition's last movement of copies at that time, 0 if there was none. Later movements have higher
    keys, so a count that is confirmed later is still compared with the figure of its own moment.
    """

    stock_take = models.ForeignKey(StockTake, verbose_name=_("stock-take"), on_delete=models.PROTECT, related_name="counts")
    edition = models.ForeignKey(Edition, verbose_name=_("edition"), on_delete=models.PROTECT, related_name="counts")
    counted = models.PositiveIntegerField(_("counted"), null=True)
    expected = models.PositiveIntegerField(_("expected"), null=True)
    position = models.BigIntegerField(_("last movement before it"), null=True)
    counted_at = models.DateTimeField(_("counted at"), null=True)
    counted_by = user_foreign_key(_("counted by"))
    correction = models.OneToOneField(
        StockMovement, verbose_name=_("correction"), null=True, on_delete=models.PROTECT, related_name="count_of"
    )

    class Meta:
        ordering = ["edition__leaflet__position", "-edition__published_on", "pk"]
        verbose_name = _("count of a title")
        verbose_name_plural = _("counts of titles")
        constraints = [
            models.UniqueConstraint(fields=["stock_take", "edition"], name="title_count_once_a_stock_take"),
            models.CheckConstraint(
                name="title_count_with_its_moment",
                condition=Q(counted__isnull=True, expected__isnull=True, position__isnull=True, counted_at__isnull=True)
                | Q(counted__isnull=False, expected__isnull=False, position__isnull=False, counted_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return str(self.edition)

    @property
    def difference(self) -> int:
        """How many copies more or fewer than the ledger said."""
        return (self.counted or 0) - (self.expected or 0)


class DispatchCount(models.Model):
    """Copies of one edition that left on one UK day: the ledger's own sum, so that no page adds up a million movements."""

    edition = models.ForeignKey(Edition, verbose_name=_("edition"), on_delete=models.CASCADE, related_name="dispatch_counts")
    day = models.DateField(_("day"))
    copies = models.PositiveIntegerField(_("copies"))

    class Meta:
        ordering = ["-day", "edition"]
        verbose_name = _("copies sent in a day")
        verbose_name_plural = _("copies sent by day")
        constraints = [
            models.UniqueConstraint(fields=["edition", "day"], name="dispatch_count_once_a_day"),
            models.CheckConstraint(condition=Q(copies__gte=1), name="dispatch_count_of_something"),
        ]

    def __str__(self) -> str:
        return f"{self.copies}"


class LowStock(models.Model):
    """Staff were sent word that a title is low. The row goes when stock comes in, so that the next fall is reported again."""

    leaflet = models.OneToOneField(Leaflet, verbose_name=_("leaflet"), on_delete=models.CASCADE, related_name="low_stock")
    told_at = models.DateTimeField(_("told"))

    class Meta:
        ordering = ["pk"]
        verbose_name = _("title that is low in stock")
        verbose_name_plural = _("titles that are low in stock")

    def __str__(self) -> str:
        return f"{self.leaflet_id}"


class SheetKind(models.TextChoices):
    STOCK = "stock", _("Stock list")
    CATALOGUE = "catalogue", _("Catalogue")


class ImportState(models.TextChoices):
    CHECKED = "checked", _("Checked")
    APPLIED = "applied", _("Written")


class SheetImport(models.Model):
    """An uploaded spreadsheet: its cells as text, so that exactly what was checked is written.

    `rows` has, for each row that is not empty, its number in the file and its cells by column; `done` the result of each.
    """

    kind = models.CharField(_("what"), max_length=9, choices=SheetKind)
    state = models.CharField(_("state"), max_length=7, choices=ImportState, default=ImportState.CHECKED)
    rows = free_text(models.JSONField(_("rows"), editable=False))
    unknown = free_text(models.JSONField(_("columns that were left out"), default=list, blank=True, editable=False))
    digest = impersonal(models.CharField(_("digest of the rows"), max_length=64, editable=False))
    done = free_text(models.JSONField(_("what was done"), default=list, blank=True, editable=False))
    uploaded_at = models.DateTimeField(_("uploaded"))
    uploaded_by = user_foreign_key(_("uploaded by"))
    applied_at = models.DateTimeField(_("written"), null=True, blank=True)
    applied_by = user_foreign_key(_("written by"), blank=True)

    class Meta:
        ordering = ["-uploaded_at", "-pk"]
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        default_permissions = ()
        indexes = [
            models.Index(fields=["-uploaded_at", "-id"], name="sheet_import_newest"),
            models.Index(fields=["digest"], name="sheet_import_applied", condition=Q(state="applied")),
        ]
        constraints = [
            models.CheckConstraint(
                name="sheet_import_written_says_when",
                condition=Q(state="checked", applied_at__isnull=True) | Q(state="applied", applied_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.pk}"


# Recalls: what people should do with copies, who was reached, and what happened to open orders.

MAX_ADVICE_LENGTH = 500


class Advice(models.TextChoices):
    """What people should do with the copies that they have."""

    RECYCLE = "recycle", _("Stop using them, and recycle them")
    SEND_BACK = "send-back", _("Stop using them, and send them back to us")
    KEEP = "keep", _("Keep using them, but tell people something")


class RecallReplacement(models.TextChoices):
    """What happens to copies that are promised or waited for."""

    SAME = "same", _("The current edition of the same leaflet")
    OTHER = "other", _("Another leaflet")
    WAIT = "wait", _("Nothing yet: they wait for the next edition of this leaflet")
    CANCEL = "cancel", _("Nothing: we cancel these copies")


class Recall(RecordedBy):
    """The recall of one edition. The edition says why, like any that is withdrawn; `words` add to the advice.

    `successor` is the edition that is sent instead. The figures say what happened to the orders that were open then.
    """

    edition = models.OneToOneField(Edition, verbose_name=_("edition"), on_delete=models.PROTECT, related_name="recall")
    advice = models.CharField(_("what people do with copies"), max_length=9, choices=Advice)
    words = free_text(models.CharField(_("more about that"), max_length=MAX_ADVICE_LENGTH, blank=True))
    instead = models.CharField(_("what we send instead"), max_length=6, choices=RecallReplacement)
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
        """Its name in the ledger and in emails, which staff search for."""
        return f"RECALL-{self.pk}"


class RecallOrder(models.Model):
    """What happened to an order's copies of a recalled edition. `was_packing`: it was taken off the packing table."""

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
    """How far the news of a recall has got to one person."""

    PHONED = "phoned", _("Reached by phone")
    SENT = "sent", _("Email sent")
    PENDING = "pending", _("Email on its way")
    FAILED = "failed", _("Email failed")
    NO_EMAIL = "no-email", _("No email address")


TO_PHONE_STATES = (ReachState.FAILED, ReachState.NO_EMAIL)


class RecallHolderQuerySet(models.QuerySet["RecallHolder"]):
    def with_reach(self) -> Self:
        """Each person with their `reach`. Counts an email as sent if it, or one sent again, was sent."""
        again = Notification.objects.filter(resend_of=OuterRef("notification"))
        sent = Q(notification__state=NotificationState.SENT) | Exists(again.filter(state=NotificationState.SENT))
        pending = Q(notification__state__in=UNFINISHED_STATES) | Exists(again.filter(state__in=UNFINISHED_STATES))
        return self.annotate(
            reach=Case(
                When(reached_at__isnull=False, then=Value(ReachState.PHONED)),
                When(notification=None, then=Value(ReachState.NO_EMAIL)),
                When(sent, then=Value(ReachState.SENT)),
                When(pending, then=Value(ReachState.PENDING)),
                default=Value(ReachState.FAILED),
                output_field=models.CharField(),
            )
        )

    def to_phone(self) -> Self:
        """People whom no email has reached, nor anybody by phone."""
        return self.filter(reached_at=None).with_reach().filter(reach__in=TO_PHONE_STATES)


class RecallHolder(models.Model):
    """A person to tell of a recall: they were sent `received` copies, or (0) an open order of theirs changes.

    `notification` is their email; None if they have no address. Erasing a person deletes the row.
    """

    recall = models.ForeignKey(Recall, verbose_name=_("recall"), on_delete=models.PROTECT, related_name="holders")
    person = models.ForeignKey(Person, verbose_name=_("person"), on_delete=models.PROTECT, related_name="recalls")
    personal(person)
    received = personal(models.PositiveIntegerField(_("copies received")))
    notification = models.ForeignKey(
        *(Notification, models.SET_NULL), verbose_name=_("told in"), null=True, editable=False, related_name="recalls"
    )
    reached_at = personal(models.DateTimeField(_("reached by phone"), null=True, blank=True))
    reached_by = user_foreign_key(_("by"), blank=True)

    objects: ClassVar = RecallHolderQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        verbose_name = _("person of a recall")
        verbose_name_plural = _("people of a recall")
        constraints = [models.UniqueConstraint(fields=["recall", "person"], name="recall_holder_once")]

    def __str__(self) -> str:
        return f"{self.person_id}"
