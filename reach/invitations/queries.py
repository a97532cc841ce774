"""Whom we may invite, which times are free for them, and what came of it. Read from rows: nothing tracks who reads emails."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from statistics import median

from django.core.cache import cache
from django.db.models import Exists, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import Lower

from bookings.models import Attendance, Booking, Format, PlaceState, Presentation, SessionPlace
from bookings.schedule.holds import held_times_lookup
from bookings.schedule.queries import read_schedule
from bookings.schedule.slots import SlotQuery
from bookings.travel import Place
from core.dates import TEAM_NATION, add_working_days, months_before, uk_day
from notifications.models import MarkedAddress, Notification, NotificationState, normalise_address
from notifications.registry import Topic
from office.closures.queries import office_closed_days
from office.site_settings.queries import site_settings
from professionals.models import OutwardCode, Person
from professionals.services import subscribers
from reach.areas import Area, Unit, all_district_codes, areas_of, include_earlier_codes
from reach.models import MIN_INVITATION_INTERVAL, Campaign, CampaignInvite, CountKind, ReachCount, RoleMailbox
from reach.queries import area_key

MAX_TIMES = 6
# Readers need some days to ask their team, and the notice period must not have begun by then.
MIN_OFFER_NOTICE = timedelta(days=7)


def areas_filter(areas: Iterable[Area], nation: str, authority: str) -> Q:
    """Rows with these columns that lie in one of the areas, as reach.sources counts them."""
    found = list(areas)
    districts = include_earlier_codes(frozenset(code for area in found for code in area.districts))
    nations = [area.nation for area in found if area.is_whole_nation]
    return Q(**{f"{authority}__in": districts}) | ~Q(**{f"{authority}__in": all_district_codes()}) & Q(
        **{f"{nation}__in": nations}
    )


def address_digest(address: str) -> str:
    """Recognises an address that objected: unsalted, so that it stays comparable."""
    return sha256(normalise_address(address).encode()).hexdigest()


# Who to invite.


def subscribers_in_areas(areas: Sequence[Area], topic: Topic = Topic.VISITS) -> QuerySet[Person]:
    """People who work in one of these areas and asked for these invitations: by default, to book a visit near them."""
    return subscribers(topic).filter(areas_filter(areas, "reached_nation", "reached_authority")).exclude(postcode="")


def invitable_people(people: QuerySet[Person], now: datetime) -> QuerySet[Person]:
    """Those of these people who have no booking ahead, were not invited lately, and can be reached by email."""
    marked = MarkedAddress.objects.filter(Q(marked_at__isnull=False) | Q(complained_at__isnull=False))
    return people.exclude(
        Exists(Booking.objects.not_over(now).filter(person=OuterRef("pk")))
        | Exists(recent_invites(now).filter(Q(person=OuterRef("pk")) | Q(address=Lower(OuterRef("email")))))
        | Exists(marked.filter(address=Lower(OuterRef("email"))))
    )


def recent_invites(now: datetime) -> QuerySet[CampaignInvite]:
    return CampaignInvite.objects.filter(lasts__contains=now)


def mailboxes_in_areas(areas: Sequence[Area]) -> QuerySet[RoleMailbox]:
    """Mailboxes there that have not objected."""
    return RoleMailbox.objects.open().filter(areas_filter(areas, "nation", "authority"))


def invitable_mailboxes(mailboxes: QuerySet[RoleMailbox], now: datetime) -> QuerySet[RoleMailbox]:
    """Those of the mailboxes that may be invited. A reader who said no to these emails has said it for the mailbox."""
    marked = MarkedAddress.objects.filter(Q(marked_at__isnull=False) | Q(complained_at__isnull=False))
    return mailboxes.exclude(
        Exists(recent_invites(now).filter(address=OuterRef("address"))) | Exists(marked.filter(address=OuterRef("address")))
    )


# When.


def central_place(areas: Sequence[Area]) -> Place | None:
    """The outward code nearest to the middle of these areas, from which times are looked up before anybody has answered."""
    codes = list(OutwardCode.objects.filter(areas_filter(areas, "nation", "authority")))
    return most_central_place(codes) if codes else None


def most_central_place(codes: Sequence[OutwardCode]) -> Place:
    """The outward code nearest to the middle of them all."""
    latitude, longitude = median(code.latitude for code in codes), median(code.longitude for code in codes)
    code = min(codes, key=lambda each: (each.latitude - latitude) ** 2 + (each.longitude - longitude) ** 2)
    return Place(code.code, code.latitude, code.longitude, code.nation, code.zone)


def free_times(presentation: Presentation, place: Place, now: datetime) -> list[datetime]:
    """Times for a visit there that the public could book: one a day, in the morning and in the afternoon by turns."""
    notice = site_settings().notice_working_days
    first_day = add_working_days(uk_day(now + MIN_OFFER_NOTICE), notice, TEAM_NATION, office_closed_days())
    last_day = uk_day(now) + timedelta(days=site_settings().horizon_days)
    query = SlotQuery(presentation, Format.WORKPLACE, place)
    schedule = read_schedule(query, first_day=first_day, last_day=last_day, now=now)
    times: list[datetime] = []
    day = first_day
    while day <= last_day and len(times) < MAX_TIMES:
        starts = [slot.start for slot in schedule.slots_on(day)]
        if starts:
            times.append(starts[len(starts) // 2 * (len(times) % 2)])
        day += timedelta(days=1)
    return times


def still_free_times(campaign: Campaign, place: Place, now: datetime) -> list[datetime]:
    """The times offered that this place could still book."""
    times = [start for start in campaign.times if start > now]
    if not times:
        return []
    days = [uk_day(start) for start in times]
    query = SlotQuery(campaign.presentation, Format.WORKPLACE, place)
    schedule = read_schedule(query, first_day=min(days), last_day=max(days), now=now, ignoring=held_times_lookup(place))
    return [start for start in times if schedule.offered_candidates(start)]


# Areas where nobody has asked for invitations.

RECENT_REACH_MONTHS = 12
RECENT_REACH_CACHE_PERIOD = timedelta(hours=1)


def recently_reached_keys(now: datetime) -> frozenset[str]:
    """Districts and islands where somebody attended in the last twelve months: from the cache, or one statement."""
    since = months_before(now, RECENT_REACH_MONTHS).date().replace(day=1)
    attended = ReachCount.objects.filter(kind=CountKind.ATTENDED, month__gte=since).order_by().distinct()

    def read() -> frozenset[str]:
        return frozenset(area_key(*row) for row in attended.values_list("nation", "authority")) - {""}

    return cache.get_or_set("reach-reached-lately", read, RECENT_REACH_CACHE_PERIOD.total_seconds()) or frozenset()


# What came of it.


@dataclass(frozen=True)
class CampaignOutcome:
    """`invited`: to how many it was written; `sent`: how many emails our mail server took; `people`: who attended."""

    invited: int
    sent: int
    booked: int
    people: int


def get_campaign_outcome(campaign: Campaign) -> CampaignOutcome:
    """Six statements, or two once those who were invited are forgotten."""
    mail = Notification.objects.filter(about=campaign_about(campaign), resend_of=None)
    invited, sent = mail.count(), mail.filter(state=NotificationState.SENT).count()
    booked, people = campaign.booked, campaign.attended
    if booked is None or people is None:
        booked, people = count_booked_and_attended(campaign)
    return CampaignOutcome(invited, sent, booked, people)


def campaign_about(campaign: Campaign) -> str:
    return f"campaign:{campaign.pk}"


def count_booked_and_attended(campaign: Campaign) -> tuple[int, int]:
    """How often the people who were invited booked in the 90 days from then on, and how many attended these. In the areas of the
    campaign, anybody at an organisation of which a role mailbox was invited counts too. Four statements."""
    readers = campaign.invites.filter(person__isnull=False).values("person")
    until = campaign.planned_at + MIN_INVITATION_INTERVAL
    made = {"created_at__gte": campaign.planned_at, "created_at__lt": until}
    areas = [area for code, area in areas_of(Unit(campaign.unit)).items() if code in campaign.areas]
    teams = campaign.invites.filter(mailbox__organisation__isnull=False).values("mailbox__organisation")
    colleagues = Person.objects.filter(organisation__in=teams).order_by().values("pk")
    bookings = Booking.objects.filter(person__in=readers.union(colleagues), **made)
    places = SessionPlace.objects.filter(person__in=readers, **made, session=campaign.session_id)
    bookings = bookings.filter(Q(person__in=readers) | areas_filter(areas, "reached_nation", "reached_authority"))
    places = places if campaign.session_id else places.none()
    attended = Attendance.objects.filter(booking__in=bookings).aggregate(people=Sum("people"))["people"] or 0
    return bookings.count() + places.count(), attended + places.filter(state=PlaceState.ATTENDED).count()
