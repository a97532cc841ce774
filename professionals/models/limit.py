"""Rate limits: one table, one statement for all keys of a request; and by what, where and why somebody is stopped."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class RateLimit(models.Model):
    """How often something happened in the current window. `key` is a hash, never an address.

    `lifted`: staff let it through, so nothing is counted until the window ends.
    """

    key = models.CharField(_("key"), max_length=64, primary_key=True)
    hits = models.PositiveIntegerField(_("hits"))
    resets_at = models.DateTimeField(_("resets"), db_index=True)
    lifted = models.BooleanField(_("lifted"), default=False, db_default=False)

    class Meta:
        verbose_name = _("rate limit")
        verbose_name_plural = _("rate limits")

    def __str__(self) -> str:
        return self.key


class Why(models.TextChoices):
    THROTTLE = "throttle", _("Too many tries")
    HIDDEN_BOX = "hidden-box", _("Filled in the hidden box")
    TOO_FAST = "too-fast", _("Sent faster than anybody types")
    TOO_OLD = "too-old", _("Open for more than a day")
    NO_TIME = "no-time", _("Sent without our page")


class By(models.TextChoices):
    """Whose tries were counted."""

    NOBODY = "", _("Nobody")
    NETWORK = "network", _("Network address")
    ACCOUNT = "account", _("Account")
    ORGANISATION = "organisation", _("Organisation")
    POSTCODE = "postcode", _("Delivery postcode")
    TITLE = "title", _("Leaflet")
    MAILBOX = "mailbox", _("Email address")
    BOOKING = "booking", _("Booking")


class Where(models.TextChoices):
    """Which form."""

    SIGN_UP = "sign-up", _("Creating an account")
    SIGN_IN = "sign-in", _("Signing in")
    PASSWORD = "password", _("Forgotten password")
    ACCOUNT = "account", _("Account pages")
    BASKET = "basket", _("Adding to the basket")
    DELIVERY = "delivery", _("Delivery address")
    ORDER = "order", _("Placing an order")
    TIMES = "times", _("Choosing a time")
    CHANGE = "change", _("Changing a booking")
    ORDER_CHANGE = "order-edit", _("Changing an order")
    LINK = "link", _("Links in emails")
    CALENDAR = "calendar", _("Calendar addresses")
    PLACE = "place", _("Taking a place at a session")
    FEEDBACK = "feedback", _("Feedback and certificates")
    COMPLAINT = "complaint", _("Complaining about data")
