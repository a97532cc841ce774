"""Titles and editions on the staff site."""

from datetime import timedelta
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin
from django.db import transaction
from django.db.models import Q, QuerySet, Sum
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils import dateformat, timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _, ngettext

from core.dates import uk_day
from core.forms import DayField
from leaflets.catalogue.services import (
    MAX_PDF_BYTES,
    FileNotStored,
    NotAPdf,
    add_edition,
    add_version,
    count_pages,
    make_cover,
    record_review,
    withdraw_edition,
)
from leaflets.models import DownloadCount, Edition, EditionState, Format, Language, Leaflet, SheetKind
from leaflets.models.catalogue import DUPLICATE_TITLE_ERROR, normalise_topics, topics_in_use
from leaflets.recalls.admin import RECALL_ACTION
from leaflets.stock import admin as stock_admin, queries as stock_queries
from leaflets.stock.admin import SpreadsheetLinks
from leaflets.stock.services import correct_stock, notify_alerts, receive_stock
from professionals.safeguarding.forms import StaffForm, StaffReasonForm, reason_field
from staff.actions import ObjectAction
from staff.lists import EMPTY_VALUE, OptionsFilter, column, number_column, state_column, yes_no_column
from staff.search import SearchKind, columns_contain, search_registry
from staff.site import staff_site


