"""Whom to tell about a child at a postcode, and who makes the referral there."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from functools import cache

from django.utils.translation import gettext as _

from core.dates import TEAM_NATION, UK_TZ, is_working_day
from core.models import csv_rows
from guidance.contacts.models import POLICE_NUMBER, AreaContact, ContactKind
from guidance.content import NATIONS
from professionals.areas import Area, look_up_area, look_up_areas
from professionals.models import Nation, Profession

FORCES_POST_PREFIX = "BFPO "  # it has no location, so nothing is looked up
# When children's services answer their number by day, on working days of the nation. Northern Ireland's emergency service takes
# over outside these hours (guidance/data/README.md). Some councils close a little earlier: the other number follows at once.
OFFICE_OPENS, OFFICE_CLOSES = time(9), time(17)
# Professions in Northern Ireland's health and social care trusts, which refer a child as councils do elsewhere.
TRUST_PROFESSIONS = {
    Profession.HEALTH_VISITOR,
    Profession.MIDWIFE,
    Profession.SCHOOL_NURSE,
    Profession.EMERGENCY_CARE,
}


@dataclass(frozen=True)
class Service:
    """A service to call, as shown: a number is '' if we have none. The same number twice answers day and night.

    `hours`: when `phone` answers, in words; `what_to_say`: to whoever answers. Both only of numbers_by_answer().
    """

    name: str
    phone: str = ""
    out_of_hours_phone: str = ""
    web_page: str = ""
    checked_on: date | None = None
    is_sample: bool = False
    hours: str = ""
    what_to_say: str = ""

    def __str__(self) -> str:
        """'West Yorkshire Police: 101'; the name alone, if we have no number."""
        facts = {"name": self.name, "phone": self.phone, "out_of_hours": self.out_of_hours_phone}
        if self.phone and self.out_of_hours_phone not in {"", self.phone}:
            return _("%(name)s: %(phone)s; out of hours %(out_of_hours)s") % facts
        if self.out_of_hours_phone and not self.phone:
            return _("%(name)s: out of hours %(out_of_hours)s") % facts
        return _("%(name)s: %(phone)s") % facts if self.phone else self.name


@dataclass(frozen=True)
class WhoToTell:
    """`nation` is empty for forces post, an unknown postcode, and no postcode.

    `services`: whom to call, in order. `guardians`: the service that speaks for trafficked children there, if any.
    """

    nation: str
    services: tuple[Service, ...]
    guardians: tuple[Service, ...] = ()

    @property
    def is_island(self) -> bool:
        """Guernsey, Jersey or the Isle of Man, where the National Referral Mechanism doesn't reach."""
        return bool(self.nation) and self.nation not in NATIONS

    @property
    def may_be_either_trust(self) -> bool:
        """Whether two health and social care trusts share the outward code."""
        _danger, *children, _police = self.services
        return len(children) > 1

    @property
    def lines(self) -> list[str]:
        """The services after 999, one a line, for paper."""
        return [str(service) for service in self.services[1:]]


def is_office_time(nation: str, now: datetime) -> bool:
    """Whether children's services answer their number by day."""
    local = now.astimezone(UK_TZ)
    return is_working_day(local.date(), nation or TEAM_NATION) and OFFICE_OPENS <= local.time() < OFFICE_CLOSES


def numbers_by_answer(who: WhoToTell, now: datetime) -> list[Service]:
    """The services after 999, one for each number: what answers now comes first, then the others, each with its hours.

    A service without a number is a name alone, the last of all. Where only the police answer, they are told what to do.
    """
    _danger, *children, police = who.services
    is_day = is_office_time(who.nation, now)
    numbers = [number for each in children for number in numbers_of(each, is_day=is_day)]
    numbers += numbers_of(police, is_day=is_day, day_and_night=True)
    once: dict[tuple[str, str], tuple[int, Service]] = {}
    for rank, number in numbers:  # trusts share their number for the night
        once.setdefault((number.phone or number.name, number.hours), (rank, number))
    ordered = [number for _rank, number in sorted(once.values(), key=lambda ranked: ranked[0])]
    if ordered[0].phone and ordered[0].name == police.name:
        say = _(
            "Say that a child may be at risk. "
            "Ask the police to tell children’s services now: at night, their emergency duty team."
        )
        ordered[0] = replace(ordered[0], what_to_say=say)
    return ordered


def numbers_of(service: Service, *, is_day: bool, day_and_night: bool = False) -> list[tuple[int, Service]]:
    """Each number of a service by itself with its rank: 0 answers now, 1 does not, 2 is no number.

    `day_and_night`: its only number always answers, as that of the police does.
    """
    phone, other = service.phone, service.out_of_hours_phone
    if not phone and not other:
        return [(2, service)]
    if phone == other or (day_and_night and not other):
        return [(0, replace(service, out_of_hours_phone="", hours=_("Day and night")))]
    by_day, at_night = _("Usually 9am to 5pm on working days"), _("At night, at weekends and on bank holidays")
    found = [
        (0 if is_day else 1, replace(service, out_of_hours_phone="", hours=by_day)),
        (1 if is_day else 0, replace(service, phone=other, out_of_hours_phone="", hours=at_night)),
    ]
    return [(rank, number) for rank, number in found if number.phone]


@cache  # a file that changes with a migration alone
def codes_by_authority() -> dict[str, tuple[list[str], str]]:
    """Maps a local authority's code, in Northern Ireland an outward code, to those of its children's services and its police.

    An outward code that lies in two trusts has the children's services of both.
    """
    return {row["code"]: (row["children"].split(), row["police"]) for row in csv_rows("guidance", "areas")}


