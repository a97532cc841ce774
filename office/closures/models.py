"""When we are closed, and what a banner says on every public page."""

from datetime import date, datetime, timedelta
from typing import Any

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Func, Q
from django.utils.translation import get_language, gettext, gettext_lazy as _

from core.dates import Nation, format_day_range, uk_day
from core.models import impersonal

PLAIN_TEXT = RegexValidator(
    r"[<>\x00-\x1f]|https?:|www\.", _("Write plain text here, without web addresses or the signs < and >."), inverse_match=True
)


class ClosureScope(models.TextChoices):
    """What a closure can close. The values are the names of its fields."""

    ADVICE_LINE = "advice_line", _("the advice line and our office")
    PRESENTATIONS = "presentations", _("presentations")
    PARCELS = "parcels", _("parcels of leaflets")


class ClosureQuerySet(models.QuerySet["Closure"]):
    def not_ended_early(self) -> "ClosureQuerySet":
        """Closures that nobody has ended early."""
        return self.filter(cancelled_at=None)


class Closure(models.Model):
    """Whole UK days on which something is closed. One that was ended early still shows on which days we were closed."""

    first_day = models.DateField(_("first day"))
    last_day = models.DateField(_("last day"))
    advice_line = models.BooleanField(
        _("the advice line and our office"),
        default=False,
        help_text=_("Nobody answers calls, emails or requests. These days do not count as working days."),
    )
    presentations = models.BooleanField(
        _("presentations"), default=False, help_text=_("We offer no times to the public on these days.")
    )
    parcels = models.BooleanField(
        _("parcels of leaflets"), default=False, help_text=_("People can still order. We say when we will send their leaflets.")
    )
    nation = models.CharField(
        _("where"),
        max_length=20,
        choices=Nation,
        blank=True,
        help_text=_(
            "Leave it empty for the whole UK. In one nation, only presentations can close: those there, "
            "and those of the presenters who live there."
        ),
    )
    reason = impersonal(
        models.CharField(
            _("reason, in English"),
            max_length=60,
            validators=[PLAIN_TEXT],
            help_text=_("Everybody can read this. A word or two, such as Christmas."),
        )
    )
    reason_cy = impersonal(
        models.CharField(
            _("reason, in Welsh"), max_length=60, validators=[PLAIN_TEXT], help_text=_("The same in Welsh, such as Y Nadolig.")
        )
    )
    cancelled_at = models.DateTimeField(_("ended early"), null=True, blank=True, editable=False)

    objects = ClosureQuerySet.as_manager()

    class Meta:
        ordering = ["-first_day", "-pk"]
        verbose_name = _("closure")
        verbose_name_plural = _("closures")
        constraints = [
            models.CheckConstraint(
                condition=Q(last_day__gte=F("first_day")),
                name="closure_days_in_order",
                violation_error_message=_("The last day must not come before the first."),
            ),
            models.CheckConstraint(
                condition=Q(advice_line=True) | Q(presentations=True) | Q(parcels=True),
                name="closure_closes_something",
                violation_error_message=_("Tick what closes."),
            ),
            models.CheckConstraint(
                condition=Q(nation="") | Q(advice_line=False, parcels=False),
                name="closure_in_a_nation_is_of_presentations",
                violation_error_message=_("In one nation, only presentations can close."),
            ),
            models.CheckConstraint(condition=~Q(reason="") & ~Q(reason_cy=""), name="closure_says_why"),
        ]

    def __str__(self) -> str:
        return gettext("%(days)s: %(reason)s") % {"days": self.dates_text, "reason": self.reason}

    def __contains__(self, day: date) -> bool:
        return self.first_day <= day <= self.last_closed_day

    @property
    def last_closed_day(self) -> date:
        """The last day on which we are closed. Ended early, that is the day before; it may come before the first day."""
        if self.cancelled_at is None:
            return self.last_day
        return min(self.last_day, uk_day(self.cancelled_at) - timedelta(days=1))

    def has_begun(self, now: datetime) -> bool:
        return self.first_day <= uk_day(now)

    def is_over(self, now: datetime) -> bool:
        return self.last_closed_day < uk_day(now)

    @property
    def dates_text(self) -> str:
        return format_day_range(self.first_day, self.last_day, "j F Y")

    @property
    def scopes(self) -> list[ClosureScope]:
        return [each for each in ClosureScope if getattr(self, each.value)]

    @property
    def public_reason(self) -> str:
        """The reason in the language of the page."""
        return self.reason_cy if get_language() == "cy" else self.reason


class BannerKind(models.TextChoices):
    INFORMATION = "information", _("Information")
    URGENT = "urgent", _("Urgent")


def banner_overlap_constraint(kind: BannerKind) -> Any:
    return ExclusionConstraint(
        name=f"banner_one_{kind.value}_at_a_time",
        expressions=[(Func("starts_at", "ends_at", function="tstzrange", output_field=DateTimeRangeField()), "&&")],
        condition=Q(kind=kind),
    )


class Banner(models.Model):
    """A sentence or two on every public page for a while. At most one of each kind at a time; the urgent one comes first."""

    kind = models.CharField(
        _("kind"),
        max_length=12,
        choices=BannerKind,
        default=BannerKind.INFORMATION,
        help_text=_("An urgent banner is easier to see, and goes before information."),
    )
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"))
    text = impersonal(models.CharField(_("text, in English"), max_length=250, validators=[PLAIN_TEXT]))
    text_cy = impersonal(models.CharField(_("text, in Welsh"), max_length=250, validators=[PLAIN_TEXT]))
    link = impersonal(
        models.URLField(
            _("link"),
            blank=True,
            validators=[RegexValidator(r"^https://", _("Enter an address that begins with https://."), code="not_https")],
            help_text=_("The address of a page that says more, if there is one. People see the words “Find out more”."),
        )
    )

    class Meta:
        ordering = ["-starts_at", "-pk"]
        verbose_name = _("banner")
        verbose_name_plural = _("banners")
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="banner_times_in_order"),
            models.CheckConstraint(condition=~Q(text="") & ~Q(text_cy=""), name="banner_says_something"),
            *(banner_overlap_constraint(kind) for kind in BannerKind),
        ]

    def __str__(self) -> str:
        return self.text

    @property
    def public_text(self) -> str:
        """The text in the language of the page."""
        return self.text_cy if get_language() == "cy" else self.text

    def has_begun(self, now: datetime) -> bool:
        return self.starts_at <= now

    def is_over(self, now: datetime) -> bool:
        return self.ends_at <= now

    def is_shown(self, now: datetime) -> bool:
        return self.has_begun(now) and not self.is_over(now)
