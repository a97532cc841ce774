"""Detects details of one child in a note. Patterns, not certainty: the writer is asked, never refused (ADR 22)."""

import re
import unicodedata
from bisect import bisect
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta

from django.utils import timezone

from core.models import REFERENCE_PATTERN
from professionals.safeguarding.vocabulary import (
    ABBREVIATION_PATTERN,
    ABOUT_WORDS,
    ACRONYMS,
    CARE_RECIPIENT,
    CHILD,
    EXPANSION_BY_ABBREVIATION,
    INITIALS,
    INITIALS_IN_STORY_PATTERN,
    LONG_NUMBER_PATTERN,
    MAX_SIGN_DISTANCE,
    MAX_WEIGHT_BY_KIND,
    MIN_TOTAL_WEIGHT,
    NAME,
    NAME_WITH_SCHOOL_YEAR_PATTERN,
    NAMED_CHILD_PATTERN,
    NATIONALITY,
    NHS_LABEL_PATTERN,
    NHS_NUMBER_PATTERN,
    NON_NAME_ENDINGS,
    NON_NAME_WORDS,
    PUNCTUATION_TRANSLATION,
    SENTENCE_END_PATTERN,
    SIGNS,
    SPACES_PATTERN,
    TEXT_BEFORE_OTHER_NUMBER_PATTERN,
    TEXT_BEFORE_PAYMENT_PATTERN,
    TITLES,
    WORD_PATTERN,
    WORK_WORDS,
)

# Characters. No box of ours takes a tenth of it; a longer text is refused for its length before anything is stored.
MAX_CHARACTERS_READ = 50_000


def looks_like_child_details(text: str) -> bool:
    """Whether a note seems to be about one child: a number or reference, a birth date, an age, a name, what happened.

    How often it is wrong is measured with the notes in tests/professionals/child_notes. The time it takes grows in step with the
    length of the text.
    """
    # One kind of digits, dashes, quotes and spaces, and nothing invisible. Our own references are no child's, so they go.
    visible = "".join(
        letter for letter in unicodedata.normalize("NFKC", text[:MAX_CHARACTERS_READ]) if unicodedata.category(letter) != "Cf"
    )
    note = REFERENCE_PATTERN.sub("; ", SPACES_PATTERN.sub(" ", visible.translate(PUNCTUATION_TRANSLATION)).strip())
    has_digits = any(letter.isdigit() for letter in note)  # most notes have none
    if has_digits and (has_nhs_number(note) or has_reference(note) or has_birth_date(note, timezone.localdate())):
        return True
    return has_age(note) or describes_one_child(note) or has_enough_signs(note)


# Names, initials and words before a number, which several of the detectors ask for.


def are_names(*words: str | None) -> bool:
    """Whether each begins with a capital and none is a word of work. At least one is needed."""
    names = [word.strip("'-") for word in words if word]
    return bool(names) and all(word[:1].isupper() and word.lower() not in WORK_WORDS for word in names)


def could_be_names(*words: str | None) -> bool:
    """Whether none of these is an everyday word or a word of work, in capital or small letters. At least one is needed."""
    names = [word.strip("'-.").lower() for word in words if word]
    return bool(names) and not any(
        {word, word.removesuffix("s")} & NON_NAME_WORDS or word.endswith(NON_NAME_ENDINGS) for word in names
    )


def are_initials(letters: str) -> bool:
    """Whether these are initials (AK, A.K., T N M), not an acronym of our readers' work."""
    plain = re.sub(r"[. ]", "", letters)
    return 2 <= len(plain) <= 3 and plain.isupper() and plain.lower() not in ACRONYMS


def text_before(text: str, place: int, most: int = 60) -> str:
    """The text just before a place. A window, so that each look takes the same time in a long text."""
    return text[max(0, place - most) : place]


def is_payment_number(text: str, place: int) -> bool:
    """Whether the words before a number say that it is an order's, an invoice's or a cost code."""
    return bool(TEXT_BEFORE_PAYMENT_PATTERN.search(text_before(text, place)))


def is_other_number(text: str, place: int) -> bool:
    """Whether the words before a number say that it is a phone, an order or a meeting."""
    return bool(TEXT_BEFORE_OTHER_NUMBER_PATTERN.search(text_before(text, place))) or is_payment_number(text, place)


def is_nhs_number(digits: str) -> bool:
    """Whether ten digits are an NHS number or a Scottish CHI number, by the check digit (modulus 11, NHS Data Dictionary)."""
    if len(digits) != 10 or len(set(digits)) == 1:
        return False
    check = 11 - sum(int(digit) * weight for digit, weight in zip(digits, range(10, 1, -1), strict=False)) % 11
    return check != 10 and check % 11 == int(digits[9])


def has_nhs_number(text: str) -> bool:
    """Whether there is a number with an NHS label, even mistyped, or ten digits with the right check digit and no other label."""
    return bool(NHS_LABEL_PATTERN.search(text)) or any(
        is_nhs_number(match[1] + match[3] + match[4]) and not is_other_number(text, match.start())
        for match in NHS_NUMBER_PATTERN.finditer(text)
    )


# The age of one child: beside a word for a child, a name or a pronoun; never that of a class, a team or a projector.

