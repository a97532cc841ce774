"""What the kinds of old records share: cells with days, times, numbers and words, and the person of a record.

The sentence of a refusal is stored, so it says what to do and never repeats the cell.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Model
from django.utils.translation import gettext as _

from core.dates import format_day
from core.forms import AmbiguousHourError, parse_typed_day, parse_typed_time, validated_uk_datetime
from core.models import ReferencedModel
from notifications.models import Notification
from professionals.imports.contacts import PERSON_LABEL, contact_identity, find_people, full_name, make_people, same_place_reason
from professionals.imports.registry import Match, Row
from professionals.models import DuplicateChoice, FlaggedText, Note, Person
from professionals.services import dialled_digits

MIN_DAY = date(2000, 1, 1)
EXCEL_EPOCH = date(1899, 12, 30)  # day 0 of Excel, which takes 1900 for a leap year
EXCEL_DAY_PATTERN = re.compile(r"(\d{5})(?:\.\d+)?", re.ASCII)
EXCEL_CLOCK_PATTERN = re.compile(r"0?\.\d+", re.ASCII)
DAY_AND_CLOCK_PATTERN = re.compile(
    r"(.*\S)[ T](\d{1,2}[:.]\d{2})(?:[:.]\d{2}(?:\.\d+)?)?\s*([ap]m)?(?:Z|[+-]00:00)?", re.ASCII | re.IGNORECASE
)
CLOCK_WITH_SECONDS_PATTERN = re.compile(r"(\d{1,2}[:.]\d{2})[:.]\d{2}", re.ASCII)
MAX_MOMENT_LENGTH = 60  # characters: a longer text is no day


def parse_day(typed: str) -> date:
    """The day comes first: '3/4/21' is 3 April 2021. Also takes a day as Excel's own number, and ignores a time after it."""
    return parse_day_and_clock(typed)[0]


def parse_day_and_clock(typed: str) -> tuple[date, time | None]:
    """The day, and the time in the same cell, if there is one. Midnight is what programs write for no time, so it gives None."""
    if not any(map(str.isdigit, typed)) or len(typed) > MAX_MOMENT_LENGTH:
        raise ValidationError(_("Enter a day with its year, such as 9 3 2021 or 9 March 2021."))
    after = DAY_AND_CLOCK_PATTERN.fullmatch(typed)
    clock = parse_clock(f"{after[2]}{after[3] or ''}") if after else time.min
    typed = after[1] if after else typed
    try:
        if number := EXCEL_DAY_PATTERN.fullmatch(typed):
            day = EXCEL_EPOCH + timedelta(days=int(number[1]))
        else:
            day = parse_typed_day(typed, date.min, lies_ahead=False)
    except ValidationError as error:
        raise ValidationError(_("This day is not that weekday. Correct the date or the weekday.")) from error
    except (ValueError, OverflowError) as error:
        raise ValidationError(_("Enter a real day with its year, such as 9 3 2021 or 9 March 2021.")) from error
    if day < MIN_DAY:
        raise ValidationError(_("This is before %(day)s. Correct the year.") % {"day": format_day(MIN_DAY)})
    return day, clock if clock != time.min else None


def parse_clock(typed: str) -> time:
    """A time as people type it, with seconds, or as Excel's part of a day."""
    if EXCEL_CLOCK_PATTERN.fullmatch(typed):
        minutes = round(float(typed) * 24 * 60)
        return time(*divmod(minutes % (24 * 60), 60))
    with_seconds = CLOCK_WITH_SECONDS_PATTERN.fullmatch(typed)
    try:
        return parse_typed_time(with_seconds[1] if with_seconds else typed)
    except AmbiguousHourError as error:
        raise ValidationError(_("Say am or pm as well, such as 1:30pm.")) from error
    except ValueError as error:
        raise ValidationError(_("Enter a time, such as 9am, 1:30pm or 13:30.")) from error


def parse_number(most: int) -> Callable[[str], int]:
    """A parser of a whole number from 1 to `most`: '1,200', '12', '12.0'."""

    def parse(typed: str) -> int:
        tidy = re.sub(r"(?<=\d),(?=\d{3}\b)", "", typed).removesuffix(".0")
        if not re.fullmatch(r"\d{1,7}", tidy, re.ASCII) or not 1 <= int(tidy) <= most:
            raise ValidationError(_("Enter a whole number from 1 to %(most)s.") % {"most": f"{most:,}"})
        return int(tidy)

    return parse


def parse_choice(words: Mapping[str, Any], sentence: Any) -> Callable[[str], Any]:
    """A parser of one of these words, in any case and spacing."""

    def parse(typed: str) -> Any:
        word = normalise_text(typed)
        if word not in words:
            raise ValidationError(sentence)
        return words[word]

    return parse


