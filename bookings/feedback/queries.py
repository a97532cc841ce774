"""Feedback statistics, leaflet suggestions, and what the pages of a booking and of a place show once it is over."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Avg, Count, IntegerChoices, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import JSONObject
from django.urls import reverse
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _, ngettext

from bookings.models import (
    STATEMENTS,
    Agreement,
    AnniversaryPrompt,
    Attendance,
    Booking,
    BookingOrSession,
    BookingState,
    Confidence,
    ConfidenceFollowUp,
    Feedback,
    FollowUp,
    SessionPlace,
    ThreeMonthsOn,
)
from bookings.models.feedback import HOST_LINK_LIFETIME
from bookings.models.links import hash_address
from core.dates import format_day, uk_datetime
from leaflets.models import Leaflet
from leaflets.stock.queries import leaflets_in_stock

# What people said about a presentation, in figures: how many answered, how far they agree on average, how many chose what.

MAX_COMMENTS_SHOWN = 100
# Comments whose writers let us quote them, except those that look like a child's details.
QUOTABLE_Q = Q(~Q(comment=""), quotable=True, flagged_child_details=False)


def quotable_answers(follow_up: FollowUp) -> QuerySet[Feedback]:
    return follow_up.answers.filter(QUOTABLE_Q)


def choice_statistics(rows: QuerySet[Any], questions: Mapping[str, Any], choices: type[IntegerChoices]) -> list[dict[str, Any]]:
    """For each question: how many answered, how many chose each answer, and the average. One query."""
    counts = {f"{name}_{value}": Count("pk", filter=Q(**{name: value})) for name in questions for value in choices.values}
    counted = rows.order_by().aggregate(**counts)
    statistics = []
    for name, question in questions.items():
        numbers = {value: counted[f"{name}_{value}"] for value in choices.values}
        answers, total = sum(numbers.values()), sum(value * number for value, number in numbers.items())
        statistics.append(
            {
                "statement": question,
                "answers": answers,
                "by_choice": list(zip(choices.labels, numbers.values(), strict=True)),
                "average": f"{total / answers:.1f}" if answers else "–",
            }
        )
    return statistics


def feedback_statistics(follow_up: FollowUp) -> list[dict[str, Any]]:
    """How far people agree with each statement. One query, however many have answered."""
    return choice_statistics(Feedback.objects.filter(follow_up=follow_up), STATEMENTS, Agreement)


def confidence_statistics(follow_up: FollowUp) -> list[dict[str, Any]]:
    """How confident people were before, are now, and are three months on. Two queries, however many have answered."""
    answers = Feedback.objects.filter(follow_up=follow_up)
    before_and_now = {"confidence_before": _("Before"), "confidence_now": _("Straight after")}
    later = ThreeMonthsOn.objects.filter(follow_up=follow_up)
    return [
        *choice_statistics(answers, before_and_now, Confidence),
        *choice_statistics(later, {"confidence": _("Three months on")}, Confidence),
    ]


@dataclass(frozen=True)
class Average:
    """The average of so many answers; None if there are none."""

    answers: int
    average: float | None


@dataclass(frozen=True)
class ConfidenceAverages:
    """Averages out of 5. The same people answered `before` and `now`; `later` is from those who asked to be asked again."""

    before: Average
    now: Average
    later: Average


def average_confidence(first: date, last: date) -> ConfidenceAverages:
    """For the presentations that began on these UK days, both included. One statement."""
    start, end = uk_datetime(first, time.min), uk_datetime(last + timedelta(days=1), time.min)
    given = FollowUp.objects.filter(
        Q(booking__starts_at__gte=start, booking__starts_at__lt=end)
        | Q(session__starts_at__gte=start, session__starts_at__lt=end)
    )
    answers = Feedback.objects.filter(follow_up__in=given.order_by().values("pk"), confidence_now__isnull=False)
    later = ThreeMonthsOn.objects.filter(follow_up__in=given.order_by().values("pk"))
    rows = [
        of.order_by()
        .values(later=Value(number))
        .annotate(answers=Count("pk"), first=Avg(before), second=Avg(now))
        .values_list("later", "answers", "first", "second")
        for number, (of, before, now) in enumerate(
            ((answers, "confidence_before", "confidence_now"), (later, "confidence", "confidence"))
        )
    ]
    found = {row[0]: row[1:] for row in rows[0].union(rows[1], all=True)}
    (asked, before, now), (asked_later, three_months_on, _same) = (found.get(number, (0, None, None)) for number in (0, 1))
    return ConfidenceAverages(Average(asked, before), Average(asked, now), Average(asked_later, three_months_on))


def with_averages(rows: QuerySet[FollowUp]) -> QuerySet[FollowUp]:
    """Each with `averages`: how many `answers`, how many `quotes` we may use, and the average of each question.

    They are worked out only for the rows of a page.
    """
    averages = {name: Avg(name) for name in ("useful", "clear", "ready")}
    answers = Feedback.objects.filter(follow_up=OuterRef("pk")).order_by().values("follow_up")
    quotes = Count("pk", filter=QUOTABLE_Q)
    figures = answers.annotate(averages=JSONObject(answers=Count("pk"), quotes=quotes, **averages)).values("averages")
    return rows.annotate(averages=Subquery(figures))


# Leaflets to suggest for those who came: each profession's own title, or the one for everybody.

MAX_LEAFLETS = 30


def suggested_leaflets(counts: Mapping[str, int]) -> dict[Leaflet, int]:
    """Titles in English that are in stock, with the copies that one order of each may have. One statement."""
    leaflets = [leaflet for leaflet in leaflets_in_stock("", MAX_LEAFLETS) if leaflet.version_of_id is None]
    own = {leaflet.audience: leaflet for leaflet in reversed(leaflets) if leaflet.audience}
    everybodys = next((leaflet for leaflet in leaflets if not leaflet.audience), None)
    wanted: dict[Leaflet, int] = {}
    for profession, people in counts.items():
        leaflet = own.get(profession, everybodys)
        if leaflet is not None:
            wanted[leaflet] = wanted.get(leaflet, 0) + people
    return {leaflet: min(copies, leaflet.most_per_order, leaflet.available) for leaflet, copies in wanted.items()}


# What the host's own page says once a presentation is over, and where each thing is done.


def feedback_panel_for_host(booking: Booking, now: datetime) -> dict[str, Any] | None:
    """What the host's page shows; None before it is delivered and once its links are over. Otherwise two statements more."""
    follow_up: FollowUp | None = getattr(booking, "follow_up", None)
    if follow_up is None or booking.state != BookingState.DELIVERED or now >= booking.agreed_times[1] + HOST_LINK_LIFETIME:
        return None
    attendance, is_open, has_answered = attendance_of(booking), follow_up.is_open(now), host_has_answered(follow_up)
    return {
        "follow_up": follow_up,
        "key": host_key(follow_up),
        "links": host_links(follow_up),
        "came": people_came_text(attendance.people) if attendance else "",
        "asks": is_open and not has_answered,
        "answered": has_answered,
        "closes": format_day(follow_up.closes_at),
        "short_link": short_feedback_link(follow_up) if is_open else "",
        "reminder": AnniversaryPrompt.objects.filter(booking=booking).first(),
        "due": format_day(AnniversaryPrompt.due_after(booking.agreed_times[1])),
    }


