"""Bookings, requests, leaflets for an audience, open sessions and places in words, the same on pages and in emails."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext as _, gettext_lazy, ngettext

from bookings.models import (
    Booking,
    BookingEvent,
    BookingEventKind,
    BookingState,
    DateOption,
    DateOptionKind,
    DateOptionState,
    DutyContact,
    Format,
    NotKeptReason,
    OpenSession,
    PlaceState,
    Precision,
    Presenter,
    SessionEvent,
    SessionPlace,
    SessionState,
    VisitLeaflets,
)
from bookings.models.booking import NEEDS_FIELDS
from core.dates import format_datetime_range, format_day, format_uk_time
from leaflets.models import Order, OrderState
from leaflets.orders.emails import prefetch_order_lines
from office.site_settings.queries import setting_text, site_settings
from professionals.models import Profession
from professionals.safeguarding.services import free_text_columns, shown_text

SummaryRow = dict[str, object]


def summary_row(label: str, value: object, **more: object) -> SummaryRow:
    """One fact. `more`: the address that its value leads to (`href`), or that it `is_private` or `is_phone`."""
    return {"label": label, "value": value, **more}


def where_text(booking: Booking) -> str:
    """The lines of the address, or that it is online."""
    return str(_("Online")) if booking.format == Format.ONLINE else "\n".join(booking.address_lines)


def booking_facts(booking: Booking, *, with_reference: bool = True, with_link: bool = False) -> list[SummaryRow]:
    """What, when, where, by whom, reference: what every message answers first. The joining link is only for those who need it."""
    rows = [
        summary_row(_("Presentation"), booking.presentation.title),
        *booking_facts_without_title(booking, with_link=with_link),
    ]
    return [*rows, summary_row(_("Reference"), booking.reference)] if with_reference else rows


def booking_facts_without_title(booking: Booking, *, with_link: bool = True) -> list[SummaryRow]:
    """When, where, by whom."""
    rows = [summary_row(_("When"), booking.when), summary_row(_("Where"), where_text(booking))]
    if booking.presenter and booking.state == BookingState.CONFIRMED:
        rows.append(summary_row(_("Presenter"), booking.presenter.name))
    if with_link and booking.joining_link:
        rows.append(summary_row(_("Joining link"), booking.joining_link, href=booking.joining_link, is_private=True))
    return rows


def missing_link_rows(booking: Booking) -> list[SummaryRow]:
    """For its presenter, of an online booking that nobody can join yet."""
    if not booking.awaits_link:
        return []
    return [summary_row(_("Joining link"), _("There is no link yet. The team will add one and email it to you."))]


def duty_rows(people: Sequence[DutyContact]) -> list[SummaryRow]:
    """Whom to call when something is wrong at a visit: duty person and deputy, and the advice line if a phone is missing."""
    labels = ((_("Duty person"), _("Duty person’s phone")), (_("Deputy"), _("Deputy’s phone")))
    rows: list[SummaryRow] = []
    for (who, phone), person in zip(labels, people, strict=False):
        rows.append(summary_row(who, person.name))
        rows += [summary_row(phone, person.phone, is_phone=True)] if person.phone else []
    if not all(person.phone for person in people) or not people:
        rows.append(summary_row(_("Advice line"), site_settings().advice_phone, is_phone=True))
    return rows


def presenter_of_visit(booking: Booking) -> Presenter | None:
    """The presenter who asked for help, is there or is sought, whoever has the booking now; or else the one who gives it."""
    visit = getattr(booking, "visit", None)
    if visit and visit.needs_help:
        return visit.seeks_help
    return (visit.presenter if visit and visit.is_presenter_awaited else None) or booking.presenter


def printed_booking_facts(booking: Booking) -> list[SummaryRow]:
    """The facts for the page that is printed, with the contact whom the presenter asks for."""
    return [
        *booking_facts(booking, with_reference=False, with_link=True),
        summary_row(_("Contact on the day"), booking.contact_name),
    ]


FREE_TEXT_FIELDS = free_text_columns(Booking)
ADDRESS_FIELDS = ("address_line_1", "address_line_2", "town", "postcode")


def needs_rows(booking: Booking) -> list[SummaryRow]:
    return [summary_row(capfirst(question_name(name)), answer_text(booking, name)) for name in NEEDS_FIELDS]


def answer_text(booking: Booking, name: str) -> object:
    """The answer as people read it: free text, the words of a choice, or "Yes"."""
    if name in FREE_TEXT_FIELDS:
        return shown_text(booking, name)
    answer = getattr(booking, f"get_{name}_display", lambda: getattr(booking, name))()
    return _("Yes") if answer is True else answer or ""


def question_name(name: str) -> str:
    """The name that the model gives the question."""
    return str(_("address") if name in ADDRESS_FIELDS else Booking._meta.get_field(name).verbose_name)  # type: ignore[union-attr]


def details_rows(booking: Booking) -> list[SummaryRow]:
    """What the professional told us besides the slot. The booking may be unsaved. Empty answers are left out."""
    rows = [
        summary_row(_("People coming"), booking.audience_size),
        summary_row(_("Who is coming"), audience_text(booking.audience_profession) if booking.audience_profession else ""),
        summary_row(_("Contact on the day"), f"{booking.contact_name}\n{booking.contact_phone}".strip()),
        *needs_rows(booking),
    ]
    return [answer for answer in rows if answer["value"]]


def audience_text(profession: str) -> str:
    """The profession of most of the people coming."""
    return str(Profession(profession).label if profession else _("A mix of professions"))


def booking_with(booking: Booking, answers: Mapping[str, Any]) -> Booking:
    """An unsaved booking with these answers, to show beside this one. What is not among them stays as people read it now."""
    kept = {name: (shown_text if name in FREE_TEXT_FIELDS else getattr)(booking, name) for name in NEEDS_FIELDS}
    return Booking(**kept | dict(answers))


def changed_rows(before: Booking, after: Booking) -> list[SummaryRow]:
    """Each answer that has changed, with the previous one in the line below."""
    had = {str(answer["label"]): answer["value"] for answer in details_rows(before)}
    has = {str(answer["label"]): answer["value"] for answer in details_rows(after)}
    changed = [label for label in dict.fromkeys([*had, *has]) if had.get(label) != has.get(label)]
    return [changed_row(label, has.get(label), had.get(label)) for label in changed]


def changed_row(label: str, now: object, before: object) -> SummaryRow:
    nothing = _("nothing")
    return summary_row(label, f"{now or capfirst(nothing)}\n{_('Until now: %(answer)s') % {'answer': before or nothing}}")


EVENTS_BY_OWNER: dict[str, str | Promise] = {
    BookingEventKind.BOOKED: gettext_lazy("You booked it."),
    BookingEventKind.REQUESTED: gettext_lazy("You asked for it."),
    BookingEventKind.CONFIRMED: gettext_lazy("You chose one of the times that we offered."),
    BookingEventKind.CANCELLED: gettext_lazy("You cancelled it."),
    BookingEventKind.OTHERS_ASKED: gettext_lazy("You asked for other times."),
    BookingEventKind.RESCHEDULED: gettext_lazy("You moved it from %(before)s to %(after)s."),
    BookingEventKind.DETAILS_CHANGED: gettext_lazy("You changed: %(fields)s."),
    BookingEventKind.TEAM_LINK_REPLACED: gettext_lazy("You made a new link for your team."),
}
EVENTS_BY_STAFF: dict[str, str | Promise] = {
    BookingEventKind.BOOKED: gettext_lazy("We booked it for you."),
    BookingEventKind.REQUESTED: gettext_lazy("We noted your request."),
    BookingEventKind.CONFIRMED: gettext_lazy("We confirmed it."),
    BookingEventKind.OFFERED: gettext_lazy("We offered you times."),
    BookingEventKind.LAPSED: gettext_lazy("We stopped keeping the dates."),
    BookingEventKind.DECLINED: gettext_lazy("We could not say yes."),
    BookingEventKind.CANCELLED: gettext_lazy("We cancelled it."),
    BookingEventKind.RESTORED: gettext_lazy("We took back the cancellation."),
    BookingEventKind.DELIVERED: gettext_lazy("The presentation took place."),
    BookingEventKind.UNDELIVERED: gettext_lazy("We noted by mistake that the presentation took place."),
    BookingEventKind.PRESENTER_FREED: gettext_lazy("The presenter is not available. We are looking for another one."),
    BookingEventKind.REASSIGNED: gettext_lazy("We changed the presenter."),
    BookingEventKind.RESCHEDULED: gettext_lazy("We moved it from %(before)s to %(after)s."),
    BookingEventKind.DETAILS_CHANGED: gettext_lazy("We changed: %(fields)s."),
    BookingEventKind.ATTENDANCE: gettext_lazy("We noted how many people came: %(people)s."),
}


@dataclass(frozen=True)
class Step:
    """Something that happened or is to come, for includes/steps.html."""

    when: str
    what: str | Promise


def booking_history(booking: Booking, user_id: int | None) -> list[Step]:
    """What happened, in words for its owner. Events that only concern staff are left out."""
    steps = [Step(moment_text(booking.imported_at), _("We added this from our earlier records."))] if booking.imported_at else []
    for event in booking.events.all():
        # Only its owner gets the link in the email.
        own = (event.by_id is not None and event.by_id == user_id) or bool(event.changes.get("by_link"))
        pattern = (EVENTS_BY_OWNER.get(event.kind) if own else None) or EVENTS_BY_STAFF.get(event.kind)
        if pattern:
            steps.append(Step(moment_text(event.at), str(pattern) % event_changes(event)))
    return steps


def event_changes(event: BookingEvent | None) -> dict[str, str]:
    """The time before and after, the names of the questions with new answers, and how many came."""
    times = [moment_text(at) for at in times_of_move(event)]
    people = str(event.changes["people"][-1]) if event and "people" in event.changes else ""
    fields = event.changes.get("fields", []) if event else []
    return {
        "before": times[0] if times else "",
        "after": times[-1] if times else "",
        "fields": capfirst(", ".join(dict.fromkeys(map(question_name, fields)))),
        "people": people,
    }


def times_of_move(event: BookingEvent | SessionEvent | None) -> list[datetime]:
    """The old and the new time, if a booking or a session was moved; empty if not."""
    return [datetime.fromisoformat(at) for at in event.changes.get("time", [])] if event else []


def moment_text(at: datetime) -> str:
    """'Tuesday 9 March 2027, 1:30pm'."""
    return _("%(day)s, %(clock)s") % {"day": format_day(at), "clock": format_uk_time(at)}


def booking_next_steps(booking: Booking, now: datetime, *, reminds: bool) -> list[Step]:
    """What comes next and when, for an open booking that was just placed; `reminds` is whether its owner wants reminders."""
    email = {"email": booking.person.email}
    if booking.state == BookingState.REQUESTED:
        soon = _("Usually within %(days)s") % {"days": setting_text("answer_working_days")}
        accepted = _("We will send you an entry for your calendar.")
        if reminds:
            accepted = _("We will send you an entry for your calendar, and a reminder at 9am the day before.")
        if not booking.has_time:
            answer = _("We will email %(email)s to agree one of your dates, offer you other times, or say why we can’t come.")
            return [
                Step(soon, answer % email),
                Step(_("If we offer other times"), _("We will keep them for you while you choose one on this website.")),
                Step(_("When a time is agreed"), accepted),
            ]
        looks = _("We will look at your request, because your workplace is new to us. We will email our answer to %(email)s.")
        return [
            Step(_("Now"), _("We are keeping this time for you. Nobody else can book it.")),
            Step(soon, looks % email),
            Step(_("If we say yes"), accepted),
        ]
    details = _("We will email these details to %(email)s, with an entry for your calendar.") % email
    steps = [Step(_("In the next few minutes"), details)]
    if booking.needs_a_presenter:
        steps.append(Step(_("As soon as we know"), _("We will tell you who the presenter is.")))
    steps += reminder_step(booking, now) if reminds else []
    if booking.awaits_link:
        arrival = _("We will email you the joining link before the day.")
    elif booking.format == Format.ONLINE:
        clock = {"clock": format_uk_time(booking.agreed_times[0])}
        arrival = _("Open the joining link a few minutes before %(clock)s.") % clock
    else:
        asks = _("Our presenter will ask for %(name)s at reception. It helps if you have a screen or projector.")
        arrival = asks % {"name": booking.contact_name}
    return [*steps, Step(format_day(booking.agreed_times[0]), arrival)]


def reminder_step(of: Booking | OpenSession, now: datetime) -> list[Step]:
    """The reminders to come of a booking or an open session, as one step."""
    if of.first_reminder_due_at > now:
        return [Step(moment_text(of.first_reminder_due_at), _("We will email you a reminder, and another one the day before."))]
    if of.reminder_due_at > now:
        return [Step(moment_text(of.reminder_due_at), _("We will email you a reminder."))]
    return []


# The dates of a request


def date_rows(options: Iterable[DateOption], now: datetime) -> list[SummaryRow]:
    """The dates that the professional asked for, in their order, each with whether we keep it and until when."""
    asked = [option for option in options if option.kind == DateOptionKind.PREFERRED]
    return [summary_row(label, f"{option.when}\n{kept_text(option, now)}".strip()) for label, option in labelled_dates(asked)]


def labelled_dates(options: Sequence[DateOption]) -> list[tuple[str, DateOption]]:
    if len(options) == 1:
        return [(_("You asked for"), options[0])]
    labels = (_("First choice"), _("Second choice"), _("Third choice"))
    return list(zip(labels, options, strict=False))


def kept_text(option: DateOption, now: datetime) -> str:
    """Whether this date is kept, in words for the professional; if not, why not."""
    if option.state == DateOptionState.TAKEN:
        return _("Agreed.")
    if option.state == DateOptionState.PASSED:
        # It depends on what became of the request.
        return {
            BookingState.REQUESTED: _("We offered you other times instead."),
            BookingState.CANCELLED: _("The request was cancelled, so we are no longer keeping this date."),
            BookingState.DECLINED: _("We could not say yes, so we are no longer keeping this date."),
        }.get(BookingState(option.booking.state), _("Another time was agreed."))
    if option.is_kept(now) and option.kept_from and option.expires_at:
        return kept_until_text(option.precision, option.kept_from, option.booking.presentation.length, option.expires_at)
    if option.is_over(now):
        return _("This time has passed.")
    if option.expires_at is None:
        return not_kept_text(NOT_KEPT_AFTER_SENDING, option.why_not)
    return f"{lapsed_text(option, now)} {STILL_CONSIDERED_MESSAGE}"


def lapsed_text(option: DateOption, now: datetime) -> str:
    """Why we no longer keep a date that we kept or offered."""
    if option.is_over(now):
        return _("This time has passed.")
    assert option.expires_at is not None  # noqa: S101 - tells the type checker what was kept
    if option.why_not == NotKeptReason.AWAY:
        return _("We are no longer keeping it, because the presenter can no longer come then.")
    until = {"until": moment_text(option.expires_at)}
    if option.kind == DateOptionKind.PROPOSED:
        return _("We kept it for you until %(until)s, but did not hear from you.") % until
    return _("We kept it for you until %(until)s, but did not answer in time.") % until


STILL_CONSIDERED_MESSAGE = gettext_lazy("We will still look at it.")
# Before they send the request, and afterwards.
NOT_KEPT_BEFORE_SENDING = {
    NotKeptReason.NO_TIME_LEFT: gettext_lazy("We can’t keep it, because that time is almost over."),
    NotKeptReason.ENOUGH: gettext_lazy("We can’t keep it, because we will be keeping 3 other dates for you."),
    NotKeptReason.NOBODY_FREE: gettext_lazy("We can’t keep it, because no presenter is free then."),
    NotKeptReason.OUTSIDE: gettext_lazy(
        "We can’t keep it, because it is outside the usual hours or area of the presenters who are free."
    ),
    NotKeptReason.BESIDE: gettext_lazy(
        "We can’t keep it, because we need the presenter who is free then for another of your dates."
    ),
}
NOT_KEPT_AFTER_SENDING = {
    NotKeptReason.NO_TIME_LEFT: gettext_lazy("We are not keeping it, because that time was almost over when you asked."),
    NotKeptReason.ENOUGH: gettext_lazy("We are not keeping it, because we were already keeping 3 dates for you when you asked."),
    NotKeptReason.NOBODY_FREE: gettext_lazy("We are not keeping it, because no presenter was free then when you asked."),
    NotKeptReason.OUTSIDE: gettext_lazy(
        "We are not keeping it, because it was outside the usual hours or area of the presenters who were free."
    ),
    NotKeptReason.BESIDE: gettext_lazy(
        "We are not keeping it, because we need the presenter who was free then for another of your dates."
    ),
}


def not_kept_text(sentences: Mapping[NotKeptReason, str | Promise], why: str) -> str:
    """Why a date was never kept. `why` is empty if it was asked for before we stored that."""
    if why == NotKeptReason.SEVERAL_DAYS:
        return _("We don’t keep a range of days. We will look for a time in it.")
    sentence = sentences[NotKeptReason(why)] if why else _("We are not keeping it.")
    return f"{sentence} {STILL_CONSIDERED_MESSAGE}"


def lapsed_offer_rows(options: Iterable[DateOption], now: datetime) -> list[SummaryRow]:
    """The times that we offered and no longer keep, each with the reason, while none is chosen."""
    standing = (DateOptionState.OPEN, DateOptionState.EXPIRED)
    offered = [option for option in options if option.kind == DateOptionKind.PROPOSED and option.state in standing]
    return [summary_row(option.when, lapsed_text(option, now)) for option in offered if not option.is_kept(now)]


def date_text_for_staff(option: DateOption, now: datetime) -> str:
    """Whether a date of a request that waits is kept, with whom, or why not."""
    if option.state == DateOptionState.PASSED:
        return _("No longer kept, because other times were offered or asked for instead.")
    if option.is_kept(now) and option.expires_at:
        return _("Kept with %(name)s until %(until)s.") % {"name": option.presenter, "until": moment_text(option.expires_at)}
    if option.why_not:
        return _("Not kept. %(why)s") % {"why": NotKeptReason(option.why_not).label}
    if option.expires_at is None:
        return _("Not kept.")
    facts = {"name": option.presenter, "until": moment_text(option.expires_at)}
    return _("No longer kept. It was kept with %(name)s until %(until)s.") % facts


def kept_until_text(precision: str, start: datetime, length: timedelta, until: datetime) -> str:
    """'We will keep it for you until …', with the time itself if it was named less exactly."""
    if precision == Precision.TIME:
        return _("We will keep it for you until %(until)s.") % {"until": moment_text(until)}
    times = {"when": format_datetime_range(start, start + length), "until": moment_text(until)}
    return _("We will keep %(when)s for you until %(until)s.") % times


def open_offers(options: Iterable[DateOption]) -> list[DateOption]:
    """The offers that are open, the soonest first."""
    open_ones = [option for option in options if option.kind == DateOptionKind.PROPOSED and option.state == DateOptionState.OPEN]
    return sorted(open_ones, key=lambda option: option.starts_at)


def offers_kept_until_text(options: Iterable[DateOption]) -> str:
    """Until when all of them are kept, in words: the earliest end."""
    ends = [option.expires_at for option in options if option.expires_at is not None]
    return moment_text(min(ends)) if ends else ""


# The leaflets that a presenter brings


def get_leaflets_to_bring(booking: Booking) -> VisitLeaflets | None:
    """The leaflets to bring, if any. No statement if the booking was read `with_leaflets`."""
    return getattr(booking, "brought", None)


def copies_text(count: int) -> str:
    return ngettext("%(copies)d copy", "%(copies)d copies", count) % {"copies": count}


def order_contents(order: Order) -> str:
    """A line for each title, the copies first, as it is picked from the shelf."""
    lines = [(line.copies - line.cancelled, line.edition.leaflet.title) for line in prefetch_order_lines(order).all_lines]
    return "\n".join(f"{count} × {title}" for count, title in lines if count)


def leaflet_rows_for_host(booking: Booking) -> list[SummaryRow]:
    """What we bring, and what we can't; nothing if they asked for none."""
    brought = get_leaflets_to_bring(booking)
    if brought is None:
        return []
    order = brought.order
    cancelled = order is not None and order.state == OrderState.CANCELLED
    reference = {"reference": order.reference if order else ""}
    if booking.state in (BookingState.CANCELLED, BookingState.DECLINED):
        return (
            [summary_row(_("Leaflets"), _("The leaflet order %(reference)s is cancelled too") % reference)] if cancelled else []
        )
    if order is None:
        coming = _("None: we have no copies at the moment")
    else:
        coming = _("None: the leaflet order %(reference)s is cancelled") % reference if cancelled else order_contents(order)
    missing_leaflets = "\n".join(f"{short.copies} × {short.title}" for short in brought.missing_leaflets)
    rows = [summary_row(_("Leaflets we bring"), coming), summary_row(_("Leaflets we can’t bring"), missing_leaflets)]
    return [answer for answer in rows if answer["value"]]


