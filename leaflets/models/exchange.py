"""What left the system as a spreadsheet and what came in as one."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class SheetForm(models.TextChoices):
    CSV = "csv", _("CSV")
    XLSX = "xlsx", _("XLSX")


class OrderExport(models.Model):
    """That somebody took orders with names and addresses out of the system: append-only.

    `narrowed` says which filters of the list were set. What was searched for may be a name, so only that something was is kept.
    """

    at = models.DateTimeField(_("when"))
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("by"), null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    form = models.CharField(_("file"), max_length=4, choices=SheetForm)
    orders = models.PositiveIntegerField(_("orders"))
    lines = models.PositiveIntegerField(_("lines"))
    narrowed = models.CharField(_("filters"), max_length=300, blank=True)
    searched = models.BooleanField(_("searched for something"), default=False)
    chosen = models.BooleanField(_("ticked one by one"), default=False)

    class Meta:
        ordering = ["-at", "-pk"]
        verbose_name = _("export of orders")
        verbose_name_plural = _("exports of orders")
        default_permissions = ("view",)
        permissions = [("export_orders", _("Can export orders with names and addresses"))]
        indexes = [models.Index(fields=["-at", "-id"], name="order_export_newest")]
        constraints = [models.CheckConstraint(condition=Q(orders__gte=1), name="order_export_of_something")]

    def __str__(self) -> str:
        return f"{self.get_form_display()} {self.pk}"


class SheetKind(models.TextChoices):
    STOCK = "stock", _("Stock list")
    CATALOGUE = "catalogue", _("Catalogue")


class ImportState(models.TextChoices):
    CHECKED = "checked", _("Checked")
    APPLIED = "applied", _("Written")


class SheetImport(models.Model):
    """A spreadsheet that was uploaded: its cells as text, so that what is written is exactly what was checked.

    `rows` has for each row that says something its number in the file and its cells by column. `done` is what was said of each
    row when it was written.
    """

    kind = models.CharField(_("what"), max_length=9, choices=SheetKind)
    state = models.CharField(_("state"), max_length=7, choices=ImportState, default=ImportState.CHECKED)
    rows = models.JSONField(_("rows"), editable=False)
    unknown = models.JSONField(_("columns that were left out"), default=list, blank=True, editable=False)
    digest = models.CharField(_("digest of the rows"), max_length=64, editable=False)
    done = models.JSONField(_("what was done"), default=list, blank=True, editable=False)
    uploaded_at = models.DateTimeField(_("uploaded"))
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("uploaded by"), null=True, on_delete=models.SET_NULL, related_name="+"
    )
    applied_at = models.DateTimeField(_("written"), null=True, blank=True)
    applied_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("written by"), null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

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
