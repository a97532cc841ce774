"""Spreadsheets that staff import: the file and its rows until they are imported, what was made of them, what is only counted."""

from datetime import datetime, timedelta
from typing import Self

from django.db import models
from django.db.models import F, Q
from django.utils.functional import cached_property
from django.utils.translation import gettext, gettext_lazy as _

from core.models import UnnamedModel, impersonal, personal, user_foreign_key

# The file and what its rows say are deleted after the import, or at the latest after this time: an hour less than a day.
FILE_RETENTION_PERIOD = timedelta(hours=23)
IMPORT_UNDO_PERIOD = timedelta(days=30)
WORKER_TIMEOUT = timedelta(minutes=2)  # since it last finished a batch


class ImportState(models.TextChoices):
    UPLOADED = "uploaded", _("Columns to choose")
    CHECKING = "checking", _("Being checked")
    CHECKED = "checked", _("Ready to import")
    RUNNING = "running", _("Being imported")
    DONE = "done", _("Imported")
    UNDOING = "undoing", _("Being undone")
    UNDONE = "undone", _("Undone")
    FAILED = "failed", _("Stopped by a fault")
    ABANDONED = "abandoned", _("Not imported")


WORKING_STATES = (ImportState.CHECKING, ImportState.RUNNING, ImportState.UNDOING)


class DuplicateChoice(models.TextChoices):
    """What becomes of a row that we may have already."""

    LINK = "link", _("Use the one we have")
    MAKE = "make", _("Add a new one")
    SKIP = "skip", _("Leave the row out")


class RowState(models.TextChoices):
    NEW = "new", _("New")
    DUPLICATE = "duplicate", _("May be here already")
    PAST = "past", _("Too old: only counted")
    WRONG = "wrong", _("To correct")
    MADE = "made", _("Added")
    LINKED = "linked", _("Already here")
    SKIPPED = "skipped", _("Left out")
    COUNTED = "counted", _("Counted")


WAITING_ROW_STATES = (RowState.NEW, RowState.DUPLICATE, RowState.PAST)


class ImportQuerySet(models.QuerySet["Import"]):
    def waiting(self) -> Self:
        """The imports that wait for staff: to go on with them, or because a fault stopped them."""
        return self.filter(state__in=[ImportState.UPLOADED, ImportState.CHECKED, ImportState.FAILED])

    def with_old_file(self, now: datetime) -> Self:
        return self.filter(file_deleted_at=None, uploaded_at__lte=now - FILE_RETENTION_PERIOD)

    def left_by_worker(self, now: datetime) -> Self:
        return self.filter(state__in=WORKING_STATES, progressed_at__lte=now - WORKER_TIMEOUT)


class Import(models.Model):
    """One file. `file` and `headings` are deleted with what the rows say: after the import, or within 24 hours.

    `mapping`: the column of each field, from 0. `choice`: what becomes of duplicates that have no choice of their own. `done` of
    `total` rows are finished in the present state. `progressed_at`: when a worker last finished some.
    """

    kind = impersonal(models.CharField(_("what"), max_length=20))
    state = models.CharField(_("state"), max_length=9, choices=ImportState, default=ImportState.UPLOADED)
    file = personal(models.BinaryField(_("file"), null=True, editable=False))
    digest = impersonal(models.CharField(_("digest of the file"), max_length=64, editable=False))
    headings = personal(models.JSONField(_("headings"), default=list, editable=False))
    mapping = impersonal(models.JSONField(_("columns"), default=dict, editable=False))
    choice = models.CharField(_("choice for all"), max_length=4, choices=DuplicateChoice, blank=True, default="")
    done = models.PositiveIntegerField(_("rows done"), default=0)
    total = models.PositiveIntegerField(_("rows"), default=0)
    uploaded_at = models.DateTimeField(_("uploaded"))
    uploaded_by = user_foreign_key(_("uploaded by"))
    progressed_at = models.DateTimeField(_("last went on"))
    file_deleted_at = models.DateTimeField(_("file deleted"), null=True, blank=True)
    run_at = models.DateTimeField(_("imported"), null=True, blank=True)
    run_by = user_foreign_key(_("imported by"))
    undone_at = models.DateTimeField(_("undone"), null=True, blank=True)
    undone_by = user_foreign_key(_("undone by"))

    objects = ImportQuerySet.as_manager()

    class Meta:
        ordering = ["-uploaded_at", "-pk"]
        verbose_name = _("import")
        verbose_name_plural = _("Imports of old records")
        default_permissions = ("view", "add", "change")
        indexes = [
            models.Index(fields=["-uploaded_at", "-id"], name="import_newest"),
            models.Index(fields=["uploaded_at"], name="import_with_file", condition=Q(file_deleted_at=None)),
            models.Index(fields=["run_at"], name="import_by_run"),
        ]
        constraints = [
            models.CheckConstraint(
                name="import_without_file_has_no_headings", condition=Q(file_deleted_at=None) | Q(file=None, headings=[])
            )
        ]

    def __str__(self) -> str:
        return gettext("Import %(number)d") % {"number": self.pk}

    @property
    def is_at_work(self) -> bool:
        return self.state in WORKING_STATES

    @property
    def undo_until(self) -> datetime | None:
        return self.run_at and self.run_at + IMPORT_UNDO_PERIOD

    @cached_property
    def row_counts(self) -> dict[str, int]:
        """How many rows are in each state."""
        return dict(self.rows.order_by().values_list("state").annotate(models.Count("pk")))

    @cached_property
    def is_undecided(self) -> bool:
        """Whether there is a row that may be here already, for which nobody has chosen what becomes of it."""
        return not self.choice and self.rows.filter(state=RowState.DUPLICATE, choice="").exists()


