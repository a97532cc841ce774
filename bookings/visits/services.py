"""Check-in and check-out, what must wait while a presenter is out there (product.md, rule 10), and the alerts to staff."""

from datetime import date, datetime, timedelta
from functools import partial

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from bookings.errors import SlotTaken
from bookings.models import (
    Booking,
    BookingEvent,
    BookingEventKind,
    BookingQuerySet,
    BookingState,
    DutyShift,
    Format,
    Presenter,
    Visit,
    duty_contacts_by_booking,
    is_near_visit_time,
    may_check_in,
)
from bookings.models.booking import (
    CHECK_IN,
    CHECK_IN_GRACE,
    CHECK_IN_OPENS_BEFORE,
    CHECK_OUT,
    CHECK_OUT_GRACE,
    HELP,
    OPEN_VISIT_Q,
    record_event,
)
from bookings.schedule.availability import NOT_CHECKED_MESSAGE
from bookings.schedule.queries import starting_on
from bookings.schedule.slots import DateRange
from core.dates import format_day, format_uk_time, uk_day
from core.errors import DomainError
from notifications.outbox import LaterMessage, notify_kinds
from office.site_settings.queries import site_settings
from privacy.services import VisitBlocksErasure
from professionals.safeguarding.services import notify_lead_if_flagged
from professionals.services import dialled_digits

# The alarm reaches duty person and deputy again and again, until one of them is on it.
ALARM_INTERVAL = timedelta(minutes=10)
# After a check-in or check-out: for this long it can be taken back, on the phone, and by staff with a reason.
TAKE_BACK_PERIOD, STAFF_TAKE_BACK_PERIOD = timedelta(minutes=10), timedelta(days=1)
VISIT_ESCALATION_DELAY = timedelta(minutes=60)  # after the start or the end
# Before the start: staff are alerted again if the presenter has been missing for VISIT_ESCALATION_DELAY; the manager too.
NO_PRESENTER_ALERT_WINDOW = timedelta(days=2)


class VisitNotOver(VisitBlocksErasure):
    """What we know of a visit can't be erased while its presenter needs it."""


def refuse_while_visit_under_way(bookings: BookingQuerySet, now: datetime) -> None:
    """Raise VisitNotOver if a presenter may have set off to one of these bookings and nobody has come back from it."""
    booking = bookings.visits_under_way(now).first()
    if booking is not None:
        raise VisitNotOver(
            _(
                "The presenter of visit %(reference)s may be there or on the way, and may need the contact on site, so "
                "we have erased nothing. Wait until the presenter has checked out, or a colleague has said that all is "
                "well. If nobody has set off yet, cancel that booking first."
            )
            % {"reference": booking.reference}
        )


def flag_presenter_needed(presenter: Presenter, booking: Booking, now: datetime) -> None:
    """Call it before leave takes this presenter off a visit that has begun: the alarm stays until somebody hears from them."""
    if (
        booking.format != Format.WORKPLACE
        or booking.state != BookingState.CONFIRMED
        or booking.visit_closed
        or booking.agreed_times[0] > now
    ):
        return
    visit = Visit.objects.filter(booking=booking).first() or Visit()
    visit.booking = booking
    if visit.is_checked_in or visit.is_done:
        return  # the alarm waits for them until they check out
    visit.presenter, visit.checked_in_at, visit.checked_out_at, visit.presenter_needed_since = presenter, None, None, now
    visit.save()


def refuse_while_overdue(booking: Booking, now: datetime) -> None:
    """Raise VisitBlocksErasure while the visit is overdue: only word of the presenter may end the alert."""
    if booking.find_overdue(now) is not None:
        raise VisitBlocksErasure(
            _("We have not heard from the presenter of this visit. Call them, say that all is well, then try again.")
        )


def refuse_while_there(booking: Booking, now: datetime) -> None:
    """Raise DomainError while the presenter is there.

    At another time it would be another visit, and nobody would wait for the presenter at this one.
    """
    if presenter_is_there(booking, now):
        raise DomainError(
            _("The presenter has checked in and has not checked out. Call them and check them out, then try again.")
        )