AGE_WORDS = (
    "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen"  # at most 17
)
AGE_DIGITS = r"(?:\d|1[0-7])(?!\d)"
AGE = rf"(?:{AGE_DIGITS}|(?:{AGE_WORDS})\b)"
YEARS = r"(?:years?|yrs?|y/?o|y\.o\.?|months?)"
YEARS_OLD = rf"{YEARS}(?:[ -]old)?"
SEX = r"(?:(?:fe)?male|[mf]\b)"
SINGULAR_DETERMINER = r"(?:a|an|one|this|that|the|our|my|her|his)"
NOT_RANGE = r"(?! ?(?:-|to|and|or|/) ?\d)"  # "aged 5 to 11" is a class
APPROXIMATELY = r"(?:about|around|approx(?:imately)?|roughly|maybe|perhaps)\.? "
AGED = rf"aged? {AGE}{NOT_RANGE}"
# Text that follows "16 years old" where it means a child, and no projector or building.
CHILD_AGE_LOOKAHEAD = r"(?=[.!)]{0,2}$|[.,;:)]| (?:who|from|in|has|is|was|with|and|that|we|on|at|living|missing|found)\b)"
CHILD_AGE_PATTERN = re.compile(
    rf"\b{SINGULAR_DETERMINER} {AGE}[ -]?{YEARS_OLD}(?: [\w-]{{1,20}})? {CHILD}\b(?![\w'])"
    rf"|\b{AGE}[ -]?(?:years?[ -]old|yrs?[ -]old|y/?o|y\.o\.?) (?:[\w-]{{1,20}} )?(?:{CHILD}|{SEX})\b(?!s|[\w'])"
    rf"|(?<!parent of a )(?<!mum of a )(?<!dad of a )(?<!mother of a )(?<!father of a )"
    rf"(?<!\bis )(?<!\bare )(?<!\bwas )(?<!\bor )(?<!\band )(?<!-)\b{AGE}[ -]?"
    rf"(?:years?|yrs?)[ -]old\b(?<! and){CHILD_AGE_LOOKAHEAD}"
    rf"|\b(?:{CHILD}|{CARE_RECIPIENT}|he|she),? (?:is |who is |was )?(?:only )?(?:{AGED}|\(?{AGE}[ -]?{YEARS}\b)"
    rf"|\b{CHILD},? (?:of |who (?:is|was|looks) |is |was |aged )?{APPROXIMATELY}{AGE}(?! ?(?:minutes|%|miles|hours))"
    rf"|\b(?:brothers|sisters|siblings|twins),? aged {AGE}"
    rf"|\b(?:{CHILD}|kid|pupil|student|patient) of {AGE}(?! ?(?:{YEARS} )?(?:staff|people|minutes))"
    rf"|\b{CHILD},? \(?{AGE_DIGITS}\)?(?=[,.;)]|$)"
    rf"|\b(?:fe)?male, (?:aged )?{AGE_DIGITS}(?=[,.;)]|$)"
    rf"|\b{AGE_DIGITS} years and {AGE_DIGITS} months\b"
    rf"|\bage[ -]disputed (?:{CHILD}|{SEX}|person)\b",
    re.IGNORECASE,
)
# A child in a story of the training, not one whom the writer met.
TRAINING_STORY_PATTERN = re.compile(
    r"\b(?:stor(?:y|ies)|films?|videos?|slides?|case stud(?:y|ies)|examples?|scenarios?|presentation|talk|apply|applies)\b",
    re.IGNORECASE,
)
NOT_MINUTES = (
    r"(?! ?(?:%|[-:/]|o'?clock|am\b|pm\b|st\b|nd\b|rd\b|th\b|min|hour|mile|day|week|metre|step|flight|of\b|staff|people|copies"
    r"|too\b)|\.\d)"
)
PRONOUN_AGE_PATTERN = re.compile(
    rf"\b(?:he|she)(?: is| was|'?s| turned| looks)(?: only| about| around| just){{0,2}} {AGE}{NOT_RANGE}{NOT_MINUTES}"
    rf"|\b(?:claims?|claiming|says?|said|states?|stated)(?: to be| (?:that )?(?:he|she|they)(?: is|'?s| are|'?re| was)) {AGE}"
    rf"{NOT_RANGE}{NOT_MINUTES}",
    re.IGNORECASE,
)
# Three or more: the "one" and "two" of a team are no ages.
AGE_FROM_3 = (
    r"(?:(?:[3-9]|1[0-7])(?!\d)"
    r"|(?:three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen)\b)"
)
ADVERBS = r"(?:(?:only|just|now|nearly|almost|about|around) ){0,2}"
DOTTED_INITIALS = r"[A-Z]\. ?(?:[A-Z]\. ?)?[A-Z]\b\.?"
NEAR_FUTURE = r"(?:next (?:week|month|year)|in (?:a|two) (?:week|month)s?|soon)"
NOT_AFTER_ARTICLE = r"(?<!\bthe )(?<!\bour )(?<!\byour )(?<!\bmy )(?<!\ba )(?<!\bthis )(?<!\bthat )"
NAME_AGE_PATTERN = re.compile(
    rf"(?:(?<![\w.])({DOTTED_INITIALS})|\b({NAME}))"
    rf"(?:,? \(?(?:is |who is |who's )?(?:{AGED}|{AGE}[ -]?(?:years? old|yrs? old|y/?o)\b)"
    rf"|,? \((?:aged )?{ADVERBS}(?:{AGE_DIGITS}|{AGE_FROM_3})\)"
    rf"|,? {AGE_DIGITS},? (?i:{NATIONALITY})(?! ?(?:leaflets?|copies|version|translation|speak\w*|staff|interpreters?))"
    rf"|, (?:who is |who's )?(?:[3-9]|1[0-7])(?=[,;]|\.?$)"
    rf"|,? is {ADVERBS}{AGE_FROM_3}"
    rf"(?=[,;]|\.?$|\. | (?:and|but|from(?! here\b| there\b| the\b| our\b| us\b)|now|who|{NEAR_FUTURE})\b)"
    rf"|,? \((?:[FMfm]|(?:fe)?male)[,/ ]{{1,2}}{AGE_DIGITS}\)|,? \({AGE_DIGITS}[,/ ]{{0,2}}(?:[FMfm]|(?:fe)?male)\)"
    rf"|, (?:nearly|almost|just turned|not yet) {AGE_FROM_3}(?=,)"
    rf"| - {AGE_DIGITS} - (?i:{NATIONALITY})\b"
    rf"|,? (?:has )?(?:just )?turn(?:ed|s) {AGE_FROM_3}(?=[,;]|\.?$|\. | (?:and|but|last|this|today|yesterday|in|on)\b))"
)
# Text that follows the age of a person, also with the name in small letters: "bao is 15 and gone", not "entry is 5 and free".
LOWERCASE_NAME_AGE_PATTERN = re.compile(
    rf"{NOT_AFTER_ARTICLE}(?<![\w'-])({NAME}),? (?:is|turned) {ADVERBS}{AGE_FROM_3},? (?:and |but |now ){{0,2}}"
    r"(?:is |was |has |he's |she's )?(?:been )?"
    r"(?:pregnant|missing|gone|found|alone|scared|frightened|homeless|unaccompanied|trafficked|exploited|groomed|brought|arrested"
    rf"|living|lives|claim(?:s|ing)|won'?t|refus(?:es|ing)|in (?:care|foster)|not (?:in|at) school|{NEAR_FUTURE}|age[ -]disputed"
    rf"|{NATIONALITY})\b",
    re.IGNORECASE,
)
# A name in any letters, or dotted initials, with an age: little alone, but harm may be mentioned near.
WORD_AFTER_AGE = rf"(?:and|but|who|says|has|was|is|nrm|told|brought|found|missing|gone|\w{{3,12}}ing|{NATIONALITY})\b"
NAME_BESIDE_AGE_PATTERN = re.compile(
    rf"(?:(?<![\w.])((?-i:{DOTTED_INITIALS}))|{NOT_AFTER_ARTICLE}(?<![\w'-])({NAME}))"
    rf"(?:(?:(?:,? (?:is|who is|aged?)|'s) |,? ?\(|, | - |(?<=\.) )(?:aged? )?{ADVERBS}{AGE_FROM_3}"
    rf"(?=[,;)]|\.?$|\. | - | {WORD_AFTER_AGE})"
    rf"| {AGE_FROM_3}(?= {WORD_AFTER_AGE}))",
    re.IGNORECASE,
)
MAX_HARM_DISTANCE = 80
# Ages as hospitals and therapists note them: "15F", "M/13", "12;4", "14y4m".
CLINICAL_AGE_PATTERN = re.compile(
    r"(?<![\w/.-])(?:[5-9]|1[0-7]) ?(?:[MF]|yo[MF]?)(?=[,;.]|$| (?:from|with|who|in|brought)\b)"
    r"|(?<![\w/.-])[MF]/(?:[1-9]|1[0-7])(?![\d/])|(?<![\w/.:;-])(?:[2-9]|1[0-7]);(?:\d|1[01])(?![\w;:])"
    r"|(?<![\w/.-])(?:\d|1[0-7]) ?y ?\d{1,2} ?m\b"
)
ROOM_BEFORE_PATTERN = re.compile(
    r"\b(?:room|rm|ward|flat|floor|bed|bay|suite|block|gate|desk|unit|house|level|row|seat|box|no|number|apartment|junction)\W{1,3}$",
    re.IGNORECASE,
)
# "Team: Ali (3 F), Bo (4 M)" is a list of colleagues, unless harm stands near.
TEAM_LIST_BEFORE_PATTERN = re.compile(
    rf"\b(?:team|staff|colleagues|attendees|attending|delegates|presenters?|speakers?|trainers?) ?: ?"
    rf"(?:{NAME} ?\([^()]{{1,8}}\)[, &]{{1,3}}(?:and )?){{0,6}}$",
    re.IGNORECASE,
)


