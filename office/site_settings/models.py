"""The settings that staff can change for the whole site: one row, with first values until it is saved; and every change."""

from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.lookups import GreaterThanOrEqual, LessThanOrEqual
from django.utils.translation import gettext, gettext_lazy as _

from core.forms import validate_phone
from core.models import RecordedBy, impersonal

# The least and the most of each figure. The form shows them, and the database refuses anything else.
SETTING_BOUNDS: dict[str, tuple[int, int]] = {}
DAY, MAX_QUIET_PERIOD = timedelta(days=1), timedelta(hours=14)  # emails that can wait must go on every day
MAX_PEOPLE = 5000  # at one presentation or session: the database refuses more, whatever is set


def whole_number_field(key: str, name: Any, first: int, least: int, most: int, help_text: Any) -> Any:
    """A whole number between its bounds."""
    SETTING_BOUNDS[key] = (least, most)
    validators = [MinValueValidator(least), MaxValueValidator(most)]
    return impersonal(models.PositiveSmallIntegerField(name, default=first, validators=validators, help_text=help_text))


def retention_months_field(key: str, name: Any, most: int) -> Any:
    """For how many months a sort of record keeps personal data. At first the most: as long as the privacy notice has promised."""
    return whole_number_field(
        key, name, most, 1, most, _("Months. This can be shorter than our privacy notice has promised, never longer.")
    )


def first_value(*path: str) -> str:
    """A first value from the installation: a Django setting, or an entry of one."""
    value: Any = getattr(settings, path[0])
    for key in path[1:]:
        value = value[key]
    return str(value)


def text_field(name: Any, first: Any, *, help_text: Any, blank: bool = False, most: int = 200) -> Any:
    """A short text."""
    return impersonal(models.CharField(name, max_length=most, default=first, blank=blank, help_text=help_text))


def phone_field(name: Any, first: str, *, help_text: Any, blank: bool = False, **options: Any) -> Any:
    options |= {"default": first, "blank": blank, "validators": [validate_phone], "help_text": help_text}
    return impersonal(models.CharField(name, max_length=30, **options))


def email_field(name: Any, first: Any, *, help_text: Any) -> Any:
    """An address that several people read, so it names nobody."""
    return impersonal(models.EmailField(name, default=first, help_text=help_text))


