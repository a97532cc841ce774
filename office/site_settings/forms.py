"""The form for all settings. It reports changes made meanwhile, and asks once more about a change that breaks promises."""

from collections.abc import Iterable
from hashlib import sha256
from typing import Any, ClassVar

from django import forms
from django.db import models
from django.utils.translation import gettext as _, gettext_lazy

from core.dates import format_time
from core.forms import FORMFIELD_OVERRIDES, PageFormMixin
from office.site_settings.models import SETTING_BOUNDS, SettingChange, SiteSettings
from office.site_settings.services import AffectedPlan

SETTING_GROUPS: dict[Any, tuple[str, ...]] = {
    gettext_lazy("The advice line, and who runs this site"): (
        *("advice_phone", "advice_email", "advice_opens", "advice_closes", "out_of_hours_route"),
        *("helpline_phone", "helpline_opens", "helpline_closes"),
        *("site_help_email", "site_help_phone", "charity_name", "charity_number", "charity_address"),
        *("data_controller", "data_processors"),
    ),
    gettext_lazy("Who is told of what"): (
        *("team_email", "visit_escalation_email", "request_escalation_email"),
        *("safeguarding_lead_email", "data_protection_lead_email"),
    ),
    gettext_lazy("Booking"): (
        *("notice_working_days", "horizon_days", "request_horizon_days", "hold_minutes", "change_deadline_working_days"),
        *("answer_working_days", "kept_date_working_days", "max_kept_dates", "max_audience_size", "max_session_capacity"),
        *("offer_working_days", "first_reminder_days", "feedback_weeks", "checks_warning_days"),
    ),
    gettext_lazy("Leaflets"): ("packing_working_days", "order_window_days", "order_limit_times"),
    gettext_lazy("Emails"): ("quiet_from", "quiet_until"),
    gettext_lazy("How long we keep personal data"): (
        *("keep_people_months", "keep_bookings_months", "keep_orders_months", "keep_messages_months"),
        *("keep_complaints_months", "keep_records_months"),
    ),
}
SETTING_NAMES = tuple(name for names in SETTING_GROUPS.values() for name in names)
LONG_TEXT_LENGTH = 200  # characters; a longer text gets a box of several lines


def setting_formfield(field: "models.Field[Any, Any]", **options: Any) -> Any:
    """The form field of a setting: a time as people write it, a long text in several lines."""
    options |= FORMFIELD_OVERRIDES.get(type(field), {})
    if (
        isinstance(field, models.CharField)
        and (field.max_length or 0) > LONG_TEXT_LENGTH
        and not isinstance(field, models.EmailField)
    ):
        options["widget"] = forms.Textarea({"rows": 3})
    return field.formfield(**options)


def setting_value_text(name: str, value: Any) -> str:
    """A value, or what the record of a change holds of it, as the page shows it."""
    if value in {None, ""}:
        return ""
    field: Any = SiteSettings._meta.get_field(name)
    value = field.to_python(value)
    return format_time(value) if isinstance(field, models.TimeField) else str(value)


def opened_value_name(name: str) -> str:
    return f"began-{name}"


class SettingsForm(PageFormMixin, forms.ModelForm):
    """All settings at once. The page carries the value that each had when it was opened, under a name of its own
    (`opened_value_name`).

    `meanwhile`: the settings that somebody else has changed since. If nothing else was typed, their box then has the new value;
    in any case nothing is saved until the form is sent again. `broken`: the promises that would be broken, which needs a tick.
    `seen` stands for the promises that the page has shown.
    """

    fieldsets: ClassVar = SETTING_GROUPS

    sure = forms.BooleanField(
        label=gettext_lazy("Change the settings all the same"),
        required=False,
        help_text=gettext_lazy("The site tells nobody about this. Speak to the people first."),
    )

    class Meta:
        model = SiteSettings
        fields = SETTING_NAMES
        formfield_callback = setting_formfield

    def __init__(self, data: Any = None, *, instance: SiteSettings, changes: dict[str, SettingChange]) -> None:
        self.meanwhile: list[str] = []
        self.broken: list[AffectedPlan] = []
        self.seen = ""
        self.changes = changes
        self.answers: Any = data.copy() if data is not None else None
        super().__init__(self.answers, instance=instance)
        for name in SETTING_NAMES:
            if name in SETTING_BOUNDS:
                help_text, (least, most) = self.fields[name].help_text, SETTING_BOUNDS[name]
                self.fields[name].help_text = _("%(help)s From %(least)s to %(most)s.") % {
                    "help": help_text,
                    "least": least,
                    "most": most,
                }
        if self.answers is None:
            return
        # What somebody else has changed since the page was opened. The same value twice is a double click.
        for name in SETTING_NAMES:
            field, now, typed = self.fields[name], self.initial[name], self.answers.get(name, "")
            began = self.answers.get(opened_value_name(name), self.typed(name, now))
            if field.has_changed(now, began) and field.has_changed(now, typed):
                self.meanwhile.append(name)
                if typed.strip() == began.strip():
                    self.answers[name] = self.typed(name, now)

    def restore_first_value(self, name: str) -> None:
        """Put the first value into the box."""
        self.answers[name] = self.typed(name, SiteSettings._meta.get_field(name).get_default())  # type: ignore[union-attr]

    def typed(self, name: str, value: Any) -> str:
        """A value as the box has it."""
        return "" if value is None else str(self.fields[name].prepare_value(value))

    def clean(self) -> dict[str, Any]:
        """Put texts on one line, as they are printed, and add errors for settings that were changed meanwhile."""
        cleaned = {
            name: " ".join(value.split()) if isinstance(value, str) else value for name, value in self.cleaned_data.items()
        }
        for name in self.meanwhile:
            change = self.changes.get(name)
            facts = {
                "who": (change and change.by) or _("Somebody"),
                "now": setting_value_text(name, self.initial[name]) or _("nothing"),
            }
            self.add_error(
                name, _("%(who)s has changed this to “%(now)s” since you opened the page. Check the box and save again.") % facts
            )
        return cleaned

    def validate_constraints(self) -> None:
        """Nothing: the fields and the model's clean() check the same, in words and without a statement."""

    def confirm_promises(self, broken: Iterable[AffectedPlan]) -> bool:
        """Whether the change may be saved: it breaks nothing, or the page has shown what it breaks and the box is ticked."""
        self.broken = list(broken)
        self.seen = sha256(repr(self.broken).encode()).hexdigest()[:16]
        if not self.broken or (self.cleaned_data["sure"] and self.answers.get("seen") == self.seen):
            return True
        self.answers.pop("sure", None)
        self.add_error("sure", _("This would break promises. Read which. Then tick the box, or change your answers."))
        return False

    @property
    def values(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in SETTING_NAMES}
