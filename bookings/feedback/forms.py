"""The forms after a presentation: how many came, how it was, a name for the certificate, how many leaflets."""

import secrets
from collections.abc import Mapping
from typing import Any

from django import forms
from django.db.models import IntegerChoices
from django.forms.boundfield import BoundField
from django.utils.text import format_lazy
from django.utils.translation import gettext as _, gettext_lazy

from accounts.models import LimitedActivity
from accounts.rate_limits import HoneypotMixin
from bookings.feedback.queries import quotable_answers
from bookings.feedback.services import ATTENDANCE_SOURCES, attendance_counts
from bookings.models import (
    CONFIDENCE_QUESTIONS,
    SHARED_STATEMENTS,
    STATEMENTS,
    Agreement,
    Attendance,
    BookingOrSession,
    Confidence,
    Feedback,
    FollowUp,
)
from core.forms import OptionalCheckboxesField, PageForm, apply_page_field_defaults
from leaflets.models import Leaflet
from leaflets.orders.forms import CopiesField, stock_hint
from office.site_settings.models import MAX_PEOPLE
from professionals.drafts import SECRET_PATTERN
from professionals.models import Profession
from professionals.safeguarding.forms import CONFIRM_FIELD, ChildDetailsMixin, reason_field

USUAL_PROFESSIONS = (Profession.HEALTH_VISITOR, Profession.SOCIAL_WORKER, Profession.TEACHER)
MAX_PROFESSIONS_SHOWN = 3


class CountField(forms.IntegerField):
    """An empty box means nobody. Its label does not say that it may stay empty, because the page says so once."""

    def validate(self, value: Any) -> None:
        if value is not None:
            super().validate(value)


def people_field(label: Any, **more: Any) -> CountField:
    widget = forms.TextInput({"class": "count-box", "inputmode": "numeric", "autocomplete": "off"})
    return CountField(label=label, max_value=MAX_PEOPLE, widget=widget, **more)


class MoreFeedbackForm(ChildDetailsMixin):
    """For staff. The reason goes into the history, of which the host can get a copy."""

    free_text_fields = never_kept = ("reason",)

    reason = reason_field(
        gettext_lazy("Why are there more people than expected?"),
        missing=gettext_lazy("Write why there are more people than we expected."),
        hint=gettext_lazy("For example, the host told us that a second team came along."),
    )