class SiteSettings(models.Model):
    """One row. Read it with `queries.site_settings()`, change it with `services.change_settings()`."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)

    # The advice line, and who runs this site.
    advice_phone = phone_field(
        _("advice line"),
        "0808 800 5000",
        help_text=_(
            "The phone number on every page, in every email and in every PDF. The page that says that this site is down has a "
            "copy of its own: tell the person who runs the server."
        ),
    )
    advice_email = email_field(_("advice email"), "help@nspcc.org.uk", help_text=_("On pages, in emails and in PDFs."))
    advice_opens = impersonal(
        models.TimeField(
            _("when the advice line opens"),
            default=time(9, 30),
            help_text=_("A time in the UK, on working days. Every page that gives the number says it."),
        )
    )
    advice_closes = impersonal(
        models.TimeField(
            _("when the advice line closes"),
            default=time(16, 30),
            help_text=_("A time in the UK, on the same days. It must be later than the time above."),
        )
    )
    out_of_hours_route = text_field(
        _("who to call while the advice line is closed"),
        partial(first_value, "OUT_OF_HOURS_ROUTE"),
        blank=True,
        help_text=_(
            "Pages say this after “Until then:” while the advice line is closed. For example: call the duty team of your local "
            "council, or the police on 101"
        ),
    )
    helpline_phone = phone_field(
        _("Modern Slavery & Exploitation Helpline"),
        "08000 121 700",
        blank=True,
        db_default="08000 121 700",
        help_text=_("Pages give this number while the advice line is closed. Leave it empty if the helpline has ended."),
    )
    helpline_opens = impersonal(
        models.TimeField(
            _("when that helpline opens"),
            null=True,
            blank=True,
            help_text=_(
                "Look it up on modernslaveryhelpline.org. A time in the UK, the same every day. If its days differ, or if "
                "you are not sure, leave this and the next box empty: pages then say that people should check its hours."
            ),
        )
    )
    helpline_closes = impersonal(
        models.TimeField(
            _("when that helpline closes"),
            null=True,
            blank=True,
            help_text=_("A time in the UK, after midnight too. If it is open day and night, enter the same time twice."),
        )
    )
    site_help_email = email_field(
        _("email for help with this website"),
        partial(first_value, "SITE_HELP_EMAIL"),
        help_text=_("In the foot of every page, and on pages that say something went wrong."),
    )
    site_help_phone = phone_field(
        _("phone for help with this website"), "", blank=True, help_text=_("Beside that email. Leave it empty if there is none.")
    )
    charity_name = text_field(
        _("name of the charity"),
        partial(first_value, "CHARITY", "name"),
        help_text=_("At the head and foot of pages, in emails and in PDFs."),
    )
    charity_number = text_field(
        _("number of the charity"),
        partial(first_value, "CHARITY", "number"),
        help_text=_("Its registered number, at the foot of pages, emails and PDFs."),
    )
    charity_address = text_field(
        _("address of the charity"),
        partial(first_value, "CHARITY", "address"),
        help_text=_("Its postal address on one line, at the foot of pages, emails and PDFs."),
    )
    data_controller = text_field(
        _("data controller"),
        "",
        blank=True,
        most=500,
        help_text=_(
            "The privacy notice says who decides how data is used, and how to reach the data protection officer. "
            "Leave this empty, and the notice gives the name and address of the charity."
        ),
    )
    data_processors = text_field(
        _("who handles data for us"),
        "",
        blank=True,
        most=500,
        help_text=_(
            "The privacy notice names these firms, with the country of each one outside the UK. "
            "Leave this empty, and the notice only says what they do."
        ),
    )

    # Who is told of what.
    team_email = email_field(
        _("the team’s mailbox"),
        partial(first_value, "STAFF_EMAIL"),
        help_text=_("Hears of new bookings and orders, and first of a presenter who has not checked in."),
    )
    visit_escalation_email = email_field(
        _("who hears when nobody deals with an alarm"),
        partial(first_value, "VISIT_ESCALATION_EMAIL"),
        help_text=_(
            "A presenter has been silent for an hour, or a booking has none two days before. Not a mailbox of the team’s."
        ),
    )
    request_escalation_email = email_field(
        _("who hears of requests that wait too long"),
        partial(first_value, "VISIT_ESCALATION_EMAIL"),
        help_text=_("A request has waited longer for an answer than we promise."),
    )
    safeguarding_lead_email = email_field(
        _("safeguarding lead"),
        partial(first_value, "SAFEGUARDING_LEAD_EMAIL"),
        help_text=_("Hears of texts that may be about a child. A third mailbox, not the team’s and not the one for alarms."),
    )
    data_protection_lead_email = email_field(
        _("data protection lead"),
        partial(first_value, "STAFF_EMAIL"),
        help_text=_("Hears of complaints about data, and again a week before an answer is due."),
    )

    # Booking.
    notice_working_days = whole_number_field(
        "notice_working_days", _("notice"), 5, 0, 30, _("Working days before the first day that the public can book.")
    )
    horizon_days = whole_number_field("horizon_days", _("how far ahead the public can book"), 90, 14, 365, _("Days."))
    request_horizon_days = whole_number_field(
        "request_horizon_days", _("how far ahead people can ask for a date"), 365, 30, 730, _("Days.")
    )
    hold_minutes = whole_number_field(
        "hold_minutes", _("how long a chosen time is held"), 15, 5, 60, _("Minutes, while somebody fills in the form.")
    )
    change_deadline_working_days = whole_number_field(
        "change_deadline_working_days",
        _("last change by the professional"),
        2,
        1,
        10,
        _("Working days before the presentation. After that, people must call us."),
    )
    answer_working_days = whole_number_field(
        "answer_working_days",
        _("how soon we answer a request"),
        2,
        1,
        10,
        _("Working days. Pages and emails promise this. The manager hears of a request that waits longer."),
    )
    kept_date_working_days = whole_number_field(
        "kept_date_working_days",
        _("how long we keep dates that somebody asks for"),
        2,
        1,
        10,
        _("Working days. We decide by then."),
    )
    max_kept_dates = whole_number_field(
        "max_kept_dates",
        _("how many dates we keep for one person"),
        3,
        1,
        10,
        _("Over all their requests. Staff can offer them more."),
    )
    max_audience_size = whole_number_field(
        "max_audience_size", _("largest audience"), 500, 10, MAX_PEOPLE, _("People at one presentation.")
    )
    max_session_capacity = whole_number_field(
        "max_session_capacity",
        _("most places at an open session"),
        1000,
        10,
        MAX_PEOPLE,
        _("As many as your meeting software can take."),
    )
    offer_working_days = whole_number_field(
        "offer_working_days", _("how long an offered place lasts"), 1, 1, 5, _("Working days, at an open session.")
    )
    first_reminder_days = whole_number_field(
        "first_reminder_days",
        _("first reminder"),
        7,
        2,
        30,
        _("Days before the presentation. The last reminder goes the day before."),
    )
    feedback_weeks = whole_number_field(
        "feedback_weeks", _("how long people can give feedback"), 6, 1, 26, _("Weeks after the presentation.")
    )
    checks_warning_days = whole_number_field(
        "checks_warning_days", _("warning before a DBS check or training ends"), 60, 7, 180, _("Days before its last day.")
    )

    # Leaflets.
    packing_working_days = whole_number_field(
        "packing_working_days",
        _("how soon we pack and post"),
        5,
        1,
        20,
        _("Working days. Pages and emails promise this."),
    )
    order_window_days = whole_number_field(
        "order_window_days",
        _("what counts towards a person’s and a workplace’s most copies"),
        90,
        7,
        365,
        _("Days of earlier orders."),
    )
    order_limit_times = whole_number_field(
        "order_limit_times",
        _("how often orders may be placed"),
        1,
        1,
        100,
        _("Times the usual limits: 1 as usual, more for a campaign."),
    )

    # Emails.
    quiet_from = impersonal(
        models.TimeField(
            _("when quiet hours begin"), default=time(20), help_text=_("A time in the UK. Emails that can wait go when they end.")
        )
    )
    quiet_until = impersonal(
        models.TimeField(
            _("when quiet hours end"),
            default=time(7),
            help_text=_("A time in the UK, up to 14 hours later. Enter the same time twice for no quiet hours."),
        )
    )

    # How long personal data is kept, which the privacy notice says. `most` is what it has promised.
    keep_people_months = retention_months_field("keep_people_months", _("people who do nothing here"), 36)
    keep_bookings_months = retention_months_field("keep_bookings_months", _("bookings and places"), 24)
    keep_orders_months = retention_months_field("keep_orders_months", _("orders"), 24)
    keep_messages_months = retention_months_field("keep_messages_months", _("emails that we sent"), 12)
    keep_complaints_months = retention_months_field("keep_complaints_months", _("complaints about data"), 72)
    # As long as a claim can be brought: Limitation Act 1980, section 5.
    keep_records_months = retention_months_field("keep_records_months", _("which colleague did what with personal data"), 72)

    class Meta:
        default_permissions = ("change",)
        verbose_name = _("setting")
        verbose_name_plural = _("Settings")
        constraints = [
            models.CheckConstraint(condition=Q(id=1), name="sitesettings_is_one"),
            models.CheckConstraint(
                condition=Q(**{f"{key}__range": between for key, between in SETTING_BOUNDS.items()}),
                name="sitesettings_in_bounds",
            ),
            models.CheckConstraint(condition=Q(advice_opens__lt=F("advice_closes")), name="sitesettings_opens_before_closing"),
            models.CheckConstraint(
                condition=Q(GreaterThanOrEqual(F("quiet_from") - F("quiet_until"), DAY - MAX_QUIET_PERIOD))  # past midnight
                | Q(quiet_until__gte=F("quiet_from")) & Q(LessThanOrEqual(F("quiet_until") - F("quiet_from"), MAX_QUIET_PERIOD)),
                name="sitesettings_quiet_hours",
            ),
        ]

    def __str__(self) -> str:
        return str(self._meta.verbose_name_plural)

    def clean(self) -> None:
        """Check settings against each other; in production, also as the start checks first values (ctac/settings.py)."""
        wrong: dict[str, Any] = {}
        if self.advice_opens >= self.advice_closes:
            wrong["advice_closes"] = gettext("Enter a time that is later than when the advice line opens.")
        if (self.helpline_opens is None) != (self.helpline_closes is None):
            wrong["helpline_closes"] = gettext("Enter both times of the helpline, or leave both empty.")
        if self.horizon_days <= 2 * self.notice_working_days:  # weekends and a bank holiday are among them
            wrong["horizon_days"] = gettext("With this notice, there would be no day to book. Enter more than %(days)s.") % {
                "days": 2 * self.notice_working_days
            }
        if (datetime.combine(date.min, self.quiet_until) - datetime.combine(date.min, self.quiet_from)) % DAY > MAX_QUIET_PERIOD:
            wrong["quiet_until"] = gettext("Enter a time that is at most 14 hours after quiet hours begin.")
        if settings.PRODUCTION:
            wrong |= self.shared_mailboxes()
            if not self.out_of_hours_route.strip(" ."):
                wrong["out_of_hours_route"] = gettext("Say who to call while the advice line is closed.")
        if wrong:
            raise ValidationError(wrong)

    def shared_mailboxes(self) -> dict[str, str]:
        """The mailboxes that are the same as another. An alarm and its escalation must not go to one, perhaps unread, mailbox."""
        readers: dict[str, str] = {}
        wrong = {}
        for name in ("team_email", "visit_escalation_email", "safeguarding_lead_email"):
            if (other := readers.setdefault(getattr(self, name).lower(), name)) != name:
                wrong[name] = gettext("This is the same mailbox as “%(other)s”. Enter one that somebody else reads.") % {
                    "other": self._meta.get_field(other).verbose_name  # type: ignore[union-attr]
                }
        return wrong

    @property
    def charity(self) -> dict[str, str]:
        return {"name": self.charity_name, "number": self.charity_number, "address": self.charity_address}


class SettingChange(RecordedBy):
    """One change of one setting; it never changes. The field's `to_python` can read `old` and `new`."""

    field = impersonal(models.CharField(_("setting"), max_length=40))
    old = impersonal(models.CharField(_("before"), max_length=500, blank=True))
    new = impersonal(models.CharField(_("after"), max_length=500, blank=True))
    at = models.DateTimeField(_("when"))

    class Meta:
        default_permissions = ()
        verbose_name = _("change of a setting")
        verbose_name_plural = _("changes of settings")
        indexes = [models.Index(fields=["field", "-at", "-id"], name="setting_change_newest")]

    def __str__(self) -> str:
        return f"{self.field} {self.at:%Y-%m-%d %H:%M} UTC"