def combine_day_and_clock(day: date, clock: time | None) -> datetime:
    """The day and time in UK time, midnight if there is no time. Raises ValidationError for the hour that is skipped in March."""
    return validated_uk_datetime(day, clock or time.min)


def texts_mentioning_records(model: type[ReferencedModel], keys: Sequence[int]) -> dict[int, str]:
    """The records that an email, a note or a flagged text names: by key, which of these it is, in words. Four statements."""
    by_reference = dict(model._default_manager.filter(pk__in=keys).values_list("reference", "pk"))
    said: dict[int, str] = {}
    for text, rows in (
        (_("an email about it"), Notification.objects),
        (_("a note about it"), Note.objects),
        (_("a text that may be about a child"), FlaggedText.objects),
    ):
        named = rows.filter(reference__in=by_reference).values_list("reference", flat=True)
        said |= {by_reference[reference]: text for reference in named}
    return said


def normalise_text(text: str) -> str:
    """A name in small letters with single spaces, for comparing."""
    return " ".join(text.casefold().split())


def link_records(rows: Sequence[Row], model: type[Model]) -> list[Row]:
    """Link rows to the records that we have, and return the other rows, of which new records are made. One statement at most."""
    wanted = {row.number: row.link.key for row in rows if row.link and row.link.model == model._meta.label_lower}
    records = model._default_manager.in_bulk(set(wanted.values())) if wanted else {}
    for row in rows:
        if row.number not in wanted:
            continue
        if record := records.get(wanted[row.number]):
            row.linked.append(record)
        else:
            row.add_problem("", _("The one that we had is gone. Upload this row again."))
    return [row for row in rows if row.number not in wanted]


# The person of a record.


def people_by_row(rows: Sequence[Row], at: Callable[[Row], datetime]) -> dict[int, Person]:
    """The person of each row, by row number: one person for all rows about the same one.

    `at` gives the time from which we keep a new person. A row whose person is gone gets a problem.
    """
    link_to_earlier_rows(rows)
    leaders: dict[int, Row] = {}
    by_name: dict[str, list[Row]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: not row.values["email"]):
        others = by_name[full_name(row.values).lower()]
        leader = next((other for other in others if is_same_person_row(row, other)), row)
        leaders[row.number] = leader
        others += [row] if leader is row else []
    leading = [row for row in rows if leaders[row.number] is row]
    made = make_people(leading, since={row.number: at(row) for row in leading})
    people = Person.objects.in_bulk({person.pk for person in made.values()})
    found: dict[int, Person] = {}
    for row in rows:
        person = people.get(made[leaders[row.number].number].pk)
        if person is None:
            row.add_problem("", _("This person is no longer in our records. Upload this row again."))
            continue
        found[row.number] = person
        row.linked += [person] if leaders[row.number] is not row else []
    return found


def link_to_earlier_rows(rows: Sequence[Row]) -> None:
    """Link a row without an email address to the person that an earlier row has made.

    They have the same name, and the same place or phone. People whom staff have told apart from this row don't count.
    """
    to_find = [row for row in rows if not row.values["email"] and row.link is None]
    by_name: dict[str, list[Person]] = defaultdict(list)
    for person in find_people(to_find) if to_find else ():
        by_name[person.name.lower()].append(person)
    for row in to_find:
        others = {match.key for match in row.matches if match.model == PERSON_LABEL}
        for person in by_name[full_name(row.values).lower()]:
            if person.pk not in others and is_same_person(
                row.values, person.phone, same_place_reason(person, row.values) is not None
            ):
                row.choice, row.link = DuplicateChoice.LINK, Match(PERSON_LABEL, person.pk, "")
                break


def is_same_person_row(row: Row, other: Row) -> bool:
    """Whether two rows with the same name are about one person."""
    if row.link or other.link or row.values["email"]:
        return False
    places = ("organisation_name", "postcode")
    there = any(row.values[name] and row.values[name].lower() == other.values[name].lower() for name in places)
    return is_same_person(row.values, other.values["phone"], there)


def is_same_person(values: Mapping[str, Any], phone: str, is_there: bool) -> bool:
    """Whether somebody with the same name is the same person: they have the same place or phone."""
    digits = dialled_digits(values["phone"])
    return is_there or bool(digits and digits == dialled_digits(phone))


def check_person_identifiable(row: Row) -> None:
    """Add a problem to a row that has only a name, by which nobody could be found again."""
    if not any(row.values[name] for name in ("email", "phone", "organisation_name", "postcode")):
        row.add_problem("", _("Fill in an email address, a phone number, an organisation or a postcode."))


def person_identity(values: Mapping[str, Any]) -> str:
    place = "" if values["email"] or values["phone"] else f"{values['organisation_name']} {values['postcode']}".lower()
    return f"{contact_identity(values)} {place}"
