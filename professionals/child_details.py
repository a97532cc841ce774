"""Whether a note seems to tell of one child. Patterns, not certainty: a person is asked, never refused."""

import re
from datetime import date, timedelta

from django.utils import timezone

# -- NHS numbers ------------------------------------------------------------------------------------------------------

NHS_SHAPE = re.compile(r"(?<![\d+/.-])(\d{3})([ -]?)(\d{3})\2(\d{4})(?![\d/]|[.-]\d)")
NHS_LABEL = re.compile(r"\b(?:nhs|chi|h&c)[ -]?(?:no\b|num\b|number|#)\W{0,4}(?:is\W)?\d[\d -]{7,}", re.IGNORECASE)
OTHER_NUMBER = re.compile(
    r"\b(?:tel|telephone|phone|mobile|mob|call|ring|text|fax|ext|po|p\.o|order|purchase|invoice|account|cost centre|charity"
    r"|company|vat)\b[\w .:#'-]{0,20}$",
    re.IGNORECASE,
)


def is_nhs_number(digits: str) -> bool:
    """Whether ten digits are an NHS number by its check digit (modulus 11, NHS Data Dictionary). Scotland's CHI numbers too."""
    if len(digits) != 10 or len(set(digits)) == 1:
        return False
    check = 11 - sum(int(digit) * weight for digit, weight in zip(digits, range(10, 1, -1), strict=False)) % 11
    return check != 10 and check % 11 == int(digits[9])


def _has_nhs_number(text: str) -> bool:
    if NHS_LABEL.search(text):
        return True
    return any(
        is_nhs_number(found[1] + found[3] + found[4]) and not OTHER_NUMBER.search(text[: found.start()])
        for found in NHS_SHAPE.finditer(text)
    )


# -- Dates of birth and ages ------------------------------------------------------------------------------------------

MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
MONTH = (
    "(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    "|nov(?:ember)?|dec(?:ember)?)"
)
DATE = re.compile(
    r"(?<![\d/.-])(?:"
    r"(?P<y1>\d{4})-(?P<m1>\d{1,2})-(?P<d1>\d{1,2})"
    r"|(?P<d2>\d{1,2})[/. -](?P<m2>\d{1,2})[/. -](?P<y2>\d{4}|\d{2})"
    rf"|(?P<d3>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?(?P<m3>{MONTH})\.?,?\s+(?P<y3>\d{{4}}|\d{{2}})"
    rf"|(?P<m4>{MONTH})\.?\s+(?P<d4>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<y4>\d{{4}})"
    r")(?![\d/]|[.-]\d)",
    re.IGNORECASE,
)
BIRTH_WORDS = r"(?:\bd\.? ?o\.? ?b\b\.?|\bdate of birth\b|\bborn\b|\bbirth ?da(?:te|y)\b)"
BIRTH_BEFORE = re.compile(BIRTH_WORDS + r"\W*(?:(?:on|is|was|in|the|approx|about|c)\W+)*$", re.IGNORECASE)
BIRTH_AFTER = re.compile(r"^\W{0,4}" + BIRTH_WORDS, re.IGNORECASE)
BORN_IN = re.compile(r"\b(?:born|d\.?o\.?b\.?)\W+(?:in\W+)?(?:" + MONTH + r"\W+)?((?:19|20)\d\d)\b", re.IGNORECASE)
CHILD = (
    r"(?:girl|boy|child|daughter|son|lad|lass|teenager|teen|minor|baby|infant|toddler|juvenile|young person|yp|uasc|sibling"
    r"|he|she)"
)
AGE = r"(?:\d|1[0-7])"
YEARS = r"(?:years?|yrs?|y/?o|months?)"
AGED = rf"aged?\s+{AGE}\b(?!\s*(?:-|–|to|and|or|/)\s*\d)"  # "aged 5 to 11" is a class, not a child
AGED_CHILD = re.compile(
    rf"\b(?:a|an|one|this|that|the|our|my|her|his)\s+{AGE}[ -]?{YEARS}\b(?:[ -]old)?(?:\s[\w-]+)?\s{CHILD}\b(?![\w'’])"
    rf"|\b{CHILD},?\s+(?:is\s+|who is\s+|was\s+)?(?:only\s+)?(?:{AGED}|\(?{AGE}[ -]?{YEARS}\b)",
    re.IGNORECASE,
)
AGED_NAME = re.compile(rf"(?P<name>[A-Z][\w'’-]+),?\s+\(?(?:is\s+)?(?:{AGED}|{AGE}[ -]?(?:years? old|yrs? old|y/?o)\b)")
NAME = r"[A-ZÀ-Þ][\w'’-]+"
NAME_BEFORE = re.compile(rf"(?P<first>{NAME})\s+(?P<last>{NAME})\W{{1,4}}$|(?:^|\s)(?P<initials>(?:[A-Z]\.?){{2,3}})\W{{1,4}}$")
NAME_AFTER = re.compile(rf"^\W{{1,4}}(?P<first>{NAME})\s+(?P<last>{NAME})")
# Capitalised words of our readers' notes that are no names of people.
NOT_NAMES = frozenset(
    """
    monday tuesday wednesday thursday friday saturday sunday mon tue tues wed thu thur thurs fri sat sun january
    february march april may june july august september october november december road street lane avenue house centre
    center hall building room floor wing block ward clinic hospital health school academy college university office
    offices team service services council trust nhs foundation social care children childrens safety fire policy
    training session presentation meeting conference week term year spring summer autumn winter bank holiday since from
    until after before on by the our we please note updated version issued dated last next reviewed review certificate
    ofsted inspection report act section police station force city county north south east west royal st saint park
    gate entrance reception car library museum church community family hub safeguarding board partnership adult adults
    head deputy lead leads manager officer nurse doctor dr midwife visitor visitors worker workers covid christmas
    easter ramadan eid uk gmt bst am pm pdf po ref
    """.split()  # noqa: SIM905 - readable as it stands
)


