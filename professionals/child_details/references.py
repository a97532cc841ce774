"""References that police, social care, health, schools, courts and the Home Office give to one person or one case."""

import re

from professionals.child_details.nhs_numbers import is_of_another_kind, is_paid_by
from professionals.child_details.words import before

WORD = r"(?:ref|refs|ref(?:er|r|re|err)[ea]nce|id|no|num|n[uo]?mb?e?r|file|log|report|card|code)"
# Systems and registers of people: a number behind their name is enough ("Mosaic 2211345").
STRONG = (
    r"(?:cad|nrm|ehm|ppn|care ?notes|mosaic|liquid ?logic|lcs|niche|cris|care ?first|misper|pid|rio|systmone|pnc|pncid|storm"
    r"|nass|upn|mrn|uasc|eduref|azeus|framework-?i|emis)"
)
# Words of everyday work: only "ref", "number" and the like behind them make what follows a reference.
WEAK = (
    r"(?:case|crime|occurr?[ea]nce|custody|incident|intel|intelligence|missing person|child|client|patient|pt|service user"
    r"|(?:cp|cin|child protection) plan|hosp(?:ital)?|caseload|ref?ferr?al|social care|social services|child'?ren'?s services"
    r"|police|mash|marac|maset|merlin|athena|eclipse|strat(?:egy)? meeting"
    r"|(?:rg|cg|reasonable grounds|conclusive grounds) decision|cse|cce|ics|arc|home office|h\.?o\.?|port|asylum|immigration"
    r"|passport|brp|court|young person|yp|pupil|school|foster|lac|legal|icr|ll|social worker(?:'s)?"
    r"|wyp|gmp|met|syp|nyp|btp|wmp|tvp|kent police)"
)
YEAR = r"(?:19|20)\d\d(?![\w/-])"
# "hospital number 0113 243 2799" is where it is rung.
RUNG = (
    r"(?:hosp(?:ital)?|school|court|police|home office|port|social care|social services|mash) (?:no|num|number)\b(?: is)?[.:]? ?"
    r"0[1237](?:[ -]?\d){8,9}(?![\w/*-])"
)
ID = rf"(?!{YEAR})(?=[A-Z0-9/*.-]{{0,20}}\d{{3}})[A-Z0-9][A-Z0-9/*.-]{{2,24}}"
LINK = r"\.?(?: is| was| as| under)? ?[:#=-]{0,2} ?"
# Whose number it is, between the label and the number: "crime reference MPS 6543210/26".
WHOSE = r"(?:(?!(?:po|so|req|inv|tel|ext|pc|ds|dc)\b)(?-i:[A-Z]{2,6})[ :-]{1,2})?"
# What a record is of, between who keeps it and the label: "MASH contact ref", never "hospital contact number".
OF_WHAT = r"(?: (?:contact(?= (?:ref|id|case))|enq(?:uiry)?|case|record|episode))?"
LABELLED = re.compile(
    rf"\b(?!{RUNG})(?:{STRONG}(?: (?:person|child|client|patient|record|{WORD})\b){{0,2}}|{WEAK}{OF_WHAT}(?: {WORD}\b\.?){{1,2}})"
    rf"{LINK}{WHOSE}{ID}",
    re.IGNORECASE,
)
# Letters of police forces: beside a number with its year they need no label. "met" is a word too.
FORCE = r"(?:(?-i:M[Ee][Tt])|mps|gmp|wyp|syp|nyp|wmp|tvp|btp|psni|nwp|swp|colp)"
# Where councils and hospitals are as well: a word of the police is to stand near.
COUNTY = (
    r"(?:kent|essex|surrey|sussex|dorset|durham|norfolk|suffolk"
    r"|cleveland|cumbria|cheshire|gwent|dyfed[ -]powys|merseyside|northumbria|humberside|herts|hants|lancs|leics|lincs|notts"
    r"|staffs|northants|wilts|warks|cambs|derbys|glos)"
)
OF_THE_POLICE = r"\b(?:police|crime|occurr?[ea]nce|incident|custody|cad|log)\b"
POLICE_WORDS = re.compile(OF_THE_POLICE, re.IGNORECASE)
OF_A_FORCE = re.compile(
    rf"\b(?:{FORCE}|(?P<county>{COUNTY}))(?: (?:{OF_THE_POLICE}|{WORD}\b\.?)){{0,3}}{LINK}"
    rf"(?!{YEAR}|20\d\d/)\d{{3,8}}/(?:20)?\d\d(?![\w/])",
    re.IGNORECASE,
)
NEAR = 30
# Whose number it is said to be, before or after it: one of work.
PERMIT_BEFORE = re.compile(r"\bpermit\b[\w .:#'()-]{0,30}$", re.IGNORECASE)
OF_WORK_AFTER = re.compile(
    r"^(?: (?:is|was|as)(?: (?:our|the|your|my|their|a|an))?(?: \w{1,12})?)?[ (:-]{1,2}"
    r"(?:po|p\.o\.?|purchase order|invoice|permit|requisition|order (?:no|number)|cost code)(?! box)\b",
    re.IGNORECASE,
)
# The police's unique reference number, "01AB/4567/26"; a school's has six digits, a home's or a nursery's seven or letters first.
# What is called a school's is one, however many digits were typed.
URN_LABEL = rf"\burn(?: (?:no|number|ref)\b\.?)?{LINK}"
NO_SCHOOL = r"(?<!school )(?<!schools )(?<!school's )(?<!academy )(?<!academy's )(?<!college )(?<!nursery )(?<!ofsted )"
URN = re.compile(
    rf"{URN_LABEL}(?:(?:\d\d ?[A-Z]{{1,2}}/)?\d{{3,7}}/\d\d|\d{{4,7}}/20\d\d)(?![\w/])"
    rf"|{NO_SCHOOL}{URN_LABEL}(?:\d{{4,5}}|\d{{8,12}})(?![\w/])",
    re.IGNORECASE,
)
# So many digits behind such a word that it is no year, ward or phone; "call me about case 45001234" is a case all the same.
LONG_LABELLED = re.compile(rf"\b{WEAK}{LINK}(?:[1-9]\d{{7,12}})(?![\w/-])", re.IGNORECASE)
# "26/4412", "P/12/345" after a label: too few digits in a row for the above.
SHORT_LABELLED = re.compile(rf"\b{WEAK}(?: {WORD}\b\.?){{1,2}}{LINK}[A-Z0-9]{{1,6}}/\d{{2,8}}", re.IGNORECASE)
# As long as police number crimes; what is an order, a parcel or a phone is said to be one before it.
LONG = re.compile(rf"\b(?:ref|reference){LINK}\d{{11,12}}(?![\w/-])", re.IGNORECASE)
LABEL_AFTER = re.compile(
    rf"(?<![\w/-])(?=[A-Z0-9/]{{0,20}}\d{{4}})[A-Z0-9/]{{6,24}} (?:is|was) (?:the|her|his|their|our|a|my) "
    rf"(?:{STRONG}|{WEAK}) {WORD}\b",
    re.IGNORECASE,
)
SHAPES = re.compile(
    r"(?<![\w/-])(?:"
    r"\d{1,2}[A-Z]{0,2}/\d{4,7}/\d{2}"  # crime: 42/12345/26, 13DC/48213/26
    r"|[A-Z]{2,4}/\d{4,7}/\d{2}"  # crime: CR/004512/26
    r"|[A-HJ-NP-RT-Z]\d{11}[0-9A-Z]"  # unique pupil number
    r"|[A-Z]{2}\d{2}[CPZ]\d{5}"  # family court
    r")(?![\w/-])"
)
HOME_OFFICE = re.compile(r"(?<![\w-])\d{4}-\d{4}-\d{4}-\d{4}(?![\w-])")  # unique application number
# Letters that the first two may be (HMRC, NIM39110): no D, F, I, Q, U, V, and no O as the second.
NATIONAL_INSURANCE = re.compile(
    r"(?<![\w-])[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d\d ?\d\d ?\d\d ?[A-D](?![\w-])"
    r"|\b(?i:ni|nino|national insurance)\b(?: (?i:no|number|num)\b)?[ .:#-]{1,3}[A-Z]{2} ?\d\d ?\d\d ?\d\d"
)


def has_reference(text: str) -> bool:
    """Whether the note quotes what finds one person in somebody's records."""
    patterns = (LABELLED, URN, SHORT_LABELLED, LABEL_AFTER, NATIONAL_INSURANCE)
    if any(pattern.search(text) for pattern in patterns) or any(
        _is_of_police(text, found) for found in OF_A_FORCE.finditer(text)
    ):
        return True
    if any(not is_paid_by(text, found.start()) for shape in (LONG_LABELLED, SHAPES) for found in shape.finditer(text)):
        return True
    return any(not is_of_another_kind(text, found.start()) for shape in (HOME_OFFICE, LONG) for found in shape.finditer(text))


def _is_of_police(text: str, found: re.Match[str]) -> bool:
    """Whether a number beside a force's name is theirs: no order, invoice or permit, and beside a county's name said to be."""
    ahead, behind = before(text, found.start()), text[found.end() : found.end() + NEAR]
    if is_paid_by(text, found.start()) or PERMIT_BEFORE.search(ahead) or OF_WORK_AFTER.search(behind):
        return False
    return not found["county"] or bool(POLICE_WORDS.search(f"{ahead[-NEAR:]}{found[0]}{behind}"))
