"""That one child is so and so old: beside a word for a child, a name or a pronoun; never a class, a team or a projector."""

import re
from bisect import bisect

from professionals.child_details.ordinary import could_be_names
from professionals.child_details.signals import HARM
from professionals.child_details.words import CHILD, IN_OUR_CARE, NAME, NATION, are_initials, are_names, before

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
    rf"|\b(?:{CHILD}|kid|pupil|student|patient) of {AGE}(?! ?(?:{YEARS} )?(?:staff|people|minutes))"
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
    rf"\b(?:he|she)(?: is| was|'?s| turned| looks)(?: only| about| around| just){{0,2}} {AGE}{NO_RANGE}{NOT_MINUTES}"
    rf"|\b(?:claims?|claiming|says?|said|states?|stated)(?: to be| (?:that )?(?:he|she|they)(?: is|'?s| are|'?re| was)) {AGE}"
    rf"{NO_RANGE}{NOT_MINUTES}",
    re.IGNORECASE,
)
# From three on: "one" and "two" of a team are no ages.
AGE_OF_A_NAME = (
    r"(?:(?:[3-9]|1[0-7])(?!\d)"
    r"|(?:three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen)\b)"
)
JUST = r"(?:(?:only|just|now|nearly|almost|about|around) ){0,2}"
DOTTED = r"[A-Z]\. ?(?:[A-Z]\. ?)?[A-Z]\b\.?"
SOON = r"(?:next (?:week|month|year)|in (?:a|two) (?:week|month)s?|soon)"
NO_NOUN = r"(?<!\bthe )(?<!\bour )(?<!\byour )(?<!\bmy )(?<!\ba )(?<!\bthis )(?<!\bthat )"
OF_A_NAME = re.compile(
    rf"(?:(?<![\w.])({DOTTED})|\b({NAME}))(?:,? \(?(?:is |who is |who's )?(?:{AGED}|{AGE}[ -]?(?:years? old|yrs? old|y/?o)\b)"
    rf"|,? \((?:aged )?{JUST}(?:{DIGITS}|{AGE_OF_A_NAME})\)"
    rf"|,? {DIGITS},? (?i:{NATION})(?! ?(?:leaflets?|copies|version|translation|speak\w*|staff|interpreters?))"
    rf"|, (?:who is |who's )?(?:[3-9]|1[0-7])(?=[,;]|\.?$)"
    rf"|,? is {JUST}{AGE_OF_A_NAME}(?=[,;]|\.?$|\. | (?:and|but|from(?! here\b| there\b| the\b| our\b| us\b)|now|who|{SOON})\b)"
    rf"|,? \((?:[FMfm]|(?:fe)?male)[,/ ]{{1,2}}{DIGITS}\)|,? \({DIGITS}[,/ ]{{0,2}}(?:[FMfm]|(?:fe)?male)\)"
    rf"|, (?:nearly|almost|just turned|not yet) {AGE_OF_A_NAME}(?=,)"
    rf"| - {DIGITS} - (?i:{NATION})\b"
    rf"|,? (?:has )?(?:just )?turn(?:ed|s) {AGE_OF_A_NAME}(?=[,;]|\.?$|\. | (?:and|but|last|this|today|yesterday|in|on)\b))"
)
# What goes on so stands for a person, also where the name is in small letters: "bao is 15 and gone", never "entry is 5 and free".
OF_A_SMALL_NAME = re.compile(
    rf"{NO_NOUN}(?<![\w'-])({NAME}),? (?:is|turned) {JUST}{AGE_OF_A_NAME},? (?:and |but |now ){{0,2}}"
    r"(?:is |was |has |he's |she's )?(?:been )?"
    r"(?:pregnant|missing|gone|found|alone|scared|frightened|homeless|unaccompanied|trafficked|exploited|groomed|brought|arrested"
    rf"|living|lives|claim(?:s|ing)|won'?t|refus(?:es|ing)|in (?:care|foster)|not (?:in|at) school|{SOON}|age[ -]disputed"
    rf"|{NATION})\b",
    re.IGNORECASE,
)
# A name in any letters or dotted initials, and an age: little alone, but what happened to somebody may stand near.
GOES_ON = rf"(?:and|but|who|says|has|was|is|nrm|told|brought|found|missing|gone|\w{{3,12}}ing|{NATION})\b"
BESIDE_AN_AGE = re.compile(
    rf"(?:(?<![\w.])((?-i:{DOTTED}))|{NO_NOUN}(?<![\w'-])({NAME}))"
    rf"(?:(?:(?:,? (?:is|who is|aged?)|'s) |,? ?\(|, | - |(?<=\.) )(?:aged? )?{JUST}{AGE_OF_A_NAME}"
    rf"(?=[,;)]|\.?$|\. | - | {GOES_ON})"
    rf"| {AGE_OF_A_NAME}(?= {GOES_ON}))",
    re.IGNORECASE,
)
NEAR = 80
# "15F", as it is noted in hospitals.
CLINICAL = re.compile(r"(?<![\w/.-])(?:[5-9]|1[0-7]) ?(?:[MF]|yo[MF]?)(?=[,;.]|$| (?:from|with|who|in|brought)\b)")
OF_A_PLACE = re.compile(
    r"\b(?:room|rm|ward|flat|floor|bed|bay|suite|block|gate|desk|unit|house|level|row|seat|box|no|number|apartment|junction)\W{1,3}$",
    re.IGNORECASE,
)
# "Team: Ali (3 F), Bo (4 M)" is a list of colleagues, unless what happened to one of them stands near.
IN_A_TEAM = re.compile(
    rf"\b(?:team|staff|colleagues|attendees|attending|delegates|presenters?|speakers?|trainers?) ?: ?"
    rf"(?:{NAME} ?\([^()]{{1,8}}\)[, &]{{1,3}}(?:and )?){{0,6}}$",
    re.IGNORECASE,
)


