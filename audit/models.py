"""Who looked at, took out and changed what, and when. Rows never change; there is one table for each month (ADR 21)."""

from typing import Any, Self

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from core.models import RecordedBy, impersonal


class Act(models.TextChoices):
    VIEWED = "viewed", _("Looked at")
    SENT = "sent", _("Sent a form, nothing changed")
    ADDED = "added", _("Added")
    CHANGED = "changed", _("Changed")
    DELETED = "deleted", _("Deleted")
    EXPORTED = "exported", _("Downloaded a file")
    ERASED = "erased", _("Erased a person")
    REFUSED = "refused", _("Was refused")
    LIMITED = "limited", _("Was stopped by a limit")
    SIGNED_IN = "signed-in", _("Signed in")
    SIGNED_OUT = "signed-out", _("Signed out")
    NOT_LET_IN = "not-let-in", _("Wrong password or code")
    CREDENTIALS = "credentials", _("Changed how they sign in")
    ROLE_GIVEN = "role-given", _("Gave a role")
    ROLE_TAKEN = "role-taken", _("Took a role away")


# The history of an object shows these: people who may see the object may see who changed it, but not who looked at it.
CHANGE_ACTS = (Act.ADDED, Act.CHANGED, Act.DELETED, Act.ERASED, Act.CREDENTIALS, Act.ROLE_GIVEN, Act.ROLE_TAKEN)


class EntryQuerySet(models.QuerySet["Entry"]):
    def about(self, kind: str, key: object) -> Self:
        """Acts about one object, given its model ("bookings.booking") and its key."""
        return self.filter(kind=kind, key=str(key))

    def changes(self) -> Self:
        return self.filter(act__in=CHANGE_ACTS)

    def newest_first(self) -> Self:
        return self.order_by("-at", "-pk")


class Entry(models.Model):
    """One act. Each of its texts is a word of our code, a key or a reference; the database refuses any other shape.

    `actor` is a user's key but no foreign key, so that the row stays as it is when the account is deleted. `kind` and `key` name
    the object ("bookings.booking", "17"). `page` is the name of a route. `what` has more words of our code: a button, the changed
    fields, a role. `request` is the reference in the log and on error pages. `at` comes from the database's own clock.

    audit/sql/entries.sql makes the table, because Django knows no partitions. Its key is (at, id).
    """

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField(_("when"), db_default=Now())
    act = models.CharField(_("act"), max_length=12, choices=Act)
    actor = models.BigIntegerField(_("who"), null=True, blank=True)
    kind = impersonal(models.CharField(_("kind of thing"), max_length=50, blank=True, default=""))
    key = impersonal(models.CharField(_("key"), max_length=36, blank=True, default=""))
    page = impersonal(models.CharField(_("page"), max_length=80, blank=True, default=""))
    what = impersonal(models.CharField(_("details"), max_length=200, blank=True, default=""))
    request = impersonal(models.CharField(_("request"), max_length=8, blank=True, default=""))

    objects: Any = EntryQuerySet.as_manager()

    class Meta:
        managed = False
        default_permissions = ("view",)
        verbose_name = _("act")
        verbose_name_plural = _("Who did what")

    def __str__(self) -> str:
        return f"{self.get_act_display()} {self.kind} {self.key}".strip()


class SpreadsheetFormat(models.TextChoices):
    CSV = "csv", _("CSV")
    XLSX = "xlsx", _("XLSX")


class Export(RecordedBy):
    """Records that somebody exported a list. Append-only.

    `of` is the model of its rows, "bookings.booking"; a row may make several `lines`. `filters` says which filters were set.
    What was searched for may be a name, so only the fact that something was is stored.
    """

    of = impersonal(models.CharField(_("list"), max_length=50))
    at = models.DateTimeField(_("when"))
    form = models.CharField(_("file"), max_length=4, choices=SpreadsheetFormat)
    rows = models.PositiveIntegerField(_("rows"))
    lines = models.PositiveIntegerField(_("lines"))
    filters = impersonal(models.CharField(_("filters"), max_length=300, blank=True))
    searched = models.BooleanField(_("searched for something"), default=False)
    chosen = models.BooleanField(_("ticked one by one"), default=False)

    class Meta:
        ordering = ["-at", "-pk"]
        verbose_name = _("export")
        verbose_name_plural = _("exports")
        default_permissions = ("view",)
        indexes = [models.Index(fields=["-at", "-id"], name="export_newest")]
        constraints = [
            models.CheckConstraint(condition=models.Q(rows__gte=1, lines__gte=1), name="export_of_something"),
            models.CheckConstraint(condition=models.Q(form__in=SpreadsheetFormat.values), name="export_as_a_known_file"),
        ]

    def __str__(self) -> str:
        return f"{self.of} {self.pk}"
