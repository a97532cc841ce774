"""What staff set for the whole site. One row; until it is saved for the first time, the values below hold."""

from datetime import time
from functools import partial
from typing import Any

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from ctac.models import impersonal
from office.texts.models import TextStep, TextVersion  # noqa: F401 - Django looks for models here


def whole(name: Any, default: int, least: int, most: int, help_text: Any) -> Any:
    """A whole number with its bounds, which the form says."""
    validators = [MinValueValidator(least), MaxValueValidator(most)]
    return impersonal(models.PositiveSmallIntegerField(name, default=default, validators=validators, help_text=help_text))


def kept(name: Any, sort: str) -> Any:
    """How many months a sort of record keeps what is personal: never longer than the privacy notice has promised."""
    most = settings.KEEP_MONTHS[sort]
    return whole(name, most, 1, most, _("Months. This can be shorter than our privacy notice has promised, never longer."))


def first_value(*path: str) -> str:
    """What the installation was started with: a setting of Django's, or an entry of one."""
    value: Any = getattr(settings, path[0])
    for key in path[1:]:
        value = value[key]
    return str(value)


def words(name: Any, *path: str, help_text: Any, blank: bool = False, most: int = 200) -> Any:
    """A short text whose first value is the installation's."""
    default = partial(first_value, *path)
    return impersonal(models.CharField(name, max_length=most, default=default, blank=blank, help_text=help_text))


def mailbox(name: Any, *path: str, help_text: Any) -> Any:
    """A mailbox of the team, whose first value is the installation's."""
    return impersonal(models.EmailField(name, default=partial(first_value, *path), help_text=help_text))


class SiteSettings(models.Model):
    """One row. Read it with `office.queries.site_settings()`, change it with `office.services.change_settings()`."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)

    # The advice line, and who runs this site.
    advice_phone = words(
        _("advice line"), "ADVICE_PHONE", most=30, help_text=_("On every page, in every email and in every PDF.")
    )
    advice_email = words(
        _("advice email"), "ADVICE_EMAIL", most=254, help_text=_("On every page, in every email and in every PDF.")
    )
    advice_opens = impersonal(
        models.TimeField(_("the advice line opens"), default=time(9, 30), help_text=_("UK time, on working days."))
    )
    advice_closes = impersonal(
        models.TimeField(_("the advice line closes"), default=time(16, 30), help_text=_("UK time, on working days."))
    )
    out_of_hours_route = words(
        _("who to call while the advice line is closed"),
        "OUT_OF_HOURS_ROUTE",
        blank=True,
        help_text=_(
            "Your words come after “Until then:”. For example: call the duty team of your local council, or the police on 101"
        ),
    )
    site_help_email = mailbox(_("help with this website"), "SITE_HELP_EMAIL", help_text=_("In the foot of every page."))
    site_help_phone = words(
        _("phone for help with this website"),
        "SITE_HELP_PHONE",
        blank=True,
        most=30,
        help_text=_("Leave it empty if there is none."),
    )
    charity_name = words(
        _("name of the charity"), "CHARITY", "name", help_text=_("In the head and the foot, in emails and in PDFs.")
    )
    charity_number = words(
        _("registered number"), "CHARITY", "number", most=30, help_text=_("In the foot, in emails and in PDFs.")
    )
    charity_address = words(_("address of the charity"), "CHARITY", "address", help_text=_("In the foot, in emails and in PDFs."))
    data_controller = words(_("data controller"), "DATA_CONTROLLER", blank=True, help_text=_("In the privacy notice."))
    data_processors = words(
        _("who works on data for us"), "DATA_PROCESSORS", blank=True, most=500, help_text=_("In the privacy notice.")
    )

    # Who is told of what.
    team_email = mailbox(
        _("the team"), "STAFF_EMAIL", help_text=_("New bookings and orders, changes, and answers to our emails.")
    )
    visit_escalation_email = mailbox(
        _("who is told of an alarm that nobody takes on"),
        "VISIT_ESCALATION_EMAIL",
        help_text=_("A mailbox that somebody other than the team reads, such as the manager’s."),
    )
    request_escalation_email = mailbox(
        _("who is told of requests that wait too long"), "REQUEST_ESCALATION_EMAIL", help_text=_("The manager, say.")
    )
    safeguarding_lead_email = mailbox(
        _("safeguarding lead"),
        "SAFEGUARDING_LEAD_EMAIL",
        help_text=_("Told of texts that may be about a child. A mailbox that the team does not read."),
    )
    data_protection_lead_email = mailbox(
        _("data protection lead"), "DATA_PROTECTION_LEAD_EMAIL", help_text=_("Told of complaints about data and of breaches.")
    )

    # Booking.
    notice_working_days = whole(
        _("notice"), 5, 0, 30, _("Working days between today and the first day that the public can book.")
    )
    horizon_days = whole(_("how far ahead the public can book"), 90, 14, 365, _("Days."))
    request_horizon_days = whole(_("how far ahead people can ask for a date"), 365, 30, 730, _("Days."))
    hold_minutes = whole(_("how long a chosen time is held"), 15, 5, 60, _("Minutes, while somebody fills in the form."))
    change_deadline_working_days = whole(
        _("last change by the professional"), 2, 0, 10, _("Working days before the presentation. Afterwards they call us.")
    )
    kept_date_working_days = whole(
        _("how long we keep dates that somebody asks for"), 2, 1, 10, _("Working days. We decide by then.")
    )
    max_audience_size = whole(_("largest audience"), 500, 10, 5000, _("People at one presentation."))
    offer_working_days = whole(_("how long an offered place lasts"), 1, 1, 5, _("Working days, at an open session."))
    first_reminder_days = whole(_("first reminder"), 7, 2, 30, _("Days before the presentation. The last goes the day before."))
    feedback_weeks = whole(_("how long people can give feedback"), 6, 1, 26, _("Weeks after the presentation."))
    checks_warning_days = whole(_("warning before a DBS check or training ends"), 60, 7, 180, _("Days before its last day."))

    # Leaflets.
    order_window_days = whole(
        _("what counts towards a person’s and a workplace’s most copies"), 90, 7, 365, _("Days of earlier orders.")
    )
    order_limit_times = whole(
        _("how often orders may be placed"), 1, 1, 20, _("Times the usual limits: 1 as usual, more for a campaign.")
    )

    # Emails.
    quiet_from = impersonal(
        models.TimeField(_("quiet hours begin"), default=time(20), help_text=_("UK time. What can wait is sent when they end."))
    )
    quiet_until = impersonal(
        models.TimeField(_("quiet hours end"), default=time(7), help_text=_("UK time. The same time twice: no quiet hours."))
    )

    # How long personal data is kept.
    keep_people_months = kept(_("people who are not heard of any more"), "people")
    keep_bookings_months = kept(_("bookings and places"), "bookings")
    keep_orders_months = kept(_("orders"), "orders")
    keep_messages_months = kept(_("emails that we sent"), "messages")
    keep_complaints_months = kept(_("complaints about data"), "complaints")
    keep_records_months = kept(_("records of visits"), "records")

    class Meta:
        verbose_name = _("setting")
        verbose_name_plural = _("Settings")
        constraints = [models.CheckConstraint(condition=Q(id=1), name="sitesettings_is_one")]

    def __str__(self) -> str:
        return str(self._meta.verbose_name_plural)