class LeafletForm(forms.ModelForm):
    class Meta:
        model = Leaflet
        fields = "__all__"  # noqa: DJ007 - which ones the admin says
        widgets = {"topics": forms.Textarea(attrs={"rows": 4})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "version_of" in self.fields and self.instance.pk:  # a title can't be a version of itself; the database refuses it too
            self.fields["version_of"].queryset = self.fields["version_of"].queryset.exclude(pk=self.instance.pk)  # type: ignore[attr-defined]
        if "topics" in self.fields and (used := topics_in_use()):
            in_use = ", ".join(sorted(used.values(), key=str.casefold))
            self.fields["topics"].help_text = _("One topic a line. In use so far: %(topics)s.") % {"topics": in_use}

    def clean_topics(self) -> str:
        """Each topic once, worded as on other titles."""
        return normalise_topics(self.cleaned_data["topics"], topics_in_use())

    def clean_version_of(self) -> Leaflet | None:
        title: Leaflet | None = self.cleaned_data["version_of"]
        if title and self.instance.pk and self.instance.versions.exists():
            raise forms.ValidationError(_("This title has versions of its own, so it can’t be a version. Leave this empty."))
        return title

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        whole = cleaned.get("version_of") or self.instance
        together = Leaflet.objects.filter(Q(pk=whole.pk) | Q(version_of=whole.pk)).exclude(pk=self.instance.pk)
        if whole.pk and together.filter(title__iexact=cleaned.get("title", "")).exists():
            self.add_error("title", DUPLICATE_TITLE_ERROR)
        return cleaned


class VersionForm(forms.Form):
    language = forms.TypedChoiceField(label=_("Language"), choices=Language.choices, coerce=Language)
    form = forms.TypedChoiceField(label=_("Format"), choices=Format.choices, coerce=Format)


def downloads_text(counts: QuerySet[DownloadCount]) -> str:
    lately = Q(day__gt=uk_day(timezone.now()) - timedelta(days=30))
    sums = counts.aggregate(total=Sum("downloads", default=0), recent=Sum("downloads", filter=lately, default=0))
    return _("%(total)s in all, %(recent)s in the last 30 days") % {name: f"{copies:,}" for name, copies in sums.items()}


@admin.register(Leaflet, site=staff_site)
class LeafletAdmin(SpreadsheetLinks):
    nobody_may = ("delete",)  # orders refer to it for ever; it leaves the catalogue instead
    sheet_kind = SheetKind.CATALOGUE
    form = LeafletForm
    list_display = ("title", "for_whom", "edition", "number_available", "number_at_most", "in_catalogue")
    list_filter = ("active", "audience", "language", "format")
    search_fields = ("title", "for_whom", "summary")
    prepopulated_fields = {"slug": ("title",)}
    readonly_fields = ("versions_display", "downloads")
    object_actions = (
        ObjectAction(
            "version",
            _("Add a version"),
            lambda leaflet, by, now, **version: add_version(leaflet, **version),
            available=lambda leaflet: leaflet.version_of_id is None,
            form_class=VersionForm,
            explanation=_(
                "Add a translation or another format. It starts as a copy of this title and is not in the catalogue yet."
            ),
            done=_("The version is added. Open it below, fill in its words, upload its edition, then tick “in the catalogue”."),
        ),
    )
    figures = ("usual_copies", "usual_words", "most_per_order", "most_per_person", "most_per_workplace", "reorder_level")
    fields_of_a_version = ("language", "format", "version_of", "own_title")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Leaflet]:
        return Leaflet.objects.with_current_edition()

    def save_model(self, request: HttpRequest, obj: Leaflet, form: Any, change: bool) -> None:
        """If the title leaves the catalogue, people who wait for it get an email and their alerts end."""
        super().save_model(request, obj, form, change)
        if change and "active" in form.changed_data and not obj.active:
            notify_alerts([obj.pk], now=timezone.now())

    number_at_most = number_column("most_per_order", _("most an order"))
    in_catalogue = yes_no_column("active", _("in the catalogue"))
    edition = column(
        _("current edition"), lambda leaflet: leaflet.current_edition.label if leaflet.current_edition else EMPTY_VALUE
    )
    number_available = column(_("copies to give"), lambda leaflet: f"{leaflet.available:,}")
    downloads = column(_("downloads"), lambda leaflet: downloads_text(DownloadCount.objects.filter(edition__leaflet=leaflet)))

    @admin.display(description=_("versions"))
    def versions_display(self, leaflet: Leaflet) -> SafeString | str:
        links = (
            (reverse("staff:leaflets_leaflet_change", args=[version.pk]), version.version or version.title)
            for version in leaflet.versions.all()
        )
        return format_html_join(", ", '<a href="{}">{}</a>', links) or EMPTY_VALUE

    def get_fields(self, request: HttpRequest, obj: Leaflet | None = None) -> list[Any]:
        card = ["slug", "title", "for_whom", "audience", "summary", "topics", *self.fields_of_a_version]
        versions = ["versions_display"] if obj and obj.version_of_id is None else []
        text = ["introduction", "situations", "signs", "what_to_do", *self.figures, "active", "position"]
        return [*card, *versions, *text, *(["downloads"] if obj else [])]


REVIEW_DUE_PERIOD = timedelta(days=90)
EDITION_COLOURS = {EditionState.CURRENT: "good", EditionState.SUPERSEDED: "stopped", EditionState.WITHDRAWN: "stopped"}


search_registry.add(
    SearchKind(
        Leaflet,
        columns_contain("title", "own_title", "for_whom"),
        about=lambda leaflet: (leaflet.for_whom, "" if leaflet.active else _("Not in the catalogue")),
        spelt_in=("leaflets_leaflet",),
    )
)


class EditionDatesForm(forms.ModelForm):
    """The fields of a stored edition that can change."""

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        published, review = self.cleaned_data.get("published_on"), self.cleaned_data.get("review_on")
        if published and review and review <= published:
            self.add_error("review_on", _("Enter a review date after the day it was published."))
        return cleaned


class EditionForm(EditionDatesForm):
    """A new edition. The PDF is judged by its content, never by its name or by what the browser calls it.

    `not_stored`: why the storage did not take it just now.
    """

    not_stored = ""

    class Meta:
        model = Edition
        fields = ("leaflet", "label", "published_on", "review_on", "pdf")

    def clean_pdf(self) -> Any:
        upload = self.cleaned_data["pdf"]
        if self.not_stored:
            raise forms.ValidationError(self.not_stored)
        if upload.size > MAX_PDF_BYTES:
            raise forms.ValidationError(_("This file is larger than 20 MB. Save it for the web, then upload that."))
        try:
            count_pages(upload.read())
        except NotAPdf as refusal:
            raise forms.ValidationError(str(refusal)) from refusal
        upload.seek(0)
        return upload


