"""That one child is so and so old: beside a word for a child, a name or a pronoun; never a class, a team or a projector."""

import re

from professionals.child_details.words import CHILD, IN_OUR_CARE, NAME, NATION, are_names, before

IN_WORDS = (
    "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen"  # at most 17
)
DIGITS = r"(?:\d|1[0-7])(?!\d)"
AGE = rf"(?:{DIGITS}|(?:{IN_WORDS})\b)"
YEARS = r"(?:years?|yrs?|y/?o|y\.o\.?|months?)"
OLD = rf"{YEARS}(?:[ -]old)?"
SEX = r"(?:(?:fe)?male|[mf]\b)"
ONE = r"(?:a|an|one|this|that|the|our|my|her|his)"
NO_RANGE = r"(?! ?(?:-|to|and|or|/) ?\d)"  # "aged 5 to 11" is a class
ROUGHLY = r"(?:about|around|approx(?:imately)?|roughly|maybe|perhaps)\.? "
AGED = rf"aged? {AGE}{NO_RANGE}"
# What goes on after "16 years old" where it stands for a child; a projector or a building goes on otherwise.
STANDS_FOR_A_CHILD = r"(?=[.!)]{0,2}$|[.,;:)]| (?:who|from|in|has|is|was|with|and|that|we|on|at|living|missing|found)\b)"
OF_A_CHILD = re.compile(
    rf"\b{ONE} {AGE}[ -]?{OLD}(?: [\w-]{{1,20}})? {CHILD}\b(?![\w'])"
    rf"|\b{AGE}[ -]?(?:years?[ -]old|yrs?[ -]old|y/?o|y\.o\.?) (?:[\w-]{{1,20}} )?(?:{CHILD}|{SEX})\b(?!s|[\w'])"
    rf"|(?<!parent of a )(?<!mum of a )(?<!dad of a )(?<!mother of a )(?<!father of a )"
    rf"(?<!\bis )(?<!\bare )(?<!\bwas )(?<!\bor )(?<!\band )(?<!-)\b{AGE}[ -]?"
    rf"(?:years?|yrs?)[ -]old\b(?<! and){STANDS_FOR_A_CHILD}"
    rf"|\b(?:{CHILD}|{IN_OUR_CARE}|he|she),? (?:is |who is |was )?(?:only )?(?:{AGED}|\(?{AGE}[ -]?{YEARS}\b)"
    rf"|\b{CHILD},? (?:of |who (?:is|was|looks) |is |was |aged )?{ROUGHLY}{AGE}(?! ?(?:minutes|%|miles|hours))"
    rf"|\b(?:brothers|sisters|siblings|twins),? aged {AGE}"
    rf"|\b{CHILD} of {AGE}(?! ?(?:{YEARS} )?(?:staff|people|minutes))"
    rf"|\b{CHILD},? \(?{DIGITS}\)?(?=[,.;)]|$)"
    rf"|\b(?:fe)?male, (?:aged )?{DIGITS}(?=[,.;)]|$)"
    rf"|\b{DIGITS} years and {DIGITS} months\b"
    rf"|\bage[ -]disputed (?:{CHILD}|{SEX}|person)\b",
    re.IGNORECASE,
)
# A child of whom the training told, not one whom the writer met.
TOLD_THERE = re.compile(
    r"\b(?:stor(?:y|ies)|films?|videos?|slides?|case stud(?:y|ies)|examples?|scenarios?|presentation|talk|apply|applies)\b",
    re.IGNORECASE,
)
NOT_MINUTES = (
    r"(?! ?(?:%|[-:/]|o'?clock|am\b|pm\b|st\b|nd\b|rd\b|th\b|min|hour|mile|day|week|metre|step|flight|of\b|staff|people|copies"
    r"|too\b)|\.\d)"
)
OF_A_PRONOUN = re.compile(
    rf"\b(?:he|she)(?: is| was|'s| turned| looks)(?: only| about| around| just)? {AGE}{NO_RANGE}{NOT_MINUTES}"
    rf"|\b(?:claims?|claiming|says?|said|states?|stated)(?: to be| (?:that )?(?:he|she|they)(?: is|'s| are| was)) {AGE}{NO_RANGE}"
    rf"{NOT_MINUTES}",
    re.IGNORECASE,
)
OF_A_NAME = re.compile(
    rf"\b({NAME})(?:,? \(?(?:is |who is |who's )?(?:{AGED}|{AGE}[ -]?(?:years? old|yrs? old|y/?o)\b)"
    rf"|,? \((?:aged )?{DIGITS}\)"
    rf"|,? {DIGITS},? {NATION}"
    rf"|, (?:who is |who's )?(?:[3-9]|1[0-7])(?=[,;]|\.?$)"
    rf"|,? is (?:only )?(?:[3-9]|1[0-7])(?=[,;]|\.?$| (?:and|but|from|now)\b))"
)
# "15F", as it is noted in hospitals.
CLINICAL = re.compile(r"(?<![\w/.-])(?:[5-9]|1[0-7]) ?(?:[MF]|yo[MF]?)(?=[,;.]|$| (?:from|with|who|in|brought)\b)")
OF_A_PLACE = re.compile(
    r"\b(?:room|rm|ward|flat|floor|bed|bay|suite|block|gate|desk|unit|house|level|row|seat|box|no|number|apartment|junction)\W{1,3}$",
    re.IGNORECASE,
)


def tells_an_age(text: str) -> bool:
    if OF_A_PRONOUN.search(text) or any(not _is_told_of(text, found) for found in OF_A_CHILD.finditer(text)):
        return True
    if any(are_names(found[1]) for found in OF_A_NAME.finditer(text)):
        return True
    return any(not OF_A_PLACE.search(before(text, found.start(), 20)) for found in CLINICAL.finditer(text))


def _is_told_of(text: str, found: re.Match[str]) -> bool:
    return bool(TOLD_THERE.search(before(text, found.start(), 40)) or TOLD_THERE.search(text[found.end() : found.end() + 30]))
