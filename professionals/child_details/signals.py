"""What makes a child of a note when it comes together, though no part of it would alone: who, how old, what happened.

Each kind of sign has a weight and a most that it can add. Without a word for a child or an age below 18 nothing adds up: what is
left is a colleague's name, a lost parcel, somebody's mother in hospital. The words of harm are those of the situations and signs
in our leaflets and of the indicators of the National Referral Mechanism.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from professionals.child_details.nhs_numbers import is_of_another_kind
from professionals.child_details.words import COUNTRY, NATION, are_initials, are_names, before

ENOUGH = 5
# Characters to each side of a sign in which others are read with it: a sentence or two.
NEAR = 120

UNDER_18 = (
    r"(?:(?<![\d.,:/+#£-])(?:\d|1[0-7])(?![\d:+%#]|[.,/]\d| ?(?:-|to|and|or) ?\d)"
    r"|\b(?:three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen)\b)"
)
# What makes of "child" a subject that somebody wants to hear of ("child criminal exploitation").
SUBJECT = (
    r"(?: (?:criminal|sexual|labour|modern|domestic|slavery|marriage|dating|violence|crime|harm|victims|witnesses|on child)\b)"
)
YOUNG = (
    r"(?<!any )(?<!every )(?<!each )(?<!\bno )(?<!\bper )"
    rf"(?:(?:child|teen|youth|juvenile)(?!{SUBJECT})"
    r"|girl|boy|kid|lad|lass|teenager|adolescent|minor|juv|baby|newborn|infant|toddler|youngster"
    r"|young ?(?:person|man|woman|one|male|female|mum|mother|lad|lady|girl|boy)|schoolgirl|schoolboy"
    r"|(?<!\bmy )(?<!\bour )little one|uasc|misper|runaway|orphan|pupil"
    r"|foster (?:child|son|daughter|boy|girl)|stepson|stepdaughter|granddaughter|grandson)"
)
# No sister of a ward: she is asked for.
RELATED = r"(?:daughter|son|(?<!\bward )(?<!\bask )(?<!\bask the )(?<!\bask for )sister|brother|sibling|niece|nephew|twin)"
# Not where the age of an adult stands behind it.
OF_AN_ADULT = (
    r"(?![ ,(]{1,3}(?:from [\w-]{1,15}[ ,]{1,2})?(?:(?:who )?(?:is|are) |who's |aged? )?(?:all |both )?(?:1[89]|[2-9]\d)\b"
    r"(?! ?(?:weeks?|days?|minutes?|o'?clock|:\d)))"
)
IN_CARE = (
    r"(?:student|patient|client|resident|tenant|service user|school leaver|female|male|young adult"
    r"|(?<!\bmy )(?<!\bour )(?:mother|mum))"
    rf"{OF_AN_ADULT}"
)
# Of the writer, and not of anybody they look after.
OWN_ADULTS = (
    r"(?:mother|mum|mom|mam|father|dad|husband|wife|partner|fianc\w{1,2}|nan|gran|grandma|grandmother|grandad|grandfather"
    r"|stepmother|stepfather|grandparents|parents|(?:mother|father|brother|sister)-in-law)"
)
MANY = r"(?:girls|boys|lads|kids|children|young people|pupils|students|siblings|brothers|sisters|twins|minors|teenagers|babies)"
# What makes of one word for a child a place, a job or a subject.
NOT_ONE = (
    r"(?!s\b|'|[\w-]| (?:protection|health|development|care|benefit|abuse|exploitation|trafficking|safeguarding|psych\w*|minder"
    r"|friendly|centre|clinic|unit|ward|guides?|scouts?|services?|nurses?|midwi\w+|teachers?|social|support|mental|death|line"
    r"|voice|groups?|offend\w*|justice|work|workers?|doctors?|leads?|representatives?|council|premium|population|contact"
    r"|changing|feeding|room|bank|shop|show|colleagues?|staff|members?|presenters?|speakers?|interpreters?|officers?|managers?|toilets?"
    r"|relations\w{0,4}|liaison"
    r"|on (?:the )?(?:reception|desk|front desk|door|gate)|in the (?:film|video|story|slides?|presentation)|or )\b)"
)
# What makes of "the child's" or "the girls'" a building or a service.
OF_A_PLACE = (
    r"(?:brigade|school|ward|hospital|centre|services?|home|team|social|trust|board|unit|clinic|department|charity|wing|hall)"
)
ROUGHLY = r"(?:is |was |who is |who's |aged? |about |around |only |just |maybe |\? ?)"
NO_THING = (
    r"(?! ?(?:%|min|hour|hr|mile|day|week|wk|month|copies|copy|people|staff|of us|am\b|pm\b|st\b|nd\b|rd\b|th\b|metre|step|box"
    r"|chair|place|o'?clock))"
)


@dataclass(frozen=True)
class Sign:
    """What one pattern says of a note."""

    kind: str
    weight: int
    pattern: re.Pattern[str]


# What signs of one kind add at most, however many they are; those below nothing speak against a child.
MOST = {
    "child": 3,
    "age": 3,
    "called": 2,
    "name": 2,
    "pronoun": 1,
    "from": 1,
    "met": 3,
    "harm": 4,
    "number": 3,
    "now": 1,
    "in general": -5,
    "of work": -2,
    "colleague": -2,
    "own family": -3,
}


def _signs(kind: str, weight: int, *patterns: str) -> list[Sign]:
    return [Sign(kind, weight, re.compile(pattern, re.IGNORECASE)) for pattern in patterns]


SIGNS = (
    *_signs(
        "child",
        3,
        rf"\b{YOUNG}\b{NOT_ONE}",
        rf"\b(?:one|some|two|three) of (?:my|our|the) (?:[\w-]{{1,15}} ){{0,2}}(?:{MANY}|tutor group|class|caseload)\b",
        r"\bone of (?:my |our |the )?(?:yr|year) ?\d{1,2}(?:s|'s)?\b(?! (?:staff|teachers?|tutors?|leads?|heads?|rooms?)\b)",
        rf"\b(?:two|three|four|five|both|these|those|[2-6]) (?:[\w-]{{1,15}} ){{0,2}}{MANY}\b{OF_AN_ADULT}",
    ),
    *_signs(
        "child",
        2,
        rf"\b(?:{RELATED}|{IN_CARE})\b{NOT_ONE}",
        rf"\b(?:{YOUNG}|{RELATED})'s (?!{OF_A_PLACE})",
        r"\b(?:eldest|oldest|youngest)\b(?! \w{1,20}s\b)",
        r"\b(?:siblings|twins|sibling group)\b",
    ),
    *_signs(
        "age",
        3,
        rf"{UNDER_18}[ -]?(?:(?:years?|yrs?|y)[ -]old|y/?o|y\.o|yrs?|months? old|m/o|/12)(?:f|m)?\b",
        rf"\b(?:{YOUNG}|{RELATED}|{IN_CARE}|eldest|oldest|youngest)\b[ ,(]{{1,3}}{ROUGHLY}{{0,3}}{UNDER_18}{NO_THING}",
        rf"\baged? {ROUGHLY}{{0,2}}{UNDER_18}",
        rf"\b(?:looks?|appears?|seems|says?|said|thinks?|probably|assessed as|claims?|claiming|turned|turns|turning|just|only)"
        rf"(?: (?:to be|that|he is|she is|he's|she's|just|only|about|around|like|more like)){{0,3}} {UNDER_18}{NO_THING}",
        rf"\b(?:he|she|who)(?:'s| is| was|s)(?: (?:just|only|about|around|maybe)){{0,2}} {UNDER_18}{NO_THING}",
    ),
    *_signs(
        "age",
        2,
        r"(?<![\w/.-])(?:[5-9]|1[0-7]) ?(?:f|m|fem|male|female)\b",
        r"\b(?:year|yr|y) ?(?:[1-9]|1[0-3])\b(?! ?(?:-|to|and|&|/) ?\d)",
        rf"\b(?:dental|bone) age\b|\bunder ?age\b|(?<!children )(?<!people )(?<!those )\bunder (?:{UNDER_18}|18\b)(?!s)",
    ),
    *_signs(
        "called",
        2,
        r"\b(?:his|her|their|child's) (?:first |full |real |sur)?name\b|\b(?:called|named|initials)\b"
        r"(?! (?:away|off|back|in|out|us|me|him|her|them|today|again|about|for|it|by|to|at)\b)",
    ),
    *_signs("pronoun", 1, r"\b(?:he|she|him|her|his|hers|himself|herself)\b"),
    *_signs("from", 1, rf"\b{NATION}\b", rf"\bfrom {COUNTRY}\b"),
    *_signs(
        "met",
        2,
        r"\b(?:my|our|the) (?:caseload|tutor group|placement)\b|\bplaced with\b|\b(?:brought|came|come|comes) in(?:to)?\b",
        r"\b(?:presented|admitted|attended|discharged|accompanied|allocated|disclosed|disclosure)\b",
        r"\b(?:told|tells|telling|confided in) (?:me|us|staff|the|her|his|a|my|one)\b|\bsays? (?:that )?(?:he|she|her|his|a)\b",
        r"\b(?:safeguarding|child protection) (?:concern|alert|referral|flag|issue|plan)|\b(?:s|sec|section)\.? ?(?:47|20|17)\b",
        r"\bstrat(?:egy)?\.? (?:meeting|discussion|mtg)|\b(?:reasonable|conclusive) grounds\b",
        r"\b(?:worried|concerned|concerns?|anxious|uneasy) (?:about|re|for|that)\b|\b(?:suspect|suspected|suspicious)\b",
    ),
    *_signs(
        "met",
        1,
        r"\b(?:seen|saw|met|visited|found|located|reported|referred|arrives?|arrived|turned up|moved in|appeared|living|lives"
        r"|live|spotted|staying|stays|placed|with us|with me|goes to)\b",
        r"\b(?:nrm|lac|cla|uasc|looked[ -]after|in care|social worker|solicitor|age assess\w*|foster carers?)\b",
    ),
    *_signs(
        "harm",
        2,
        r"\b(?:traffick(?:ed|er|ers)|exploit(?:ed|ation)|groom(?:ed|ing)|coerc\w{2,6}|servitude|slave|forced|made to)\b"
        r"|\bcuckoo\w{2,4}\b|\bkept (?:at home|in|to|from)\b",
        r"\b(?:missing|misper|disappear\w{0,3}|vanished|abscond\w{0,3}|r[au]n (?:off|away)|abandoned|unaccompanied)\b"
        r"|\bstopped (?:coming|attending)\b",
        r"\b(?:bruis\w{0,3}|burns?|injur\w{1,4}|scars?|stab\w{0,4}|assault\w{0,3}|raped?|beat(?:en|ing|s)?|abused|neglect\w{0,3}"
        r"|self[ -]harm\w{0,3}|stis?|pregnant)\b",
        r"\b(?:debt|owes|owed|threat\w{0,5}|begging|shoplift\w{0,3}|steal\w{0,3}|cannabis|drugs?|brothel|nail bar|car ?wash"
        r"|massage|knife)\b",
        r"\b(?:scared|afraid|frightened|terrified|withdrawn|tearful|crying|distressed|hungry|exhausted|unkempt|dirty)\b",
        r"\b(?:no|without|lost|false|fake) (?:id|i\.d|passport|papers|documents?|docs|english|gp|parents?|family|address"
        r"|next of kin|records?|history)\b",
        r"\b(?:not|isn'?t|never|hasn'?t) (?:been )?(?:registered|enrolled|in (?:school|education)|at school"
        r"|(?:in|attending)(?! the (?:talk|room|office|training|session|building))|back)\b"
        r"|\bout of school\b|\bschool hours\b",
        r"\b(?:won'?t|will not|wouldn'?t|would not|can'?t|cannot|doesn'?t|didn'?t|refus\w{1,3} to|nobody will|never)"
        r" (?:let |allowed to )?(?:her |him |them )?(?:speak|talk|say|tell|leave|goes? out|make eye|answer|give|name)\b",
        r"\b(?:older|adult|different|unknown|unrelated|strange|several|various|lots of) (?:man|men|male|males|cars?|adults?)\b"
        r"|\b(?:non|not) (?:a )?relat(?:ive|ed)\b|\bboyfriend\b|\bwith (?:some |two |three |several |the )?men\b"
        r"|\bgone (?:from|frm|since|again)\b|\bword for word\b|\bcoached\b|\b(?:has|have|had|was|being|been|is) sold\b(?! out)"
        r"|\bnever (?:goes|been|attends?|in|at)(?: to)? school\b|\binterprets? for\b"
        r"|\blook(?:s|ing)? after (?:\d |the |her |his |all ){0,2}(?:younger|siblings|brothers|sisters|kids|babies|plants)\b"
        r"|\bcalls? (?:her|him|them) (?:madam|sir|boss|master|uncle|aunt\w{0,3})\b",
        r"\b(?:alone|rehearsed|silent|mute)\b|\bon (?:his|her|their) own\b|\b(?:speaks?|spoke|answers?|answered|talks?)"
        r" (?:for (?:her|him|the|a)|every|all)\b|\b(?:nobody|no ?one) (?:can|could|knows|will|else)\b",
        r"\b(?:not|isn'?t|aren'?t) (?:(?:a|an|the|his|her|their) )?(?:real |own )?"
        r"(?:parent|mother|father|mum|dad|family|relative)s?\b"
        r"|\b(?:do|does|did)(?:n'?t| not) (?:know|say|have) (?:where|which|how|who|the|his|her|their|any|a)\b",
        r"['\"](?:uncle|aunt|auntie|aunty|cousin|husband|friend|brother|sister|relative|family friend)['\"]",
    ),
    *_signs(
        "harm",
        1,
        r"\b(?:a|the|some|older|this|another) (?:man|men|woman|stranger)\b|\b(?:uncle|aunt|auntie|cousin|husband)\b",
        r"\b(?:clean(?:s|ing)|cook(?:s|ing)|chores|farm|factory|restaurant|takeaway|kitchen|building site|nails|working|works"
        r"|wages|paid|cash|money|phones?|presents"
        r"|gifts|online|parcels)\b",
        r"\b(?:sleep(?:s|ing)|collected?|collects|collecting|picked up|picks|driven|travels|travell(?:ed|ing)|taken"
        r"|moved|moves|sent|arrested|raid|lorry|small boat|asylum"
        r"|age[ -]disput\w{1,3}|runner|passport|abroad|married|marriage|flights?|one[ -]way|garage|shed|caravan|[1-5] ?am)\b",
    ),
    *_signs("number", 1, r"\b(?:id|ref|reference|case|file|record|hospital|hosp|crime|log)\b(?: (?:no|number|num|id)\b)?"),
    *_signs(
        "now",
        1,
        r"\b(?:last (?:night|week|month)|yesterday|today|tonight|this (?:am|morning|week|afternoon)|since \w{3,10}|keeps|again"
        r"|recently|\d (?:days|nights|weeks|times)|x ?\d)\b",
        r"\b(?:ring|call|contact|phone) (?:me|us)\b|\b(?:need|want|like|get) (?:some )?advice\b|\badvise\b"
        r"|\bwhat (?:do|should|can) i\b",
    ),
    *_signs(
        "in general",
        -3,
        r"\b(?:if|when|where|how|whether|unless) (?:a|an|any|some|one of)\b|\b(?:part|bit|section) (?:about|on)\b",
        r"\bstayed with me\b|\b(?:read|told|written|given|made) by (?:a|the) survivor\b|\b(?:came|comes) to mind\b",
        r"\b(?:(?<!same )stor(?:y|ies)|films?|videos?|slides?|case stud\w{1,3}|examples?|scenarios?|signs|moving"
        r"|eye[ -]opening)\b",
        r"\b(?:need|want|like|asked for) (?:a |some |more |any )?(?:training|talks?|sessions?) (?:on|about|in|around)\b",
        r"\b(?:want|keen|like|hope) to (?:learn|know|understand|hear)\b",
        r"\b(?:we|team|staff|who|all|mostly|mainly) (?:\w{1,8} )?work with\b",
    ),
    *_signs(
        "in general",
        -2,
        r"\b(?:how|what|which|why) (?:do|does|should|would|can|could|to|happens?|is|are)\b(?! i\b)",
        r"\b(?:could|can|please) (?:you |u )?(?:cover|include|talk|explain|go through)\b",
    ),
    *_signs(
        "of work",
        -1,
        r"\b(?:team|staff|training|presenter|speaker|copies|leaflets?|colleagues?|conference|delegates|policy|room|floor|reception"
        r"|parking|projector|interpreter)\b|\bsigned for (?:it|them|the (?:box|parcel|delivery))\b",
    ),
    # Whose name it is, where a name is told: it takes away what "called" adds.
    *_signs(
        "colleague",
        -2,
        r"\b(?:managers?|receptionist|caretaker|pa|assistant|secretary|administrator|colleague|deputy|porter|cleaner"
        r"|technician|volunteer)\b[\w ,.]{0,30}\b(?:called|named|name)\b",
        r"\bask (?:at (?:the )?(?:desk|door|reception) )?for\b",
    ),
    *_signs(
        "own family",
        -3,
        r"\b(?:as a|i'?m a|i am a|being a) (?:mum|dad|mother|father|parent|grandparent|nan|mom)\b",
        r"\bmy (?:own )?(?:(?:little|eldest|youngest) )?(?:son|daughter|child|kids|girl|boy|baby|sister|brother|niece|nephew"
        r"|teenager|toddler|little one|twins|grandson|granddaughter|stepson|stepdaughter)\b",
        r"\b(?:presenter|speaker|trainer|colleague|manager|deputy)'s (?:little )?(?:son|daughter|child|baby|boy|girl|kids?)\b",
        rf"\bmy (?:own )?{OWN_ADULTS}\b",
        r"\b(?:i|we) (?:must|need to|have to|want to) (?:be|stay) (?:(?:at )?home |there )?with\b",
    ),
)
# How notes are shortened, by letters and then by the words that the patterns above know.
SHORT = {
    "abt": "about", "approx": "about", "bf": "boyfriend", "bout": "about", "bro": "brother", "diff": "different",
    "dtr": "daughter", "frm": "from", "hosp": "hospital", "nite": "night", "pls": "please", "preg": "pregnant", "pt": "patient",
    "sch": "school", "sis": "sister", "sw": "social worker", "w": "with",
    "w/": "with", "wk": "week", "wks": "weeks", "xmas": "christmas",
    "yp": "young person", "ypl": "young people",
}  # fmt: skip
SHORTENED = re.compile(rf"(?<![\w/])(?:{'|'.join(map(re.escape, SHORT))})(?![\w/])", re.IGNORECASE)

WORD = re.compile(r"[^\W\d_][\w'-]*")
TITLES = frozenset("mr mrs ms miss dr sgt pc dc di prof professor cllr rev sir sister matron nurse inspector".split())  # noqa: SIM905
SUBJECTS = frozenset("re regarding concerning about case of".split())  # noqa: SIM905
ENDS_A_SENTENCE = re.compile(r"(?:^|[.!?;:\n] ?)$")
LONG_NUMBER = re.compile(r"(?<![\w+/.,£-])(?=[A-Z]{0,3}\d{5})[A-Z]{0,3}\d{5,14}(?![\w/-])", re.IGNORECASE)


# What happened to somebody, said so plainly that it needs little beside it.
HARM = tuple(sign.pattern for sign in SIGNS if sign.kind == "harm" and sign.weight == 2)


def signs_come_together(text: str) -> bool:
    """Whether the signs around one of them, `NEAR` characters to each side, weigh `ENOUGH`."""
    found = sorted(_found(SHORTENED.sub(lambda short: SHORT[short[0].lower()], text)))
    weights: Counter[str] = Counter()
    first = last = 0
    for place, _kind, _weight in found:
        while last < len(found) and found[last][0] <= place + NEAR:
            weights[found[last][1]] += found[last][2]
            last += 1
        while found[first][0] < place - NEAR:
            weights[found[first][1]] -= found[first][2]
            first += 1
        if _together(weights) >= ENOUGH:
            return True
    return False


def _together(weights: Counter[str]) -> int:
    """What the signs weigh, each kind no more than its most; nothing where none of them is of a child or of an age below 18."""
    if not weights["child"] and not weights["age"]:
        return 0
    return sum(max(most, weights[kind]) if most < 0 else min(most, weights[kind]) for kind, most in MOST.items())


def _found(text: str) -> Iterator[tuple[int, str, int]]:
    for sign in SIGNS:
        for match in sign.pattern.finditer(text):
            yield match.start(), sign.kind, sign.weight
    yield from _names(text)
    for match in LONG_NUMBER.finditer(text):
        if not is_of_another_kind(text, match.start()):
            yield match.start(), "number", 2


def _names(text: str) -> Iterator[tuple[int, str, int]]:
    """Names and initials, but not of adults with a title; one that a note is about ("re Amina") weighs more."""
    last = ""
    for match in WORD.finditer(text):
        begins = bool(ENDS_A_SENTENCE.search(before(text, match.start(), 2))) and last not in SUBJECTS
        if last not in TITLES and _is_name(match[0], begins):
            yield match.start(), "name", 1
            if last in SUBJECTS:
                yield match.start(), "called", 2
        last = match[0].lower()


def _is_name(word: str, begins: bool) -> bool:
    """A capitalised word that is none of work, where no sentence begins; capitals alone are initials or an acronym."""
    if word.isupper():
        return are_initials(word) if len(word) < 5 else are_names(word)
    return not begins and are_names(word)