def presenter_is_there(booking: Booking, now: datetime) -> bool:
    """Whether its presenter is checked in. No statement before anybody can have checked in."""
    if booking.format != Format.WORKPLACE or booking.starts_at is None or now < booking.starts_at - CHECK_IN_OPENS_BEFORE:
        return False
    visit = Visit.objects.select_related("booking").filter(booking=booking).first()
    return visit is not None and visit.is_checked_in


class NoCover(SlotTaken):
    """Nobody is on duty who would hear the alarm."""


# SQL because Django has no FOR SHARE: until the visit is confirmed, nobody takes its shift away, and other visits need not wait.
DUTY_COVER_SQL = """SELECT FROM bookings_dutyshift AS shift
    JOIN accounts_user AS duty_person ON duty_person.id = shift.duty_person_id
    JOIN accounts_user AS deputy ON deputy.id = shift.deputy_id
    WHERE %s BETWEEN first_day AND last_day AND duty_person.is_active AND deputy.is_active FOR SHARE OF shift"""


def refuse_without_cover(booking: Booking, start: datetime, *, by_staff: bool) -> None:
    """Before a visit is confirmed at that time: raise NoCover unless two people are on duty that day. Nothing overrides this."""
    day = uk_day(start)
    if booking.format != Format.WORKPLACE:
        return
    with connection.cursor() as cursor:
        cursor.execute(DUTY_COVER_SQL, [day])
        if cursor.rowcount:
            return
    if by_staff:
        sentence = _(
            "Nobody is on duty on %(day)s, so we can’t confirm a visit. Enter a duty shift for that day, then try again."
        )
    else:
        sentence = _("We can’t come to you on %(day)s. Choose another day, or call us.")
    raise NoCover(sentence % {"day": format_day(day)})


def refuse_unchecked(booking: Booking, presenter: Presenter, start: datetime, *, by_staff: bool) -> None:
    """Raise SlotTaken unless this presenter's check and training last to the day of the visit. Nothing overrides that."""
    day = uk_day(start)
    if booking.format != Format.WORKPLACE or presenter.may_visit(day):
        return
    if not by_staff:
        raise SlotTaken(_("We can’t come to you on %(day)s. Choose another day, or call us.") % {"day": format_day(day)})
    sentence = _("%(name)s can’t go to a workplace then. %(why)s Choose somebody else, or record it on their page first.")
    raise SlotTaken(sentence % {"name": presenter, "why": NOT_CHECKED_MESSAGE})


@transaction.atomic
def visits_covered_by(shift: DutyShift, now: datetime, *, but: DateRange | None = None) -> list[Booking]:
    """Confirmed visits that are not over, on days of this shift as it is stored; `but`: days that are still covered.

    From now until the transaction ends, no other visit is confirmed on its days.
    """
    DutyShift.objects.select_for_update().filter(pk=shift.pk).first()
    days = DateRange(shift.first_day, shift.last_day)
    confirmed = Booking.objects.filter(OPEN_VISIT_Q, starting_on(days), state=BookingState.CONFIRMED)
    ahead = confirmed.filter(ends_at__gt=now).order_by("starts_at", "pk")
    return [booking for booking in ahead if but is None or uk_day(booking.agreed_times[0]) not in but]


@transaction.atomic
def split_shift(shift: DutyShift, *, first_day: date, by: User, now: datetime) -> DutyShift:
    """From `first_day` on, it is a separate shift with the same people, who can then be changed. No day is without cover.

    Raises DomainError if the shift does not begin before that day, or ends before it.
    """
    locked = DutyShift.objects.select_for_update().get(pk=shift.pk)
    if not locked.first_day < first_day <= locked.last_day:
        raise DomainError(_("Choose a day after the first day of this shift, and no later than its last day."))
    last_day, locked.last_day = locked.last_day, first_day - timedelta(days=1)
    locked.save(update_fields=["last_day"])
    locked.pk, locked.first_day, locked.last_day = None, first_day, last_day
    locked.save(force_insert=True)
    return locked


# Each writer locks the booking first, so a second tap, a second phone and the alert see what the first has written. None of
# them touches busy time, so no presenter is locked.


class NotAVisit(DomainError):
    """Nobody is expected anywhere: it is online, not confirmed, or cancelled."""

    message = _("This visit is not going ahead, so you can’t check in.")


