"""What people may choose to get or not. Mail without a topic is service mail, which always goes."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Topic(models.TextChoices):
    REMINDERS = "reminders", _("Reminders of presentations that I take part in")
    EDITIONS = "editions", _("News when a leaflet that I ordered has a new edition")
    INVITATIONS = "invitations", _("Invitations to open sessions")


# What is sent until somebody says no. The others are sent to nobody who did not ask.
ON_AT_FIRST = frozenset({Topic.REMINDERS})
