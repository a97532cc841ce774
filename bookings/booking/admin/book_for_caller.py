"""Book for a caller, or send a request with the caller's own dates, through the same services as the website."""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.forms.boundfield import BoundField
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _, gettext_lazy, ngettext

from accounts.access import signed_in_user
from accounts.services import AccountGoneError
from bookings.booking.admin.requests import explain_refusal
from bookings.booking.forms import BOOKING_FIELD_NAMES, DatesForm, DetailsForm, WhereForm, answers_of, kept_visit_addresses
from bookings.booking.services.decide import slot_query_of
from bookings.booking.services.request import book_for_caller
from bookings.errors import AlreadyPlaced, OutsideRules, SlotTaken
from bookings.models import Booking, BookingChannel, BookingState, Format, NotKeptReason, Presentation
from bookings.models.booking import NEEDS_FIELDS
from bookings.schedule import admin as admin_forms
from bookings.schedule.admin import OTHER_TIME, STAFF_FORMAT_LABELS, WeekOfTimesForm
from bookings.schedule.forms import parse_start
from bookings.schedule.holds import held_times_lookup
from bookings.schedule.picker import is_anything_free
from bookings.schedule.slots import SlotQuery
from bookings.text import ADDRESS_FIELDS, moment_text, summary_row
from bookings.travel import PlaceUnknown
from core.dates import UK_TZ, format_datetime_range, format_day, uk_day
from core.errors import DomainError
from core.forms import PageForm
from core.models import is_reference, normalise_reference
from core.pages import add_correction_messages
from leaflets.models import KeptAddress
from leaflets.orders.queries import last_delivery
from professionals import drafts
from professionals.admin import (
    PERSON_PARAMETER,
    PERSON_RECORD_KINDS,
    PersonRecordKind,
    audit_people_shown,
    begin_call,
    prefill_explanation,
)
from professionals.forms import CallerForm, is_same_detail
from professionals.models import Organisation, Person
from professionals.safeguarding.services import is_text_kept_back, leave_out_kept_back

if TYPE_CHECKING:
    from bookings.booking.admin.bookings import BookingAdmin


class CallerPresentationForm(PageForm):
    presentation = forms.ModelChoiceField(
        label=gettext_lazy("Presentation"),
        queryset=Presentation.objects.all(),
        empty_label=gettext_lazy("Choose a presentation"),
        error_messages={"required": gettext_lazy("Choose a presentation.")},
    )


class BookingCallerForm(CallerForm):
    once = gettext_lazy("No, use %(typed)s for this booking only")

    def is_stored_with_record(self, name: str) -> bool:
        """Whether the name or phone is for this booking: it is the contact's too, unless another contact is entered."""
        return name in {"name", "phone"} and not self.data.get(f"details-contact_{name}")


class CallerWhereForm(WhereForm):
    """Where the presentation is and for whom, as staff ask a caller."""

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
        choice.choices = list(STAFF_FORMAT_LABELS.items())
        choice.error_messages["required"] = _("Choose where they would like it.")

    def resolve_place(self, cleaned: dict[str, Any], beside: str = "postcode") -> dict[str, Any]:
        cleaned = super().resolve_place(cleaned, beside)
        if self.errors.get("postcode") == [str(PlaceUnknown.message)]:  # the public's message, which says to call us
            self.errors["postcode"] = self.error_class(
                [_("No presenter can go to this postcode. Check it, or offer an online presentation.")],
                renderer=self.renderer,
                field_id=self["postcode"].auto_id,
            )
        return cleaned


class CallerTimeForm(WeekOfTimesForm):
    """A time that the public could have, or any other time. It begins with another time, until free times can be shown."""

    rare = ("override_reason",)

    def __init__(self, data: Any, *, initial: Mapping[str, Any], **kwargs: Any) -> None:
        super().__init__(data, initial={"start": OTHER_TIME, **initial}, **kwargs)


