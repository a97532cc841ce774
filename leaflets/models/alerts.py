"""Who asked to be told when a leaflet is back in stock."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from leaflets.models.leaflet import Leaflet
from professionals.models import Person


class StockAlert(models.Model):
    """One person waits for word of one title. The row is there until they are told or stop it, and no longer."""

    person = models.ForeignKey(Person, verbose_name=_("person"), on_delete=models.CASCADE, related_name="stock_alerts")
    leaflet = models.ForeignKey(Leaflet, verbose_name=_("leaflet"), on_delete=models.CASCADE, related_name="stock_alerts")
    asked_at = models.DateTimeField(_("asked"))

    class Meta:
        ordering = ["pk"]
        verbose_name = _("back-in-stock email")
        verbose_name_plural = _("back-in-stock emails")
        constraints = [models.UniqueConstraint(fields=["person", "leaflet"], name="stock_alert_once")]

    def __str__(self) -> str:
        return f"{self.leaflet_id}"