def has_age(text: str) -> bool:
    if PRONOUN_AGE_PATTERN.search(text):
        return True
    for match in CHILD_AGE_PATTERN.finditer(text):
        around = text_before(text, match.start(), 40), text[match.end() : match.end() + 30]
        if not any(TRAINING_STORY_PATTERN.search(side) for side in around):
            return True
    named = [match for match in NAME_AGE_PATTERN.finditer(text) if is_name_or_initials(match[1] or match[2])]
    listed = [
        match
        for match in named
        if match[0].endswith(")") and TEAM_LIST_BEFORE_PATTERN.search(text_before(text, match.start(), 120))
    ]
    if len(listed) < len(named) or any(could_be_names(match[1]) for match in LOWERCASE_NAME_AGE_PATTERN.finditer(text)):
        return True
    for match in NAME_BESIDE_AGE_PATTERN.finditer(text):
        if match[1] or (could_be_names(match[2]) and is_name_or_initials(match[2].capitalize())):
            listed.append(match)
    if has_harm_near(text, listed):
        return True
    return any(
        not ROOM_BEFORE_PATTERN.search(text_before(text, match.start(), 20)) for match in CLINICAL_AGE_PATTERN.finditer(text)
    )


def is_name_or_initials(word: str) -> bool:
    """Whether a word is a name or initials. Two or three capitals are initials, unless an acronym; "TAs" are several people."""
    if "." in word:
        return True
    if len(word) <= 4 and word.endswith("s") and word[:-1].isupper():
        return False
    return are_initials(word) if word.isupper() and len(word) <= 3 else are_names(word)