def has_missing_leaflets(booking: Booking) -> bool:
    """Whether to tell the host how to get the rest."""
    brought = get_leaflets_to_bring(booking)
    return bool(brought and brought.missing and booking.is_open)


def leaflets_to_bring_text(booking: Booking) -> str:
    """For the presenter: what to take along, and whether it is packed; empty if there is nothing."""
    order = live_order(booking)
    if order is None:
        return ""
    where = {
        OrderState.PACKING: _("it is being packed"),
        OrderState.DISPATCHED: _("packed, and given to the presenter"),
    }.get(OrderState(order.state), _("not packed yet"))
    return f"{order_contents(order)}\n{order.reference}: {where}"


def leaflets_to_return_rows(booking: Booking, sentence: str) -> list[SummaryRow]:
    """For a presenter who was given the copies: `sentence` names their order and says what to do with them."""
    order = live_order(booking)
    if order is None or order.state != OrderState.DISPATCHED:
        return []
    return [summary_row(_("Leaflets"), sentence % {"reference": order.reference})]


def live_order(booking: Booking) -> Order | None:
    brought = get_leaflets_to_bring(booking)
    return brought.live_order if brought else None


# Facts and sentences about an open session and a place at one, the same on pages and in emails.


def session_facts(session: OpenSession, *, with_reference: bool = True) -> list[SummaryRow]:
    """What, when, where, reference: what anybody may read."""
    rows = [
        summary_row(_("Session"), session.presentation.title),
        summary_row(_("When"), session.when),
        summary_row(_("Where"), _("Online")),
    ]
    return [*rows, summary_row(_("Reference"), session.reference)] if with_reference else rows


