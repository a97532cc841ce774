"""The catalogue as a spreadsheet: a row a title, with all that it has but its editions; and back, found by the short name."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_slug
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from leaflets.exchange.cells import Cell
from leaflets.exchange.checking import Cells, Column, Fate, Kind, Plan, Row, short, whole_number
from leaflets.models import Leaflet
from leaflets.models.versions import TITLES_ALIKE
from leaflets.topics import topics_in_use, worded_alike

SHORT_NAME = gettext_lazy("Short name")
EVERYONE = gettext_lazy("Every professional")
HELP: dict[str, str | Promise] = {
    "slug": gettext_lazy("Letters, figures and dashes; it stands in the address and never changes. A new one makes a new title."),
    "introduction": gettext_lazy("Stands first on its page. One paragraph a line."),
    "language": gettext_lazy("In English, as the website lists it, like: Arabic. Empty: English."),
    "format": gettext_lazy("Standard print, Large print, Easy read or Braille. Empty: Standard print."),
    "audience": gettext_lazy("One of the professions of the website, or: Every professional."),
    "version_of": gettext_lazy("The short name of the title that this is a translation of, or another form of print."),
    "active": gettext_lazy("Yes or No. A new title is out of the catalogue unless you say Yes."),
}
WIDE = {"slug": 24, "title": 50, "own_title": 30, "summary": 50, "topics": 30}
TEXTS = ("introduction", "situations", "signs", "what_to_do")
FIGURES = ("usual_copies", "most_per_order", "most_per_person", "most_per_workplace", "position")
FIELDS = (
    *("slug", "title", "for_whom", "audience", "summary", "topics", "language", "format", "version_of", "own_title"),
    *TEXTS,
    *("usual_copies", "usual_words", "most_per_order", "most_per_person", "most_per_workplace", "active", "position"),
)
YES, NO = ("yes", "y", "true", "1"), ("no", "n", "false", "0")


def column_of(name: str) -> Column:
    model_field: Any = Leaflet._meta.get_field(name)
    said = HELP.get(name) or model_field.help_text
    label = SHORT_NAME if name == "slug" else capfirst(model_field.verbose_name)
    return Column(name, label, said, name == "slug", 60 if name in TEXTS else WIDE.get(name, 16))


COLUMNS = tuple(column_of(name) for name in FIELDS)
BY_KEY = {column.key: column for column in COLUMNS}


@dataclass
class Step:
    """A title to make, or the fields of one to change. `version_of` is a short name, since that title may be new itself."""

    leaflet: Leaflet
    version_of: str = ""
    changed: list[str] = field(default_factory=list)
    before: list[str] = field(default_factory=list)


def catalogue_rows() -> Iterator[list[Cell]]:
    for leaflet in Leaflet.objects.select_related("version_of").order_by("position", "title", "pk").iterator():
        yield [in_a_cell(leaflet, name) for name in FIELDS]


def in_a_cell(leaflet: Leaflet, name: str) -> Cell:
    value = getattr(leaflet, name)
    if name == "version_of":
        return leaflet.version_of.slug if leaflet.version_of else ""
    if name == "active":
        return str(_("Yes") if value else _("No"))
    if name in FIGURES:
        return int(value)
    choices = choices_of(name)
    return choices.get(value, value) if choices else str(value)


def choices_of(name: str) -> dict[str, str]:
    """The words of each value; nothing of a field that is free."""
    model_field: Any = Leaflet._meta.get_field(name)
    if not model_field.choices:
        return {}
    found = {str(value): str(label) for value, label in model_field.choices}
    return {"": str(EVERYONE), **found} if name == "audience" else found


# -- What an upload would do ------------------------------------------------------------------------------------------


def plan(rows: list[tuple[int, Cells]]) -> Plan:
    """Three statements, however many rows."""
    slugs = {cells["slug"].lower() for _number, cells in rows} | {cells.get("version_of", "").lower() for _n, cells in rows}
    known = {leaflet.slug.lower(): leaflet for leaflet in titles_with(slugs)}
    used = topics_in_use()
    found, steps = [], []
    seen: dict[str, int] = {}
    for number, cells in rows:
        row = Row(number, about=short(cells["slug"]))
        found.append(row)
        slug = cells["slug"].lower()
        may_be(row, slug, seen)
        if not slug or slug in seen:
            continue  # nobody knows against what to hold the rest
        seen[slug] = number
        step = step_of(row, cells, known.get(slug) or Leaflet(slug=slug, active=False), used)
        if step and not row.wrong:
            steps.append((row, step))
    check_versions(steps, known)
    check_titles(steps, known)
    return Plan(found, [step for row, step in steps if row.fate in {Fate.MAKE, Fate.CHANGE}])


def titles_with(slugs: Iterable[str]) -> Any:
    """Those titles, those that they are versions of, and all versions of either."""
    named = Leaflet.objects.alias(lower_slug=Lower("slug")).filter(lower_slug__in=slugs)
    groups = named.values("version_of")
    wanted = Q(pk__in=named.values("pk")) | Q(pk__in=groups) | Q(version_of__in=named.values("pk")) | Q(version_of__in=groups)
    return Leaflet.objects.filter(wanted).select_related("version_of")


def may_be(row: Row, slug: str, seen: Mapping[str, int]) -> None:
    """Refuse what no title may have as its short name in this row."""
    column = BY_KEY["slug"]
    if not slug:
        row.refuse(column, _("Fill in the short name of the title."))
    elif first := seen.get(slug):
        row.refuse(column, _("Row %(n)d has the same short name. Leave one of them out.") % {"n": first})
    else:
        try:
            validate_slug(slug)
        except ValidationError:
            row.refuse(column, _("Use letters, figures and dashes only, like: health-visitors."))
        if len(slug) > 50:
            row.refuse(column, _("This has %(n)d characters. Shorten it to 50.") % {"n": len(slug)})


def step_of(row: Row, cells: Cells, leaflet: Leaflet, used: Mapping[str, str]) -> Step | None:
    """What this row makes of the title; `leaflet` is changed here, in memory alone.

    Of a short name that can't be, all that is filled in is checked; it may be a slip, so that nothing else is asked for.
    """
    new = not row.wrong and leaflet.pk is None
    step = Step(leaflet, version_of=leaflet.version_of.slug if leaflet.version_of_id and leaflet.version_of else "")
    for name in FIELDS[1:]:
        text = cells.get(name, "")
        if not text:
            if new and needs(name):
                row.refuse(BY_KEY[name], _("Fill this in: a new title needs it."))
            continue
        try:
            value = read_field(name, text, used)
        except ValueError as error:
            row.refuse(BY_KEY[name], str(error))
            continue
        take(step, name, value)
    check_limits(row, leaflet)
    row.about = leaflet.title or row.about
    if not row.wrong:
        row.fate = Fate.MAKE if new else Fate.CHANGE if step.changed else Fate.NOTHING
        row.says = [] if new else [str(BY_KEY[name].label) for name in step.changed]
        row.rests_on = [] if new else step.before
    return step


def take(step: Step, name: str, value: Any) -> None:
    before = step.version_of if name == "version_of" else getattr(step.leaflet, name)
    if same(before, value):
        return
    step.changed.append(name)
    step.before.append(f"{name}: {before}")
    if name == "version_of":
        step.version_of = value
    else:
        setattr(step.leaflet, name, value)


def same(before: Any, value: Any) -> bool:
    """Text that differs in the ends of its lines alone is the same: browsers and spreadsheets end them differently."""
    if isinstance(before, str) and isinstance(value, str):
        return one_way(before) == one_way(value)
    return bool(before == value)


def one_way(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def needs(name: str) -> bool:
    model_field: Any = Leaflet._meta.get_field(name)
    return not (model_field.blank or model_field.has_default())


def read_field(name: str, text: str, used: Mapping[str, str]) -> Any:
    """Raises ValueError with words for people."""
    if name in FIGURES:
        return whole_number(text, least=0 if name == "position" else 1, most=32_767 if name == "position" else 1_000_000)
    if name == "active":
        return yes_or_no(text)
    if name == "version_of":
        return text.lower()
    if choices := choices_of(name):
        return one_of(text, choices)
    if name == "topics":
        text = worded_alike(text.replace(";", "\n"), used)
    most = Leaflet._meta.get_field(name).max_length or 10_000  # type: ignore[union-attr]
    if len(text) > most:
        raise ValueError(_("This has %(n)s characters. Shorten it to %(most)s.") % {"n": f"{len(text):,}", "most": f"{most:,}"})
    return text


def one_of(text: str, choices: Mapping[str, str]) -> str:
    """By its words or its value."""
    for value, label in choices.items():
        if text.casefold() in {value.casefold(), label.casefold()}:
            return value
    said = _("“%(typed)s” is not known here. It is one of: %(choices)s.")
    raise ValueError(said % {"typed": short(text), "choices": ", ".join(choices.values())})


def yes_or_no(text: str) -> bool:
    if text.casefold() in YES:
        return True
    if text.casefold() in NO:
        return False
    raise ValueError(_("Write Yes or No; this says “%(typed)s”.") % {"typed": short(text)})


def check_limits(row: Row, leaflet: Leaflet) -> None:
    if row.wrong:
        return
    if leaflet.most_per_order > leaflet.most_per_person:
        row.refuse(
            BY_KEY["most_per_person"], _("A person may order at least what one order may have. Raise this, or lower the other.")
        )
    if leaflet.most_per_person > leaflet.most_per_workplace:
        row.refuse(
            BY_KEY["most_per_workplace"], _("A workplace may order at least what a person may. Raise this, or lower the other.")
        )


def check_versions(steps: list[tuple[Row, Step]], known: Mapping[str, Leaflet]) -> None:
    """That a version is one of a title that is none itself, and the only one in its language and format."""
    of = {slug: title.version_of.slug.lower() if title.version_of else "" for slug, title in known.items()}
    of |= {step.leaflet.slug.lower(): step.version_of.lower() for _row, step in steps}
    titles = {**known} | {step.leaflet.slug.lower(): step.leaflet for _row, step in steps}
    alike = Counter((of[slug], title.language, title.format) for slug, title in titles.items())
    wholes = set(of.values())
    for row, step in steps:
        slug, whole, title = step.leaflet.slug.lower(), step.version_of.lower(), step.leaflet
        why = ""
        if not whole:
            continue
        if whole == slug or whole not in of:
            why = _("No other title has the short name “%(slug)s”.") % {"slug": short(whole)}
        elif of[whole] or slug in wholes:
            why = _("A version is of a title that is no version itself. Name that one.")
        elif alike[whole, title.language, title.format] > 1:
            why = _("That title would have two versions in this language and format.")
        if why:
            row.refuse(BY_KEY["version_of"], why)


def check_titles(steps: list[tuple[Row, Step]], known: Mapping[str, Leaflet]) -> None:
    """That a version is not called as its title or another version is: whoever packs tells them apart by that alone."""
    titles = {slug: (title.version_of.slug.lower() if title.version_of else slug, title.title) for slug, title in known.items()}
    for _row, step in steps:
        slug = step.leaflet.slug.lower()
        titles[slug] = step.version_of.lower() or slug, step.leaflet.title
    alike = Counter((whole, title.casefold()) for whole, title in titles.values())
    for row, step in steps:
        whole, title = titles[step.leaflet.slug.lower()]
        if alike[whole, title.casefold()] > 1 and {"title", "version_of"} & set(step.changed):
            row.refuse(BY_KEY["title"], str(TITLES_ALIKE))


KIND = Kind(COLUMNS, plan)