class ImportRow(models.Model):
    """A row of the file, by its number there. `cells`, `matches` and `identity` are emptied after the import, or within 24 hours.

    `cells` has what was typed, by the name of the field. Of a row past retention it has only how to count it, and of a wrong row
    nothing. `problems`: for each, the name of a field and a sentence that never repeats what was typed. `identity`: a digest of
    what makes it the same as another row; `repeats`: the number of that row. `link`: the place of the match that is meant.
    """

    parent = models.ForeignKey(Import, verbose_name=_("import"), on_delete=models.CASCADE, related_name="rows", db_index=False)
    number = models.PositiveIntegerField(_("number in the file"))
    state = models.CharField(_("state"), max_length=9, choices=RowState)
    cells = personal(models.JSONField(_("cells"), default=dict))
    problems = impersonal(models.JSONField(_("problems"), default=list))
    matches = personal(models.JSONField(_("what may be the same"), default=list))
    identity = impersonal(models.CharField(_("digest"), max_length=32, blank=True, default=""))
    repeats = models.PositiveIntegerField(_("earlier row that says the same"), null=True)
    choice = models.CharField(_("choice"), max_length=4, choices=DuplicateChoice, blank=True, default="")
    link = models.PositiveSmallIntegerField(_("which of them"), default=0)

    class Meta:
        ordering = ["number"]
        verbose_name = _("row of an import")
        verbose_name_plural = _("rows of imports")
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["parent", "number"], name="import_row_once")]
        indexes = [
            models.Index(fields=["parent", "state", "number"], name="import_row_by_state"),
            models.Index(F("parent"), F("repeats").asc(nulls_first=True), F("number"), name="import_row_in_turn"),
            models.Index(fields=["parent", "identity"], name="import_row_by_identity", condition=~Q(identity="")),
        ]

    def __str__(self) -> str:
        return str(self.number)


class ImportedObject(models.Model):
    """An object that a row made, or one that we had and the row was linked to. `model` is its label, like "professionals.person".

    `digest` is that of its columns when it was made. `kept`: why it stayed when the import was undone, in words without names.
    """

    parent = models.ForeignKey(
        Import, verbose_name=_("import"), on_delete=models.CASCADE, related_name="objects_of_it", db_index=False
    )
    number = models.PositiveIntegerField(_("row"))
    model = impersonal(models.CharField(_("kind"), max_length=60))
    key = personal(models.BigIntegerField(_("key")))
    made = models.BooleanField(_("made"))
    digest = impersonal(models.CharField(_("digest"), max_length=32, blank=True, default=""))
    kept = impersonal(models.JSONField(_("why it stayed"), default=list))

    class Meta:
        ordering = ["number", "pk"]
        verbose_name = _("imported object")
        verbose_name_plural = _("imported objects")
        default_permissions = ()
        indexes = [
            models.Index(fields=["parent", "model", "id"], name="imported_object_of_import"),
            models.Index(fields=["model", "key"], name="imported_object_by_key"),
        ]

    def __str__(self) -> str:
        return f"{self.model} {self.key}"


class ImportMapping(UnnamedModel):
    """The columns that were chosen when these headings came last. By a digest of the headings, as a first row may name people."""

    kind = impersonal(models.CharField(_("what"), max_length=20))
    headings = impersonal(models.CharField(_("digest of the headings"), max_length=64))
    mapping = impersonal(models.JSONField(_("columns")))
    used_at = models.DateTimeField(_("last used"))

    class Meta:
        verbose_name = _("remembered columns")
        verbose_name_plural = _("remembered columns")
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["kind", "headings"], name="import_mapping_once")]


class ImportedCount(models.Model):
    """How many rows of one month, area and profession were past retention. It names nobody.

    `month` is its first day. `profession`, `nation` and `authority` have the values of a person and an area, or are empty.
    """

    parent = models.ForeignKey(Import, verbose_name=_("import"), on_delete=models.CASCADE, related_name="counts", db_index=False)
    kind = impersonal(models.CharField(_("what"), max_length=20))
    month = models.DateField(_("month"))
    nation = impersonal(models.CharField(_("nation"), max_length=20, blank=True))
    authority = impersonal(models.CharField(_("local authority"), max_length=9, blank=True))
    profession = impersonal(models.CharField(_("profession"), max_length=30, blank=True))
    rows = models.PositiveIntegerField(_("rows"))
    people = models.PositiveBigIntegerField(_("people"))
    copies = models.PositiveBigIntegerField(_("copies"))

    class Meta:
        ordering = ["month", "pk"]
        verbose_name = _("count of old records")
        verbose_name_plural = _("counts of old records")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["parent", "kind", "month", "nation", "authority", "profession"], name="imported_count_once"
            )
        ]
        indexes = [models.Index(fields=["kind", "month"], name="imported_count_by_month")]

    def __str__(self) -> str:
        return f"{self.kind} {self.month:%Y-%m}"
