"""Book for a caller: the staff page that books, or asks for dates of the caller's own, by the same services as the website."""

import secrets
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.forms.boundfield import BoundField
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.admin import week
from bookings.admin.caller_forms import CallerDatesForm, CallerDetailsForm, CallerTimeForm, CallerWhereForm, HowForm, WhatForm
from bookings.choosing import choice_at
from bookings.diary.wish import Wish
from bookings.models import Booking, DateOption, Format, Presentation, WhyNot
from bookings.services.calling import book_for_caller, request_for_caller
from bookings.services.errors import AlreadyPlaced, OutsideRules, SlotTaken
from bookings.services.placing import Address, Submission
from bookings.words import moment
from ctac.errors import DomainError
from ctac.forms import PageForm
from ctac.uk import format_span
from professionals import drafts
from professionals.forms import CallerForm
from professionals.known_caller import THEIRS, Theirs, about_known, known_caller
from professionals.models import Person
from professionals.services.accounts import AccountGoneError

if TYPE_CHECKING:
    from bookings.admin.bookings import BookingAdmin

# A time, or dates of their own: the way that the page shows, and the button that changes it.
WAY, SWITCH = "way", "switch"
TIME, DATES = "time", "dates"
THEIRS.append(Theirs(Booking, gettext_lazy("Book for them")))
NOT_TYPED = {"csrfmiddlewaretoken", "token", week.LOOK, week.SHOWN}
# Without these nobody knows which times are free.
MATTERS = {"what": ("presentation",), "where": ("format", "postcode", "audience_profession")}


class Parts:
    """The forms of the page, asked together, so that one summary says everything that is wrong at once."""

    def __init__(self, data: Any, known: Person | None = None) -> None:
        both = Presentation(formats=[Format.WORKPLACE, Format.ONLINE], length_minutes=60)
        self.is_bound, self.data = data is not None, data
        self.asks_for_dates = self.is_bound and (data.get(SWITCH) or data.get(WAY)) == DATES
        self.caller = CallerForm(data, prefix="caller", initial=CallerForm.initial_of(known) if known else None)
        self.what = WhatForm(data, prefix="what")
        self.where = CallerWhereForm(data, prefix="where", presentation=both)
        self.wish = self.find_wish() if self.is_bound else None
        presentation = self.wish.presentation if self.wish else both
        self.week: week.Week | None = None
        self.when = CallerTimeForm(data, prefix=TIME, length=presentation.length)
        self.dates = CallerDatesForm(data, prefix=DATES, presentation=presentation)
        self.details = CallerDetailsForm(data, prefix="details")
        self.how = HowForm(data, prefix="how")
        self.problems: list[str] = []
        self.who_could = ""
        self.take_token(data)
        if not self.is_sent:
            self.forgive()

    def find_wish(self) -> Wish | None:
        """What they would like, once it is known."""
        if any(name in form.errors for form, names in self.that_matter for name in names):
            return None
        given = self.where.cleaned_data
        return Wish(self.what.cleaned_data["presentation"], given["format"], self.where.place, given["audience_profession"])

    def show_times(self, now: datetime) -> None:
        """Read the free times: for the page only, not on the way to a booking."""
        if self.wish is not None and not self.asks_for_dates:
            self.week = week.look(self.wish, self.data, now, named=self.when.named)
            self.when.show(self.week)

    @property
    def that_matter(self) -> list[tuple[PageForm, tuple[str, ...]]]:
        return [(self.what, MATTERS["what"]), (self.where, MATTERS["where"])]

    @property
    def sections(self) -> list[tuple[str, PageForm]]:
        """In page order. Of the two ways the one that is shown."""
        return [
            (_("Caller"), self.caller),
            (_("Presentation"), self.what),
            (_("For whom, and where"), self.where),
            (_("Their dates"), self.dates) if self.asks_for_dates else (_("When"), self.when),
            (_("The day itself"), self.details),
            (_("Also"), self.how),
        ]

    @property
    def set_aside(self) -> list[tuple[str, str]]:
        """What was typed in the way that is not shown: it stays on the page, and counts for nothing."""
        prefix = f"{TIME if self.asks_for_dates else DATES}-"
        names = [name for name in self.data or () if name.startswith(prefix)]
        return [(name, value) for name in names for value in self.data.getlist(name)]

    @property
    def is_sent(self) -> bool:
        """By the main button: the others only show something else."""
        return self.is_bound and not week.is_looking(self.data) and SWITCH not in self.data

    def forgive(self) -> None:
        """Not sent yet: what is missing is said only where no times can be shown without it."""
        matters = dict(self.that_matter) if week.is_looking(self.data or {}) else {}
        for _title, form in self.sections:
            week.forgive(form, but=matters.get(form, ()))

    def take_token(self, data: Any) -> None:
        sent = data.get("token", "") if self.is_bound else ""
        self.token = sent if drafts.SECRET.fullmatch(sent) else secrets.token_urlsafe(32)
        if self.is_sent and sent != self.token:
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
    def address(self) -> Address | None:
        given = self.where.cleaned_data
        if given["format"] != Format.WORKPLACE:
            return None
        return Address(given["address_line_1"], given["town"], given["postcode"], given["address_line_2"])

    def asked(self, by: Any, now: datetime) -> dict[str, Any]:
        """What both services are asked for."""
        audience, flagged = self.where.cleaned_data["audience_profession"], self.when.flagged and not self.asks_for_dates
        return {
            "caller": self.caller.details(),
            "email": self.caller.cleaned_data["email"],
            "by": by,
            "now": now,
            "channel": self.how.cleaned_data["channel"],
            "presentation": self.what.cleaned_data["presentation"],
            "format": self.where.cleaned_data["format"],
            "address": self.address,
            "details": self.details.details_for(self.caller.cleaned_data, audience=audience, flagged=flagged),
            "submission": Submission(self.token, self.digest),
        }