def has_harm_near(text: str, ages: list[re.Match[str]]) -> bool:
    """Whether harm is mentioned within `MAX_HARM_DISTANCE` characters of one of these ages.

    Reads the text once, however many ages.
    """
    if not ages:
        return False
    plain_harm = [sign.pattern for sign in SIGNS if sign.kind == "harm" and sign.weight == 2]
    harms = sorted(match.start() for pattern in plain_harm for match in pattern.finditer(text))
    return any(bisect(harms, age.start() - MAX_HARM_DISTANCE) < bisect(harms, age.end() + MAX_HARM_DISTANCE) for age in ages)


# A date of birth: labelled, or one of the last 18 years beside a name.

MONTH_ABBREVIATIONS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
MONTH = (
    "(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    "|nov(?:ember)?|dec(?:ember)?)"
)
DATE_PATTERN = re.compile(
    r"(?<![\d/.-])(?:"
    r"(?P<y1>\d{4})[-/.](?P<m1>\d{1,2})[-/.](?P<d1>\d{1,2})"
    r"|(?P<d2>\d{1,2})[/. -](?P<m2>\d{1,2})[/. -](?P<y2>\d{4}|\d{2})"
    rf"|(?P<d3>\d{{1,2}})(?:st|nd|rd|th)?[ /.-](?:of )?(?P<m3>{MONTH})\.?,?[ /.-](?P<y3>\d{{4}}|\d{{2}})"
    rf"|(?P<m4>{MONTH})\.? (?P<d4>\d{{1,2}})(?:st|nd|rd|th)?,? (?P<y4>\d{{4}})"
    r")(?![\d/]|[.-]\d)",
    re.IGNORECASE,
)
BIRTH_WORDS = r"(?:\bd\.? ?o\.? ?b\b\.?|\bdate of birth\b|\bborn\b|\bbirth ?da(?:te|y)\b|\bb\.)"
BIRTH_BEFORE_PATTERN = re.compile(
    BIRTH_WORDS
    + r"\W{0,5}(?:(?:on|is|was|in|the|of|approx|about|c|given|as|said|to|be|recorded|noted|down|her|his)\W{1,5}){0,6}$"
    r"|\bborn(?:\W{1,3}\w{1,20}){0,3}\W{1,3}$",
    re.IGNORECASE,
)
BIRTH_AFTER_PATTERN = re.compile(
    r"^\W{0,4}(?:(?:is|was|as|being)\W{1,3})?(?:(?:the|her|his|their|its|a|child's)\W{1,3})?"
    r"(?:(?:given|stated|claimed|recorded|estimated|approx)\W{1,3})?" + BIRTH_WORDS,
    re.IGNORECASE,
)
BIRTH_YEAR_PATTERN = re.compile(
    rf"\b(?:d\.?o\.?b\.?|yob|year of birth)\W{{1,3}}(?:(?:is|was|in)\W{{1,3}})?(?:{MONTH}\W{{1,3}})?((?:19|20)\d\d)\b"
    r"|\bborn\W{1,3}(?:[^\W\d]{1,20}\W{1,3}){0,3}((?:19|20)\d\d)\b"
    r"|\b((?:19|20)\d\d)\W{1,3}(?:d\.?o\.?b|yob)\b",
    re.IGNORECASE,
)
# "dob 230409": digits without a mark between them.
BIRTH_DIGITS_PATTERN = re.compile(
    r"\b(?:d\.?o\.?b\b\.?|date of birth)\W{1,4}(?:is )?(?:[0-2]\d|3[01])(?:0\d|1[0-2])(?:\d{4}|\d{2})(?!\d)"
    r"|\b(?:d\.?o\.?b\b\.?|born)\W{1,4}(?:in )?(?:0?\d|1[0-2])[/.-](?:20)?\d\d(?![\d/.-])",
    re.IGNORECASE,
)
# "Amina Khan", "Amina K", and the family name first: "Khan, Amina".
NAME_BEFORE_PATTERN = re.compile(
    r"(?:^|\W)(?<!\bthe )(?<!\ban )(?<!\byour )(?<!\bthis )(?<!\blast )"
    rf"({NAME})(,?) ({NAME}|[B-HJ-UWYZb-hj-uwyz]\.?)(?: \(?[FMfm]\)?|\([FMfm]\))?\W{{1,4}}$"
)
INITIALS_BEFORE_PATTERN = re.compile(rf"(?:^|\W)({INITIALS})\W{{1,4}}$")
NAME_AFTER_PATTERN = re.compile(rf"^\W{{1,4}}({NAME}) ({NAME})")
# "DBS seen 03/02/2020 jane smith": the certificate of a colleague.
DBS_CHECK_BEFORE_PATTERN = re.compile(
    r"\b(?:dbs|crb)(?:\W{1,3}(?:checks?|checked|cert|certificate|clear|cleared|seen|issued|dated?|done|renewed|valid|no|number|is|was"
    r"|on|from|of)\b){0,4}\W{1,3}$",
    re.IGNORECASE,
)
CHILDHOOD_PERIOD = timedelta(days=18 * 366)
# Beside the name of a colleague, a date of the last year is about work: when we rang, when they came.
RECENT_PERIOD = timedelta(days=365)
# Beside what may be no name at all, as in "flu clinic 4/5/2024": notes about work seldom go back three years.
LONG_PAST_PERIOD = timedelta(days=3 * 365)


def has_birth_date(text: str, today: date) -> bool:
    if BIRTH_DIGITS_PATTERN.search(text) or any(is_birth_date(text, match, today) for match in DATE_PATTERN.finditer(text)):
        return True
    years = [int(match[1] or match[2] or match[3]) for match in BIRTH_YEAR_PATTERN.finditer(text)]
    return any(today.year - 18 <= year <= today.year for year in years)