def _is_childs_birthday(found: re.Match[str], today: date) -> bool:
    """Whether this date lies in the last 18 years, and not so lately that it is rather about work."""
    groups = {name: value for name, value in found.groupdict().items() if value}
    day, month, year = (next(value for name, value in groups.items() if name[0] == part) for part in "dmy")
    number = int(month) if month.isdigit() else 1 + MONTHS.index(month.lower()[:3])
    full_year = int(year) if len(year) == 4 else 2000 + int(year)
    try:
        born = date(full_year, number, int(day))
    except ValueError:
        return False
    return today - timedelta(days=18 * 366) <= born <= today - timedelta(days=60)


def _is_name(found: re.Match[str] | None) -> bool:
    if found is None:
        return False
    words = [word.lower().strip("'’") for word in found.groupdict().values() if word]
    return not any(word in NOT_NAMES for word in words)


def _has_birth_date(text: str, today: date) -> bool:
    for found in DATE.finditer(text):
        before, after = text[max(0, found.start() - 60) : found.start()], text[found.end() : found.end() + 60]
        if BIRTH_BEFORE.search(before) or BIRTH_AFTER.search(after):
            return True
        if _is_childs_birthday(found, today) and (_is_name(NAME_BEFORE.search(before)) or _is_name(NAME_AFTER.search(after))):
            return True
    return any(today.year - 18 <= int(found[1]) <= today.year for found in BORN_IN.finditer(text))


def _has_childs_age(text: str) -> bool:
    return bool(AGED_CHILD.search(text)) or any(_is_name(found) for found in AGED_NAME.finditer(text))


# -- Cases ------------------------------------------------------------------------------------------------------------

CASE_OF = re.compile(
    rf"\b[Cc]ase of\s+(?:(?:a|an|the|this|our|my|one)\s+)?(?:[\w-]+\s+){{0,3}}?{CHILD}\b(?!s)"
    rf"|(?<!\b[Ii]n )\b[Cc]ase of\s+(?P<name>{NAME})"
)
REFERENCE_WORDS = r"(?:ref|reference|refs|id|no|num|number|file)"
CASE_NUMBER = re.compile(
    rf"\b(?:(?:case|crime|cad|nrm|mosaic|liquid ?logic|lcs|niche|cris)(?:\s+{REFERENCE_WORDS})*"
    rf"|(?:child|client|patient|service user|hospital|caseload|referral|social care|police|incident)(?:\s+{REFERENCE_WORDS})+)"
    r"\.?(?:\s+is)?\s*[:#-]?\s*(?=[A-Z0-9/-]*\d{3})[A-Z0-9][A-Z0-9/-]{3,}\b",
    re.IGNORECASE,
)
POLICE_SHAPE = re.compile(r"(?<![\d/])\d{1,2}[A-Z]{0,2}/\d{4,7}/\d{2}(?![\d/])")


def _has_case(text: str) -> bool:
    if CASE_NUMBER.search(text) or POLICE_SHAPE.search(text):
        return True
    return any(found["name"] is None or _is_name(found) for found in CASE_OF.finditer(text))


def looks_like_child_details(text: str) -> bool:
    """Whether a note seems to tell of one child: an NHS number, a birth date or age with a name or a birth word, a case."""
    return bool(text) and (
        _has_nhs_number(text) or _has_birth_date(text, timezone.localdate()) or _has_childs_age(text) or _has_case(text)
    )