def time_from_query(query: QueryDict) -> dict[str, Any]:
    """The free time pressed in the team's calendar (?free=<presenter>,<start>), for the boxes of the form."""
    presenter, _comma, typed = query.get("free", "").partition(",")
    with suppress(ValidationError):
        start = parse_start(typed).astimezone(UK_TZ)
        return {f"{TIME}-day": start.date(), f"{TIME}-clock": start.time(), f"{TIME}-presenter": presenter}
    return {}


class CallerDatesForm(DatesForm):
    nothing_given = gettext_lazy("Enter a day that would suit them, or a range of days below.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        reason = self.fields.get("reason")
        if reason is None:
            return
        reason.label = _("Why don’t our times suit them?")
        reason.help_text = _("Use their words. For example, on which days their team meets. No details of a child.")
        reason.error_messages["required"] = _("Write why our times don’t suit them.")


class CallerDetailsForm(DetailsForm):
    """The contact may stay empty: then it is the caller. Who is coming is a question about the place."""

    audience_profession = None  # type: ignore[assignment]
    rare = ("contact_name", "contact_phone", *NEEDS_FIELDS)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["contact_name"].label = _("Who should the presenter ask for?")
        for name in ("contact_name", "contact_phone"):
            self.fields[name].required = False
            self.fields[name].help_text = _("Leave this empty if it is the caller.")
        self.fields["notes"].label = _("Anything else the presenter should know?")
        self.fields["audience_size"].help_text = _("A best guess is fine.")
        self.fields["audience_size"].error_messages["max_value"] = _("Enter %(limit_value)s or fewer.")


class CallerChannelForm(PageForm):
    channel = forms.ChoiceField(
        label=gettext_lazy("How did they get in touch?"),
        choices=[(c.value, c.label) for c in (BookingChannel.PHONE, BookingChannel.EMAIL)],
    )


def second_booking_question(booking: Booking, name: str) -> str:
    facts = {"name": name, "reference": booking.reference, "day": format_day(booking.starts_at) if booking.starts_at else ""}
    if not booking.starts_at:
        has = _("%(name)s has already asked for a date then: %(reference)s.")
    elif booking.format == Format.ONLINE:
        has = _("%(name)s already has an online presentation on %(day)s: %(reference)s.")
    else:
        has = _("%(name)s already has a booking at this address on %(day)s: %(reference)s.")
    return f"{has % facts} {_('Book a second one?')}"


# Whether the page asks for a time or for dates of their own, and the button that changes it.
MODE_FIELD, SWITCH_MODE_FIELD = "way", "switch"
TIME, DATES = "time", "dates"
PERSON_RECORD_KINDS.append(PersonRecordKind(Booking, gettext_lazy("Book for them")))
CONTROL_FIELDS = {"csrfmiddlewaretoken", "token", admin_forms.REQUESTED_WEEK_FIELD, admin_forms.SHOWN_WEEK_FIELD}


def last_answers(person: Person) -> dict[str, Any]:
    """What we know for the next booking of a known person: the place, who came, and whom the presenter asked for.

    The place is that of their last visit, or else where their leaflets go. Five statements at most.
    """
    mine = Booking.objects.filter(person=person, starts_at__isnull=False, anonymised_at=None).exclude(state=BookingState.DECLINED)
    last, visit = mine.order_by("-starts_at", "-pk").first(), Booking.objects.visits_for_person(person).first()
    if visit is not None:
        known = {f"where-{name}": getattr(visit, name) for name in ADDRESS_FIELDS} | {
            "details-room": "" if is_text_kept_back(visit, "room") else visit.room
        }
    else:
        delivery = last_delivery(person.pk)
        places = kept_visit_addresses([KeptAddress(**asdict(delivery))]) if delivery else {}
        place = next(iter(places.values()), {"postcode": person.postcode})
        known = {f"where-{name}": value for name, value in place.items()}
    if last is None:
        return known
    known |= {"where-format": last.format, "where-audience_profession": last.audience_profession}
    known["details-audience_size"] = last.audience_size
    if not is_same_detail("name", last.contact_name, person.name):
        known |= {"details-contact_name": last.contact_name, "details-contact_phone": last.contact_phone}
    return known


MAX_TEAM_PEOPLE = 500


def team_booking_rows(booking: Booking | None) -> list[dict[str, object]]:
    if booking is None:
        return []
    attendance = getattr(booking, "attendance", None)
    if attendance is not None:
        people = ngettext("%(n)d person came", "%(n)d people came", attendance.people) % {"n": attendance.people}
    else:
        people = ngettext("%(n)d person expected", "%(n)d people expected", booking.audience_size) % {"n": booking.audience_size}
    who = booking.get_audience_profession_display() or _("A mix of professions")
    href = reverse("staff:bookings_booking_change", args=[booking.pk])
    return [
        summary_row(_("When"), booking.when, href=href),
        summary_row(_("Organisation"), booking.person.organisation or "–"),
        summary_row(_("Presentation"), booking.presentation),
        summary_row(_("Who"), f"{who}. {people}"),
        summary_row(_("Presenter"), booking.presenter or _("Nobody yet")),
    ]


class CallerForms:
    """The forms of the page, checked together, so that one summary says everything that is wrong at once.

    `initial`: what the boxes begin with, by name, "time-day" say.
    """

    def __init__(
        self, data: Any, known: Person | None = None, initial: Mapping[str, Any] | None = None, again: Booking | None = None
    ) -> None:
        """`again`: a booking like the new one. The free times for its answers are shown at once."""
        both = Presentation(formats=[Format.WORKPLACE, Format.ONLINE], length_minutes=60)

        def of(prefix: str) -> dict[str, Any]:
            given = {name.partition("-")[::2]: value for name, value in (initial or {}).items()}
            return {name: value for (form, name), value in given.items() if form == prefix}

        self.is_bound, self.data, self.known = data is not None, data, known
        self.asks_for_dates = self.is_bound and (data.get(SWITCH_MODE_FIELD) or data.get(MODE_FIELD)) == DATES
        self.caller = BookingCallerForm(data, prefix="caller", known=known, initial=of("caller"))
        # A search for a time asks no new question about the caller; the questions that were answered stay.
        self.caller.may_ask = self.is_sent or any(name.startswith(("caller-same_as", "caller-new_")) for name in data or ())
        self.what = CallerPresentationForm(data, prefix="what", initial=of("what"))
        self.where = CallerWhereForm(data, prefix="where", presentation=both, initial=of("where"))
        if known and not self.is_bound:  # everything before it is filled in
            self.what.fields["presentation"].widget.attrs["autofocus"] = True
        # Without these answers we can't tell which times are free.
        self.decisive_fields = {self.what: ("presentation",), self.where: ("format", "postcode", "audience_profession")}
        self.slot_query = self.find_slot_query() if self.is_bound else None
        if again:
            with suppress(PlaceUnknown):
                self.slot_query = slot_query_of(again)
        presentation = self.slot_query.presentation if self.slot_query else both
        self.week: admin_forms.FormWeek | None = None
        self.when = CallerTimeForm(data, prefix=TIME, length=presentation.length, initial=of(TIME))
        asks_why = True
        if self.asks_for_dates and self.slot_query and not data.get(f"{DATES}-reason"):
            asks_why = is_anything_free(self.slot_query, timezone.now(), held_times_lookup(self.slot_query.place))
        self.dates = CallerDatesForm(data, prefix=DATES, presentation=presentation, asks_why=asks_why)
        self.details = CallerDetailsForm(data, prefix="details", initial=of("details"))
        self.how = CallerChannelForm(data, prefix="how")
        self.problems: list[str] = []
        self.who_could = ""
        sent = data.get("token", "") if self.is_bound else ""
        self.token = sent if drafts.SECRET_PATTERN.fullmatch(sent) else secrets.token_urlsafe(32)
        if self.is_sent and sent != self.token:
            self.problems.append(_("This page was open too long. Check what you typed, then press the button again."))
        typed = {name: data.getlist(name) for name in data if name not in CONTROL_FIELDS} if self.is_bound else {}
        # A fingerprint of all that was typed: the same form with something else in it is another booking.
        self.digest = drafts.digest(typed)
        if not self.is_sent:
            # Not sent yet: a missing answer is an error only if no times can be shown without it.
            looking = admin_forms.is_browsing_times(self.data or {})
            for form in self.shown:
                admin_forms.remove_form_errors(form, but=self.decisive_fields.get(form, ()) if looking else ())
        self.first = self.ask_about_second_booking() if self.is_sent and not self.errors else None

    def ask_about_second_booking(self) -> Booking | None:
        """Ask whether they want a second booking at that place on that day.

        Returns the first one if staff choose to open that instead.
        """
        booking, dates = self.booking(), self.dates
        spans = [(booking.starts_at, booking.starts_at)] if booking.starts_at else []
        if self.asks_for_dates:
            spans = [(date.starts_at, date.ends_at - timedelta.resolution) for date in dates.cleaned_data["dates"]]
        same = Booking.objects.filter(person=self.caller.person, format=booking.format, postcode=booking.postcode)
        there = [same.asked_between(uk_day(first), uk_day(last)) for first, last in spans] if self.caller.person else []
        others = list(reduce(or_, there).order_by("pk")) if there else []
        if not others:
            return None
        first, second = others[0], "-".join(["second", *(str(other.pk) for other in others)])
        no = _("No, open %(reference)s") % {"reference": first.reference}
        label = second_booking_question(first, str(self.caller.person))
        answer = self.how.ask_extra_question("second", label, [(second, _("Yes, book a second one")), ("first", no)])
        return first if answer == "first" else None

    def find_slot_query(self) -> SlotQuery | None:
        if any(name in form.errors for form, names in self.decisive_fields.items() for name in names):
            return None
        given = self.where.cleaned_data
        return SlotQuery(self.what.cleaned_data["presentation"], given["format"], self.where.place, given["audience_profession"])

    def last_team_booking(self) -> Booking | None:
        """The last or next booking of the organisation or at the postcode in the boxes that was not called off.

        Three statements at most; none while staff only look for a time for somebody new.
        """
        if self.known is None and not self.is_sent:
            return None
        asked = ("organisation_name", "postcode")
        self.caller.is_valid()  # reads what was sent, if anything was
        read = self.caller.cleaned_data if self.is_bound else {name: self.caller[name].value() for name in asked}
        organisation, postcode = (str(read.get(each) or "") for each in asked)
        held = Booking.objects.exclude(state__in=[BookingState.CANCELLED, BookingState.DECLINED]).filter(starts_at__isnull=False)
        held = held.select_related("presentation", "presenter", "attendance", "person__organisation")
        held = held.order_by("-starts_at", "-pk")
        team = Person.objects.filter(organisation__in=Organisation.objects.named(organisation)).order_by()
        # By their keys: the database would otherwise walk through all bookings to find the last of a few people.
        keys = list(team.values_list("pk", flat=True)[:MAX_TEAM_PEOPLE]) if organisation else []
        of_team = held.filter(person__in=keys).first() if keys else None
        there = held.filter(postcode=postcode).first() if postcode else None
        return max(filter(None, (of_team, there)), key=lambda booking: booking.agreed_times, default=None)

    @property
    def shown(self) -> list[PageForm]:
        """The forms in page order; of time and dates only the one that is shown."""
        return [self.caller, self.what, self.where, self.dates if self.asks_for_dates else self.when, self.details, self.how]

    @property
    def hidden_inputs(self) -> list[tuple[str, str]]:
        """What was typed into the form that is not shown. It stays on the page and counts for nothing."""
        prefix = f"{TIME if self.asks_for_dates else DATES}-"
        names = [name for name in self.data or () if name.startswith(prefix)]
        return [(name, value) for name in names for value in self.data.getlist(name)]

    @property
    def is_sent(self) -> bool:
        """Whether the main button was pressed. The other buttons only show something else."""
        return self.is_bound and not admin_forms.is_browsing_times(self.data) and SWITCH_MODE_FIELD not in self.data

    def reject_submission(self, message: str) -> None:
        """Nothing is booked: the page says why, keeps what was typed, and counts as another form from now on."""
        self.problems.append(message)
        self.token = secrets.token_urlsafe(32)

    def __iter__(self) -> Iterator[BoundField]:
        return (field for form in self.shown for field in form)

    @property
    def errors(self) -> bool:
        return bool(self.problems) or any(form.errors for form in self.shown)

    def non_field_errors(self) -> list[str]:
        return [*self.problems, *(str(error) for form in self.shown for error in form.non_field_errors())]

    def booking(self) -> Booking:
        """The unsaved booking, without its person. Of time and dates only the one that is shown counts."""
        caller, dates, when = self.caller.cleaned_data, self.dates, self.when
        answers = answers_of(self.where) | answers_of(self.details)
        answers["contact_name"] = answers["contact_name"] or caller["name"]
        answers["contact_phone"] = answers["contact_phone"] or caller["phone"]
        return Booking(
            presentation=self.what.cleaned_data["presentation"],
            starts_at=None if self.asks_for_dates else when.cleaned_data["start"],
            request_reason=dates.cleaned_data.get("reason", "") if self.asks_for_dates else "",
            flagged_child_details=self.details.flagged or (dates if self.asks_for_dates else when).flagged,
            channel=self.how.cleaned_data["channel"],
            submission_token=self.token,
            submission_digest=self.digest,
            **answers,
        )


BOOK_AGAIN_PARAM = "again"  # the reference of the booking that is like the new one


def may_book_again(booking: Booking, now: datetime) -> bool:
    """Whether it is over or closed, and we still have what it asked for."""
    return booking.is_finished(now) and booking.anonymised_at is None and booking.person.erased_at is None


def booking_to_repeat(request: HttpRequest, known: Person | None, now: datetime) -> Booking | None:
    """The caller's booking that is to be booked again, for a user who may see it."""
    reference = normalise_reference(request.GET.get(BOOK_AGAIN_PARAM, ""))
    if known is None or not is_reference(reference) or not request.user.has_perm("bookings.view_booking"):
        return None
    booking = Booking.objects.with_related().filter(reference=reference, person=known).first()
    return booking if booking is not None and may_book_again(booking, now) else None


def book_for_caller_page(admin: "BookingAdmin", request: HttpRequest) -> HttpResponse:
    if not admin.has_add_permission(request):
        raise PermissionDenied
    now = timezone.now()

    def about() -> dict[str, Any]:
        return {**admin.admin_site.each_context(request), "opts": admin.opts, "title": _("Book for a caller")}

    call = begin_call(request, about)
    if call.page is not None:
        return call.page
    initial = {f"caller-{name}": value for name, value in call.typed.items()}
    if call.known is not None and call.data is None:
        initial |= last_answers(call.known)
    again = booking_to_repeat(request, call.known, now) if call.data is None else None
    initial |= time_from_query(request.GET)
    if again:
        answers = leave_out_kept_back({name: getattr(again, name) for name in BOOKING_FIELD_NAMES}, again)
        initial |= {f"{part}-{name}": value for part in ("what", "where", "details") for name, value in answers.items()}
    parts = CallerForms(call.data, call.known, initial, again)
    if parts.first is not None:
        messages.info(request, _("Nothing new was booked. This is what they have already."))
        return redirect(reverse("staff:bookings_booking_change", args=[parts.first.pk]))
    if parts.is_sent and (
        booking := find_already_placed(parts) or (place_from_forms(request, parts, now) if not parts.errors else None)
    ):
        add_placed_messages(request, booking)
        for form in (parts.caller, parts.where):
            add_correction_messages(request, form)
        return redirect(reverse("staff:bookings_booking_change", args=[booking.pk]))
    if parts.slot_query is not None and not parts.asks_for_dates:
        ignoring = held_times_lookup(parts.slot_query.place)
        parts.week = admin_forms.get_requested_week(parts.slot_query, parts.data, now, named=parts.when.named, ignoring=ignoring)
        parts.when.show(parts.week)
    audit_people_shown(request, parts.caller.shown)
    context = {
        **about(),
        "intro": prefill_explanation(call.known),
        "known": call.known,
        "team": team_booking_rows(parts.last_team_booking()) if request.user.has_perm("bookings.view_booking") else [],
        "button": _("Send this request") if parts.asks_for_dates else _("Book it"),
        "form": parts,
        "token": parts.token,
        "who_could": parts.who_could,
    }
    return TemplateResponse(request, "bookings/booking/staff/book_for_caller.html", context)


def add_placed_messages(request: HttpRequest, booking: Booking) -> None:
    """What staff tell the caller: the reference, which dates of a request are kept, and whether an email goes out."""
    if booking.has_time:
        sentence = _("Booking %(reference)s is placed. Tell the caller the reference.")
    else:
        sentence = _("Request %(reference)s is placed. Tell the caller the reference, and which dates we are keeping for them:")
    placed = sentence % {"reference": booking.reference}
    if request.user.has_perm("leaflets.add_order"):  # the next thing in the same call
        href = f"{reverse('staff:leaflets_order_add')}?{PERSON_PARAMETER}={booking.person_id}"
        placed = format_html('{} <a href="{}">{}</a>', placed, href, _("Also send leaflets"))
    messages.success(request, placed)
    for option in booking.options.all():
        if option.kept_from is None or option.expires_at is None:
            why = {"when": option.when, "why": NotKeptReason(option.why_not).label}
            messages.info(request, _("Not kept: %(when)s. %(why)s We will still look at it.") % why)
            continue
        when = format_datetime_range(option.kept_from, option.kept_from + booking.presentation.length)
        facts = {"when": when, "name": option.presenter, "until": moment_text(option.expires_at)}
        messages.info(request, _("Kept: %(when)s, with %(name)s, until %(until)s.") % facts)
    if not booking.has_time and not booking.person.email:
        messages.warning(request, _("We have no email address for the caller, so please call them with our answer."))


def find_already_placed(parts: CallerForms) -> Booking | None:
    """The booking that this very form has made already. If its answers are different now, the page says so."""
    booking = Booking.objects.with_related().filter(submission_token=parts.token).first()
    if booking is None or booking.submission_digest == parts.digest:
        return booking
    parts.reject_submission(
        _(
            "You have already placed booking %(reference)s from this page, with different answers. We have not placed "
            "another. If you want a second booking, check this one and press the button again. If you want to change "
            "%(reference)s, cancel it first."
        )
        % {"reference": booking.reference}
    )
    return None


def place_from_forms(request: HttpRequest, parts: CallerForms, now: datetime) -> Booking | None:
    """Place the booking or request. Returns None if it is refused, with the reason among the errors of the page."""
    asked: dict[str, Any] = {"booking": parts.booking(), "caller": parts.caller.person_kwargs(), "by": request.user, "now": now}
    try:
        parts.caller.save_new_phone(signed_in_user(request), now)
        if parts.asks_for_dates:
            return book_for_caller(dates=parts.dates.cleaned_data["dates"], **asked)
        chosen = {name: parts.when.cleaned_data[name] for name in ("presenter", "override_reason")}
        return book_for_caller(**asked, **chosen)
    except AlreadyPlaced:
        return find_already_placed(parts)
    except (SlotTaken, OutsideRules) as refusal:
        if parts.asks_for_dates or parts.slot_query is None:  # a date was taken in this very moment
            parts.dates.add_error(None, _("Somebody has just taken one of these dates. Press the button again."))
            return None
        parts.who_could = explain_refusal(parts.when, refusal, parts.slot_query, now)
    except DomainError as refusal:
        message = refusal.of_a_caller if isinstance(refusal, AccountGoneError) else refusal.message
        (parts.dates if parts.asks_for_dates else parts.when).add_error(None, str(message))
    return None
