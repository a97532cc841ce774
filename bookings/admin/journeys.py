"""Journey times between areas, where staff know better than the rule."""

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.models import JourneyTime
from bookings.services import journeys
from bookings.services.journeys import too_close
from ctac.staff import StaffModelAdmin, staff_site
from ctac.staff_lists import moment_of, number_of
from professionals.areas import is_area
from professionals.flagged import KEPT_BACK, waits_for_lead
from professionals.models import User
from professionals.safeguarding import ChildDetailsMixin


class AreaField(forms.CharField):
    """An outward code (LS1) or the letters of a postcode area (LS)."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=8, **kwargs)

    def clean(self, value: Any) -> str:
        code = str(super().clean(value)).replace(" ", "").upper()
        if not is_area(code):
            raise ValidationError(_("Enter the first half of a postcode, like LS1, or its letters alone, like LS."))
        return code


class JourneyTimeForm(ChildDetailsMixin, forms.ModelForm):
    free_text_fields = ("reason",)

    one = AreaField(
        label=gettext_lazy("Between"),
        help_text=gettext_lazy("The first half of a postcode (LS1), or its letters alone for the whole area (LS)."),
    )
    other = AreaField(label=gettext_lazy("And"), help_text=gettext_lazy("The same again for journeys within one area."))

    class Meta:
        model = JourneyTime
        fields = ["one", "other", "minutes", "reason"]

    def clean(self) -> dict[str, Any]:
        """The pair in order, so that the same two the other way round are found to be there already."""
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("one") and cleaned.get("other"):
            cleaned["one"], cleaned["other"] = sorted((cleaned["one"], cleaned["other"]))
            same = JourneyTime.objects.filter(one=cleaned["one"], other=cleaned["other"]).exclude(pk=self.instance.pk)
            if same.exists():
                self.add_error("one", _("These two areas have a journey time already. Change that one."))
        return cleaned


@admin.register(JourneyTime, site=staff_site)
class JourneyTimeAdmin(StaffModelAdmin):
    form = JourneyTimeForm
    list_display = ("pair", "number_minutes", "why", "set_by", "at_in_words")
    list_select_related = ("set_by",)
    search_fields = ("one", "other", "reason")
    search_help_text = gettext_lazy("Area or reason")
    number_minutes = number_of("minutes", gettext_lazy("minutes"))
    at_in_words = moment_of("set_at", gettext_lazy("set"))

    @admin.display(description=gettext_lazy("between"), ordering="one")
    def pair(self, journey: JourneyTime) -> str:
        if journey.one == journey.other:
            return _("Within %(area)s") % {"area": journey.one}
        return _("%(one)s and %(other)s") % {"one": journey.one, "other": journey.other}

    def get_queryset(self, request: HttpRequest) -> QuerySet[JourneyTime]:
        return super().get_queryset(request).annotate(kept_back=waits_for_lead("journey"))

    @admin.display(description=gettext_lazy("why"), ordering="reason")
    def why(self, journey: Any) -> str:
        return str(KEPT_BACK) if journey.kept_back else journey.reason

    def save_model(self, request: HttpRequest, obj: JourneyTime, form: Any, change: bool) -> None:
        now = timezone.now()
        journeys.set_journey_time(journey=obj, by=cast("User", request.user), now=now, flagged=form.flagged)
        for one, other in too_close(now):
            facts = {"name": one.presenter.name, "one": one, "other": other}
            messages.warning(
                request,
                _("%(name)s has two visits that are closer together than the journey takes: %(one)s; %(other)s. They stay.")
                % facts,
            )
