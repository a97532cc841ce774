"""The forms for closures and banners: plain texts, days and times in UK time, and a tick if something is booked on the days."""

from collections.abc import Callable
from datetime import date, datetime
from hashlib import sha256
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _, gettext_lazy

from core.dates import UK_TZ, uk_day
from core.forms import DayField, UKTimeField, validate_near_today, validated_uk_datetime
from office.closures.models import Banner, Closure, ClosureScope
from office.closures.services import Conflict, find_conflicts
from staff.lists import format_short_datetime

TextCheck = Callable[[str], str]
_text_checks: list[TextCheck] = []
CONFLICT_FIELDS = ("first_day", "last_day", *ClosureScope.values, "nation")


def register_text_check(check: TextCheck) -> None:
    """Add a check, in AppConfig.ready(). It gives the reason why a text may not be published; "" if it may."""
    _text_checks.append(check)


class PublishedTextForm(forms.ModelForm):
    """Everybody can read these texts, so they keep nothing about a child, whoever writes them."""

    published: tuple[str, ...] = ()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for name in self.published:
            for why in filter(None, (check(cleaned.get(name) or "") for check in _text_checks)):
                self.add_error(name, why)
        return cleaned


class ClosureForm(PublishedTextForm):
    first_day = DayField(label=gettext_lazy("First day"), lies_ahead=True, validators=[validate_near_today])
    last_day = DayField(label=gettext_lazy("Last day"), lies_ahead=True, validators=[validate_near_today])
    sure = forms.BooleanField(
        label=gettext_lazy("Close these days. What is booked stays."), required=False, widget=forms.HiddenInput
    )

    published = ("reason", "reason_cy")
    conflicts: tuple[Conflict, ...] = ()

    class Meta:
        model = Closure
        fields = ["first_day", "last_day", *ClosureScope.values, "nation", "reason", "reason_cy"]

    def clean(self) -> dict[str, Any]:
        cleaned, today = super().clean(), uk_day(timezone.now())
        first, last = cleaned.get("first_day", self.instance.first_day), cleaned.get("last_day")
        if "first_day" in self.changed_data and first and first < today:
            self.add_error("first_day", _("That day has passed. Enter today or a later day."))
        if first and last and last < first:
            self.add_error("last_day", _("The last day must not come before the first."))
        elif last and last < today:
            self.add_error("last_day", _("That day has passed. Enter today or a later day."))
        if not self.errors and set(CONFLICT_FIELDS) & set(self.changed_data):
            self._ask_about_conflicts(cleaned, first, last)
        return cleaned

    def _ask_about_conflicts(self, cleaned: dict[str, Any], first: date | None, last: date | None) -> None:
        """Nothing is cancelled, so the colleague has to see what is booked on these days."""
        days = {"first_day": first, "last_day": last}
        closure = Closure(**days, **{name: cleaned[name] for name in (*ClosureScope.values, "nation")})
        self.conflicts = tuple(find_conflicts(closure))
        if self.conflicts:
            # A digest of what they have seen, so that the tick counts for that alone.
            seen = sha256("\n".join(conflict.href for conflict in self.conflicts).encode()).hexdigest()[:16]
            name = self.add_prefix("sure")
            self.fields["sure"].widget = forms.CheckboxInput({"value": seen})
            if self.data.get(name) != seen:  # not ticked, or below another list
                self.data = {**self.data.dict(), name: ""}  # type: ignore[attr-defined]
                self.add_error("sure", _("Look at what is booked on these days. Then tick the box, or choose other days."))


class BannerForm(PublishedTextForm):
    first_day = DayField(label=gettext_lazy("From which day?"), lies_ahead=True, validators=[validate_near_today])
    first_clock = UKTimeField(label=gettext_lazy("From what time?"))
    last_day = DayField(label=gettext_lazy("Until which day?"), lies_ahead=True, validators=[validate_near_today])
    last_clock = UKTimeField(label=gettext_lazy("Until what time?"))

    published = ("text", "text_cy")

    class Meta:
        model = Banner
        fields = ["kind", "text", "text_cy", "link"]
        widgets = {"text": forms.Textarea({"rows": 3}), "text_cy": forms.Textarea({"rows": 3})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, moment in (("first", self.instance.starts_at), ("last", self.instance.ends_at)):
            if moment is not None:
                self.initial[f"{name}_day"] = uk_day(moment)
                self.initial[f"{name}_clock"] = moment.astimezone(UK_TZ).time()

    def clean(self) -> dict[str, Any]:
        cleaned, now = super().clean(), timezone.now()
        starts_at, ends_at = self._moment("first"), self._moment("last")
        if starts_at is not None and ends_at is not None:
            others = Banner.objects.exclude(pk=self.instance.pk).filter(kind=cleaned.get("kind"))
            if ends_at <= max(starts_at, now):
                self.add_error("last_day", _("The banner must end after it begins, and later than now."))
            elif other := others.filter(starts_at__lt=ends_at, ends_at__gt=starts_at).first():
                times = {
                    "text": other.text,
                    "from": format_short_datetime(other.starts_at),
                    "until": format_short_datetime(other.ends_at),
                }
                text = _("Another banner of this kind is shown from %(from)s until %(until)s: “%(text)s”.") % times
                self.add_error("first_day", " ".join([text, _("Take it down first, or choose other times.")]))
            self.instance.starts_at, self.instance.ends_at = starts_at, ends_at
        return cleaned

    def _moment(self, name: str) -> datetime | None:
        """The moment that was typed; if nobody changed it, the stored one, to the second."""
        stored = self.instance.starts_at if name == "first" else self.instance.ends_at
        if stored is not None and not {f"{name}_day", f"{name}_clock"} & set(self.changed_data):
            return stored
        day, clock = (self.cleaned_data.get(f"{name}_{part}") for part in ("day", "clock"))
        if day is None or clock is None:
            return None
        try:
            return validated_uk_datetime(day, clock)
        except ValidationError as error:
            self.add_error(f"{name}_clock", error)
            return None