class AttendanceForm(PageForm):
    """A box for each profession, the likely ones first, and one for the total.

    An empty total is added up. If the total is more than the sum of the boxes, the rest counts as “Other”. The total begins empty
    when numbers are corrected, too: the boxes hold everybody, and the old total would bring back people who were taken out.
    """

    total = people_field(
        gettext_lazy("How many people came in all?"),
        min_value=1,
        help_text=gettext_lazy(
            "Leave this empty and we will add up the numbers. If you only know the total, enter just that: "
            "it will count as “Other”."
        ),
    )
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(
        self, data: Mapping[str, Any] | None = None, *, given: BookingOrSession, stands: Attendance | None = None
    ) -> None:
        counts = attendance_counts(stands)
        first = list(counts)  # the professions with a number already
        if not counts:  # else the expected ones, and those that we see most
            expected = dict.fromkeys([*ATTENDANCE_SOURCES[type(given)].professions(given), *USUAL_PROFESSIONS])
            first = [profession for profession in expected if profession and profession != Profession.OTHER][
                :MAX_PROFESSIONS_SHOWN
            ]
        typed = {f"people_{name}": people for name, people in counts.items()}
        seen = stands.revision if stands else ""
        super().__init__(data, initial={**typed, "seen": seen})
        for profession in sorted(Profession, key=lambda name: (name not in first, name == Profession.OTHER)):
            self.fields[f"people_{profession}"] = apply_page_field_defaults(people_field(profession.label, min_value=0))
        self.first = {f"people_{profession}" for profession in (*first, Profession.OTHER)}
        self.order_fields([name for name in self.fields if name != "total"])

    def clean(self) -> dict[str, Any]:
        super().clean()
        if not self.errors:
            counted, total = sum(self.counted.values()), self.cleaned_data["total"]
            if not counted and total is None:
                self.add_error("total", _("Enter how many people came."))
            elif total is not None and counted > total:
                message = _(
                    "Your numbers by profession add up to %(counted)d, but your total is only %(total)d. Correct one of them."
                )
                self.add_error("total", message % {"counted": counted, "total": total})
            elif counted > MAX_PEOPLE:
                message = _("Your numbers by profession add up to %(counted)d. No presentation has more than %(most)d people.")
                self.add_error("total", message % {"counted": counted, "most": MAX_PEOPLE})
        return self.cleaned_data

    @property
    def counted(self) -> dict[str, int]:
        """People by profession, as typed. For a valid form, like the properties below."""
        boxes = {name: people for name, people in self.cleaned_data.items() if name.startswith("people_")}
        return {name.removeprefix("people_"): people for name, people in boxes.items() if people}

    @property
    def uncounted(self) -> int:
        """How many more came in all, whose professions we don't know."""
        return max((self.cleaned_data["total"] or 0) - sum(self.counted.values()), 0)

    @property
    def counts(self) -> dict[str, int]:
        """People by profession, adding up to the total."""
        others = self.counted.get(Profession.OTHER, 0) + self.uncounted
        return {**self.counted, Profession.OTHER.value: others} if others else self.counted

    @property
    def expected_revision(self) -> int | None:
        """The revision of the numbers from which the page was drawn."""
        seen = str(self.cleaned_data.get("seen", ""))
        return int(seen) if seen.isascii() and seen.isdigit() else None

    def shown(self) -> list[BoundField]:
        return [box for box in self if box.name in self.first]

    def others(self) -> list[BoundField]:
        return [box for box in self if box.name.startswith("people_") and box.name not in self.first]

    @property
    def others_are_open(self) -> bool:
        return any(box.errors or box.value() for box in self.others())


def choice_field(label: Any, choices: type[IntegerChoices], missing: Any) -> forms.TypedChoiceField:
    return forms.TypedChoiceField(
        label=label, choices=choices.choices, coerce=int, widget=forms.RadioSelect, error_messages={"required": missing}
    )


MISSING_CONFIDENCE_MESSAGES = {
    "confidence_before": gettext_lazy("Choose how confident you were before."),
    "confidence_now": gettext_lazy("Choose how confident you are now."),
}


class FeedbackForm(HoneypotMixin, ChildDetailsMixin, PageForm):
    """Agreement with three sentences (four for a host), confidence before and now, and what could be better. No name."""

    where = LimitedActivity.FEEDBACK
    answer_field = "token"
    free_text_fields = ("comment",)

    token = forms.CharField(widget=forms.HiddenInput, required=False)
    comment = forms.CharField(
        label=gettext_lazy("What could be better?"),
        help_text=gettext_lazy("No names, please, and no child’s details."),
        required=False,
        max_length=1000,
        widget=forms.Textarea({"rows": 4}),
    )
    quotable = forms.BooleanField(
        label=gettext_lazy("You may quote what I wrote, without my name"),
        help_text=gettext_lazy("We may use it in a report about our work."),
        required=False,
    )
    remind = forms.BooleanField(
        label=gettext_lazy("Remind me in a year, once, by email"),
        help_text=gettext_lazy("You can cancel the reminder on your booking’s page."),
        required=False,
    )

    def __init__(self, data: Mapping[str, Any] | None = None, *, by_host: bool, may_remind: bool = False) -> None:
        super().__init__(data, initial={"token": secrets.token_urlsafe(32)})
        asked = STATEMENTS if by_host else SHARED_STATEMENTS
        for name in asked:
            missing = format_lazy(gettext_lazy("Choose how far you agree: “{statement}”"), statement=STATEMENTS[name])
            self.fields[name] = apply_page_field_defaults(choice_field(STATEMENTS[name], Agreement, missing))
        for name, question in CONFIDENCE_QUESTIONS.items():
            self.fields[name] = apply_page_field_defaults(choice_field(question, Confidence, MISSING_CONFIDENCE_MESSAGES[name]))
        if not may_remind:
            del self.fields["remind"]
        self.order_fields([*asked, *CONFIDENCE_QUESTIONS, "comment", CONFIRM_FIELD, "quotable", "remind"])

    def clean_token(self) -> str:
        """A token that is not ours is replaced; at worst an answer is stored twice."""
        token: str = self.cleaned_data["token"]
        return token if SECRET_PATTERN.fullmatch(token) else secrets.token_urlsafe(32)

    @property
    def answers(self) -> Feedback:
        """The answers of a valid form, unsaved."""
        answers = {name: self.cleaned_data[name] for name in (*STATEMENTS, *CONFIDENCE_QUESTIONS) if name in self.fields}
        said = {name: self.cleaned_data[name] for name in ("comment", "quotable")}
        return Feedback(**answers, **said, flagged_child_details=self.flagged)