def who_to_tell(postcode: str) -> WhoToTell:
    """For a postcode in the form of core.forms.normalise_postcode, or ''.

    At most two statements, except for a new outward code.
    """
    area = look_up_area(postcode) if postcode and not postcode.startswith(FORCES_POST_PREFIX) else None
    return who_to_tell_by_area([area])[area]


def who_to_tell_by_postcode(postcodes: Iterable[str]) -> dict[str, WhoToTell]:
    """who_to_tell() for several postcodes, in two statements."""
    asked = set(postcodes)
    areas = look_up_areas(postcode for postcode in asked if postcode and not postcode.startswith(FORCES_POST_PREFIX))
    told = who_to_tell_by_area([None, *areas.values()])
    return {postcode: told[areas.get(postcode)] for postcode in asked}


def who_to_tell_by_area(areas: Iterable[Area | None]) -> dict[Area | None, WhoToTell]:
    """Staff change the numbers, so they are read each time."""
    codes: dict[Area | None, tuple[list[str], str, str]] = {}
    for area in areas:
        codes[area] = ([], "", "")
        if area:
            # Where neither code is known, the nation's: some are for all of it.
            known = codes_by_authority()
            there = known.get(area.outward_code) or known.get(area.local_authority) or ([area.nation], area.nation)
            codes[area] = (*there, area.nation)
    wanted = {code for children, *others in codes.values() for code in (*children, *others)}
    contacts = {(row.kind, row.code): row for row in AreaContact.objects.filter(code__in=wanted)}
    found = {}
    for area, (children_codes, police_code, guardian_code) in codes.items():
        nation = area.nation if area else ""
        children = [contacts[ContactKind.CHILDREN, code] for code in children_codes if (ContactKind.CHILDREN, code) in contacts]
        police = contacts.get((ContactKind.POLICE, police_code))
        guardian = contacts.get((ContactKind.GUARDIAN, guardian_code))
        if nation == Nation.NORTHERN_IRELAND:
            unknown = _("Children’s services of the health and social care trust where the child is")
        else:
            unknown = _("Children’s services of the council where the child is")
        services = (
            Service(_("In immediate danger"), "999"),
            *([build_service_contact(each, _("Children’s services, %(name)s")) for each in children] or [Service(unknown)]),
            build_service_contact(police) if police else Service(_("Police"), POLICE_NUMBER),
        )
        found[area] = WhoToTell(nation, services, (build_service_contact(guardian),) if guardian else ())
    return found


def build_service_contact(contact: AreaContact, pattern: str = "%(name)s") -> Service:
    return Service(
        name=pattern % {"name": contact.name},
        phone=contact.number,
        out_of_hours_phone=contact.out_of_hours_phone,
        web_page=contact.web_page,
        checked_on=contact.checked_on if contact.phone or contact.out_of_hours_phone else None,
        is_sample=contact.is_sample,
    )


def referral_text(nation: str, profession: str = "") -> str:
    """The call to make today, then the referral to the National Referral Mechanism; '' where there are no referrals.

    Without a nation, for all of the UK.
    """
    if nation and nation not in NATIONS:
        return ""
    return f"{call_text(nation, profession)} {who_refers_text(nation, profession)}"


def call_text(nation: str, profession: str) -> str:
    """Whom somebody of that profession calls. Social workers call the police, and the police call social workers."""
    in_a_trust, in_scotland = nation == Nation.NORTHERN_IRELAND, nation == Nation.SCOTLAND
    if profession == Profession.SOCIAL_WORKER:
        return _("Call the police today, and start your own team’s child protection procedure.")
    if profession == Profession.POLICE_OFFICER:
        if in_a_trust:
            return _("Call children’s services at the health and social care trust today, at any hour.")
        if in_scotland:
            return _("Call social work at the council today, at any hour.")
        return _("Call children’s services today, at any hour.")
    if in_a_trust:
        return _("Call children’s services at the health and social care trust, or the police, today.")
    if in_scotland:
        return _("Call social work at the council, or the police, today.")
    return _("Call children’s services or the police today.")


def who_refers_text(nation: str, profession: str) -> str:
    """Who makes the referral after the call."""
    in_a_trust = nation == Nation.NORTHERN_IRELAND
    if profession in {Profession.POLICE_OFFICER, Profession.SOCIAL_WORKER}:
        return agreement_text(nation, profession)
    if profession == Profession.IMMIGRATION_OFFICER:
        return _("Then your own organisation makes the NRM referral.")
    if in_a_trust and profession in TRUST_PROFESSIONS:
        return _("They make the NRM referral. If you work for a trust, that is your own organisation.")
    if not in_a_trust and profession == Profession.YOUTH_WORKER:
        return _("They make the NRM referral. If you work for a council, that is your own organisation.")
    if profession in {"", Profession.OTHER}:
        return _("They make the NRM referral, and so do border and immigration staff and some charities.")
    return _("They make the NRM referral.")


def agreement_text(nation: str, profession: str) -> str:
    """How police and social workers agree which of them makes the referral.

    In England and Wales one of them must (Modern Slavery Act 2015, section 52): for a child, the referral is the notice.
    """
    must = nation not in {Nation.SCOTLAND, Nation.NORTHERN_IRELAND}
    if profession == Profession.POLICE_OFFICER:
        if must:
            return _("Agree with them who makes the NRM referral. In England and Wales, the law says that it must be made.")
        return _("Agree with them who makes the NRM referral. Your force can make it.")
    if must:
        return _(
            "Agree with them who makes the NRM referral. "
            "In England and Wales, the law says that a council must see that it is made."
        )
    if nation == Nation.NORTHERN_IRELAND:
        return _("Agree with them who makes the NRM referral. If you work for a trust, your team can make it.")
    return _("Agree with them who makes the NRM referral. If you work for a council, your team can make it.")
