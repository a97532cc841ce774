"""What staff write about a breach: numbers and kinds, no names; nothing of a child, since it goes to others as it is written."""

from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy

from ctac.forms import PageForm
from ctac.staff_fields import ClockField, DayField, near_today, uk_moment
from dataprotection.forms import OnceForm
from dataprotection.services.breaches import Known
from professionals.safeguarding import StaffForm

MOST_WORDS = 4000


def long_text(label: Any, hint: Any, missing: Any, rows: int = 4, **more: Any) -> forms.CharField:
    return forms.CharField(
        label=label,
        help_text=hint,
        max_length=MOST_WORDS,
        widget=forms.Textarea({"rows": rows}),
        error_messages={"required": missing},
        **more,
    )


class WithTime(StaffForm, PageForm):
    """`cleaned_data["at"]`: the moment that day and clock come to, in UTC."""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        cleaned.pop("flagged")
        day, clock = cleaned.pop("day", None), cleaned.pop("clock", None)
        if day and clock:
            try:
                cleaned["at"] = uk_moment(day, clock)
            except ValidationError as error:
                self.add_error("clock", error)
        return cleaned


def day_of(label: Any, hint: Any = "") -> DayField:
    missing = gettext_lazy("Enter the day.")
    return DayField(label=label, validators=[near_today], help_text=hint, error_messages={"required": missing})


def clock_of(label: Any) -> ClockField:
    return ClockField(label=label, error_messages={"required": gettext_lazy("Enter the time.")})


class EnterForm(OnceForm, WithTime):
    free_text_fields = ("what", "happened", "concerns", "effects", "measures")
    never_kept = free_text_fields

    day = day_of(
        gettext_lazy("On which day did we become aware of it?"),
        gettext_lazy("Whoever of us knew first, or a firm that works for us told us. For example, 9 3 2027."),
    )
    clock = clock_of(gettext_lazy("At what time?"))
    what = long_text(
        gettext_lazy("What happened?"),
        gettext_lazy("Data that was lost, changed, seen by or sent to somebody who should not have it. No names."),
        gettext_lazy("Write what happened."),
    )
    happened = forms.CharField(
        label=gettext_lazy("When did it happen?"),
        help_text=gettext_lazy("As well as we know. For example: in the night to 9 March 2027."),
        max_length=200,
        error_messages={"required": gettext_lazy("Write when it happened, as well as we know.")},
    )
    concerns = long_text(
        gettext_lazy("Whom and what does it concern?"),
        gettext_lazy("How many people, of which kind, and which kinds of data. Numbers and kinds, no names."),
        gettext_lazy("Write whom and what it concerns, in numbers and kinds."),
    )
    effects = long_text(
        gettext_lazy("What may come of it for them?"),
        gettext_lazy("What is likely, and how bad it would be. No names."),
        gettext_lazy("Write what may come of it."),
    )
    measures = long_text(
        gettext_lazy("What was done?"),
        gettext_lazy("To stop it, to make up for it, and so that it does not happen again. No names."),
        gettext_lazy("Write what was done so far."),
    )

    @property
    def known(self) -> Known:
        """Of a valid form."""
        aware_at: datetime = self.cleaned_data["at"]
        return Known(aware_at=aware_at, **{name: self.cleaned_data[name] for name in self.free_text_fields})


class ToldCommissionerForm(WithTime):
    free_text_fields = ("words",)
    never_kept = free_text_fields

    day = day_of(gettext_lazy("On which day were they told?"))
    clock = clock_of(gettext_lazy("At what time?"))
    reference = forms.CharField(label=gettext_lazy("Their reference"), max_length=60, required=False)
    words = long_text(
        gettext_lazy("What they were told"),
        gettext_lazy("In short. If the 72 hours were over, say why it took longer. No names."),
        "",
        required=False,
    )


class ToldPeopleForm(WithTime):
    free_text_fields = ("words",)
    never_kept = free_text_fields

    day = day_of(gettext_lazy("On which day were they told?"))
    clock = clock_of(gettext_lazy("At what time?"))
    words = long_text(
        gettext_lazy("How, and what they were told"),
        gettext_lazy("For example: an email to all 40, with what to look out for and whom to ask. No names."),
        gettext_lazy("Write how they were told, and what."),
    )


class WordsForm(StaffForm):
    """For a form whose words are never kept if they look like a child's details."""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        cleaned.pop("flagged")
        return cleaned


class NeedNotTellCommissionerForm(WordsForm):
    free_text_fields = ("words",)
    never_kept = free_text_fields

    words = long_text(
        gettext_lazy("Why they need not be told"),
        gettext_lazy("Only if it is unlikely that it does anybody any harm. They may ask for this reason. No names."),
        gettext_lazy("Write why they need not be told."),
    )


class NeedNotTellPeopleForm(WordsForm):
    free_text_fields = ("words",)
    never_kept = free_text_fields

    words = long_text(
        gettext_lazy("Why they need not be told"),
        gettext_lazy("Only if the risk for them is not high: the data was unreadable, say, or came back unread. No names."),
        gettext_lazy("Write why they need not be told."),
    )


class AddForm(WordsForm):
    free_text_fields = ("words",)
    never_kept = free_text_fields

    words = long_text(
        gettext_lazy("What we know now"),
        gettext_lazy(
            "What was learnt or done since, or what was wrong above and is right now. Nothing above is changed. No names."
        ),
        gettext_lazy("Write what we know now."),
    )