def book_for_caller_page(admin: "BookingAdmin", request: HttpRequest) -> HttpResponse:
    if not admin.has_add_permission(request):
        raise PermissionDenied
    now = timezone.now()
    known = known_caller(request) if request.method != "POST" else None
    parts = Parts(request.POST if request.method == "POST" else None, known)
    if parts.is_sent and (booking := placed_before(parts) or (place(request, parts, now) if parts.is_valid() else None)):
        say_what_was_done(request, booking)
        return redirect(reverse("staff:bookings_booking_change", args=[booking.pk]))
    parts.show_times(now)
    context = {
        **admin.admin_site.each_context(request),
        "opts": admin.opts,
        "title": _("Book for a caller"),
        "intro": about_known(known),
        "button": _("Send this request") if parts.asks_for_dates else _("Book it"),
        "form": parts,
        "token": parts.token,
        "who_could": parts.who_could,
    }
    return TemplateResponse(request, "bookings/staff/book_for_caller.html", context)


def placed_before(parts: Parts) -> Booking | None:
    """The booking that this very form has made already. If it was sent again with something else, the page says so."""
    booking = Booking.objects.with_names().filter(submission_token=parts.token).first()
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


def place(request: HttpRequest, parts: Parts, now: datetime) -> Booking | None:
    """The booking or request, or None with the refusal said at the top of the page."""
    try:
        return (ask if parts.asks_for_dates else book)(parts, request.user, now)
    except AlreadyPlaced:
        return placed_before(parts)
    except (SlotTaken, OutsideRules) as refusal:
        say_why(parts, refusal, now)
    except DomainError as refusal:
        said = refusal.of_a_caller if isinstance(refusal, AccountGoneError) else refusal.message
        (parts.dates if parts.asks_for_dates else parts.when).add_error(None, str(said))
    return None


def book(parts: Parts, by: Any, now: datetime) -> Booking:
    chosen = {name: parts.when.cleaned_data[name] for name in ("start", "presenter", "override_reason")}
    return book_for_caller(**parts.asked(by, now), **chosen)


def ask(parts: Parts, by: Any, now: datetime) -> Booking:
    given = parts.dates.cleaned_data
    asked = {"dates": given["dates"], "reason": given["reason"], "flagged": parts.dates.flagged}
    return request_for_caller(**parts.asked(by, now), **asked)


def say_why(parts: Parts, refusal: SlotTaken | OutsideRules, now: datetime) -> None:
    if parts.asks_for_dates or parts.wish is None:  # a date was taken in this very moment
        parts.dates.add_error(None, _("One of these dates was taken in this moment. Press the button again."))
        return
    what = parts.when.cleaned_data
    parts.who_could = choice_at(parts.wish, what["start"], now).as_table()
    if isinstance(refusal, OutsideRules):
        parts.when.add_error("override_reason", str(refusal.message))
    else:
        said = week.not_free(parts.wish, what["start"], named=parts.when.named, now=now)
        parts.when.add_error(parts.when.beside_time, said)


def say_what_was_done(request: HttpRequest, booking: Booking) -> None:
    """What staff tell the caller: the reference, of a request which dates are kept, and whether an email goes out."""
    if booking.has_time:
        said = _("Booking %(reference)s is placed. Tell the caller the reference.")
    else:
        said = _("Request %(reference)s is placed. Tell the caller the reference, and which dates we keep for them:")
    messages.success(request, said % {"reference": booking.reference})
    for option in booking.options.all():
        messages.info(request, kept_or_not(option, booking))
    if not booking.has_time and not booking.person.email:
        messages.warning(request, _("The caller has no email address: nothing reaches them unless you call back."))


def kept_or_not(option: DateOption, booking: Booking) -> str:
    if option.kept_from is None or option.expires_at is None:
        why = {"when": option.when, "why": WhyNot(option.why_not).label}
        return _("Not kept: %(when)s. %(why)s We still look at it.") % why
    when = format_span(option.kept_from, option.kept_from + booking.presentation.length)
    facts = {"when": when, "name": option.presenter, "until": moment(option.expires_at)}
    return _("Kept: %(when)s, with %(name)s, until %(until)s.") % facts
