"""Tables for reach: counts by month, area and profession, which name nobody; invitations and who was invited; reports."""

from datetime import datetime, timedelta
from typing import ClassVar, Self

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import dateformat, timezone
from django.utils.translation import gettext, gettext_lazy as _

from core.dates import format_day
from core.models import UnnamedModel, impersonal, personal, user_foreign_key
from notifications.models import new_token
from professionals.models import Profession
from reach.areas import Unit


class CountKind(models.TextChoices):
    """What we count. Only ATTENDED is reach: a leaflet that was sent may not have been read."""

    ATTENDED = "attended", _("People who attended")
    PRESENTATIONS = "presentations", _("Presentations")
    PLACES = "places", _("Places taken at open sessions")
    LEAFLETS = "leaflets", _("Leaflets sent")
    SIGNED_UP = "signed-up", _("Professionals signed up")


class ReachCountQuerySet(models.QuerySet["ReachCount"]):
    def of(self, kind: CountKind, profession: str = "") -> Self:
        """Counts of one kind, in no order: of one profession, or of everybody."""
        rows = self.filter(kind=kind).order_by()
        return rows.filter(profession=profession) if profession else rows

    def between(self, first: object, last: object) -> Self:
        """Counts of the months from `first` to `last`, both by their first days and both included."""
        return self.filter(month__gte=first, month__lte=last)


