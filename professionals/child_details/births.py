"""When somebody was born: a date called so, or one of the last 18 years beside a name."""

import re
from datetime import date, timedelta

from professionals.child_details.ordinary import could_be_names
from professionals.child_details.words import INITIALS, NAME, are_initials, are_names, before

MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
MONTH = (
    "(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    "|nov(?:ember)?|dec(?:ember)?)"
)
DATE = re.compile(
    r"(?<![\d/.-])(?:"
    r"(?P<y1>\d{4})[-/.](?P<m1>\d{1,2})[-/.](?P<d1>\d{1,2})"
    r"|(?P<d2>\d{1,2})[/. -](?P<m2>\d{1,2})[/. -](?P<y2>\d{4}|\d{2})"
    rf"|(?P<d3>\d{{1,2}})(?:st|nd|rd|th)?[ /.-](?:of )?(?P<m3>{MONTH})\.?,?[ /.-](?P<y3>\d{{4}}|\d{{2}})"
    rf"|(?P<m4>{MONTH})\.? (?P<d4>\d{{1,2}})(?:st|nd|rd|th)?,? (?P<y4>\d{{4}})"
    r")(?![\d/]|[.-]\d)",
    re.IGNORECASE,
)
BIRTH_WORDS = r"(?:\bd\.? ?o\.? ?b\b\.?|\bdate of birth\b|\bborn\b|\bbirth ?da(?:te|y)\b|\bb\.)"
BIRTH_BEFORE = re.compile(
    BIRTH_WORDS
    + r"\W{0,5}(?:(?:on|is|was|in|the|of|approx|about|c|given|as|said|to|be|recorded|noted|down|her|his)\W{1,5}){0,6}$"
    r"|\bborn(?:\W{1,3}\w{1,20}){0,3}\W{1,3}$",
    re.IGNORECASE,
)
BIRTH_AFTER = re.compile(
    r"^\W{0,4}(?:(?:is|was|as|being)\W{1,3})?(?:(?:the|her|his|their|its|a|child's)\W{1,3})?"
    r"(?:(?:given|stated|claimed|recorded|estimated|approx)\W{1,3})?" + BIRTH_WORDS,
    re.IGNORECASE,
)
BIRTH_YEAR = re.compile(
    rf"\b(?:d\.?o\.?b\.?|yob|year of birth)\W{{1,3}}(?:(?:is|was|in)\W{{1,3}})?(?:{MONTH}\W{{1,3}})?((?:19|20)\d\d)\b"
    r"|\bborn\W{1,3}(?:[^\W\d]{1,20}\W{1,3}){0,3}((?:19|20)\d\d)\b"
    r"|\b((?:19|20)\d\d)\W{1,3}(?:d\.?o\.?b|yob)\b",
    re.IGNORECASE,
)
# "dob 230409", as it is typed where a form has no room for more.
BIRTH_DIGITS = re.compile(
    r"\b(?:d\.?o\.?b\b\.?|date of birth)\W{1,4}(?:is )?(?:[0-2]\d|3[01])(?:0\d|1[0-2])(?:\d{4}|\d{2})(?!\d)"
    r"|\b(?:d\.?o\.?b\b\.?|born)\W{1,4}(?:in )?(?:0?\d|1[0-2])[/.-](?:20)?\d\d(?![\d/.-])",
    re.IGNORECASE,
)
# "Amina Khan", "Amina K", and the family name first: "Khan, Amina".
NAME_BEFORE = re.compile(
    r"(?:^|\W)(?<!\bthe )(?<!\ban )(?<!\byour )(?<!\bthis )(?<!\blast )"
    rf"({NAME})(,?) ({NAME}|[B-HJ-UWYZb-hj-uwyz]\.?)(?: \(?[FMfm]\)?|\([FMfm]\))?\W{{1,4}}$"
)
INITIALS_BEFORE = re.compile(rf"(?:^|\W)({INITIALS})\W{{1,4}}$")
NAME_AFTER = re.compile(rf"^\W{{1,4}}({NAME}) ({NAME})")
# "DBS seen 03/02/2020 jane smith": the certificate of a colleague.
OF_A_CHECK = re.compile(
    r"\b(?:dbs|crb)(?:\W{1,3}(?:checks?|checked|cert|certificate|clear|cleared|seen|issued|dated?|done|renewed|valid|no|number|is|was"
    r"|on|from|of)\b){0,4}\W{1,3}$",
    re.IGNORECASE,
)
CHILDHOOD = timedelta(days=18 * 366)
# Beside the name of a colleague, a date of the last year is about work: when we rang, when they came.
ABOUT_WORK = timedelta(days=365)
# Beside what may be no name at all: "flu clinic 4/5/2024". What work did so long ago is seldom told.
LONG_PAST = timedelta(days=3 * 365)


def tells_a_birth(text: str, today: date) -> bool:
    if BIRTH_DIGITS.search(text):
        return True
    return any(_is_birth(text, found, today) for found in DATE.finditer(text)) or any(
        today.year - 18 <= int(found[1] or found[2] or found[3]) <= today.year for found in BIRTH_YEAR.finditer(text)
    )


def _is_birth(text: str, found: re.Match[str], today: date) -> bool:
    """A date that is called so counts whoever was born then, also one that no calendar has; one still to come never does."""
    ahead, behind = before(text, found.start()), text[found.end() : found.end() + 60]
    day = _date_of(found)
    if day is not None and day > today:
        return False
    if BIRTH_BEFORE.search(ahead) or BIRTH_AFTER.search(behind):
        return True
    if day is None or not today - CHILDHOOD <= day <= today - ABOUT_WORK or OF_A_CHECK.search(ahead):
        return False
    return _is_beside_a_name(ahead, behind, long_past=day <= today - LONG_PAST)


def _is_beside_a_name(ahead: str, behind: str, *, long_past: bool) -> bool:
    """In small letters, with the family name first, or as initials within a sentence: only where the date is long past."""
    name, follows, initials = NAME_BEFORE.search(ahead), NAME_AFTER.search(behind), INITIALS_BEFORE.search(ahead)
    if initials and are_initials(initials[1]) and (long_past or not name):
        return True
    likely = could_be_names if long_past else are_names
    if name and (long_past or not name[2]) and likely(name[1], name[3]):
        return True
    return bool(follows and likely(follows[1], follows[2]))


def _date_of(found: re.Match[str]) -> date | None:
    groups = {name: value for name, value in found.groupdict().items() if value}
    day, month, year = (next(value for name, value in groups.items() if name[0] == part) for part in "dmy")
    number = int(month) if month.isdigit() else 1 + MONTHS.index(month.lower()[:3])
    try:
        return date(_full_year(year), number, int(day))
    except ValueError:
        return None


def _full_year(year: str) -> int:
    """Two digits are of this century as far as 2049, as those who write them today mean it."""
    return int(year) if len(year) == 4 else int(year) + (2000 if int(year) < 50 else 1900)
