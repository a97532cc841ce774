"""Leaflets: the titles of the catalogue and their versions."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from ctac.staff import ObjectAction, staff_site
from ctac.staff_lists import NOTHING, number_of, yes_no_of
from ctac.uk import uk_day
from leaflets.admin.importing import SheetInAndOut
from leaflets.models import DownloadCount, Format, Language, Leaflet, SheetKind
from leaflets.models.versions import TITLES_ALIKE
from leaflets.services.alerts import tell_who_asked
from leaflets.services.versions import add_version
from leaflets.topics import topics_in_use, worded_alike
from professionals.models import User
from professionals.safeguarding import StaffForm


class LeafletForm(forms.ModelForm):
    class Meta:
        model = Leaflet
        fields = "__all__"  # noqa: DJ007 - which ones the admin says
        widgets = {"topics": forms.Textarea(attrs={"rows": 4})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "version_of" in self.fields and self.instance.pk:  # no version of itself, as the database has it
            self.fields["version_of"].queryset = self.fields["version_of"].queryset.exclude(pk=self.instance.pk)  # type: ignore[attr-defined]
        if "topics" in self.fields and (used := topics_in_use()):
            in_use = ", ".join(sorted(used.values(), key=str.casefold))
            self.fields["topics"].help_text = _("One topic a line. In use so far: %(topics)s.") % {"topics": in_use}

    def clean_topics(self) -> str:
        """Each once, worded as it is on other titles."""
        return worded_alike(self.cleaned_data["topics"], topics_in_use())

    def clean_version_of(self) -> Leaflet | None:
        title: Leaflet | None = self.cleaned_data["version_of"]
        if title and self.instance.pk and self.instance.versions.exists():
            raise forms.ValidationError(_("This title has versions itself, so it can’t be one. Leave this empty."))
        return title

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        whole = cleaned.get("version_of") or self.instance
        together = Leaflet.objects.filter(Q(pk=whole.pk) | Q(version_of=whole.pk)).exclude(pk=self.instance.pk)
        if whole.pk and together.filter(title__iexact=cleaned.get("title", "")).exists():
            self.add_error("title", TITLES_ALIKE)
        return cleaned


class VersionForm(StaffForm):
    language = forms.ChoiceField(label=_("Language"), choices=Language.choices)
    form = forms.ChoiceField(label=_("Format"), choices=Format.choices)


def add_a_version(leaflet: Leaflet, *, by: User, language: str, form: str, flagged: bool) -> None:
    add_version(leaflet=leaflet, language=Language(language), form=Format(form))


@admin.register(Leaflet, site=staff_site)
class LeafletAdmin(SheetInAndOut):
    sheet_kind = SheetKind.CATALOGUE
    form = LeafletForm
    list_display = ("title", "for_whom", "edition", "number_available", "number_at_most", "in_catalogue")
    list_filter = ("active", "audience", "language", "format")
    search_fields = ("title", "for_whom", "summary")
    prepopulated_fields = {"slug": ("title",)}
    object_actions = (
        ObjectAction(
            "version",
            _("Add a version"),
            add_a_version,
            available=lambda leaflet: leaflet.version_of_id is None,
            form_class=VersionForm,
            explanation=_("A translation, or another form of print. It begins as a copy of this title, outside the catalogue."),
            done=_("The version is there. Open it below, fill in its words and its edition, then put it into the catalogue."),
        ),
    )
    figures = ("usual_copies", "usual_words", "most_per_order", "most_per_person", "most_per_workplace", "reorder_level")
    fields_of_a_version = ("language", "format", "version_of", "own_title")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Leaflet]:
        return Leaflet.objects.with_current_edition()

    def has_delete_permission(self, request: HttpRequest, obj: Leaflet | None = None) -> bool:
        """Orders tell of it for ever; take it out of the catalogue instead."""
        return False

    def save_model(self, request: HttpRequest, obj: Leaflet, form: Any, change: bool) -> None:
        """Whoever waits for a title that leaves the catalogue waits for nothing, and is told."""
        super().save_model(request, obj, form, change)
        if change and "active" in form.changed_data and not obj.active:
            tell_who_asked([obj.pk], now=timezone.now())

    number_at_most = number_of("most_per_order", _("most an order"))
    in_catalogue = yes_no_of("active", _("in the catalogue"))

    @admin.display(description=_("current edition"))
    def edition(self, leaflet: Leaflet) -> str:
        return leaflet.current_edition.label if leaflet.current_edition else NOTHING

    @admin.display(description=_("copies to give"))
    def number_available(self, leaflet: Leaflet) -> str:
        return f"{leaflet.available:,}"

    @admin.display(description=_("versions"))
    def versions_of_it(self, leaflet: Leaflet) -> SafeString | str:
        links = (
            (reverse("staff:leaflets_leaflet_change", args=[version.pk]), version.version or version.title)
            for version in leaflet.versions.all()
        )
        return format_html_join(", ", '<a href="{}">{}</a>', links) or NOTHING

    @admin.display(description=_("downloads"))
    def downloads(self, leaflet: Leaflet) -> str:
        """Of all its editions."""
        counts = DownloadCount.objects.filter(edition__leaflet=leaflet)
        total, recent = counts.total_and_recent(uk_day(timezone.now()))
        return _("%(total)s in all, %(recent)s in the last 30 days") % {"total": f"{total:,}", "recent": f"{recent:,}"}

    def get_fields(self, request: HttpRequest, obj: Leaflet | None = None) -> list[Any]:
        words = ["slug", "title", "for_whom", "audience", "summary", "topics"]
        text = ["introduction", "situations", "signs", "what_to_do", *self.figures, "active", "position"]
        shown = ["versions_of_it"] if obj and obj.version_of_id is None else []
        return [*words, *self.fields_of_a_version, *shown, *text, *(["downloads"] if obj else [])]

    def get_readonly_fields(self, request: HttpRequest, obj: Leaflet | None = None) -> tuple[str, ...]:
        return ("versions_of_it", "downloads")