class TooEarlyToCheckIn(DomainError):
    """The message says from when."""


class VisitOver(DomainError):
    message = _("The time of this visit is over. Check out instead, so that we know you are safe.")


class NotOverdue(DomainError):
    message = _(
        "Nobody is overdue on this visit now. The presenter has checked in or out, or a colleague has said that all is well."
    )


@transaction.atomic
def check_in(booking: Booking, *, presenter: Presenter, by: User, now: datetime, note: str = "", flagged: bool = False) -> Visit:
    """`presenter` is there. Checking in again changes nothing. If staff do it after a phone call, `by` and `note` say so.

    Raises NotAVisit, TooEarlyToCheckIn, VisitOver, and DomainError while another presenter is there.
    """
    locked, visit = lock_visit(booking, presenter)
    if visit.is_checked_in or (visit.is_checked_out and visit.presenter == presenter):
        return visit
    if locked.state != BookingState.CONFIRMED or locked.format != Format.WORKPLACE:
        raise NotAVisit
    starts_at, ends_at = locked.agreed_times
    opens_at = starts_at - CHECK_IN_OPENS_BEFORE
    if now < opens_at:
        facts = {"day": format_day(opens_at), "clock": format_uk_time(opens_at)}
        raise TooEarlyToCheckIn(_("You can check in from %(clock)s on %(day)s.") % facts)
    if now >= ends_at:
        raise VisitOver
    visit.presenter, visit.checked_in_at, visit.checked_out_at = presenter, now, None
    save_visit(visit, BookingEventKind.CHECKED_IN, by=by, now=now, note=note, flagged=flagged)
    return visit


@transaction.atomic
def check_out(booking: Booking, *, presenter: Presenter, by: User, now: datetime, note: str = "", flagged: bool = False) -> Visit:
    """`presenter` has left and is safe, even if late or never checked in. Checking out again changes nothing.

    If the clock is behind that of the check-in, the two count as the same moment: that keeps nobody on the list. Raises
    NotAVisit, and DomainError before the start or while another presenter is there.
    """
    locked, visit = lock_visit(booking, presenter)
    if visit.is_checked_out and visit.presenter == presenter:
        return visit
    if not visit.is_checked_in:
        if locked.format != Format.WORKPLACE or locked.state not in (BookingState.CONFIRMED, BookingState.DELIVERED):
            raise NotAVisit
        if now < locked.agreed_times[0]:
            raise DomainError(_("This visit has not begun, and nobody has checked in. Check in first."))
        visit.checked_in_at = None
    now = max(now, visit.checked_in_at or now)
    visit.presenter, visit.checked_out_at = presenter, now
    save_visit(visit, BookingEventKind.CHECKED_OUT, by=by, now=now, note=note, flagged=flagged)
    return visit


TAKE_BACK_KIND_BY_TAP = {CHECK_IN: BookingEventKind.CHECK_IN_TAKEN_BACK, CHECK_OUT: BookingEventKind.CHECK_OUT_TAKEN_BACK}


@transaction.atomic
def take_back_tap(
    booking: Booking,
    *,
    tap: str,
    by: User,
    now: datetime,
    presenter: Presenter | None = None,
    note: str = "",
    flagged: bool = False,
) -> Visit:
    """`tap`, a check-in or a check-out, was a mistake: the visit stands, and is watched, as if it had not been made.

    Its `presenter` can do this for some minutes; without one, staff do it and say why. Taking it back again changes nothing.
    """
    _locked, visit = lock_visit(booking, presenter)
    if visit.last_tap is None or visit.last_tap[0] != tap or presenter not in (None, visit.presenter):
        return visit
    period = TAKE_BACK_PERIOD if presenter else STAFF_TAKE_BACK_PERIOD
    if now >= visit.last_tap[1] + period:
        raise DomainError(_("That was too long ago to undo. Call the team and tell them where you are."))
    if tap == CHECK_OUT:
        visit.checked_out_at = None
    else:
        visit.checked_in_at = None
    if visit.checked_in_at is None and not visit.is_presenter_sought:
        visit.presenter = None
    visit.taken_on_at = None  # the alarm before the tap is over
    save_visit(visit, TAKE_BACK_KIND_BY_TAP[tap], by=by, now=now, note=note, flagged=flagged)
    return visit