def is_birth_date(text: str, match: re.Match[str], today: date) -> bool:
    """Whether a date is one of birth. With a label any past date is, even one that no calendar has; a date to come never is."""
    ahead, behind = text_before(text, match.start()), text[match.end() : match.end() + 60]
    day = parse_matched_date(match)
    if day is not None and day > today:
        return False
    if BIRTH_BEFORE_PATTERN.search(ahead) or BIRTH_AFTER_PATTERN.search(behind):
        return True
    if day is None or not today - CHILDHOOD_PERIOD <= day <= today - RECENT_PERIOD or DBS_CHECK_BEFORE_PATTERN.search(ahead):
        return False
    # A name in small letters, one with the family name first, or initials within a sentence: only if the date is long past.
    long_past = day <= today - LONG_PAST_PERIOD
    name, follows, initials = (
        NAME_BEFORE_PATTERN.search(ahead),
        NAME_AFTER_PATTERN.search(behind),
        INITIALS_BEFORE_PATTERN.search(ahead),
    )
    if initials and are_initials(initials[1]) and (long_past or not name):
        return True
    likely = could_be_names if long_past else are_names
    if name and (long_past or not name[2]) and likely(name[1], name[3]):
        return True
    return bool(follows and likely(follows[1], follows[2]))


def parse_matched_date(match: re.Match[str]) -> date | None:
    """The date that was matched; None for one that no calendar has. Years of two digits up to 49 are in this century."""
    groups = {name: value for name, value in match.groupdict().items() if value}
    day, month, year = (next(value for name, value in groups.items() if name[0] == part) for part in "dmy")
    number = int(month) if month.isdigit() else 1 + MONTH_ABBREVIATIONS.index(month.lower()[:3])
    try:
        return date(int(year) if len(year) == 4 else int(year) + (2000 if int(year) < 50 else 1900), number, int(day))
    except ValueError:
        return None


# One child without a number: a case, a child's name or initials, or a concern about somebody in the writer's care.

ANY_CHILD = rf"(?:{CHILD}|{CARE_RECIPIENT})"
FEW_WORDS = r"(?:[\w-]{1,20} ){0,2}"
CHILD_CASE_PATTERN = re.compile(
    rf"\bcase of (?:(?:a|an|the|this|our|my|one) )?(?:[\w-]{{1,20}} ){{0,3}}{CHILD}\b"
    r"(?!s| in (?:the|your|that) (?:film|video|example|story|slides?|presentation|talk))",
    re.IGNORECASE,
)
NAMED_CASE_PATTERN = re.compile(rf"(?<!\b[Ii]n )\b[Cc]ase of (?:({INITIALS})|({NAME}))|\b[Ii]n the case of ({INITIALS})")
REGARDING_PATTERN = re.compile(
    rf"(?:^|[.;!?] ?)(?:[Rr][Ee]|[Rr]egarding|[Cc]oncerning)(?: ?[:.-] ?| )(?:({INITIALS})|({NAME}) ({NAME})(?!'))"
)
CALLED_PATTERN = re.compile(rf"\b(?i:{ANY_CHILD}) (?i:called|named) ({NAME})")
CHILD_NAME_PATTERN = re.compile(
    rf"\b(?i:{ANY_CHILD})(?:'s)? (?i:full |first )?(?i:name|initials)(?i: is| are)?(?: ?[:=-] ?| )(?:({INITIALS})|({NAME}))"
)
NAME_AFTER_CHILD_PATTERN = re.compile(
    rf"\b(?i:{ANY_CHILD})(?: ?[:=-] ?)(?:({INITIALS})|({NAME}) ({NAME}))|\b(?i:child|yp|young person) ({INITIALS})"
    rf"|\b(?i:child|yp|young person|pupil)(?i: is) ({NAME}) ({NAME})|\b(?i:my|our) (?i:{ANY_CHILD}) ({NAME})"
    rf"|({NAME}) (?i:is|was|has been|may be|might be) (?i:being )?(?i:exploited|trafficked|groomed|controlled|forced|abused)\b"
    rf"|\b(?i:advice|advise|ring me|call me|speak to me|speak to us|ring us|call us) (?i:about|on) ({NAME})(?=[.?!,]|$| who)"
)
LABELLED_INITIALS_PATTERN = re.compile(rf"\b(?i:initials)(?i: are)?(?: ?[:=-] ?| )({INITIALS})")
LOWERCASE_INITIALS_PATTERN = re.compile(r"\b(?i:initials)(?: are)?(?: ?[:=-] ?| )([a-z]{2,3})(?![\w'-])")
CONCERN_PATTERN = re.compile(
    r"\b(?:i|we)(?: am| are|'m|'re|m|re)?(?: \w{1,12})? (?:worried|concerned|concerns?) (?:about|for) "
    rf"(?:(?:a|an|my|our|this|that|one) {FEW_WORDS}{ANY_CHILD}\b(?!s|')|one of (?:my|our|the) {FEW_WORDS}{ANY_CHILD}s?)"
    rf"|^(?:worried|concerned) (?:about|for) (?:(?:a|an|my|our|this|that|one) {FEW_WORDS}{ANY_CHILD}\b(?!s|'|\?)"
    rf"|one of (?:my|our|the) {FEW_WORDS}{ANY_CHILD}s?)"
    rf"|\b{ANY_CHILD} (?:has |have |was |is |had )?(?:went|gone|been|reported|currently|still)? ?missing "
    r"(?:from (?!care)|since|on|last|again|yesterday|this)"
    r"|\b(?:my|our) (?:foster|looked[ -]after) (?:child|son|daughter|boy|girl)\b(?![\w'])"
    rf"|\b(?:a|one|this|that|the) {FEW_WORDS}{ANY_CHILD} (?:[\w-]{{1,20}} )?(?:on|in) (?:my|our) "
    r"(?:caseload|class|care|placement|unit|ward|home)\b"
    rf"|\b(?:a|one|this|that|my|our|the) {FEW_WORDS}{ANY_CHILD} (?:has |had )?"
    r"(?:disclosed|told (?:me|us|staff|her|his|a)|confided)\b"
    rf"|\b(?:i|we)(?:'ve)?(?: have| had)?(?: got)? (?:a|one) {FEW_WORDS}{CHILD} (?:here|in (?!mind)|at|who|that|with|on)\b"
    rf"|\ba {ANY_CHILD} in year \d"
    rf"|\badvice (?:on|about|for|regarding) (?:a|an|one|this|my|our) {FEW_WORDS}{ANY_CHILD}\b(?!s|'| protection)"
    rf"|\bone of (?:our|my) (?:young people|children|{ANY_CHILD}s) (?:has|is|was|went|who|told|keeps)\b"
    rf"|\bthe {CHILD} (?:(?:that|who|whom) )?(?:we|i) (?:look after|care for|foster|support|work with)\b"
    rf"|\b(?:he|she) is a (?:minor|child)\b"
    rf"|\byear \d{{1,2}} (?:girl|boy|pupil|student|child) (?:who|has|is|was|called)\b",
    re.IGNORECASE,
)


