"""Contacts from a spreadsheet: professionals whom the charity knows, with where they work."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy, gettext_lazy as _

from accounts.models import User
from core.dates import months_before, uk_datetime, uk_day
from core.forms import normalise_postcode, parse_typed_day, validate_phone
from office.site_settings.queries import site_settings
from professionals.areas import look_up_areas
from professionals.forms import validate_not_team_address
from professionals.imports.registry import ImportField, ImportKind, Match, PastRetention, Removal, Row, one_line, parse_text
from professionals.models import DIALLED_DIGITS, DuplicateChoice, Organisation, Person, Profession
from professionals.services import dialled_digits

PERSON_LABEL = Person._meta.label_lower
MAX_MATCHES = 5
MIN_PAST_DAY = date(2000, 1, 1)


def parse_email(typed: str) -> str:
    address = one_line(typed).lower().removeprefix("mailto:")
    if len(address) > 254:
        raise ValidationError(_("This is too long for an email address."))
    try:
        validate_email(address)
    except ValidationError as error:
        raise ValidationError(_("This is not an email address. Correct it, or leave it empty.")) from error
    validate_not_team_address(address)
    return address


def parse_phone(typed: str) -> str:
    """A phone number. A spreadsheet may have dropped its leading 0, which is put back."""
    number = one_line(typed)
    if len(number) > 29:
        raise ValidationError(_("This is too long for a phone number."))
    validate_phone(number)
    return f"0{number}" if number.isdigit() and len(number) in {9, 10} and number[0] in "1237" else number


PROFESSION_BY_WORDS = {
    words: value
    for value in Profession.values
    for words in (value, value.replace("-", " "), f"{value.replace('-', ' ')}s", Profession(value).label.casefold())
}


def parse_profession(typed: str) -> str:
    if value := PROFESSION_BY_WORDS.get(one_line(typed).casefold()):
        return value
    raise ValidationError(_("We don’t know this profession. Write one that this website offers, or Other."))


def parse_postcode(typed: str) -> str:
    try:
        return normalise_postcode(typed[:20])
    except ValidationError as error:
        if error.code == "misread":  # its sentence repeats what was typed
            raise ValidationError(_("Check the letters and figures of the postcode, such as O and 0.")) from error
        raise


def parse_past_day(typed: str) -> date:
    """A day in the past, and in this century. The day comes first: 9/3/2017."""
    today = uk_day(timezone.now())
    try:
        day = parse_typed_day(typed[:40], today, lies_ahead=False)
    except ValueError as error:
        raise ValidationError(_("This is not a date. Write it like 9/3/2017.")) from error
    if not MIN_PAST_DAY <= day <= today:
        raise ValidationError(_("This date can’t be right. It must be after 1999, and not ahead."))
    return day


# The fields about a person, for every kind whose rows have one.
NAME_FIELD = ImportField(
    "name",
    _("Name"),
    parse_text(150),
    required=True,
    aliases=("Full name", "Contact", "Contact name", "First name", "Forename", "Given name", "Professional"),
    help=_("The whole name, or the first name if the last name has a column of its own."),
    example="Asha Patel",
)
LAST_NAME_FIELD = ImportField(
    "last_name",
    _("Last name"),
    parse_text(100),
    aliases=("Surname", "Family name", "Second name"),
    help=_("Only if it has a column of its own."),
)
EMAIL_FIELD = ImportField(
    "email",
    _("Email address"),
    parse_email,
    aliases=("Email", "E-mail", "E-mail address", "Mail", "Work email", "Contact email"),
    example="asha.patel@example.nhs.uk",
    free=False,
)
PHONE_FIELD = ImportField(
    "phone",
    _("Phone"),
    parse_phone,
    aliases=("Telephone", "Tel", "Phone number", "Telephone number", "Mobile", "Work phone", "Contact number", "Contact phone"),
    example="0113 496 0000",
    free=False,
)
PROFESSION_FIELD = ImportField(
    "profession",
    _("Profession"),
    parse_profession,
    aliases=("Job", "Job title", "Role", "Occupation"),
    help=_("As this website lists them. Without a column, everybody is entered as Other."),
    example="Health visitor",
    empty=Profession.OTHER.value,
    free=False,
)
ORGANISATION_FIELD = ImportField(
    "organisation_name",
    _("Organisation"),
    parse_text(200),
    aliases=("Organisation name", "Organization", "Employer", "Workplace", "Trust", "Company", "Agency", "Where they work"),
    example="Leeds Community Healthcare",
)
POSTCODE_FIELD = ImportField(
    "postcode",
    _("Postcode"),
    parse_postcode,
    aliases=("Post code", "Work postcode", "Postal code", "Zip"),
    help=_("We read a letter O that must be a 0, or an I or L that must be a 1, as that figure."),
    example="LS1 4AP",
    free=False,
)
LAST_CONTACT_FIELD = ImportField(
    "last_contact",
    _("Last contact"),
    parse_past_day,
    aliases=("Last contacted", "Date of last contact", "Last seen", "Date", "Last booking", "Last order"),
    help=_("The last day they were in touch. If that is longer ago than we keep people, only a count comes in."),
    example="9/3/2025",
    empty=None,
    free=False,
)
PERSON_FIELDS = (NAME_FIELD, LAST_NAME_FIELD, EMAIL_FIELD, PHONE_FIELD, PROFESSION_FIELD, ORGANISATION_FIELD, POSTCODE_FIELD)


def full_name(values: Mapping[str, Any]) -> str:
    return f"{values['name']} {values.get('last_name', '')}".strip()[:150]


def is_past_retention(day: date, *, months: int, now: datetime) -> bool:
    """Whether personal data last used on that day may not be kept any more."""
    return uk_datetime(day, time.max) < months_before(now, months)


def mark_past_retention(rows: Sequence[tuple[Row, date]], *, people: int = 0, copies: int = 0) -> None:
    """Set `past` of each row: only a count of its month, area and profession comes in. One statement."""
    areas = look_up_areas({row.values["postcode"] for row, _day in rows if row.values.get("postcode")}) if rows else {}
    for row, day in rows:
        area = areas.get(row.values.get("postcode", ""))
        row.past = PastRetention(
            month=day.replace(day=1),
            nation=area.nation if area else "",
            authority=area.local_authority if area else "",
            profession=row.values.get("profession", ""),
            people=people,
            copies=copies,
        )


def find_people(rows: Sequence[Row]) -> list[Person]:
    """The people whom these rows may be about: by email address, by phone in any spelling, or by name. One statement."""
    known = Person.objects.filter(erased_at=None).order_by()
    emails = {row.values["email"] for row in rows} - {""}
    digits = {dialled_digits(row.values["phone"]) for row in rows} - {""}
    names = {full_name(row.values).lower() for row in rows}
    keys = (
        known.alias(lower_email=Lower("email")).exclude(email="").filter(lower_email__in=emails).values("pk"),
        known.alias(dialled=DIALLED_DIGITS).exclude(phone="").filter(dialled__in=digits).values("pk"),
        known.alias(lower_name=Lower("name")).filter(lower_name__in=names).values("pk"),
    )
    return list(Person.objects.filter(pk__in=keys[0].union(*keys[1:])).select_related("organisation").order_by("pk"))


def match_people(rows: Sequence[Row]) -> None:
    """Find the people that each row may be about, like the pages for callers do, but for all rows at once."""
    by_email: dict[str, list[Person]] = defaultdict(list)
    by_phone: dict[str, list[Person]] = defaultdict(list)
    by_name: dict[str, list[Person]] = defaultdict(list)
    for person in find_people(rows):
        by_email[person.email.lower()].append(person)
        by_phone[dialled_digits(person.phone)].append(person)
        by_name[person.name.lower()].append(person)
    for row in rows:
        why: dict[int, str] = {}
        same = by_email.get(row.values["email"], []) if row.values["email"] else []
        digits = dialled_digits(row.values["phone"])
        for person in by_name.get(full_name(row.values).lower(), []):
            if (reason := same_place_reason(person, row.values)) is not None:
                why[person.pk] = reason
        for person in by_phone.get(digits, []) if digits else []:
            why.setdefault(person.pk, gettext("Same phone number"))
        row.matches += [Match(PERSON_LABEL, person.pk, gettext("Same email address"), certain=True) for person in same]
        others = [Match(PERSON_LABEL, key, reason) for key, reason in why.items() if key not in {person.pk for person in same}]
        row.matches += others[:MAX_MATCHES]


def same_place_reason(person: Person, values: Mapping[str, Any]) -> str | None:
    """Why a person with the same name may be the same: the place where they work. None if it differs."""
    organisation = person.organisation.name.lower() if person.organisation else ""
    if organisation and organisation == values["organisation_name"].lower():
        return gettext("Same name and organisation")
    if person.postcode and person.postcode == values["postcode"]:
        return gettext("Same name and postcode")
    return None


def make_people(rows: Sequence[Row], *, since: Mapping[int, datetime] | None = None) -> dict[int, Person]:
    """The person of each row, by row number: the one that it is linked to, the one with its email address, or a new one.

    A new person's organisation is found by name in any case, or added. Nothing about known people is changed, but an erased row
    loses an address that one of these rows has. `since` has, by row number, when they were last in touch; they are kept from then
    on.
    """
    since = since or {}
    emails = {row.values["email"] for row in rows} - {""}
    with_email = Person.objects.alias(lower_email=Lower("email")).exclude(email="").filter(lower_email__in=emails)
    with_email.exclude(erased_at=None).update(email="")
    known: dict[str, Person] = {person.email.lower(): person for person in with_email}
    people: dict[int, Person] = {}
    new: dict[int, Row] = {}
    for row in rows:
        email = row.values["email"]
        if row.choice == DuplicateChoice.LINK and row.link is not None and row.link.model == PERSON_LABEL:
            people[row.number] = Person(pk=row.link.key)
        elif email and email in known:
            people[row.number] = known[email]
        else:
            new[row.number] = row
            people[row.number] = Person(
                name=full_name(row.values),
                email=email,
                phone=row.values["phone"],
                profession=row.values["profession"],
                postcode=row.values["postcode"],
                created_at=since.get(row.number) or timezone.now(),
            )
            if email:
                known[email] = people[row.number]
    organisations = make_organisations(new.values())
    for number, row in new.items():
        people[number].organisation = organisations.get(row.values["organisation_name"].lower())
    Person.objects.bulk_create([people[number] for number in new])
    for row in rows:
        (row.made if row.number in new else row.linked).append(people[row.number])
    return people


def make_organisations(rows: Iterable[Row]) -> dict[str, Organisation]:
    """The organisations that these rows name, by their names in small letters. The first row that names a new one makes it."""
    first = {row.values["organisation_name"].lower(): row for row in reversed(list(rows)) if row.values["organisation_name"]}
    named = Organisation.objects.alias(lower_name=Lower("name")).filter(lower_name__in=first)
    known: dict[str, Organisation] = {organisation.name.lower(): organisation for organisation in named}
    missing = [row.values["organisation_name"] for name, row in first.items() if name not in known]
    if missing:
        # A colleague may add the same at this moment.
        Organisation.objects.bulk_create([Organisation(name=name) for name in missing], ignore_conflicts=True)
        for organisation in named.all():
            name = organisation.name.lower()
            if name not in known and name in first:  # the database may know other small letters
                first[name].made.append(organisation)
                known[name] = organisation
    return known


def check_contacts(rows: Sequence[Row], *, now: datetime) -> None:
    months = site_settings().keep_people_months
    past = [(row, row.values["last_contact"]) for row in rows if row.values["last_contact"]]
    mark_past_retention([(row, day) for row, day in past if is_past_retention(day, months=months, now=now)], people=1)
    for row in rows:
        if not row.past and not row.values["email"] and not row.values["phone"]:
            row.add_problem("", _("Fill in an email address or a phone number."))
    match_people([row for row in rows if not row.past and not row.problems])


def make_contacts(rows: Sequence[Row], *, by: User | None, now: datetime) -> None:
    days = {row.number: row.values["last_contact"] for row in rows if row.values["last_contact"]}
    make_people(rows, since={number: uk_datetime(day, time(12)) for number, day in days.items()})


def contact_identity(values: Mapping[str, Any]) -> str:
    """What makes two rows the same: the email address, or else name and phone."""
    return values["email"] or f"{full_name(values).lower()} {dialled_digits(values['phone'])}"


CONTACTS_KIND = ImportKind(
    name="contacts",
    label=gettext_lazy("Contacts"),
    help=gettext_lazy("Professionals that you know, and where they work. Nobody gets an email."),
    fields=(*PERSON_FIELDS, LAST_CONTACT_FIELD),
    check=check_contacts,
    make=make_contacts,
    identity=contact_identity,
    removals=(Removal(PERSON_LABEL), Removal(Organisation._meta.label_lower)),
)