@transaction.atomic
def confirm_presenter_safe(booking: Booking, *, by: User, now: datetime, note: str, flagged: bool = False) -> Visit:
    """Staff have heard that all is well, and the alert ends. If the check-out is not due yet, it is still waited for.

    Raises NotOverdue, also for the second of two colleagues.
    """
    locked, visit = lock_visit(booking)
    if locked.find_overdue(now) is None:
        raise NotOverdue
    visit.safe_at = now
    save_visit(visit, BookingEventKind.SAID_SAFE, by=by, now=now, note=note, flagged=flagged)
    return visit


@transaction.atomic
def take_on_alarm(booking: Booking, *, by: User, now: datetime) -> Visit:
    """`by` finds out if the presenter is safe, so the alarm stops. Raises NotOverdue, or DomainError if somebody is on it."""
    locked, visit = lock_visit(booking)
    late = locked.find_overdue(now)
    if late is None:
        raise NotOverdue
    if visit.taken_on_at and visit.is_alarm_taken_on(late.missed_at):
        facts = {"name": visit.taken_on_by or _("A colleague"), "clock": format_uk_time(visit.taken_on_at)}
        raise DomainError(_("%(name)s has been on it since %(clock)s.") % facts)
    visit.taken_on_at, visit.taken_on_by = now, by
    save_visit(visit, BookingEventKind.TAKEN_ON, by=by, now=now)
    return visit


@transaction.atomic
def report_late(booking: Booking, *, presenter: Presenter, minutes: int, by: User, now: datetime) -> Visit:
    """They begin that many minutes late. Check-in and check-out are expected that much later, and the host gets an email."""
    locked, visit = lock_visit(booking, presenter)
    locked.visit = visit
    starts_at, ends_at = locked.agreed_times
    if presenter != locked.presenter or visit.is_checked_out or not may_check_in(locked, now):
        raise DomainError(_("We can’t move this visit’s times now. Call the host and the duty person and tell them."))
    visit.presenter, visit.checked_in_at, visit.checked_out_at = presenter, None, None
    visit.late_until = starts_at + timedelta(minutes=minutes)
    visit.taken_on_at = None  # an alarm before this is answered
    save_visit(visit, BookingEventKind.LATE, by=by, now=now, changes={"late": minutes})
    late = LaterMessage("booking-late", [locked.person.email], now, ends_at)
    version = minute_number(visit.late_until)
    notify_kinds({}, about=f"booking:{locked.pk}", reference=locked.reference, version=version, now=now, later=[late])
    return visit


@transaction.atomic
def ask_for_help(booking: Booking, *, presenter: Presenter, by: User, now: datetime) -> Visit:
    """The alarm rings at once, and again while nobody is on it; only word that all is well ends it.

    If the visit is near, nobody who asks is refused because of its state. Raises NotAVisit if it is not near.
    """
    locked, visit = lock_visit(booking)
    locked.visit = visit
    if not is_near_visit_time(locked, now):
        raise NotAVisit
    if visit.needs_help and visit.help_at and visit.seeks_help == presenter and not visit.is_alarm_taken_on(visit.help_at):
        return visit
    visit.help_at, visit.seeks_help = now, presenter
    save_visit(visit, BookingEventKind.HELP_ASKED, by=by, now=now)
    sound_alarm(locked, now)
    return visit


@transaction.atomic
def report_disclosure(booking: Booking, *, presenter: Presenter, by: User, now: datetime) -> None:
    """Ask the duty person and the deputy to ring `presenter`. We keep nothing of what was said.

    A second tap soon after tells nobody again. Raises NotAVisit.
    """
    locked, visit = lock_visit(booking)
    locked.visit = visit
    if not is_near_visit_time(locked, now):
        raise NotAVisit
    told = {"kind": BookingEventKind.DISCLOSED, "by": by, "at__gt": now - ALARM_INTERVAL}
    if not locked.events.filter(**told).exists():
        record_event(locked, BookingEventKind.DISCLOSED, by=by, now=now)
        about, to = f"booking:{locked.pk}:{presenter.pk}", {"duty-disclosure": duty_addresses(locked)}
        notify_kinds(to, about=about, reference=locked.reference, version=minute_number(now), now=now)


