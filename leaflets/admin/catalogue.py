"""Leaflets, and their editions with the stock of each."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from ctac.staff import ObjectAction, StaffModelAdmin, staff_site
from leaflets.models import Edition, EditionState, Leaflet
from leaflets.services import add_edition, correct_stock, receive_stock, withdraw_edition
from leaflets.services.editions import LARGEST_PDF, NotAPdf, count_pages
from professionals.models import User
from professionals.safeguarding import ChildDetailsMixin


@admin.register(Leaflet, site=staff_site)
class LeafletAdmin(StaffModelAdmin):
    list_display = ("title", "for_whom", "most_per_order", "active", "edition", "available")
    list_filter = ("active", "audience")
    search_fields = ("title", "for_whom", "summary")
    prepopulated_fields = {"slug": ("title",)}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Leaflet]:
        return Leaflet.objects.with_current_edition()

    def has_delete_permission(self, request: HttpRequest, obj: Leaflet | None = None) -> bool:
        """Orders tell of it for ever; take it out of the catalogue instead."""
        return False

    @admin.display(description=_("current edition"))
    def edition(self, leaflet: Leaflet) -> str:
        return leaflet.current_edition.label if leaflet.current_edition else "–"

    @admin.display(description=_("available"))
    def available(self, leaflet: Leaflet) -> int:
        return leaflet.available


class EditionForm(forms.ModelForm):
    """A new print. The PDF is judged by its content, never by its name or by what the browser calls it."""

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

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        published, review = self.cleaned_data.get("published_on"), self.cleaned_data.get("review_on")
        if published and review and review <= published:
            self.add_error("review_on", _("Enter a review date after the day it was published."))
        return cleaned


class ReceiveForm(ChildDetailsMixin, forms.Form):
    free_text_fields = ("reason",)

    copies = forms.IntegerField(label=_("Copies that came in"), min_value=1, max_value=1_000_000)
    reason = forms.CharField(label=_("Note"), max_length=300, required=False, help_text=_("The delivery note, for example."))


class CorrectForm(ChildDetailsMixin, forms.Form):
    free_text_fields = ("reason",)

    change = forms.IntegerField(
        label=_("Copies more or fewer"),
        min_value=-1_000_000,
        max_value=1_000_000,
        help_text=_("-12 if 12 copies are missing or spoilt, 30 if 30 were found."),
    )
    reason = forms.CharField(label=_("Why"), max_length=300)


def receive(edition: Edition, *, by: User, copies: int, reason: str, keep_what_i_wrote: bool = False) -> None:
    receive_stock(edition=edition, copies=copies, by=by, now=timezone.now(), reason=reason, flagged=keep_what_i_wrote)


def correct(edition: Edition, *, by: User, change: int, reason: str, keep_what_i_wrote: bool = False) -> None:
    correct_stock(edition=edition, change=change, by=by, now=timezone.now(), reason=reason, flagged=keep_what_i_wrote)


def withdraw(edition: Edition, *, by: User) -> None:
    withdraw_edition(edition=edition)


@admin.register(Edition, site=staff_site)
class EditionAdmin(StaffModelAdmin):
    form = EditionForm
    list_display = ("title", "label", "state", "review_on", "on_hand", "allocated", "available")
    list_filter = ("state",)
    list_select_related = ("leaflet",)
    search_fields = ("leaflet__title", "label")
    figures = ("state", "pages", "size", "on_hand", "allocated", "available")
    object_actions = (
        ObjectAction("receive", _("Receive stock"), receive, form_class=ReceiveForm, done=_("The copies are in stock.")),
        ObjectAction("correct", _("Correct stock"), correct, form_class=CorrectForm, done=_("The stock is corrected.")),
        ObjectAction(
            "withdraw",
            _("Withdraw this edition"),
            withdraw,
            available=lambda edition: edition.state != EditionState.WITHDRAWN,
            explanation=_("Nobody can order, download or be sent it any more. Upload a new edition to offer the leaflet again."),
            done=_("The edition is withdrawn."),
        ),
    )

    @admin.display(description=_("leaflet"), ordering="leaflet__position")
    def title(self, edition: Edition) -> str:
        return edition.leaflet.slug

    @admin.display(description=_("available"))
    def available(self, edition: Edition) -> int:
        return edition.available

    @admin.display(description=_("PDF"))
    def download(self, edition: Edition) -> SafeString:
        return format_html(
            '<a href="{}">{}</a>', reverse("leaflet_download", args=[edition.leaflet.slug]), _("See the current PDF")
        )

    def get_fields(self, request: HttpRequest, obj: Edition | None = None) -> tuple[str, ...]:
        new = ("leaflet", "label", "published_on", "review_on")
        return (*new, "pdf") if obj is None else (*new, "download", *self.figures)

    def get_readonly_fields(self, request: HttpRequest, obj: Edition | None = None) -> tuple[str, ...]:
        return () if obj is None else ("leaflet", "download", *self.figures)

    def get_form(
        self, request: HttpRequest, obj: Edition | None = None, change: bool = False, **kwargs: Any
    ) -> type[forms.ModelForm]:
        """The upload belongs to a new edition only; a changed PDF is a new edition."""
        if obj is not None:
            kwargs["form"] = forms.ModelForm
        return super().get_form(request, obj, change, **kwargs)

    def save_model(self, request: HttpRequest, obj: Edition, form: forms.ModelForm, change: bool) -> None:
        if change:
            # Only what was typed: the figures on this page may be older than an order that came in meanwhile.
            obj.save(update_fields=form.changed_data)
            return
        cleaned = {name: form.cleaned_data[name] for name in ("leaflet", "label", "published_on", "review_on")}
        edition = add_edition(content=form.cleaned_data["pdf"].read(), now=timezone.now(), **cleaned)
        obj.__dict__.update(edition.__dict__)

    def has_delete_permission(self, request: HttpRequest, obj: Edition | None = None) -> bool:
        return False