def place_facts(place: SessionPlace, *, with_reference: bool = True) -> list[SummaryRow]:
    """The facts; for a person with a place, also who gives it and how to join."""
    session = place.session
    rows = session_facts(session, with_reference=False)
    if place.has_a_place and session.presenter:
        rows.append(summary_row(_("Presenter"), session.presenter.name))
    if place.has_a_place and session.joining_link:
        rows.append(summary_row(_("Joining link"), session.joining_link, href=session.joining_link, is_private=True))
    if place.has_a_place and session.joining_help:
        rows.append(summary_row(_("How to join"), session.joining_help, is_private=True))
    return [*rows, summary_row(_("Reference"), session.reference)] if with_reference else rows


def has_room(session: OpenSession) -> bool:
    """Whether somebody who asks now gets a place: one is free, and nobody waits for it."""
    return bool(session.places_left) and not session.waiting


def room_text(session: OpenSession) -> str:
    """'12 places are free', or how many people wait."""
    if has_room(session):
        free = session.places_left
        return ngettext("%(free)d place is free", "%(free)d places are free", free) % {"free": free}
    waiting = session.waiting
    if not waiting:
        return _("Full, with nobody waiting yet")
    text = ngettext("Full, with %(waiting)d person waiting", "Full, with %(waiting)d people waiting", waiting)
    return text % {"waiting": waiting}