# The numbers of colleagues that an alarm calls, besides the one of their account.


def find_phone_copies(user: User, number: str, now: datetime) -> list[str]:
    """Where that number of theirs is kept: as a presenter's, and on duty shifts that are not over. Two statements."""
    presenters, shifts = phone_rows(user, number, now)
    days = [_("Duty shift: %(days)s") % {"days": shift} for shift, _column in shifts]
    return [*(_("Presenter: %(name)s") % {"name": presenter} for presenter in presenters), *days]


@transaction.atomic
def replace_phone_copies(user: User, *, before: str, after: str, by: User, now: datetime) -> None:
    presenters, shifts = phone_rows(user, before, now)
    for presenter in presenters:
        Presenter.objects.filter(pk=presenter.pk, phone=presenter.phone).update(phone=after)
    for shift, column in shifts:
        DutyShift.objects.filter(pk=shift.pk, **{column: getattr(shift, column)}).update(**{column: after})


def phone_rows(user: User, number: str, now: datetime) -> tuple[list[Presenter], list[tuple[DutyShift, str]]]:
    """The presenters, and the duty shifts with the column, that have this number of theirs, however it is spelled."""
    wanted = dialled_digits(number)
    presenters = [one for one in Presenter.objects.filter(user=user) if dialled_digits(one.phone) == wanted]
    theirs = DutyShift.objects.filter(Q(duty_person=user) | Q(deputy=user), last_day__gte=uk_day(now)).order_by("first_day")
    columns = (("duty_person_id", "duty_phone"), ("deputy_id", "deputy_phone"))
    return presenters, [
        (shift, column)
        for shift in theirs
        for who, column in columns
        if getattr(shift, who) == user.pk and dialled_digits(getattr(shift, column)) == wanted
    ]


def lock_visit(booking: Booking, presenter: Presenter | None = None) -> tuple[Booking, Visit]:
    """The booking, locked, and its visit, read after that or new. Raises DomainError while another presenter is there."""
    locked = Booking.objects.select_for_update(of=("self",), no_key=True).get(pk=booking.pk)
    visit = Visit.objects.filter(booking=locked).select_related("presenter").first() or Visit(booking=locked)
    visit.booking = locked
    if presenter and visit.is_checked_in and visit.presenter is not None and visit.presenter != presenter:
        sentence = _("%(name)s is checked in there. Nobody else can check in or out before %(name)s has checked out.")
        raise DomainError(sentence % {"name": visit.presenter})
    return locked, visit


def save_visit(
    visit: Visit,
    kind: BookingEventKind,
    *,
    by: User,
    now: datetime,
    note: str = "",
    flagged: bool = False,
    changes: dict[str, object] | None = None,
) -> None:
    visit.save()
    booking = visit.booking
    if booking.visit_closed != visit.is_over:
        # Closed until a tap is taken back, or the booking gets another time or presenter.
        booking.visit_closed = visit.is_over
        booking.save(update_fields=["visit_closed"])
    record_event(booking, kind, by=by, now=now, reason=note, changes=changes)
    notify_lead_if_flagged(booking, f":{kind}:{now:%Y%m%d%H%M%S}", now, flagged=flagged)


# Alerts, written every few minutes (ctac/settings.py). Each is a row of the outbox, unique by kind, booking and the minute at
# which it starts: run twice, it is written once; a booking that was moved is a new case. Of a visit without a presenter it is
# the minute of the loss: if the next presenter is lost too, that is a new case.


def bookings_to_alert(*, now: datetime) -> list[int]:
    """The keys of all bookings that staff must know about, each once. Three statements."""
    bookings = Booking.objects.all()
    querysets = bookings.overdue(now), without_presenter(bookings, now), bookings.without_joining_link(now)
    return list(dict.fromkeys(key for rows in querysets for key in rows.values_list("pk", flat=True)))


