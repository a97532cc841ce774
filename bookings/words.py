"""How a booking is said, the same on pages and in emails."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.models import Booking, BookingEvent, EventKind, Format, OpenSession, Presenter, SessionEvent, State
from ctac.uk import format_clock, format_day
from professionals.models import Profession

Row = dict[str, object]


def row(label: str, value: object) -> Row:
    return {"label": label, "value": value}


def where(booking: Booking) -> str:
    """The address in lines, or that it is online."""
    return str(_("Online")) if booking.format == Format.ONLINE else "\n".join(booking.address_lines)


def facts(booking: Booking, *, with_reference: bool = True, with_link: bool = False) -> list[Row]:
    """What, when, where, by whom, reference: what every message answers first. The joining link only for who needs it."""
    rows = [row(_("Presentation"), booking.presentation.title), *facts_under_its_title(booking, with_link=with_link)]
    return [*rows, row(_("Reference"), booking.reference)] if with_reference else rows


def facts_under_its_title(booking: Booking, *, with_link: bool = True) -> list[Row]:
    """When, where, by whom."""
    rows = [row(_("When"), booking.when), row(_("Where"), where(booking))]
    if booking.presenter and booking.state == State.CONFIRMED:
        rows.append(row(_("Presenter"), booking.presenter.name))
    if with_link and booking.joining_link:
        link = booking.joining_link
        rows.append({**row(_("Joining link"), link), "href": link, "is_private": True})
    return rows


def no_link_yet(booking: Booking) -> list[Row]:
    """To its presenter, of an online booking that nobody can join yet."""
    if not booking.awaits_link:
        return []
    return [row(_("Joining link"), _("There is none yet. The team sets one, and you get it by email."))]


def presenter_of_visit(booking: Booking) -> Presenter | None:
    """Whoever is there or is sought, also when the booking has another presenter by now; else whoever gives it."""
    visit = getattr(booking, "visit", None)
    return (visit.presenter if visit and visit.is_awaited else None) or booking.presenter


def least(booking: Booking) -> list[Row]:
    """What may be said to somebody of whom we only know that they have the email: which one it is, and nothing of anybody."""
    place = _("Online") if booking.format == Format.ONLINE else _("At a workplace")
    return [row(_("Presentation"), booking.presentation.title), row(_("When"), booking.when), row(_("Where"), place)]


def for_the_wall(booking: Booking) -> list[Row]:
    """The same for the page that is printed, with whom the presenter asks for."""
    return [*facts(booking, with_reference=False, with_link=True), row(_("Contact on the day"), booking.contact_name)]


class Told(Protocol):
    """What the professional told us beside the slot: a booking, or the answers of a draft."""

    audience_size: int
    audience_profession: str
    contact_name: str
    contact_phone: str
    room: str
    access_needs: str
    notes: str


def details(told: Told) -> list[Row]:
    """Empty answers are left out."""
    rows = [
        row(_("People coming"), told.audience_size),
        row(_("Who is coming"), audience(told.audience_profession) if told.audience_profession else ""),
        row(_("Contact on the day"), f"{told.contact_name}\n{told.contact_phone}".strip()),
        row(_("Room, parking or entrance"), told.room),
        row(_("Access needs"), told.access_needs),
        row(_("Anything else"), told.notes),
    ]
    return [each for each in rows if each["value"]]


def audience(profession: str) -> str:
    """Who most of the people coming are."""
    return str(Profession(profession).label if profession else _("A mix of professions"))


def differences(before: Told, after: Told) -> list[Row]:
    """Each answer that is another now, with the one before it in the line below."""
    had = {str(each["label"]): each["value"] for each in details(before)}
    has = {str(each["label"]): each["value"] for each in details(after)}
    changed = [label for label in dict.fromkeys([*had, *has]) if had.get(label) != has.get(label)]
    return [instead(label, has.get(label), had.get(label)) for label in changed]


def instead(label: str, now: object, before: object) -> Row:
    nothing = _("nothing")
    return row(label, f"{now or capfirst(nothing)}\n{_('Until now: %(answer)s') % {'answer': before or nothing}}")


# How a change of each of these is told.
QUESTIONS: dict[str, str | Promise] = {
    "audience_size": gettext_lazy("people coming"),
    "audience_profession": gettext_lazy("who is coming"),
    "contact_name": gettext_lazy("contact on the day"),
    "contact_phone": gettext_lazy("contact’s phone"),
    "room": gettext_lazy("room, parking or entrance"),
    "access_needs": gettext_lazy("access needs"),
    "notes": gettext_lazy("anything else"),
    **dict.fromkeys(("address_line_1", "address_line_2", "town", "postcode"), gettext_lazy("address")),
}

BY_THEM: dict[str, str | Promise] = {
    EventKind.BOOKED: gettext_lazy("You booked it."),
    EventKind.REQUESTED: gettext_lazy("You asked for it."),
    EventKind.CONFIRMED: gettext_lazy("You chose one of the times that we offered."),
    EventKind.CANCELLED: gettext_lazy("You cancelled it."),
    EventKind.OTHERS_ASKED: gettext_lazy("You asked for other times."),
    EventKind.RESCHEDULED: gettext_lazy("You moved it from %(before)s to %(after)s."),
    EventKind.DETAILS_CHANGED: gettext_lazy("You changed: %(fields)s."),
}
BY_US: dict[str, str | Promise] = {
    EventKind.BOOKED: gettext_lazy("We booked it for you."),
    EventKind.REQUESTED: gettext_lazy("We noted your request."),
    EventKind.CONFIRMED: gettext_lazy("We confirmed it."),
    EventKind.OFFERED: gettext_lazy("We offered you times."),
    EventKind.LAPSED: gettext_lazy("We no longer kept the dates."),
    EventKind.DECLINED: gettext_lazy("We could not say yes."),
    EventKind.CANCELLED: gettext_lazy("We cancelled it."),
    EventKind.DELIVERED: gettext_lazy("The presentation took place."),
    EventKind.PRESENTER_FREED: gettext_lazy("The presenter is not available. We are looking for another."),
    EventKind.REASSIGNED: gettext_lazy("We changed the presenter."),
    EventKind.RESCHEDULED: gettext_lazy("We moved it from %(before)s to %(after)s."),
    EventKind.DETAILS_CHANGED: gettext_lazy("We changed: %(fields)s."),
    EventKind.ATTENDANCE: gettext_lazy("We noted how many people came: %(people)s."),
}


@dataclass(frozen=True)
class Step:
    """Something that happened or is to come, for includes/steps.html."""

    when: str
    what: str | Promise


def history(booking: Booking, user_id: int | None) -> list[Step]:
    """What happened, as its owner reads it. Events that are staff's own business are left out."""
    found = []
    for event in booking.events.all():
        what = sentence(event, user_id)
        if what:
            found.append(Step(moment(event.at), what))
    return found


