"""What we offer: a topic, for an audience, of a length."""

from datetime import timedelta

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _


class Format(models.TextChoices):
    WORKPLACE = "workplace", _("At your workplace")
    ONLINE = "online", _("Online")


class PresentationQuerySet(models.QuerySet["Presentation"]):
    def offered(self) -> "PresentationQuerySet":
        """Those that the public can book."""
        return self.filter(active=True)


class Presentation(models.Model):
    slug = models.SlugField(_("address on the site"), max_length=60, unique=True)
    title = models.CharField(_("title"), max_length=150)
    summary = models.CharField(_("summary"), max_length=300, help_text=_("One sentence, shown in lists."))
    description = models.TextField(_("description"), help_text=_("Blank lines start a new paragraph."))
    audience = models.CharField(_("for whom"), max_length=200)
    length_minutes = models.PositiveSmallIntegerField(_("length in minutes"))
    formats = ArrayField(models.CharField(max_length=10, choices=Format), verbose_name=_("formats"))
    active = models.BooleanField(_("offered"), default=True, help_text=_("Only presentations that are offered can be booked."))

    objects = PresentationQuerySet.as_manager()

    class Meta:
        ordering = ["title"]
        verbose_name = _("presentation")
        verbose_name_plural = _("presentations")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(length_minutes__gte=15, length_minutes__lte=480), name="presentation_of_sensible_length"
            ),
            models.CheckConstraint(condition=models.Q(formats__len__gte=1), name="presentation_has_a_format"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def length(self) -> timedelta:
        return timedelta(minutes=self.length_minutes)

    @property
    def where(self) -> str:
        """'At your workplace or online', in this order whatever the order of the formats."""
        if {Format.WORKPLACE, Format.ONLINE} <= set(self.formats):
            return str(_("At your workplace or online"))
        return ", ".join(self.format_labels())

    def format_labels(self) -> list[str]:
        return [str(Format(value).label) for value in self.formats]
