"""What people may choose to get or not. Mail without a topic is service mail, which always goes."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Topic(models.TextChoices):
    REMINDERS = "reminders", _("Reminders of presentations that I take part in")
    EDITIONS = "editions", _("News when a leaflet that I ordered has a new edition")
    INVITATIONS = "invitations", _("Invitations to open sessions")