class ReceiveForm(StaffReasonForm):
    copies = forms.IntegerField(
        label=_("Copies that came in"),
        min_value=1,
        max_value=1_000_000,
        error_messages={"required": _("Enter how many copies came in.")},
    )
    reason = reason_field(_("Note"), hint=_("For example, the number of the delivery note."))


class CorrectForm(StaffReasonForm):
    change = forms.IntegerField(
        label=_("Copies more or fewer"),
        min_value=-1_000_000,
        max_value=1_000_000,
        help_text=_("For example, -12 if 12 copies are missing or damaged, or 30 if you found 30."),
        error_messages={"required": _("Enter how many copies more or fewer.")},
    )
    reason = reason_field(_("Why"), missing=_("Write why the stock changes."))


class WithdrawForm(StaffForm):
    free_text_fields = ("why",)
    never_kept = ("why",)  # the page of the leaflet says it

    why = forms.CharField(
        label=_("What people should know"),
        max_length=300,
        required=False,
        help_text=_("Say why this edition is out of date, and what is right now. We show this on the leaflet’s page."),
    )
    use_instead = forms.ModelChoiceField(
        Leaflet.objects.active(), label=_("What to use instead"), required=False, empty_label=_("Nothing")
    )


class ReviewForm(forms.Form):
    reviewed_on = DayField(label=_("Reviewed on"), error_messages={"required": _("Enter the day it was reviewed.")})
    review_on = DayField(label=_("Review it again by"), error_messages={"required": _("Enter the next review date.")})

    def clean(self) -> dict[str, Any]:
        cleaned = self.cleaned_data
        reviewed, following = cleaned.get("reviewed_on"), cleaned.get("review_on")
        if reviewed and reviewed > uk_day(timezone.now()):
            self.add_error("reviewed_on", _("Enter a day that is not in the future."))
        elif reviewed and following and following <= reviewed:
            self.add_error("review_on", _("Enter a review date after the day it was reviewed."))
        return cleaned


def due_for_review(editions: Any) -> Any:
    """Current editions in the catalogue that are due for review within three months."""
    return editions.current().filter(leaflet__active=True, review_on__lte=uk_day(timezone.now()) + REVIEW_DUE_PERIOD)


class NeedsFilter(OptionsFilter):
    title = _("what it needs")
    parameter_name = "needs"
    options = {
        "stock": (_("Low in stock"), lambda editions, now: editions.filter(stock_queries.NEEDS_STOCK_Q)),
        "review": (_("To be reviewed in the next 3 months"), lambda editions, now: due_for_review(editions)),
    }


def withdrawn_text(edition: Edition) -> str:
    """When and why an edition was withdrawn; a dash for one that was not."""
    if edition.withdrawn_on is None:
        return EMPTY_VALUE
    return ". ".join(part for part in (dateformat.format(edition.withdrawn_on, "j M Y"), edition.withdrawn_why) if part)