class ReachCount(models.Model):
    """How many of a kind there were in one UK month (`month` is its first day), in one area, of one profession.

    `authority`: the code of a district; empty online for everybody, on an island and where we don't know. `profession`: empty
    where nobody said. Written by `reach.services.count_reach` from the rows, which `manage.py count_reach --check` proves equal.
    """

    kind = models.CharField(_("what"), max_length=15, choices=CountKind)
    month = models.DateField(_("month"))
    nation = impersonal(models.CharField(_("nation"), max_length=20, blank=True))
    authority = impersonal(models.CharField(_("local authority"), max_length=9, blank=True))
    profession = models.CharField(_("profession"), max_length=30, choices=Profession, blank=True)
    count = models.PositiveBigIntegerField(_("how many"))

    objects = ReachCountQuerySet.as_manager()

    class Meta:
        ordering = ["kind", "month", "pk"]
        verbose_name = _("count")
        verbose_name_plural = _("counts")
        default_permissions = ()
        permissions = [("view_reach", _("Can see where we have been and where nobody has"))]
        constraints = [
            models.UniqueConstraint(fields=["kind", "month", "nation", "authority", "profession"], name="reach_count_once"),
            models.CheckConstraint(condition=Q(count__gte=1), name="reach_count_of_something"),
            models.CheckConstraint(condition=Q(month__day=1), name="reach_count_by_first_of_month"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.month:%Y-%m}"


class ReachRun(models.Model):
    """When the counts were last made; one row. The pages show it."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    counted_at = models.DateTimeField(_("counted"))

    class Meta:
        verbose_name = _("count of everything")
        verbose_name_plural = _("counts of everything")
        default_permissions = ()
        constraints = [models.CheckConstraint(condition=Q(id=1), name="reach_run_is_one")]

    def __str__(self) -> str:
        return f"{self.counted_at:%Y-%m-%d %H:%M}"


# Invitations that offer a visit: at most one in 90 days to an address (product.md, rule 14).

MIN_INVITATION_INTERVAL = timedelta(days=90)


class Basis(models.TextChoices):
    """Why we may write to a role mailbox, beside the legitimate interest that it is for work and that we stop when told."""

    PUBLISHED = "published", _("Published for professionals to write to")
    GIVEN = "given", _("The organisation gave it to us")


class ObjectedBy(models.TextChoices):
    """How an objection reached us."""

    LINK = "link", _("By the link in our email")
    MAIL_PROGRAM = "mail-program", _("By the button of a mail program")
    STAFF = "staff", _("Told to us, and entered by staff")


class RoleMailboxQuerySet(models.QuerySet["RoleMailbox"]):
    def open(self) -> Self:
        """Mailboxes that we may write to."""
        return self.filter(objected_at=None)


class RoleMailbox(models.Model):
    """The address of a role at an organisation, such as a safeguarding team; not a person's own.

    An objection is for ever: it deletes address and organisation, and keeps `digest`, so that nobody adds the address again.
    """

    organisation = models.ForeignKey(
        "professionals.Organisation",
        verbose_name=_("organisation"),
        null=True,
        on_delete=models.PROTECT,
        related_name="role_mailboxes",
    )
    address = personal(models.EmailField(_("address"), blank=True))
    digest = impersonal(models.CharField(_("digest of the address"), max_length=64, unique=True, editable=False))
    # Each email to the mailbox shows this, so that its readers know where we found the address.
    source = impersonal(models.URLField(_("page where we found it"), blank=True))
    basis = models.CharField(_("why we may write to it"), max_length=10, choices=Basis, default=Basis.PUBLISHED)
    postcode = impersonal(models.CharField(_("postcode of the workplace"), max_length=9, blank=True))
    nation = impersonal(models.CharField(_("nation"), max_length=20, blank=True, editable=False))
    authority = impersonal(models.CharField(_("local authority"), max_length=9, blank=True, editable=False))
    token = impersonal(models.CharField(_("token"), max_length=43, unique=True, default=new_token, editable=False))
    added_at = models.DateTimeField(_("added"), default=timezone.now, editable=False)
    added_by = user_foreign_key(_("added by"), blank=True)
    objected_at = models.DateTimeField(_("objected"), null=True, blank=True, editable=False)
    objected_by = models.CharField(_("how they objected"), max_length=12, choices=ObjectedBy, blank=True, editable=False)

    objects = RoleMailboxQuerySet.as_manager()

    class Meta:
        ordering = ["-added_at", "-pk"]
        verbose_name = _("role mailbox")
        verbose_name_plural = _("role mailboxes")
        default_permissions = ("view", "change")
        constraints = [
            models.CheckConstraint(
                condition=Q(objected_at=None, objected_by="", organisation__isnull=False)
                & ~Q(address="")
                & ~Q(source="")
                & ~Q(postcode="")
                | Q(objected_at__isnull=False, address="", source="", postcode="", organisation=None) & ~Q(objected_by=""),
                name="rolemailbox_keeps_nothing_after_an_objection",
            ),
            models.CheckConstraint(condition=Q(address=Lower("address")), name="rolemailbox_in_small_letters"),
        ]
        indexes = [
            models.Index(fields=["-added_at", "-id"], name="rolemailbox_newest"),
            models.Index(fields=["authority", "nation"], name="rolemailbox_by_area", condition=Q(objected_at=None)),
        ]

    def __str__(self) -> str:
        return self.address or f"{self._meta.verbose_name} {self.pk}"


class CampaignKind(models.TextChoices):
    AREA = "area", _("An area")
    AROUND = "around", _("Around a visit")
    SESSION = "session", _("Regional session")


class Campaign(models.Model):
    """One invitation to people in some areas of one unit, who all get it at once.

    `areas`: their codes. `times`: starts of a presentation that were free when it was planned. The outbox tells how many were
    sent, and bookings what came of it; once the invited people are erased, `booked` and `attended` keep the figures.
    """

    kind = models.CharField(_("kind"), max_length=10, choices=CampaignKind, default=CampaignKind.AREA)
    unit = models.CharField(_("unit"), max_length=10, choices=Unit)
    areas = impersonal(ArrayField(models.CharField(max_length=60), verbose_name=_("areas")))
    presentation = models.ForeignKey(
        "bookings.Presentation", verbose_name=_("presentation"), on_delete=models.PROTECT, related_name="+"
    )
    booking = models.ForeignKey(
        "bookings.Booking", verbose_name=_("visit"), null=True, blank=True, on_delete=models.PROTECT, related_name="campaigns"
    )
    session = models.ForeignKey(
        "bookings.OpenSession",
        verbose_name=_("open session"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="campaigns",
    )
    times = impersonal(ArrayField(models.DateTimeField(), verbose_name=_("times offered"), default=list))
    planned_at = models.DateTimeField(_("planned"))
    planned_by = user_foreign_key(_("planned by"), blank=True)
    token = models.UUIDField(_("token of the form"), unique=True, editable=False)
    booked = models.PositiveIntegerField(_("booked"), null=True, blank=True, editable=False)
    attended = models.PositiveIntegerField(_("people who attended"), null=True, blank=True, editable=False)

    class Meta:
        ordering = ["-planned_at", "-pk"]
        verbose_name = _("campaign")
        verbose_name_plural = _("campaigns")
        default_permissions = ("view",)
        permissions = [("invite", _("Can invite people near a visit, and add role mailboxes"))]
        indexes = [models.Index(fields=["-planned_at", "-id"], name="campaign_newest")]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="area", booking=None, session=None)
                | Q(kind="around", booking__isnull=False, session=None)
                | Q(kind="session", booking=None, session__isnull=False),
                name="campaign_is_about_what_its_kind_says",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, {format_day(self.planned_at)}"


class CampaignInvite(UnnamedModel):
    """A person or a role mailbox that was invited. While it `lasts`, the database refuses another to the same address.

    Erasing the person empties the address; figures still count the row.
    """

    campaign = models.ForeignKey(Campaign, verbose_name=_("campaign"), on_delete=models.CASCADE, related_name="invites")
    person = models.ForeignKey(
        "professionals.Person",
        verbose_name=_("person"),
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="campaign_invites",
    )
    personal(person)
    mailbox = models.ForeignKey(
        RoleMailbox, verbose_name=_("role mailbox"), null=True, blank=True, on_delete=models.CASCADE, related_name="invites"
    )
    address = personal(models.EmailField(_("address"), blank=True))
    lasts = DateTimeRangeField(_("no other until"))

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        default_permissions = ()
        constraints = [
            ExclusionConstraint(
                name="campaigninvite_one_in_90_days",
                expressions=[("address", RangeOperators.EQUAL), ("lasts", RangeOperators.OVERLAPS)],
                condition=~Q(address=""),
            ),
            models.CheckConstraint(
                condition=Q(person__isnull=False) ^ Q(mailbox__isnull=False), name="campaigninvite_to_a_person_or_a_mailbox"
            ),
            models.CheckConstraint(condition=Q(address=Lower("address")), name="campaigninvite_in_small_letters"),
        ]


class ReportState(models.TextChoices):
    MAKING = "making", _("Being made")
    MADE = "made", _("Made")
    FAILED = "failed", _("Stopped")
    DELETED = "deleted", _("Deleted")


class WhyDeleted(models.TextChoices):
    MISTAKE = "mistake", _("It was made by mistake, or of the wrong months")
    NEWER = "newer", _("A newer report replaces it")
    USED = "used", _("Nobody needs it any more")


class ReportQuerySet(models.QuerySet["Report"]):
    def left_by_worker(self, now: datetime) -> Self:
        return self.filter(state=ReportState.MAKING, went_on_at__lte=now - Report.WORKER_GONE_AFTER)


class Report(models.Model):
    """For funders: what was done in the months from `first` to `last` (their first days), as counted at `counted_at`.

    `figures`: all that it shows. A deleted report keeps its figures of people, unshown: a later report must not reveal what this
    one withheld. Its quotes have no names; staff chose them. `done`: how many of STEPS are finished.
    """

    STEPS: ClassVar[int] = 3  # the figures, the PDF, the spreadsheet
    WORKER_GONE_AFTER: ClassVar[timedelta] = timedelta(minutes=10)

    first = models.DateField(_("first month"))
    last = models.DateField(_("last month"))
    state = models.CharField(_("state"), max_length=7, choices=ReportState, default=ReportState.MAKING)
    done = models.PositiveSmallIntegerField(_("steps done"), default=0)
    figures = impersonal(models.JSONField(_("figures"), default=dict, editable=False))
    pdf = impersonal(models.BinaryField(_("PDF"), null=True, editable=False))
    xlsx = impersonal(models.BinaryField(_("spreadsheet"), null=True, editable=False))
    asked_at = models.DateTimeField(_("asked for"))
    asked_by = user_foreign_key(_("asked for by"))
    went_on_at = models.DateTimeField(_("last went on"))
    counted_at = models.DateTimeField(_("counted"), null=True, blank=True)
    deleted_at = models.DateTimeField(_("deleted"), null=True, blank=True)
    deleted_by = user_foreign_key(_("deleted by"), blank=True)
    why_deleted = models.CharField(_("why it was deleted"), max_length=7, choices=WhyDeleted, blank=True, default="")

    objects = ReportQuerySet.as_manager()

    class Meta:
        ordering = ["-asked_at", "-pk"]
        verbose_name = _("report")
        verbose_name_plural = _("Reports for funders")
        default_permissions = ("add", "change")
        indexes = [models.Index(fields=["-asked_at", "-id"], name="report_newest")]
        constraints = [
            models.CheckConstraint(
                condition=Q(first__day=1, last__day=1, first__lte=models.F("last")), name="report_of_whole_months"
            ),
            models.CheckConstraint(
                condition=~Q(state="made") | Q(pdf__isnull=False, xlsx__isnull=False, counted_at__isnull=False),
                name="report_made_has_its_files",
            ),
            models.CheckConstraint(
                condition=Q(state="deleted", pdf=None, xlsx=None, deleted_at__isnull=False) & ~Q(why_deleted="")
                | ~Q(state="deleted") & Q(deleted_at=None, why_deleted=""),
                name="report_deleted_for_a_reason_has_no_files",
            ),
        ]

    def __str__(self) -> str:
        first, last = (dateformat.format(month, "F Y") for month in (self.first, self.last))
        if first == last:
            return gettext("Report of %(month)s") % {"month": first}
        return gettext("Report of %(first)s to %(last)s") % {"first": first, "last": last}
