"""Editions of leaflets, with the stock of each."""

from datetime import date, timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils import dateformat, timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from ctac.staff import ObjectAction, staff_site
from ctac.staff_fields import DayField
from ctac.staff_lists import NOTHING, number_of, state_tag
from ctac.uk import uk_day
from leaflets.admin import pressed_twice
from leaflets.admin.importing import SheetInAndOut
from leaflets.admin.recalling import RECALL
from leaflets.models import Edition, EditionState, Leaflet, SheetKind
from leaflets.services import forecast
from leaflets.services.covers import make_cover
from leaflets.services.editions import LARGEST_PDF, NotAPdf, Notice, add_edition, count_pages, record_review, withdraw_edition
from leaflets.services.stock import correct_stock, receive_stock
from professionals.models import User
from professionals.safeguarding import StaffForm

REVIEW_AHEAD = timedelta(days=90)
STATE_KINDS = {EditionState.CURRENT: "good", EditionState.SUPERSEDED: "stopped", EditionState.WITHDRAWN: "stopped"}


class EditionDatesForm(forms.ModelForm):
    """What can be changed of an edition that is there."""

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        published, review = self.cleaned_data.get("published_on"), self.cleaned_data.get("review_on")
        if published and review and review <= published:
            self.add_error("review_on", _("Enter a review date after the day it was published."))
        return cleaned


class EditionForm(EditionDatesForm):
    """A new edition. The PDF is judged by its content, never by its name or by what the browser calls it."""

    class Meta:
        model = Edition
        fields = ("leaflet", "label", "published_on", "review_on", "pdf")

    def clean_pdf(self) -> Any:
        upload = self.cleaned_data["pdf"]
        if upload.size > LARGEST_PDF:
            raise forms.ValidationError(_("This file is larger than 20 MB. Save it for the web, then upload that."))
        try:
            count_pages(upload.read())
        except NotAPdf as refusal:
            raise forms.ValidationError(str(refusal)) from refusal
        upload.seek(0)
        return upload


class ReceiveForm(StaffForm):
    free_text_fields = ("reason",)

    copies = forms.IntegerField(
        label=_("Copies that came in"),
        min_value=1,
        max_value=1_000_000,
        error_messages={"required": _("Enter how many copies came in.")},
    )
    reason = forms.CharField(label=_("Note"), max_length=300, required=False, help_text=_("The delivery note, for example."))


class CorrectForm(StaffForm):
    free_text_fields = ("reason",)

    change = forms.IntegerField(
        label=_("Copies more or fewer"),
        min_value=-1_000_000,
        max_value=1_000_000,
        help_text=_("-12 if 12 copies are missing or spoilt, 30 if 30 were found."),
        error_messages={"required": _("Enter how many copies more or fewer.")},
    )
    reason = forms.CharField(label=_("Why"), max_length=300, error_messages={"required": _("Write why the stock changes.")})


def receive(edition: Edition, *, by: User, copies: int, **noted: Any) -> None:
    receive_stock(edition=edition, copies=copies, by=by, now=timezone.now(), **noted)


def correct(edition: Edition, *, by: User, change: int, **noted: Any) -> None:
    correct_stock(edition=edition, change=change, by=by, now=timezone.now(), **noted)


class WithdrawForm(StaffForm):
    free_text_fields = ("why",)
    never_kept = ("why",)  # the page of the leaflet says it

    why = forms.CharField(
        label=_("What people should know"),
        max_length=300,
        required=False,
        help_text=_("Stands on the leaflet’s page. Why it is wrong, and what is right now."),
    )
    use_instead = forms.ModelChoiceField(
        Leaflet.objects.active(), label=_("What to use instead"), required=False, empty_label=_("Nothing")
    )


class ReviewForm(StaffForm):
    reviewed_on = DayField(label=_("Reviewed on"), error_messages={"required": _("Enter the day it was reviewed.")})
    review_on = DayField(label=_("To be reviewed again by"), error_messages={"required": _("Enter the next review date.")})

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        reviewed, following = self.cleaned_data.get("reviewed_on"), self.cleaned_data.get("review_on")
        if reviewed and reviewed > uk_day(timezone.now()):
            self.add_error("reviewed_on", _("Enter a day that is not in the future."))
        elif reviewed and following and following <= reviewed:
            self.add_error("review_on", _("Enter a review date after the day it was reviewed."))
        return cleaned


def withdraw(edition: Edition, *, by: User, why: str, use_instead: Leaflet | None, flagged: bool) -> None:
    now = timezone.now()
    withdraw_edition(edition=edition, notice=Notice(uk_day(now), why, use_instead), now=now, flagged=flagged)


def review(edition: Edition, *, by: User, reviewed_on: date, review_on: date, flagged: bool) -> None:
    record_review(edition=edition, by=by, reviewed_on=reviewed_on, review_on=review_on)


