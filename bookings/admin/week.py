"""A week of free times on a staff form, to choose one or several from.

The ways to other weeks and parts of the day are buttons of the form, so whatever was typed and chosen stays in it, and nothing of
it stands in an address. Each sends the query that bookings.picking gives its link; the page carries the one that it shows.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext as _

from bookings import picking
from bookings.diary.book import Slot
from bookings.diary.reading import Ignoring
from bookings.diary.wish import Wish
from bookings.models import Presenter
from bookings.slot_forms import slot_choices, slot_value, to_start
from ctac.uk import format_span, uk_day

# The button that was pressed, and what the page showed before.
LOOK, SHOWN = "look", "shown"
# Stands above the times, which are those of whoever is chosen in it.
DRAWN_APART = ("presenter",)
Groups = list[tuple[Any, Any]]


@dataclass(frozen=True)
class Week:
    """What the page shows, and the query that stands for it; `named`: whose times alone these are."""

    picker: picking.Picker
    query: str
    named: Presenter | None = None


def is_looking(data: Any) -> bool:
    """Whether a way to other times was pressed, and not the button that does something."""
    return LOOK in data


def look(
    wish: Wish,
    data: Any,
    now: datetime,
    *,
    named: Presenter | None = None,
    near: datetime | None = None,
    ignoring: Ignoring | None = None,
) -> Week:
    """The week that the form asks for, else the one of `near`, else that of the first free time."""
    asked = (data.get(LOOK) or data.get(SHOWN) or "") if data is not None else ""
    query, presenters = QueryDict(asked.lstrip("?")), [named] if named else None
    picker = picking.pick(wish, query=query, now=now, chosen=near, ignoring=ignoring, presenters=presenters)
    return Week(picker, f"?{query.urlencode()}", named)


def choices(week: Week | None, chosen: Iterable[str], length: timedelta) -> Groups:
    """The times of that week by day; above them those that were chosen in other weeks, which stay chosen."""
    days = week.picker.days if week else []
    shown = {slot_value(slot.start) for _day, slots in days for slot in slots}
    elsewhere = [to_start(value) for value in sorted({each for each in chosen if is_moment(each)} - shown)]
    by_day = groupby((Slot(start, start + length) for start in elsewhere), key=lambda slot: uk_day(slot.start))
    kept = slot_choices((day, list(slots)) for day, slots in by_day)
    return [*((_("%(day)s, chosen already") % {"day": day}, slots) for day, slots in kept), *slot_choices(days)]


def is_moment(value: str) -> bool:
    try:
        to_start(value)
    except ValidationError:
        return False
    return True


def offer_choices(field: forms.Field, groups: Groups) -> None:
    assert isinstance(field, forms.ChoiceField)  # noqa: S101 - tells the type checker which fields have choices
    field.choices = groups


def not_free(
    wish: Wish, start: datetime, *, now: datetime, named: Presenter | None = None, ignoring: Ignoring | None = None
) -> str:
    """Nobody, or whom they named, is free then; the nearest times that the public could have."""
    slots = picking.open_horizon(wish, now, ignoring, presenters=[named] if named else None).nearest(start, 3)
    said = _("No presenter is free then, travel included.")
    if named:
        said = _("%(name)s is not free then, travel included.") % {"name": named}
    if not slots:
        return _("%(said)s There is no free time in the next three months.") % {"said": said}
    times = "; ".join(format_span(slot.start, slot.end) for slot in slots)
    return _("%(said)s The nearest free times: %(times)s.") % {"said": said, "times": times}


class StartsField(forms.TypedMultipleChoiceField):
    """Several start times. Whether each is still free, the service finds out; whether there are any, the form."""

    def __init__(self, **more: Any) -> None:
        super().__init__(coerce=to_start, widget=forms.CheckboxSelectMultiple, **more)

    def validate(self, value: Any) -> None:
        pass


def forgive(form: forms.Form, *, but: Iterable[str] = ()) -> None:
    """Say nothing of what is missing, apart from these fields: it is not being sent yet."""
    for name in set(form.errors) - set(but):
        del form.errors[name]