def describes_one_child(text: str) -> bool:
    """Whether the text speaks of one child, by initials that are no acronym or a name that is no word of work.

    What looks like initials isn't read as a name too.
    """
    if CHILD_CASE_PATTERN.search(text) or CONCERN_PATTERN.search(text):
        return True
    if any(could_be_names(match[1]) for match in LOWERCASE_INITIALS_PATTERN.finditer(text)):
        return True
    for pattern in (
        NAMED_CASE_PATTERN,
        REGARDING_PATTERN,
        CALLED_PATTERN,
        CHILD_NAME_PATTERN,
        NAME_AFTER_CHILD_PATTERN,
        LABELLED_INITIALS_PATTERN,
    ):
        for match in pattern.finditer(text):
            words = [word for word in match.groups() if word]
            capitals = len(words) == 1 and len(words[0]) <= 9 and words[0].replace(".", "").replace(" ", "").isupper()
            if are_initials(words[0]) if capitals else are_names(*words):
                return True
    return False


# References that police, social care, health, schools, courts and the Home Office give to one person or one case.

LABEL_WORD = r"(?:ref|refs|ref(?:er|r|re|err)[ea]nce|id|no|num|n[uo]?mb?e?r|file|log|report|card|code)"
# Systems and registers of people: after their name, a number is enough ("Mosaic 2211345").
CASE_SYSTEM = (
    r"(?:cad|nrm|ehm|ppn|care ?notes|mosaic|liquid ?logic|lcs|niche|cris|care ?first|misper|pid|rio|systmone|pnc|pncid|storm"
    r"|nass|upn|mrn|uasc|eduref|azeus|framework-?i|emis)"
)
# Everyday words of work: only with "ref", "number" and the like after them is what follows a reference.
EVERYDAY_LABEL = (
    r"(?:case|crime|occurr?[ea]nce|custody|incident|intel|intelligence|missing person|child|client|patient|pt|service user"
    r"|(?:cp|cin|child protection) plan|hosp(?:ital)?|caseload|ref?ferr?al|social care|social services|child'?ren'?s services"
    r"|police|mash|marac|maset|merlin|athena|eclipse|strat(?:egy)? meeting"
    r"|(?:rg|cg|reasonable grounds|conclusive grounds) decision|cse|cce|ics|arc|home office|h\.?o\.?|port|asylum|immigration"
    r"|passport|brp|court|young person|yp|pupil|school|foster|lac|legal|icr|ll|social worker(?:'s)?"
    r"|wyp|gmp|met|syp|nyp|btp|wmp|tvp|kent police)"
)
CALENDAR_YEAR = r"(?:19|20)\d\d(?![\w/-])"
# "hospital number 0113 243 2799" is a phone number.
PHONE_NUMBER = (
    r"(?:hosp(?:ital)?|school|court|police|home office|port|social care|social services|mash) (?:no|num|number)\b(?: is)?[.:]? ?"
    r"0[1237](?:[ -]?\d){8,9}(?![\w/*-])"
)
REFERENCE_ID = rf"(?!{CALENDAR_YEAR})(?=[A-Z0-9/*.-]{{0,20}}\d{{3}})[A-Z0-9][A-Z0-9/*.-]{{2,24}}"
SEPARATOR = r"\.?(?: is| was| as| under)? ?[:#=-]{0,2} ?"
# The keeper of the record, between the label and the number: "crime reference MPS 6543210/26".
REFERENCE_ISSUER = r"(?:(?!(?:po|so|req|inv|tel|ext|pc|ds|dc)\b)(?-i:[A-Z]{2,6})[ :-]{1,2})?"
# The kind of record, between its keeper and the label: "MASH contact ref", not "hospital contact number".
RECORD_KIND = r"(?: (?:contact(?= (?:ref|id|case))|enq(?:uiry)?|case|record|episode))?"
LABELLED_REFERENCE_PATTERN = re.compile(
    rf"\b(?!{PHONE_NUMBER})(?:{CASE_SYSTEM}(?: (?:person|child|client|patient|record|{LABEL_WORD})\b){{0,2}}"
    rf"|{EVERYDAY_LABEL}{RECORD_KIND}(?: {LABEL_WORD}\b\.?){{1,2}})"
    rf"{SEPARATOR}{REFERENCE_ISSUER}{REFERENCE_ID}",
    re.IGNORECASE,
)
# Letters of police forces: beside a number with its year they need no label. "met" is a word too.
POLICE_FORCE = r"(?:(?-i:M[Ee][Tt])|mps|gmp|wyp|syp|nyp|wmp|tvp|btp|psni|nwp|swp|colp)"
# Counties have councils and hospitals too, so a word of the police must stand near.
COUNTY_POLICE_FORCE = (
    r"(?:kent|essex|surrey|sussex|dorset|durham|norfolk|suffolk"
    r"|cleveland|cumbria|cheshire|gwent|dyfed[ -]powys|merseyside|northumbria|humberside|herts|hants|lancs|leics|lincs|notts"
    r"|staffs|northants|wilts|warks|cambs|derbys|glos)"
)
POLICE_WORD = r"\b(?:police|crime|occurr?[ea]nce|incident|custody|cad|log)\b"
POLICE_WORD_PATTERN = re.compile(POLICE_WORD, re.IGNORECASE)
POLICE_REFERENCE_PATTERN = re.compile(
    rf"\b(?:{POLICE_FORCE}|(?P<county>{COUNTY_POLICE_FORCE}))(?: (?:{POLICE_WORD}|{LABEL_WORD}\b\.?)){{0,3}}{SEPARATOR}"
    rf"(?!{CALENDAR_YEAR}|20\d\d/)\d{{3,8}}/(?:20)?\d\d(?![\w/])",
    re.IGNORECASE,
)
MAX_POLICE_WORD_DISTANCE = 30
# Words of work before or after a number.
PERMIT_BEFORE_PATTERN = re.compile(r"\bpermit\b[\w .:#'()-]{0,30}$", re.IGNORECASE)
WORK_WORD_AFTER_PATTERN = re.compile(
    r"^(?: (?:is|was|as)(?: (?:our|the|your|my|their|a|an))?(?: \w{1,12})?)?[ (:-]{1,2}"
    r"(?:po|p\.o\.?|purchase order|invoice|permit|requisition|order (?:no|number)|cost code)(?! box)\b",
    re.IGNORECASE,
)
# The police's unique reference number, "01AB/4567/26". A school's URN has six digits, a home's or a nursery's has seven, or
# letters first. After "school", it is a school's, however many digits were typed.
URN_LABEL = rf"\burn(?: (?:no|number|ref)\b\.?)?{SEPARATOR}"
NOT_AFTER_SCHOOL = r"(?<!school )(?<!schools )(?<!school's )(?<!academy )(?<!academy's )(?<!college )(?<!nursery )(?<!ofsted )"
URN_PATTERN = re.compile(
    rf"{URN_LABEL}(?:(?:\d\d ?[A-Z]{{1,2}}/)?\d{{3,7}}/\d\d|\d{{4,7}}/20\d\d)(?![\w/])"
    rf"|{NOT_AFTER_SCHOOL}{URN_LABEL}(?:\d{{4,5}}|\d{{8,12}})(?![\w/])",
    re.IGNORECASE,
)
# So many digits after such a word that it is no year, ward or phone; "call me about case 45001234" means a case all the same.
LONG_NUMBER_LABELLED_PATTERN = re.compile(rf"\b{EVERYDAY_LABEL}{SEPARATOR}(?:[1-9]\d{{7,12}})(?![\w/-])", re.IGNORECASE)
# "26/4412", "P/12/345" after a label: too few digits in a row for the above.
SHORT_NUMBER_LABELLED_PATTERN = re.compile(
    rf"\b{EVERYDAY_LABEL}(?: {LABEL_WORD}\b\.?){{1,2}}{SEPARATOR}[A-Z0-9]{{1,6}}/\d{{2,8}}", re.IGNORECASE
)
# As long as the police's crime numbers; an order, a parcel or a phone has its own label before it.
LONG_REFERENCE_PATTERN = re.compile(rf"\b(?:ref|reference){SEPARATOR}\d{{11,12}}(?![\w/-])", re.IGNORECASE)
LABEL_AFTER_PATTERN = re.compile(
    rf"(?<![\w/-])(?=[A-Z0-9/]{{0,20}}\d{{4}})[A-Z0-9/]{{6,24}} (?:is|was) (?:the|her|his|their|our|a|my) "
    rf"(?:{CASE_SYSTEM}|{EVERYDAY_LABEL}) {LABEL_WORD}\b",
    re.IGNORECASE,
)
REFERENCE_SHAPE_PATTERN = re.compile(
    r"(?<![\w/-])(?:"
    r"\d{1,2}[A-Z]{0,2}/\d{4,7}/\d{2}"  # crime: 42/12345/26, 13DC/48213/26
    r"|[A-Z]{2,4}/\d{4,7}/\d{2}"  # crime: CR/004512/26
    r"|[A-HJ-NP-RT-Z]\d{11}[0-9A-Z]"  # unique pupil number
    r"|[A-Z]{2}\d{2}[CPZ]\d{5}"  # family court
    r")(?![\w/-])"
)
HOME_OFFICE_PATTERN = re.compile(r"(?<![\w-])\d{4}-\d{4}-\d{4}-\d{4}(?![\w-])")  # unique application number
# Letters that the first two can be (HMRC, NIM39110): not D, F, I, Q, U, V, and not O as the second.
NATIONAL_INSURANCE_PATTERN = re.compile(
    r"(?<![\w-])[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d\d ?\d\d ?\d\d ?[A-D](?![\w-])"
    r"|\b(?i:ni|nino|national insurance)\b(?: (?i:no|number|num)\b)?[ .:#-]{1,3}[A-Z]{2} ?\d\d ?\d\d ?\d\d"
)