@admin.register(Edition, site=staff_site)
class EditionAdmin(SpreadsheetLinks):
    nobody_may = ("delete",)
    sheet_kind = SheetKind.STOCK
    form = EditionForm
    list_display = (
        "title",
        "label",
        "state_text",
        "review",
        "number_on_shelf",
        "number_promised",
        "number_free",
        "forecast_display",
    )
    list_filter = ("state", NeedsFilter)
    ordering = ("-pk",)  # get_ordering decides
    search_fields = ("leaflet__title", "label")
    search_help_text = _("Leaflet or edition")
    figures = ("state_text", "number_on_shelf", "number_promised", "number_free", "forecast_display", "level")
    number_on_shelf = number_column("on_hand", _("on the shelf"))
    number_promised = number_column("allocated", _("promised"))
    title = column(_("leaflet"), lambda edition: edition.leaflet.title, ordering="leaflet__title")
    state_text = state_column(EDITION_COLOURS)
    review = column(_("to be reviewed by"), lambda edition: dateformat.format(edition.review_on, "j M Y"), ordering="review_on")
    number_free = column(_("free to give"), lambda edition: f"{edition.available:,}")
    withdrawal_unlinked = column(_("withdrawn"), withdrawn_text)  # for those who may not open the recall
    downloads = column(_("downloads"), lambda edition: downloads_text(edition.download_counts))
    level = column(
        _("reorder level"),
        lambda edition: EMPTY_VALUE if edition.leaflet.reorder_level is None else f"{edition.leaflet.reorder_level:,}",
    )
    object_actions = (
        ObjectAction(
            "receive",
            _("Receive stock"),
            receive_stock,
            form_class=ReceiveForm,
            explanation=_("Use this when copies come in."),
            done=_("The copies are in stock."),
            permission="stock",
            page=stock_admin.stock_entry_page,
        ),
        ObjectAction(
            "correct",
            _("Correct stock"),
            correct_stock,
            form_class=CorrectForm,
            explanation=_("Use this after a count, or when copies are lost or damaged."),
            done=_("The stock is corrected."),
            permission="stock",
            page=stock_admin.stock_entry_page,
        ),
        ObjectAction(
            "review",
            _("Record a review"),
            lambda edition, now, **review: record_review(edition, **review),
            available=lambda edition: edition.state == EditionState.CURRENT,
            form_class=ReviewForm,
            explanation=_("Use this when somebody has read the edition again and it is still right. The website will say so."),
            done=_("The review is recorded."),
        ),
        ObjectAction(
            "withdraw",
            _("Withdraw this edition"),
            lambda edition, by, now, **notice: withdraw_edition(edition, now=now, **notice),
            form_class=WithdrawForm,
            available=lambda edition: edition.state != EditionState.WITHDRAWN,
            explanation=_(
                "Nobody will be able to order or download this edition, and we will send no more copies. Nobody will get "
                "an email. Upload a new edition to offer the leaflet again. If this edition is wrong, recall it instead: "
                "that warns everybody who has copies and puts open orders right."
            ),
            done=_("The edition is withdrawn."),
            weight="stop",
        ),
        RECALL_ACTION,
    )

    @admin.display(description=_("lasts"))
    def forecast_display(self, edition: Any) -> str:
        """The forecast, beside one edition of each title that is offered or waited for."""
        if not (edition.speaks and (edition.leaflet.active or edition.waiting)):
            return EMPTY_VALUE
        if edition.available <= 0 and not hasattr(edition, "out_since"):
            edition.out_since = stock_queries.out_of_stock_since([edition.pk]).get(edition.pk)
        return stock_queries.need_text(edition, uk_day(timezone.now()), getattr(edition, "out_since", None))

    def get_ordering(self, request: HttpRequest) -> list[Any]:
        return stock_queries.urgency_ordering()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Edition]:
        editions = stock_queries.with_forecast(Edition.objects.select_related("leaflet", "recall"), uk_day(timezone.now()))
        return editions.order_by(*self.get_ordering(request))

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Each edition with the day since when it is out: one statement for all."""
        changelist = super().get_changelist_instance(request)
        out = stock_queries.out_of_stock_since([edition.pk for edition in changelist.result_list if edition.available <= 0])
        for edition in changelist.result_list:
            edition.out_since = out.get(edition.pk)
        return changelist

    def get_summary_rows(self, obj: Edition) -> list[dict[str, object]]:
        """The three figures: what someone must see before they change one."""
        return [
            {"label": _("Leaflet"), "value": obj.leaflet.title},
            {"label": _("Edition"), "value": obj.label},
            {"label": _("On the shelf"), "value": self.number_on_shelf(obj)},
            {"label": _("Promised"), "value": self.number_promised(obj)},
            {"label": _("Free to give"), "value": self.number_free(obj)},
        ]

    @admin.display(description=_("last reviewed"))
    def last_review(self, edition: Edition) -> str:
        if edition.reviewed_on is None:
            return EMPTY_VALUE
        day = dateformat.format(edition.reviewed_on, "j M Y")
        return _("%(day)s by %(who)s") % {"day": day, "who": edition.reviewed_by} if edition.reviewed_by else day

    @admin.display(description=_("withdrawn"))
    def withdrawal(self, edition: Edition) -> SafeString | str:
        text = withdrawn_text(edition)
        if recall := getattr(edition, "recall", None):
            url = reverse("staff:leaflets_recall_change", args=[recall.pk])
            return format_html('{} <a href="{}">{}</a>', text, url, _("See the recall"))
        return text

    @admin.display(description=_("PDF"))
    def download(self, edition: Edition) -> SafeString | str:
        """Its paper, pages and bytes. A link only for the current edition, the only one that the website hands out."""
        pages = ngettext("%(n)d page", "%(n)d pages", edition.pages) % {"n": edition.pages}
        facts = ", ".join(filter(None, (edition.page_size, pages, filesizeformat(edition.size))))
        if edition.state != EditionState.CURRENT:
            return facts
        url = reverse("leaflet_download", args=[edition.leaflet.slug])
        return format_html('<a href="{}">{}</a> ({})', url, _("Open the PDF"), facts)

    def get_fields(self, request: HttpRequest, obj: Edition | None = None) -> tuple[str, ...]:
        new = ("leaflet", "label", "published_on", "review_on")
        if obj is None:
            return (*new, "pdf")
        withdrawal = "withdrawal" if request.user.has_perm("leaflets.view_recall") else "withdrawal_unlinked"
        return (*new, "download", "last_review", withdrawal, "downloads", *self.figures)

    def get_readonly_fields(self, request: HttpRequest, obj: Edition | None = None) -> tuple[str, ...]:
        shown = ("leaflet", "download", "last_review", "withdrawal", "withdrawal_unlinked", "downloads", *self.figures)
        return shown if obj else ()

    def get_form(
        self, request: HttpRequest, obj: Edition | None = None, change: bool = False, **kwargs: Any
    ) -> type[forms.ModelForm]:
        """The upload belongs to a new edition only; a changed PDF is a new edition."""
        if obj is not None:
            kwargs["form"] = EditionDatesForm
        form: type[forms.ModelForm] = super().get_form(request, obj, change, **kwargs)
        form.not_stored = getattr(request, "not_stored", "")  # type: ignore[attr-defined] # the class is of this request
        return form

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """If the PDF can't be stored, shows the page again with what was typed, and an error beside the file."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except FileNotStored as refusal:
            request.not_stored = str(refusal)  # type: ignore[attr-defined]
            return super().changeform_view(request, object_id, form_url, extra_context)

    def save_model(self, request: HttpRequest, obj: Edition, form: forms.ModelForm, change: bool) -> None:
        if change:
            # Save only what was typed: the figures on this page may be older than a new order.
            obj.save(update_fields=form.changed_data)
            return
        cleaned = {name: form.cleaned_data[name] for name in ("leaflet", "label", "published_on", "review_on")}
        edition = add_edition(content=form.cleaned_data["pdf"].read(), now=timezone.now(), **cleaned)
        transaction.on_commit(partial(make_cover, edition=edition), robust=True)  # drawn while no row is locked
        obj.__dict__.update(edition.__dict__)

    def has_stock_permission(self, request: HttpRequest, obj: Edition | None = None) -> bool:
        return request.user.has_perm("leaflets.keep_stock")