def without_presenter(bookings: BookingQuerySet, now: datetime) -> BookingQuerySet:
    """Confirmed bookings that start soon and that nobody gives. Staff read of it when it happened, some time ago."""
    just_freed = BookingEvent.objects.filter(
        booking=OuterRef("pk"), kind=BookingEventKind.PRESENTER_FREED, at__gt=now - VISIT_ESCALATION_DELAY
    )
    soon = {"starts_at__gt": now, "starts_at__lte": now + NO_PRESENTER_ALERT_WINDOW}
    return bookings.filter(~Exists(just_freed), state=BookingState.CONFIRMED, presenter=None, **soon).order_by("starts_at", "pk")


@transaction.atomic
def alert_staff(*, key: int, now: datetime) -> None:
    """Tell staff about this booking, once for each thing that is missing, and the second address after VISIT_ESCALATION_DELAY.

    The booking is locked and read again: this sees a check-out that was just written, and one that comes now waits.
    """
    locked = Booking.objects.select_for_update(of=("self",), no_key=True).filter(pk=key).first()
    if locked is None or locked.starts_at is None:
        return
    if sound_alarm(locked, now):
        return
    notify = partial(notify_kinds, about=f"booking:{key}", reference=locked.reference, now=now)
    if without_presenter(Booking.objects.filter(pk=key), now).exists():
        both = {site_settings().team_email, site_settings().visit_escalation_email}
        notify({"staff-still-no-presenter": both}, version=presenter_loss_minute(locked))
    if Booking.objects.filter(pk=key).without_joining_link(now).exists():
        notify({"staff-no-joining-link": [site_settings().team_email]}, version=minute_number(locked.starts_at))


def sound_alarm(locked: Booking, now: datetime) -> bool:
    """Write what is due now for the alarm of this visit. Returns whether it has an alarm.

    The team's address is told once, and the second address after VISIT_ESCALATION_DELAY, whoever is on it; the duty person and
    the deputy are told again and again until somebody is. If a presenter asks for help, all of them are told at once.
    """
    late = locked.find_overdue(now)
    if late is None:
        return False
    visit = Visit.objects.filter(booking=locked).first()
    rings = visit is None or not visit.is_alarm_taken_on(late.missed_at)
    on_duty = duty_addresses(locked) if rings else []
    once: dict[str, list[str]] = {}
    if late.missed == HELP:
        on_duty = [*on_duty, site_settings().team_email, site_settings().visit_escalation_email] if rings else []
    else:
        how = "no-check-out" if late.missed == CHECK_OUT else "no-check-in"
        once[f"staff-{how}"] = [site_settings().team_email] if rings else []
        if now >= late.missed_at + VISIT_ESCALATION_DELAY:
            once[f"manager-{how}"] = [site_settings().visit_escalation_email]
    notify = partial(notify_kinds, about=f"booking:{locked.pk}", reference=locked.reference, now=now)
    notify(once, version=minute_number(locked.agreed_times[0]))
    notify({"duty-alarm": dict.fromkeys(on_duty)}, version=last_alarm_minute(late, now))
    return True


def last_alarm_minute(late: Booking, now: datetime) -> int:
    """The minute at which the alarm last rang, or rings now: at the end of the grace, and then every ALARM_INTERVAL."""
    grace = {CHECK_IN: CHECK_IN_GRACE, CHECK_OUT: CHECK_OUT_GRACE}.get(late.missed, timedelta())
    first = late.missed_at + grace
    return minute_number(first + (now - first) // ALARM_INTERVAL * ALARM_INTERVAL)


def duty_addresses(booking: Booking) -> list[str]:
    """The addresses of the people on duty for it, or the team's if nobody is."""
    return [person.user.email for person in duty_contacts_by_booking([booking])[booking.pk]] or [site_settings().team_email]


def presenter_loss_minute(booking: Booking) -> int:
    """The minute at which it last lost its presenter; if it never had one, the minute at which it starts."""
    freed = booking.events.filter(kind=BookingEventKind.PRESENTER_FREED).order_by("at", "pk").values_list("at", flat=True).last()
    return minute_number(freed or booking.agreed_times[0])


def minute_number(moment: datetime) -> int:
    """For a notification's `version`: whole minutes, which tell moments apart and fit the column until the year 6053."""
    return int(moment.timestamp() // 60)
