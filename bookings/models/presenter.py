"""Who gives presentations, from where, and within which rules of their own."""

from datetime import time

from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from professionals.models import Nation
from bookings.models.presentation import Format, Presentation
from bookings.travel import MAINLAND, Place
from ctac.uk import postcode_area
from professionals.models import Profession

# A booking that names no profession is for a mix of them.
MIXED = "mixed"
AUDIENCES = [(MIXED, _("A mix of professions")), *Profession.choices]


def validate_https(link: str) -> None:
    """What people are sent to join by is encrypted on the way."""
    if not link.startswith("https://"):
        raise ValidationError(_("Enter a link that starts with https://."), code="not_https")


class PresenterQuerySet(models.QuerySet["Presenter"]):
    def active(self) -> "PresenterQuerySet":
        return self.filter(active=True)

    def with_given(self) -> "PresenterQuerySet":
        """Each with `given`: the keys of the presentations that they give; who names none gives all."""
        named = Presenter.presentations.through.objects.filter(presenter=OuterRef("pk"))
        return self.annotate(given=ArraySubquery(named.values("presentation")))


class Presenter(models.Model):
    """The base is where visits start from; its coordinates come from the outward code (bookings.places).

    What is empty bounds nothing: no nations and no areas covered means everywhere, no formats both, no presentations and no
    audiences all, no figure the general one (bookings.rules) or none.
    """

    name = models.CharField(_("name"), max_length=150)
    email = models.EmailField(_("email address"))
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        verbose_name=_("sign-in"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="presenter",
    )
    phone = models.CharField(_("phone"), max_length=30, blank=True)
    base_postcode = models.CharField(_("base postcode"), max_length=9)
    base_latitude = models.FloatField(_("base latitude"), editable=False)
    base_longitude = models.FloatField(_("base longitude"), editable=False)
    base_zone = models.CharField(_("base island"), max_length=20, editable=False, default=MAINLAND)
    nation = models.CharField(_("nation"), max_length=20, choices=Nation, help_text=_("Its bank holidays are days off."))
    max_travel_minutes = models.PositiveSmallIntegerField(_("longest journey in minutes"), default=120)
    earliest_leaving = models.TimeField(_("leaves the base from"), default=time(7))
    latest_return = models.TimeField(_("is back at the base by"), default=time(19))
    nations_covered = ArrayField(
        models.CharField(max_length=20, choices=Nation), verbose_name=_("nations covered"), default=list, blank=True
    )
    areas_covered = ArrayField(
        models.CharField(max_length=2),
        verbose_name=_("postcode areas covered"),
        default=list,
        blank=True,
        help_text=_("The letters that postcodes start with, such as LS, BD, HD."),
    )
    formats = ArrayField(models.CharField(max_length=10, choices=Format), verbose_name=_("formats"), default=list, blank=True)
    presentations = models.ManyToManyField(Presentation, verbose_name=_("presentations"), blank=True, related_name="presenters")
    audiences = ArrayField(
        models.CharField(max_length=30, choices=AUDIENCES), verbose_name=_("audiences"), default=list, blank=True
    )
    most_a_day = models.PositiveSmallIntegerField(_("most presentations a day"), null=True, blank=True)
    most_a_week = models.PositiveSmallIntegerField(_("most presentations a week"), null=True, blank=True)
    notice_working_days = models.PositiveSmallIntegerField(_("notice in working days"), null=True, blank=True)
    horizon_days = models.PositiveSmallIntegerField(_("bookable how many days ahead"), null=True, blank=True)
    joining_link = models.URLField(_("joining link for online presentations"), blank=True, validators=[validate_https])
    active = models.BooleanField(_("gives presentations"), default=True)

    objects = PresenterQuerySet.as_manager()
    given: list[int]  # only where with_given() read it

    class Meta:
        ordering = ["name", "pk"]
        verbose_name = _("presenter")
        verbose_name_plural = _("presenters")
        permissions = [("give_presentations", _("Can give presentations: own diary, visits, hours and leave"))]
        constraints = [
            models.CheckConstraint(
                condition=Q(latest_return__gt=F("earliest_leaving")),
                name="presenter_returns_after_leaving",
                violation_error_message=_("Being back at the base must come after leaving it."),
            ),
            models.CheckConstraint(
                condition=Q(joining_link="") | Q(joining_link__startswith="https://"), name="presenter_joining_link_is_https"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def base(self) -> Place:
        return Place(self.base_postcode, self.base_latitude, self.base_longitude, zone=self.base_zone)

    def gives_to(self, audience: str | None) -> bool:
        """`audience` as in a wish: a profession, "" for a mix, None where nobody has said."""
        return audience is None or not self.audiences or (audience or MIXED) in self.audiences

    def covers(self, place: Place) -> bool:
        """Whether a visit there is within the regions covered: in one of the nations or in one of the areas."""
        if not self.nations_covered and not self.areas_covered:
            return True
        return place.nation in self.nations_covered or postcode_area(place.postcode) in self.areas_covered