def sentence(event: BookingEvent, user_id: int | None) -> str | Promise | None:
    """A link in an email is its owner's to use."""
    own = (event.by_id is not None and event.by_id == user_id) or bool(event.changes.get("by_link"))
    pattern = (BY_THEM.get(event.kind) if own else None) or BY_US.get(event.kind)
    return str(pattern) % what_changed(event) if pattern else None


def what_changed(event: BookingEvent | None) -> dict[str, str]:
    """Of a change: the time before and after, and the names of the questions that were answered anew."""
    times = [moment(at) for at in times_of(event)]
    people = str(event.changes["people"][-1]) if event and "people" in event.changes else ""
    return {
        "before": times[0] if times else "",
        "after": times[-1] if times else "",
        "fields": fields_changed(event),
        "people": people,
    }


def in_full(event: BookingEvent, *, gave: str, gives: str) -> str:
    """As staff read it: what happened, from when to when, which answers are new, from whom to whom, and if by a link."""
    what, changed = event.get_kind_display(), what_changed(event)
    if changed["before"]:
        what = _("%(what)s: from %(before)s to %(after)s") % {"what": what, **changed}
    elif "travel" in event.changes:
        before, after = (journey_in_words(minutes) for minutes in event.changes["travel"])
        what = _("%(what)s: from %(before)s to %(after)s") % {"what": what, "before": before, "after": after}
    elif changed["people"]:
        what = _("%(what)s: %(people)s") % {"what": what, **changed}
    elif changed["fields"]:
        what = _("%(what)s: %(fields)s") % {"what": what, **changed}
    if gave != gives:
        what = _("%(what)s. Presenter: from %(gave)s to %(gives)s") % {
            "what": what,
            "gave": gave or _("nobody"),
            "gives": gives or _("nobody"),
        }
    return _("%(what)s (by a link in an email)") % {"what": what} if event.changes.get("by_link") else what