def tells_an_age(text: str) -> bool:
    if OF_A_PRONOUN.search(text) or any(not _is_told_of(text, found) for found in OF_A_CHILD.finditer(text)):
        return True
    named = [found for found in OF_A_NAME.finditer(text) if _is_somebody(found[1] or found[2])]
    listed = [found for found in named if _is_in_a_team(text, found)]
    if len(listed) < len(named):
        return True
    if any(could_be_names(found[1]) for found in OF_A_SMALL_NAME.finditer(text)):
        return True
    if _has_harm_near(text, listed + [found for found in BESIDE_AN_AGE.finditer(text) if _may_be_somebody(found)]):
        return True
    return any(not OF_A_PLACE.search(before(text, found.start(), 20)) for found in CLINICAL.finditer(text))


def _is_somebody(word: str) -> bool:
    """A name, or initials that are no acronym: two or three capitals are read as initials, "TAs" as many people."""
    if "." in word:
        return True
    if len(word) <= 4 and word.endswith("s") and word[:-1].isupper():
        return False
    return are_initials(word) if word.isupper() and len(word) <= 3 else are_names(word)


def _is_in_a_team(text: str, found: re.Match[str]) -> bool:
    return found[0].endswith(")") and bool(IN_A_TEAM.search(before(text, found.start(), 120)))


def _may_be_somebody(found: re.Match[str]) -> bool:
    return bool(found[1]) or (could_be_names(found[2]) and _is_somebody(found[2].capitalize()))


def _has_harm_near(text: str, ages: list[re.Match[str]]) -> bool:
    """Whether harm is told `NEAR` characters or less to a side of one of these. The text is read once, however many there are."""
    if not ages:
        return False
    harms = sorted(match.start() for pattern in HARM for match in pattern.finditer(text))
    return any(bisect(harms, found.start() - NEAR) < bisect(harms, found.end() + NEAR) for found in ages)


def _is_told_of(text: str, found: re.Match[str]) -> bool:
    return bool(TOLD_THERE.search(before(text, found.start(), 40)) or TOLD_THERE.search(text[found.end() : found.end() + 30]))