def may_be_joined(session: OpenSession, now: datetime) -> bool:
    return session.is_scheduled and not session.has_begun(now)


def waiting_list_number(place: SessionPlace) -> int:
    """Their number in the line; number 1 is offered the next free place. One statement."""
    return SessionPlace.objects.waiting().filter(session=place.session_id, position__lt=place.position).count() + 1


def waiting_list_text(number: int) -> str:
    if number == 1:
        return _("You are next on the waiting list.")
    return _("You are number %(number)d on the waiting list.") % {"number": number}


def session_next_steps(place: SessionPlace, now: datetime, *, reminds: bool) -> list[Step]:
    """What comes next and when, for a person who has a place or waits for one; `reminds` is whether they want reminders."""
    session = place.session
    if place.state == PlaceState.WAITING:
        return waiting_steps(session)
    steps = []
    if not session.joining_link:
        steps.append(Step(_("Before the session"), _("We will email you the joining link.")))
    steps += reminder_step(session, now) if reminds else []
    joins = _("Open the joining link a few minutes before %(clock)s.") % {"clock": format_uk_time(session.starts_at)}
    return [*steps, Step(format_day(session.starts_at), joins)]


def waiting_steps(session: OpenSession) -> list[Step]:
    return [
        Step(_("When a place is free"), _("We will email an offer to the person who has waited longest.")),
        Step(
            _("When it is your turn"),
            _("We will keep the place for you for %(days)s, or for less time if the session is soon.")
            % {"days": setting_text("offer_working_days")},
        ),
        Step(
            _("In the last 2 hours"),
            _(
                "We will give the place to the next person at once and email them. "
                "We also do this in the night before an early session."
            ),
        ),
        Step(session.when, _("The session takes place. If you have no place by then, choose another session.")),
    ]


def place_title(place: SessionPlace, now: datetime) -> str:
    """The state of the place, as the heading of its page."""
    session = place.session
    if may_be_joined(session, now):
        if place.left_waiting_list:
            return _("You left the waiting list")
        return {
            PlaceState.TAKEN: _("You have a place"),
            PlaceState.WAITING: _("You are on the waiting list"),
            PlaceState.OFFERED: _("A place is free for you"),
            PlaceState.GIVEN_UP: _("You have no place at this session"),
            PlaceState.ATTENDED: _("You were there"),
        }[PlaceState(place.state)]
    if session.state == SessionState.CANCELLED:
        return _("This session is cancelled")
    if session.ends_at > now and place.has_a_place:
        return _("The session has begun")
    return _("You were there") if place.state == PlaceState.ATTENDED else _("This session is over")