class AskLaterForm(HoneypotMixin, PageForm):
    """The address to ask at three months later. It is sent by itself, so that nobody can tell which answers are theirs."""

    where = LimitedActivity.FEEDBACK
    answer_field = "email"
    autocomplete = {"email": "email"}

    email = forms.EmailField(
        label=gettext_lazy("Your email address"),
        max_length=254,
        error_messages={"required": gettext_lazy("Enter your email address.")},
    )


class ThreeMonthsOnForm(PageForm):
    confidence = choice_field(CONFIDENCE_QUESTIONS["confidence_now"], Confidence, MISSING_CONFIDENCE_MESSAGES["confidence_now"])


class QuotesForm(PageForm):
    """For staff: which comments reports may quote, among those whose writers allow it."""

    chosen = OptionalCheckboxesField(
        label=gettext_lazy("Quotes for reports"),
        error_messages={"invalid_choice": gettext_lazy("One of these may no longer be quoted. Choose again.")},
    )

    def __init__(self, data: Any = None, *, follow_up: FollowUp) -> None:
        quotes = list(quotable_answers(follow_up))
        super().__init__(data, initial={"chosen": [quote.pk for quote in quotes if quote.chosen_at]})
        self.fields["chosen"].choices = [(quote.pk, quote.comment) for quote in quotes]  # type: ignore[attr-defined]


class CertificateForm(PageForm):
    """A name, only for the PDF."""

    autocomplete = {"name": "name"}

    name = forms.CharField(
        label=gettext_lazy("Your name"),
        help_text=gettext_lazy("Enter it as you want it on the certificate. We don’t keep it."),
        max_length=100,
        error_messages={"required": gettext_lazy("Enter your name as you want it on the certificate.")},
    )


class FeedbackCodeForm(PageForm):
    code = forms.CharField(
        label=gettext_lazy("Code"),
        help_text=gettext_lazy(
            "The code has 6 letters and numbers. It is on the slide and in your email. You can type capital or small letters."
        ),
        max_length=20,
        widget=forms.TextInput({"class": "govuk-input--width-10", "autocomplete": "off", "autocapitalize": "characters"}),
        error_messages={"required": gettext_lazy("Enter the code.")},
    )


class SuggestedLeafletsForm(PageForm):
    """A box for each title that suits the people who came; an empty box means none."""

    def __init__(self, data: Mapping[str, Any] | None = None, *, wanted: Mapping[Leaflet, int]) -> None:
        super().__init__(data, initial={leaflet.slug: copies for leaflet, copies in wanted.items()})
        self.leaflets = list(wanted)
        for leaflet in self.leaflets:
            only = len(self.leaflets) == 1
            field = CopiesField(leaflet, label=leaflet.title, help_text=stock_hint(leaflet), required=only, min_value=0)
            self.fields[leaflet.slug] = apply_page_field_defaults(field)

    def clean(self) -> dict[str, Any]:
        super().clean()
        if not self.errors and not self.copies and self.leaflets:
            self.add_error(self.leaflets[0].slug, _("Enter how many copies you need of at least one leaflet."))
        return self.cleaned_data

    @property
    def copies(self) -> dict[str, int]:
        """For a valid form, by slug."""
        return {leaflet.slug: copies for leaflet in self.leaflets if (copies := self.cleaned_data.get(leaflet.slug))}