def has_reference(text: str) -> bool:
    """Whether the note quotes a reference by which somebody's records can find one person."""
    labelled = (
        LABELLED_REFERENCE_PATTERN,
        URN_PATTERN,
        SHORT_NUMBER_LABELLED_PATTERN,
        LABEL_AFTER_PATTERN,
        NATIONAL_INSURANCE_PATTERN,
    )
    if any(pattern.search(text) for pattern in labelled):
        return True
    if any(is_police_reference(text, match) for match in POLICE_REFERENCE_PATTERN.finditer(text)):
        return True
    if any(
        not is_payment_number(text, match.start())
        for shape in (LONG_NUMBER_LABELLED_PATTERN, REFERENCE_SHAPE_PATTERN)
        for match in shape.finditer(text)
    ):
        return True
    return any(
        not is_other_number(text, match.start())
        for shape in (HOME_OFFICE_PATTERN, LONG_REFERENCE_PATTERN)
        for match in shape.finditer(text)
    )


def is_police_reference(text: str, match: re.Match[str]) -> bool:
    """Whether a number beside a force's name is no order, invoice or permit.

    Beside a county's name, a police word must stand near.
    """
    ahead, behind = text_before(text, match.start()), text[match.end() : match.end() + MAX_POLICE_WORD_DISTANCE]
    if is_payment_number(text, match.start()) or PERMIT_BEFORE_PATTERN.search(ahead) or WORK_WORD_AFTER_PATTERN.search(behind):
        return False
    return not match["county"] or bool(POLICE_WORD_PATTERN.search(f"{ahead[-MAX_POLICE_WORD_DISTANCE:]}{match[0]}{behind}"))


