"""The questions of an import: the file, its columns, and what becomes of rows that may be here already."""

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _, gettext_lazy

from core.forms import PageForm
from professionals.imports.registry import kind_of, one_line
from professionals.imports.services import is_refused_heading
from professionals.models import DuplicateChoice, Import, ImportRow
from staff.spreadsheets import FILE_IS_EMPTY_MESSAGE, FILE_TOO_LARGE_MESSAGE, MAX_UPLOAD_BYTES


class UploadForm(PageForm):
    """Asks for a spreadsheet of at most `most` rows, and which of `kinds` (each a name and a label) is in it."""

    kind = forms.ChoiceField(label=gettext_lazy("What is in the file?"), widget=forms.RadioSelect)
    file = forms.FileField(
        label=gettext_lazy("The file"),
        error_messages={"required": gettext_lazy("Choose a file."), "empty": FILE_IS_EMPTY_MESSAGE},
    )

    def __init__(self, *args: Any, kinds: Iterable[tuple[str, Any]], most: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = list(kinds)  # type: ignore[attr-defined]
        self.fields["file"].help_text = _(
            "An Excel file (.xlsx) or a CSV file, of at most 5 MB and %(most)s rows. If it has several sheets, we read "
            "only the first."
        ) % {"most": f"{most:,}"}

    def clean_file(self) -> bytes:
        upload = self.cleaned_data["file"]
        if upload.size > MAX_UPLOAD_BYTES:
            raise forms.ValidationError(FILE_TOO_LARGE_MESSAGE)
        content: bytes = upload.read()
        return content


class ColumnsForm(PageForm):
    """Asks of each column of the file which field it is, or whether to leave it out."""

    def __init__(self, data: Any, *, import_job: Import, suggested: Mapping[str, int]) -> None:
        super().__init__(data)
        fields = kind_of(import_job).fields
        choices = [("", _("Leave this column out")), *((field.name, field.label) for field in fields)]
        names = {place: name for name, place in suggested.items()}
        self.refused = []
        for place, heading in enumerate(import_job.headings):
            if is_refused_heading(heading):
                self.refused += [heading] if heading else []
                continue
            self.fields[f"column-{place}"] = forms.ChoiceField(
                label=heading, choices=choices, required=False, initial=names.get(place, "")
            )

    def clean(self) -> dict[str, Any]:
        """`mapping`: the place of each field's column."""
        mapping: dict[str, int] = {}
        for name, field in list(self.cleaned_data.items()):
            if field in mapping:
                self.add_error(name, _("You have chosen this for two columns. Leave one of them out."))
            elif field:
                mapping[field] = int(name.removeprefix("column-"))
        return {"mapping": mapping}


class ChoicesForm(PageForm):
    """Asks what becomes of all rows that may be here already, and of those on this page."""

    choice = forms.ChoiceField(
        label=gettext_lazy("For all rows that may be here already"),
        choices=[("", gettext_lazy("I choose for each row")), *DuplicateChoice.choices],
        required=False,
        widget=forms.RadioSelect,
    )

    def __init__(self, data: Any, *, import_job: Import, rows: Iterable[ImportRow], texts: Mapping[tuple[str, int], str]) -> None:
        super().__init__(data)
        self.fields["choice"].initial = import_job.choice
        for row in rows:
            chosen = f"{DuplicateChoice.LINK}-{row.link}" if row.choice == DuplicateChoice.LINK else row.choice
            self.fields[f"row-{row.number}"] = forms.ChoiceField(
                label=_("Row %(number)d: %(says)s") % {"number": row.number, "says": row_text(row)},
                choices=list(choices_of(row, texts)),
                required=False,
                initial=chosen,
                widget=forms.RadioSelect,
            )

    def chosen_rows(self) -> dict[int, tuple[str, int]]:
        """By row number, the choice for each row on the page, and the place of the match that is meant."""
        found = {}
        for name, value in self.cleaned_data.items():
            if name.startswith("row-"):
                choice, _dash, link = value.partition("-")
                found[int(name.removeprefix("row-"))] = choice, int(link or 0)
        return found


def row_text(row: ImportRow) -> str:
    """What a row says, as long as we keep it."""
    return ", ".join(one_line(str(cell)) for cell in row.cells.values())[:200]


def choices_of(row: ImportRow, texts: Mapping[tuple[str, int], str]) -> Iterable[tuple[str, str]]:
    yield "", _("As for all rows")
    for place, match in enumerate(row.matches):
        known = texts.get((match["model"], match["key"]))
        if known:
            yield f"{DuplicateChoice.LINK}-{place}", _("Use %(known)s. %(why)s.") % {"known": known, "why": match["why"]}
    if row.repeats:
        yield (
            f"{DuplicateChoice.LINK}-{len(row.matches)}",
            _("It is the same as row %(number)d of the file") % {"number": row.repeats},
        )
    if not any(match["certain"] for match in row.matches):
        yield DuplicateChoice.MAKE, str(DuplicateChoice.MAKE.label)
    yield DuplicateChoice.SKIP, str(DuplicateChoice.SKIP.label)
