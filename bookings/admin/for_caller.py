"""Book for a caller: the staff page that books by the same service as the website."""

import secrets
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.forms.boundfield import BoundField
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings import rules
from bookings.admin.choices import PresenterChoice
from bookings.admin.filters import FORMAT_WORDS
from bookings.choosing import choice_at
from bookings.diary import Wish, open_diary
from bookings.forms import DetailsForm, WhereForm
from bookings.models import Booking, Channel, Format, Presentation, Presenter
from bookings.places import PlaceUnknown
from bookings.services import Address, AlreadyPlaced, Details, OutsideRules, SlotTaken, Submission, book_for_caller
from ctac.errors import DomainError
from ctac.forms import PageForm
from ctac.staff_fields import ClockField, DayField, near_today, uk_moment
from ctac.uk import format_span, uk_day
from professionals import drafts
from professionals.forms import CallerForm
from professionals.safeguarding import ChildDetailsMixin

if TYPE_CHECKING:
    from bookings.admin.bookings import BookingAdmin


NOT_TYPED = {"csrfmiddlewaretoken", "token"}


class WhatForm(PageForm):
    """What and when. Nobody chosen as presenter means: whoever is best placed."""

    presentation = forms.ModelChoiceField(
        label=gettext_lazy("Presentation"),
        queryset=Presentation.objects.all(),
        empty_label=gettext_lazy("Choose a presentation"),
        error_messages={"required": gettext_lazy("Choose a presentation.")},
    )
    day = DayField(
        label=gettext_lazy("Day"), validators=[near_today], error_messages={"required": gettext_lazy("Enter the day.")}
    )
    clock = ClockField(label=gettext_lazy("Starts at"), error_messages={"required": gettext_lazy("Enter the time it starts.")})
    presenter = PresenterChoice(
        label=gettext_lazy("Presenter"),
        queryset=Presenter.objects.active(),
        required=False,
        empty_label=gettext_lazy("Whoever is best placed"),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("day") and cleaned.get("clock"):
            try:
                cleaned["start"] = uk_moment(cleaned["day"], cleaned["clock"])
            except ValidationError as error:
                self.add_error("clock", error)
        return cleaned


class CallerWhereForm(WhereForm):
    """The questions about the place as staff ask them of somebody else. Who is coming is asked with the day."""

    audience_profession = None  # type: ignore[assignment]
    autocomplete = dict.fromkeys(WhereForm.autocomplete, "off")
    option_hints = {
        "format": {
            str(Format.WORKPLACE): gettext_lazy("A presenter goes to them."),
            str(Format.ONLINE): gettext_lazy("They get a joining link for a video call."),
        }
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice = self.fields["format"]
        assert isinstance(choice, forms.ChoiceField)  # noqa: S101 - tells the type checker what stands in WhereForm
        choice.label = _("Where would they like it?")
        choice.choices = list(FORMAT_WORDS.items())
        choice.error_messages["required"] = _("Choose where they would like it.")

    def _find(self, cleaned: dict[str, Any]) -> None:
        super()._find(cleaned)
        if self.errors.get("postcode") == [str(PlaceUnknown.message)]:  # which tells the public to call us
            self.errors["postcode"] = self.error_class(
                [_("No presenter can go to this postcode. Check it, or offer an online presentation.")],
                renderer=self.renderer,
                field_id=self["postcode"].auto_id,
            )


class CallerDetailsForm(DetailsForm):
    """The contact may stay empty: then it is the caller."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["contact_name"].label = _("Who should the presenter ask for?")
        for name in ("contact_name", "contact_phone"):
            self.fields[name].required = False
            self.fields[name].help_text = _("Leave empty if it is the caller.")
        self.fields["notes"].label = _("Anything else the presenter should know?")
        self.fields["audience_size"].help_text = _("A best guess is fine.")
        self.fields["audience_size"].error_messages["max_value"] = _("Enter %(limit_value)s or fewer.")
        self.fields["audience_profession"].label = _("Who are most of them?")

    def details_for(self, caller: dict[str, Any], *, flagged: bool) -> Details:
        given = {name: self.cleaned_data[name] for name in Details.__dataclass_fields__ if name in self.cleaned_data}
        given["contact_name"] = given["contact_name"] or caller["name"]
        given["contact_phone"] = given["contact_phone"] or caller["phone"]
        return Details(**given, flagged=self.flagged or flagged)


class HowForm(ChildDetailsMixin, PageForm):
    free_text_fields = ("override_reason",)

    channel = forms.ChoiceField(
        label=gettext_lazy("They got in touch by"), choices=[(c.value, c.label) for c in (Channel.PHONE, Channel.EMAIL)]
    )
    override_reason = forms.CharField(
        label=gettext_lazy("Why outside the rules"),
        max_length=300,
        required=False,
        help_text=gettext_lazy(
            "Only needed for short notice, or outside a presenter’s hours or area. It is kept with the booking. "
            "Nobody can be in two places."
        ),
    )


class Parts:
    """The forms of the page, asked together, so that one summary says everything that is wrong at once."""

    def __init__(self, data: Any) -> None:
        both = Presentation(formats=[Format.WORKPLACE, Format.ONLINE])
        self.caller = CallerForm(data, prefix="caller")
        self.what = WhatForm(data, prefix="what")
        self.where = CallerWhereForm(data, prefix="where", presentation=both)
        self.details = CallerDetailsForm(data, prefix="details")
        self.how = HowForm(data, prefix="how")
        self.sections: list[tuple[str, PageForm]] = [
            (_("Caller"), self.caller),
            (_("What and when"), self.what),
            (_("Where"), self.where),
            (_("The day itself"), self.details),
            (_("Also"), self.how),
        ]

        self.is_bound = data is not None
        self.problems: list[str] = []
        self.who_could = ""
        sent = data.get("token", "") if self.is_bound else ""
        self.token = sent if drafts.SECRET.fullmatch(sent) else secrets.token_urlsafe(32)
        if self.is_bound and sent != self.token:
            self.problems.append(_("This page was too old to be sent. Check what it says and press the button again."))
        typed = {name: data.getlist(name) for name in data if name not in NOT_TYPED} if self.is_bound else {}
        # A fingerprint of all that was typed: the same form with something else in it is another booking.
        self.digest = drafts.digest(typed)

    def renew(self, message: str) -> None:
        """Not sent: the page says why, keeps what was typed, and counts as another form from now on."""
        self.problems.append(message)
        self.token = secrets.token_urlsafe(32)

    def __iter__(self) -> Iterator[BoundField]:
        return (field for _title, form in self.sections for field in form)

    @property
    def errors(self) -> bool:
        return bool(self.problems) or any(form.errors for _title, form in self.sections)

    def non_field_errors(self) -> list[str]:
        return [*self.problems, *(str(error) for _title, form in self.sections for error in form.non_field_errors())]

    def is_valid(self) -> bool:
        return not self.errors

    @property
    def wish(self) -> Wish:
        """What valid answers ask for."""
        presentation, audience = self.what.cleaned_data["presentation"], self.details.cleaned_data["audience_profession"]
        return Wish(presentation, self.where.cleaned_data["format"], self.where.place, audience)

    @property
    def address(self) -> Address | None:
        given = self.where.cleaned_data
        if given["format"] != Format.WORKPLACE:
            return None
        return Address(given["address_line_1"], given["town"], given["postcode"], given["address_line_2"])


def book_for_caller_page(admin: "BookingAdmin", request: HttpRequest) -> HttpResponse:
    if not admin.has_add_permission(request):
        raise PermissionDenied
    parts = Parts(request.POST if request.method == "POST" else None)
    if parts.is_bound and (booking := placed_before(parts) or (place(request, parts) if parts.is_valid() else None)):
        said = _("Booking %(reference)s is placed. Tell the caller the reference.") % {"reference": booking.reference}
        messages.success(request, said)
        return redirect(reverse("staff:bookings_booking_change", args=[booking.pk]))
    context = {
        **admin.admin_site.each_context(request),
        "opts": admin.opts,
        "title": _("Book for a caller"),
        "button": _("Book it"),
        "form": parts,
        "token": parts.token,
        "who_could": parts.who_could,
    }
    return TemplateResponse(request, "bookings/staff/book_for_caller.html", context)


def placed_before(parts: Parts) -> Booking | None:
    """The booking that this very form has made already. If it was sent again with something else, the page says so."""
    booking = Booking.objects.filter(submission_token=parts.token).first()
    if booking is None or booking.submission_digest == parts.digest:
        return booking
    parts.renew(
        _(
            "This form has already placed booking %(reference)s, with other answers. Nothing new was placed. "
            "If this is another booking, check it and press the button again. "
            "If you want to change %(reference)s, cancel it first."
        )
        % {"reference": booking.reference}
    )
    return None


def place(request: HttpRequest, parts: Parts) -> Booking | None:
    """The booking, or None with the refusal said at the top of the page."""
    now = timezone.now()
    try:
        return book_for_caller(
            caller=parts.caller.details(),
            email=parts.caller.cleaned_data["email"],
            by=request.user,  # type: ignore[arg-type]
            now=now,
            channel=parts.how.cleaned_data["channel"],
            presentation=parts.what.cleaned_data["presentation"],
            presenter=parts.what.cleaned_data["presenter"],
            start=parts.what.cleaned_data["start"],
            format=parts.where.cleaned_data["format"],
            address=parts.address,
            details=parts.details.details_for(parts.caller.cleaned_data, flagged=parts.how.flagged),
            submission=Submission(parts.token, parts.digest),
            override_reason=parts.how.cleaned_data["override_reason"],
        )
    except AlreadyPlaced:
        return placed_before(parts)
    except (SlotTaken, OutsideRules) as refusal:
        parts.who_could = choice_at(parts.wish, parts.what.cleaned_data["start"], now).as_table()
        say_why(parts, refusal, now)
    except DomainError as refusal:
        parts.how.add_error("override_reason", str(refusal.message))
    return None


def say_why(parts: Parts, refusal: SlotTaken | OutsideRules, now: datetime) -> None:
    if isinstance(refusal, SlotTaken):
        parts.what.add_error("clock", not_free(parts, now))
    else:
        parts.how.add_error("override_reason", str(refusal.message))


def not_free(parts: Parts, now: datetime) -> str:
    """Who is not free, and the nearest slots that are."""
    what, today = parts.what.cleaned_data, uk_day(now)
    chosen = [what["presenter"]] if what["presenter"] else None
    diary = open_diary(parts.wish, first_day=today, last_day=today + rules.HORIZON, now=now, presenters=chosen)
    slots = diary.nearest(what["start"], 3)
    if not slots:
        return _("No presenter is free then, travel included, and there is no slot in the next three months.")
    times = "; ".join(format_span(slot.start, slot.end) for slot in slots)
    return _("No presenter is free then, travel included. The nearest slots: %(times)s.") % {"times": times}