def feedback_panel_for_place(place: SessionPlace, now: datetime) -> dict[str, Any] | None:
    """For people with a place at a session that is over, or nearly. No statement if the place was read with what it needs."""
    session = place.session
    follow_up: FollowUp | None = getattr(session, "follow_up", None)
    if not place.has_a_place or follow_up is None or not follow_up.may_certify(now):
        return None
    due_at = AnniversaryPrompt.due_after(session.ends_at)
    return {
        "feedback_url": follow_up.get_absolute_url() if follow_up.is_open(now) else "",
        "certificate_url": reverse("certificate", args=[follow_up.code]),
        "reminder": getattr(place, "anniversary_prompt", None),
        "may_be_reminded": now < due_at,
        "due": format_day(due_at),
    }


def attendance_of(given: BookingOrSession) -> Attendance | None:
    """No statement if it was read `with_afterwards`."""
    attendance: Attendance | None = getattr(given, "attendance", None)
    return attendance


def people_came_text(people: int, uncounted: int = 0) -> str:
    """`uncounted`: how many of them were entered only in the total."""
    came = ngettext("%(n)d person came.", "%(n)d people came.", people) % {"n": people}
    if not uncounted:
        return came
    if uncounted == people:
        return came + " " + _("All of them count as “Other”, because you entered no profession.")
    others = ngettext("%(n)d of them counts as “Other”.", "%(n)d of them count as “Other”.", uncounted)
    return came + " " + others % {"n": uncounted}


def full_feedback_link(follow_up: FollowUp) -> str:
    return f"{settings.SITE_URL}{follow_up.get_absolute_url()}"


def short_feedback_link(follow_up: FollowUp) -> str:
    """The short link as people type it: 'ctac.example/f/7Q4M2F'."""
    return full_feedback_link(follow_up).partition("://")[2].rstrip("/")


def host_key(follow_up: FollowUp) -> str:
    """The key that makes the short link the host's own. It changes with their address; an open session has none."""
    booking = follow_up.booking
    if booking is None or not booking.person.email:
        return ""
    about = f"{follow_up.code}:{hash_address(booking.person.email)}"
    return salted_hmac("bookings.afterwards.host", about, algorithm="sha256").hexdigest()[:32]


def three_months_on_key(later: ConfidenceFollowUp) -> str:
    """The end of the link in the email: '12-0a1b…'."""
    return f"{later.pk}-{salted_hmac('bookings.confidence-later', str(later.pk), algorithm='sha256').hexdigest()[:32]}"


def host_has_answered(follow_up: FollowUp) -> bool:
    return Feedback.objects.filter(follow_up=follow_up, by_host=True).exists()


def host_links(follow_up: FollowUp) -> dict[str, str]:
    """The addresses that only the host gets, by purpose; none for a host without an email address."""
    key = host_key(follow_up)
    pages = {"feedback": "host_feedback", "leaflets": "host_leaflets", "again": "host_again"} if key else {}
    return {name: reverse(page, args=[follow_up.code, key]) for name, page in pages.items()}