# Signs that are too little alone: who, how old, what happened. `vocabulary` has their weights.


def has_enough_signs(text: str) -> bool:
    """Whether the signs within `MAX_SIGN_DISTANCE` characters on either side of one of them weigh `MIN_TOTAL_WEIGHT` together.

    No kind weighs more than its most. Without a sign of a child, or of an age below 18, they weigh nothing.
    """
    signs = sorted(find_signs(ABBREVIATION_PATTERN.sub(expand_abbreviation, text)))
    weights: Counter[str] = Counter()
    first = last = 0
    for place, _kind, _weight in signs:
        while last < len(signs) and signs[last][0] <= place + MAX_SIGN_DISTANCE:
            weights[signs[last][1]] += signs[last][2]
            last += 1
        while signs[first][0] < place - MAX_SIGN_DISTANCE:
            weights[signs[first][1]] -= signs[first][2]
            first += 1
        if weights["child"] or weights["age"]:
            capped = (
                max(most, weights[kind]) if most < 0 else min(most, weights[kind]) for kind, most in MAX_WEIGHT_BY_KIND.items()
            )
            if sum(capped) >= MIN_TOTAL_WEIGHT:
                return True
    return False


def expand_abbreviation(short: re.Match[str]) -> str:
    """A short form written out. A capital letter alone is an initial, so it stays."""
    return short[0] if len(short[0]) == 1 and short[0].isupper() else EXPANSION_BY_ABBREVIATION[short[0].lower()]


def find_signs(text: str) -> Iterator[tuple[int, str, int]]:
    """The place, kind and weight of each sign."""
    for sign in SIGNS:
        for match in sign.pattern.finditer(text):
            yield match.start(), sign.kind, sign.weight
    yield from find_names(text)
    yield from find_children_by_name(text)
    for match in LONG_NUMBER_PATTERN.finditer(text):
        if not is_other_number(text, match.start()):
            yield match.start(), "number", 2


def find_children_by_name(text: str) -> Iterator[tuple[int, str, int]]:
    """Signs of a child: initials in a story; a name with a school year, which is an age too; "young Toby", "the Marsh case"."""
    for match in INITIALS_IN_STORY_PATTERN.finditer(text):
        letters = match[1] or match[2]
        if len(re.sub(r"[. ]", "", letters)) == 1 or are_initials(letters):
            yield match.start(), "child", 3
    for match in NAME_WITH_SCHOOL_YEAR_PATTERN.finditer(text):
        title = WORD_PATTERN.findall(text_before(text, match.start(), 12).lower())[-1:]
        if are_names(match[1] or match[2]) and TITLES.isdisjoint(title):
            yield match.start(), "child", 3
            yield match.start(), "age", 2
    for match in NAMED_CHILD_PATTERN.finditer(text):
        if are_names(match[1] or match[2] or match[3]):
            yield match.start(), "child", 3


def find_names(text: str) -> Iterator[tuple[int, str, int]]:
    """Signs of a name: names and initials, but not of adults with a title. One that a note is about ("re Amina") weighs more."""
    last = ""
    for match in WORD_PATTERN.finditer(text):
        word, begins = (
            match[0],
            bool(SENTENCE_END_PATTERN.search(text_before(text, match.start(), 2))) and last not in ABOUT_WORDS,
        )
        short_capitals = word.isupper() and len(word) < 5
        is_name = are_initials(word) if short_capitals else (word.isupper() or not begins) and are_names(word)
        if is_name and last not in TITLES:
            yield match.start(), "name", 1
            if last in ABOUT_WORDS:
                yield match.start(), "called", 2
        last = word.lower()