class NeedsFilter(admin.SimpleListFilter):
    title = _("what it needs")
    parameter_name = "needs"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("stock", _("Low in stock")), ("review", _("To be reviewed in the next 3 months"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> QuerySet[Edition]:
        narrow = {"stock": low_in_stock, "review": to_review}.get(self.value() or "")
        return narrow(queryset) if narrow else queryset


def low_in_stock(editions: Any) -> Any:
    """Of the list, which has its forecast, or of all editions."""
    known = isinstance(editions, QuerySet)
    return editions.filter(forecast.OFFERED, forecast.IS_LOW) if known else forecast.low_in_stock(editions.all(), today())


def today() -> date:
    return uk_day(timezone.now())


def to_review(editions: Any) -> Any:
    """Those whose review is due or comes soon enough to be prepared."""
    return editions.to_review_by(uk_day(timezone.now()) + REVIEW_AHEAD)


def withdrawn_in_words(edition: Edition) -> str:
    """When and why; a dash for one that was not."""
    if edition.withdrawn_on is None:
        return NOTHING
    return ". ".join(part for part in (dateformat.format(edition.withdrawn_on, "j M Y"), edition.withdrawn_why) if part)


@admin.register(Edition, site=staff_site)
class EditionAdmin(SheetInAndOut):
    sheet_kind = SheetKind.STOCK
    form = EditionForm
    list_display = ("title", "label", "state_in_words", "review", "number_on_shelf", "number_promised", "number_free", "lasts")
    list_filter = ("state", NeedsFilter)
    ordering = ("-pk",)  # get_ordering decides
    search_fields = ("leaflet__title", "label")
    search_help_text = _("Leaflet or edition")
    told = ("last_review", "withdrawal", "downloads")
    told_unlinked = ("last_review", "withdrawal_unlinked", "downloads")
    figures = ("state_in_words", "number_on_shelf", "number_promised", "number_free", "lasts", "level")
    number_on_shelf = number_of("on_hand", _("on the shelf"))
    number_promised = number_of("allocated", _("promised"))
    object_actions = (
        ObjectAction(
            "receive",
            _("Receive stock"),
            receive,
            form_class=ReceiveForm,
            explanation=_("When boxes come in."),
            done=_("The copies are in stock."),
            permission="stock",
            page=pressed_twice.page,
        ),
        ObjectAction(
            "correct",
            _("Correct stock"),
            correct,
            form_class=CorrectForm,
            explanation=_("After a count, or when copies are lost or spoilt."),
            done=_("The stock is corrected."),
            permission="stock",
            page=pressed_twice.page,
        ),
        ObjectAction(
            "review",
            _("Record a review"),
            review,
            available=lambda edition: edition.state == EditionState.CURRENT,
            form_class=ReviewForm,
            explanation=_("When somebody has read it again and it is still right. The website says so."),
            done=_("The review is recorded."),
        ),
        ObjectAction(
            "withdraw",
            _("Withdraw this edition"),
            withdraw,
            form_class=WithdrawForm,
            available=lambda edition: edition.state != EditionState.WITHDRAWN,
            explanation=_(
                "Nobody can order, download or be sent it any more, and nobody is told. Upload a new edition to offer the "
                "leaflet again. If it is wrong, recall it instead: whoever has copies is told, and open orders are put right."
            ),
            done=_("The edition is withdrawn."),
            weight="stop",
        ),
        RECALL,
    )

    @admin.display(description=_("leaflet"), ordering="leaflet__title")
    def title(self, edition: Edition) -> str:
        return edition.leaflet.title

    @admin.display(description=_("state"), ordering="state")
    def state_in_words(self, edition: Edition) -> SafeString:
        return state_tag(edition.get_state_display(), STATE_KINDS[EditionState(edition.state)])

    @admin.display(description=_("to be reviewed by"), ordering="review_on")
    def review(self, edition: Edition) -> str:
        return dateformat.format(edition.review_on, "j M Y")

    @admin.display(description=_("free to give"))
    def number_free(self, edition: Edition) -> str:
        return f"{edition.available:,}"

    @admin.display(description=_("lasts"))
    def lasts(self, edition: Any) -> str:
        """Of what the catalogue offers. The list has looked up at once since when its titles are out."""
        if edition.state != EditionState.CURRENT or not edition.leaflet.active:
            return NOTHING
        if edition.available <= 0 and not hasattr(edition, "out_since"):
            edition.out_since = forecast.days_out_since([edition.pk]).get(edition.pk)
        return forecast.in_words(edition, today(), getattr(edition, "out_since", None))

    @admin.display(description=_("reorder level"))
    def level(self, edition: Edition) -> str:
        level = edition.leaflet.reorder_level
        return NOTHING if level is None else f"{level:,}"

    def get_ordering(self, request: HttpRequest) -> list[Any]:
        return forecast.by_need()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Edition]:
        editions = forecast.with_forecast(Edition.objects.select_related("leaflet", "recall"), today())
        return editions.order_by(*self.get_ordering(request))

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """With the day since when each of its titles is out: one statement for all."""
        found = super().get_changelist_instance(request)
        out = forecast.days_out_since([edition.pk for edition in found.result_list if edition.available <= 0])
        for edition in found.result_list:
            edition.out_since = out.get(edition.pk)
        return found

    def summary_of(self, obj: Edition) -> list[dict[str, object]]:
        """The three figures: what someone must see before they change one."""
        figures = [
            {"label": _("On the shelf"), "value": self.number_on_shelf(obj)},
            {"label": _("Promised"), "value": self.number_promised(obj)},
            {"label": _("Free to give"), "value": self.number_free(obj)},
        ]
        return [{"label": _("Leaflet"), "value": obj.leaflet.title}, {"label": _("Edition"), "value": obj.label}, *figures]

    @admin.display(description=_("last reviewed"))
    def last_review(self, edition: Edition) -> str:
        if edition.reviewed_on is None:
            return NOTHING
        day = dateformat.format(edition.reviewed_on, "j M Y")
        return _("%(day)s by %(who)s") % {"day": day, "who": edition.reviewed_by} if edition.reviewed_by else day

    @admin.display(description=_("withdrawn"))
    def withdrawal(self, edition: Edition) -> SafeString | str:
        said = withdrawn_in_words(edition)
        if recall := getattr(edition, "recall", None):
            url = reverse("staff:leaflets_recall_change", args=[recall.pk])
            return format_html('{} <a href="{}">{}</a>', said, url, _("See the recall"))
        return said

    @admin.display(description=_("withdrawn"))
    def withdrawal_unlinked(self, edition: Edition) -> str:
        """For those who may not open the recall."""
        return withdrawn_in_words(edition)

    @admin.display(description=_("downloads"))
    def downloads(self, edition: Edition) -> str:
        total, recent = edition.download_counts.total_and_recent(uk_day(timezone.now()))
        return _("%(total)s in all, %(recent)s in the last 30 days") % {"total": f"{total:,}", "recent": f"{recent:,}"}

    @admin.display(description=_("PDF"))
    def download(self, edition: Edition) -> SafeString | str:
        """How large and how long it is; the website hands out only that of the current edition, so only that can be opened."""
        pages = ngettext("%(n)d page", "%(n)d pages", edition.pages) % {"n": edition.pages}
        said = ", ".join(filter(None, (edition.page_size, pages, filesizeformat(edition.size))))
        if edition.state != EditionState.CURRENT:
            return said
        url = reverse("leaflet_download", args=[edition.leaflet.slug])
        return format_html('<a href="{}">{}</a> ({})', url, _("Open the PDF"), said)

    def get_fields(self, request: HttpRequest, obj: Edition | None = None) -> tuple[str, ...]:
        new = ("leaflet", "label", "published_on", "review_on")
        if obj is None:
            return (*new, "pdf")
        told = self.told if request.user.has_perm("leaflets.view_recall") else self.told_unlinked
        return (*new, "download", *told, *self.figures)

    def get_readonly_fields(self, request: HttpRequest, obj: Edition | None = None) -> tuple[str, ...]:
        return () if obj is None else ("leaflet", "download", *self.told, "withdrawal_unlinked", *self.figures)

    def get_form(
        self, request: HttpRequest, obj: Edition | None = None, change: bool = False, **kwargs: Any
    ) -> type[forms.ModelForm]:
        """The upload belongs to a new edition only; a changed PDF is a new edition."""
        if obj is not None:
            kwargs["form"] = EditionDatesForm
        return super().get_form(request, obj, change, **kwargs)

    def save_model(self, request: HttpRequest, obj: Edition, form: forms.ModelForm, change: bool) -> None:
        if change:
            # Only what was typed: the figures on this page may be older than an order that came in meanwhile.
            obj.save(update_fields=form.changed_data)
            return
        cleaned = {name: form.cleaned_data[name] for name in ("leaflet", "label", "published_on", "review_on")}
        edition = add_edition(content=form.cleaned_data["pdf"].read(), now=timezone.now(), **cleaned)
        make_cover(edition=edition)
        obj.__dict__.update(edition.__dict__)

    def has_stock_permission(self, request: HttpRequest, obj: Edition | None = None) -> bool:
        return request.user.has_perm("leaflets.keep_stock")

    def has_delete_permission(self, request: HttpRequest, obj: Edition | None = None) -> bool:
        return False