def journey_in_words(minutes: int | None) -> str:
    """What staff have set for one visit's journeys; None is what the postcodes give."""
    return _("%(minutes)d minutes") % {"minutes": minutes} if minutes is not None else _("our own reckoning")


def times_of(event: BookingEvent | SessionEvent | None) -> list[datetime]:
    """From when to when a booking or a session was moved; empty if it was not."""
    return [datetime.fromisoformat(at) for at in event.changes.get("time", [])] if event else []


def fields_changed(event: BookingEvent | None) -> str:
    """'People coming, contact on the day': never what was answered."""
    labels = {str(QUESTIONS.get(name, name)): None for name in (event.changes.get("fields", []) if event else [])}
    return capfirst(", ".join(labels))


def moment(at: datetime) -> str:
    """'Tuesday 9 March 2027, 1:30pm'."""
    return _("%(day)s, %(clock)s") % {"day": format_day(at), "clock": format_clock(at)}


def next_steps(booking: Booking, now: datetime, *, reminds: bool) -> list[Step]:
    """What comes next and when, for an open booking that was just placed; `reminds` is whether its owner wants reminders."""
    return after_a_request(booking, reminds) if booking.state == State.REQUESTED else after_a_confirmation(booking, now, reminds)


def has_reminder_ahead(booking: Booking, now: datetime) -> bool:
    """Whether it is not too late for one."""
    return not booking.has_time or booking.reminder_due_at > now


def after_a_yes(reminds: bool) -> str:
    if reminds:
        return _("You get an entry for your calendar, and a reminder at 9am the day before.")
    return _("You get an entry for your calendar.")


def after_asking_for_dates(booking: Booking, reminds: bool) -> list[Step]:
    answer = _("We email our answer to %(email)s: one of your dates, other times to choose from, or why we can’t come.")
    return [
        Step(_("Usually within two working days"), answer % {"email": booking.person.email}),
        Step(_("If we offer other times"), _("We keep them for you while you choose one on a page of ours.")),
        Step(_("When a time is agreed"), after_a_yes(reminds)),
    ]


def after_a_request(booking: Booking, reminds: bool) -> list[Step]:
    if not booking.has_time:
        return after_asking_for_dates(booking, reminds)
    looks = _("One of us looks at your request, because your workplace is new to us. We email our answer to %(email)s.")
    return [
        Step(_("Now"), _("We are keeping this time for you. Nobody else can book it.")),
        Step(_("Usually within two working days"), looks % {"email": booking.person.email}),
        Step(_("If we say yes"), after_a_yes(reminds)),
    ]


def after_a_confirmation(booking: Booking, now: datetime, reminds: bool) -> list[Step]:
    mail = _("We email all of this to %(email)s, with an entry for your calendar.") % {"email": booking.person.email}
    steps = [Step(_("In the next few minutes"), mail)]
    if booking.needs_a_presenter:
        steps.append(Step(_("As soon as we know"), _("We tell you who the presenter is.")))
    steps += reminders(booking, now) if reminds else []
    return [*steps, Step(format_day(booking.agreed[0]), on_the_day(booking))]


def reminders(of: Booking | OpenSession, now: datetime) -> list[Step]:
    """Those to come of a booking or an open session, as one step."""
    if of.week_reminder_due_at > now:
        return [Step(moment(of.week_reminder_due_at), _("You get a reminder by email, and another one the day before."))]
    if of.reminder_due_at > now:
        return [Step(moment(of.reminder_due_at), _("You get a reminder by email."))]
    return []


def on_the_day(booking: Booking) -> str:
    if booking.awaits_link:
        return _("You get the joining link by email before the day.")
    if booking.format == Format.ONLINE:
        return _("Open the joining link a few minutes before %(clock)s.") % {"clock": format_clock(booking.agreed[0])}
    asks = _("Our presenter asks for %(name)s at reception. A screen or projector is a help.")
    return asks % {"name": booking.contact_name}
