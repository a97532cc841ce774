"""What staff ask a caller who books: the questions of the public pages, in words about somebody else."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.admin.presenter_filters import FORMAT_WORDS
from bookings.admin.time_forms import OTHER, WeekForm
from bookings.forms import DetailsForm, WhereForm
from bookings.models import Channel, Format, Presentation
from bookings.places import PlaceUnknown
from bookings.request_forms import DatesForm
from bookings.services.placing import Details
from ctac.forms import PageForm


class WhatForm(PageForm):
    presentation = forms.ModelChoiceField(
        label=gettext_lazy("Presentation"),
        queryset=Presentation.objects.all(),
        empty_label=gettext_lazy("Choose a presentation"),
        error_messages={"required": gettext_lazy("Choose a presentation.")},
    )


class CallerWhereForm(WhereForm):
    """For whom and where, as staff ask it of somebody else."""

    autocomplete = dict.fromkeys(WhereForm.autocomplete, "off")
    option_hints = {
        "format": {
            str(Format.WORKPLACE): gettext_lazy("A presenter goes to them."),
            str(Format.ONLINE): gettext_lazy("They get a joining link for a video call."),
        }
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice = self.fields["format"]
        assert isinstance(choice, forms.ChoiceField)  # noqa: S101 - tells the type checker what stands in WhereForm
        choice.label = _("Where would they like it?")
        choice.choices = list(FORMAT_WORDS.items())
        choice.error_messages["required"] = _("Choose where they would like it.")

    def at_place(self, cleaned: dict[str, Any], beside: str = "postcode") -> dict[str, Any]:
        found = super().at_place(cleaned, beside)
        if self.errors.get("postcode") == [str(PlaceUnknown.message)]:  # which tells the public to call us
            self.errors["postcode"] = self.error_class(
                [_("No presenter can go to this postcode. Check it, or offer an online presentation.")],
                renderer=self.renderer,
                field_id=self["postcode"].auto_id,
            )
        return found


class CallerTimeForm(WeekForm):
    """A time that is free by the public’s rules, or any other, which it is until free times can be shown."""

    def __init__(self, data: Any, **kwargs: Any) -> None:
        super().__init__(data, initial={"start": OTHER}, **kwargs)


class CallerDatesForm(DatesForm):
    nothing_given = gettext_lazy("Enter a day that would suit them, or a range of days below.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        reason = self.fields["reason"]
        reason.label = _("Why does none of our times suit them?")
        reason.help_text = _("In their words, for example the days when their team meets. No details of a child.")
        reason.error_messages["required"] = _("Write why none of our times suits them.")


class CallerDetailsForm(DetailsForm):
    """The contact may stay empty: then it is the caller. Who is coming is asked with the place."""

    audience_profession = None  # type: ignore[assignment]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["contact_name"].label = _("Who should the presenter ask for?")
        for name in ("contact_name", "contact_phone"):
            self.fields[name].required = False
            self.fields[name].help_text = _("Leave empty if it is the caller.")
        self.fields["notes"].label = _("Anything else the presenter should know?")
        self.fields["audience_size"].help_text = _("A best guess is fine.")
        self.fields["audience_size"].error_messages["max_value"] = _("Enter %(limit_value)s or fewer.")

    def details_for(self, caller: dict[str, Any], *, audience: str, flagged: bool) -> Details:
        given = {name: self.cleaned_data[name] for name in Details.__dataclass_fields__ if name in self.cleaned_data}
        given["contact_name"] = given["contact_name"] or caller["name"]
        given["contact_phone"] = given["contact_phone"] or caller["phone"]
        return Details(**given, audience_profession=audience, flagged=self.flagged or flagged)


class HowForm(PageForm):
    channel = forms.ChoiceField(
        label=gettext_lazy("They got in touch by"), choices=[(c.value, c.label) for c in (Channel.PHONE, Channel.EMAIL)]
    )
