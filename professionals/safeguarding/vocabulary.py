"""Words and patterns of the detector of a child's details: names, numbers, and signs with their weights.

Patterns of ages, dates and rooms stand in child_details.py, which reads them and decides.
"""

import re
from dataclasses import dataclass

# What all parts of the detector share: spelling, words for a child, what is no name.

SPACES_PATTERN = re.compile(r"\s+")
PUNCTUATION_TRANSLATION = str.maketrans(dict.fromkeys("‐‑‒–—―−", "-") | dict.fromkeys("‘’ʼ`´", "'") | dict.fromkeys("“”", '"'))

CHILD = (
    "(?:girl|boy|child|daughter|son|lad|lass|teenager|teen|minor|baby|infant|toddler|juvenile|young (?:person|man|woman)|yp|uasc"
    "|sibling|sister|brother|niece|nephew)"
)
CARE_RECIPIENT = "(?:pupil|student|patient|resident|client|service user)"
NATIONALITY = (
    "(?:Afghan|Albanian|Algerian|Bangladeshi|Bulgarian|Cameroonian|Chadian|Chinese|Congolese|Egyptian|Eritrean|Ethiopian|Gambian"
    "|Ghanaian|Guinean|Indian|Iranian|Iraqi|Ivorian|Kosovan|Kurdish|Lithuanian|Malian|Moldovan|Moroccan|Nepalese|Nigerian"
    "|Pakistani|Palestinian|Polish|Roma|Romanian|Rwandan|Senegalese|Slovak|Somali|Sri Lankan|Sudanese|Syrian|Thai|Turkish"
    "|Ugandan|Ukrainian|Vietnamese|British)"
)
COUNTRY = (
    "(?:Afghanistan|Albania|Algeria|Bangladesh|Bulgaria|Cameroon|Chad|China|Congo|Egypt|Eritrea|Ethiopia|(?:the )?Gambia|Ghana"
    "|Guinea|India|Iran|Iraq|Ivory Coast|Kosovo|Lithuania|Mali|Moldova|Morocco|Nepal|Nigeria|Pakistan|Palestine|Poland|Romania"
    "|Rwanda|Senegal|Slovakia|Somalia|Sri Lanka|(?:south )?Sudan|Syria|Thailand|Turkey|Uganda|Ukraine|Viet ?nam)"
)
# Only where a name would stand: `are_names` asks for the capital letter, of any alphabet.
NAME = r"[^\W\d_][\w'-]{1,30}"
INITIALS = r"(?:(?:[A-Z]\. ?){2,3}|[A-Z]{2,3}(?![\w'-]))"
# Capitalised words of our readers' notes that are no names of people.
WORK_WORDS = frozenset(
    """
    monday tuesday wednesday thursday friday saturday sunday mon tue tues wed thu thur thurs fri sat sun january
    february march april may june july august september october november december jan feb mar apr jun jul aug sep sept oct nov
    dec road street lane avenue house centre center hall building room floor wing block ward clinic hospital health school
    academy college university office offices unit bay bed suite gate desk level page box flat table
    team teams service services council trust nhs foundation social care children childrens safety fire policy group class
    training session presentation meeting conference week term year spring summer autumn winter bank holiday since from
    until after before on by the our we please note updated version issued dated last next reviewed review certificate
    ofsted inspection report act section police station force city county north south east west royal st saint park
    entrance reception car library museum church community family hub safeguarding board partnership adult adults
    head deputy lead leads manager officer nurse doctor dr midwife visitor visitors worker workers covid christmas
    easter ramadan eid uk gmt bst am pm pdf po ref refs id no number numbers name names badge badges form forms file
    nurses midwives teachers officers carers students staff attendees delegates colleagues learners doctors managers parents
    total attendance capacity stock count copies leaflets leaflet order orders booking bookings parking lift projector
    call tel phone mobile ring ask contact attn fao cost code invoice it there this that here everyone everybody somebody
    all both each most many some none one two three first second delivery parcel edition matrix plan audit
    maximum minimum limit size distance walk drive start finish length duration headcount turnout audience score feedback entry
    exit junction zone bus train tram stop price amount quantity qty
    """.split()  # noqa: SIM905 - readable as it stands
)
# Two or three capitals that are no initials of a child.
ACRONYMS = frozenset(
    """
    it hr re pe bsl av pa gp gps uk nhs qr pc tv vr am pm id po dbs cpd nrm cse cce ca sen ot slt aye ok eu usa faq pdf ppt usb
    wc ip cv qa qi pr fm ed ae mdt icu nicu hv hvs sw sws dsl la las icb ics lac cp cin eh edt mash lado ta tas tb ect rsl rcn
    rn mp mps pcc pc pcs cid ni ho fao dpia csp ism isa cab ymca ngo vcs not the and for new our map q&a ppe tbc tba asap rsvp
    amu sau mau hdu nnu cdu mw sn hcp hca cyp fgm hbv da dv csa see who all any you why how yes
    """.split()  # noqa: SIM905 - readable as it stands
)


# Words of our readers' notes that are no names, for names that are typed in small letters.

EVERYDAY_WORDS = frozenset(
    """
    a able about above academic accreditation acting added address advice advise again age aged agency agenda agreed ahead aid
    alarm all allocated almost already also always am an annual answer antenatal any anyone anything approved archive are area
    arranged arrival arrive arrived arrives as ask asked assembly assessment at attend attended average awareness baby back
    backup bank barrier basement be because been behind being beside best better between big biscuit blue boiler booked born
    borough both box boy brilliant bring brother brought budget building built bulletin bus but by cable cake calendar call
    called came camera can cancelled cannot care cash century cert certificate certified chair change changed check checked
    chief child class clean closed closure code coffee cold come comes coming comment complaint completed confirm confirmed
    consent consultant contract copy corner could courier course cousin covered cupboard daily dark daughter day days deadline
    decade delay delivered desk did disclosed displayed district do does done door double down draft drill drive due during each
    early election electric email emergency end enough enquiry entrance error established evening event every exam excellent
    exercise experienced expired expires expiry extra fair fax feedback fete few figure film final find fine finish finished
    first flood flu folder for form fortnight found founded free friend from front full fun fund funding gas gate gave gdpr get
    gets girl give given go goes going gone good got governor great ground group guidance gym had half has have he hearing
    heating held help helpful hepatitis her here high him his history home hot hour hours how i if immunised in induction infant
    info injuries inset inside inspected installed insurance interim into invited is issue it item its jab jabs job join joined
    junior just keep key kit know lady lanyard laptop large last late launch launched law learning lease leave lecture left
    length less letter licence light like link list live local lockdown locum log long loop lorry low lower lunch made mail main
    make man map maternity max meet meets memo mental merged merger midweek might min minor minutes missed module money month
    monthly months more morning mot motorway moved much must my national near nearly need needs network never new news
    newsletter next nice night noon not notes nothing now nursery of off old on once online only open opened opening opens
    opposite or ordered other our out outside over overdue own pack pages paid paint painted pandemic paper parcel parents pass
    past patient pay percent permanent permit person phase photo pick placed plan please pls plug plz poor post posted poster
    postnatal present previous primary principal print printed problem provider public published pupil put qualified quality
    quarter question quick ramp rang rapid rate rather read ready really rear received recent record red refresh refreshed
    refurbished regional register registered renewal renewed repeat replaced replied report reported requested resident
    retention retired return returned review reviewed right risk roof rota roundabout route rules run rural said same sandwich
    sat save saw say says scheme screen secondary see seen seminar send sends senior sent server set she sheet shelf shift shop
    should show sibling sick side sign signed since single sister site sits slides slow small snow so some someone son soon
    sound space spare staffed stair start started starts statutory step still stop storage storm straight strike student such
    survey swab table take taken talk talked target taught tax tbc tea teach teacher team temporary test than thank thanks that
    the their them then there these they thing think this those thx ticket till time times to today together told tomorrow
    tonight too took top total toward traffic trained trainer tray treatment tree trial trip try tutor type under until up
    update updated upper urgent us use used useful user vacated vaccine valid venue very via video view visit visited vitamin
    wait waiting walk wall want wanted warm warranty was water way we web webinar website week weekend weekly weeks well went
    were what wheelchair when where which while who whole why wifi will window wish with within without woman work worked
    workshop would write wrote yard year years yes yesterday yet you young your youth zone
    """.split()  # noqa: SIM905 - readable as it stands
)
NON_NAME_WORDS = EVERYDAY_WORDS | WORK_WORDS | ACRONYMS
NON_NAME_ENDINGS = ("tion", "sion", "ment", "ness", "ship", "ings", "ists", "ities", "ology")


# NHS numbers, and the numbers of other kinds that have ten digits too.

NHS_NUMBER_PATTERN = re.compile(r"(?<![\w+/.-])(\d{3})([ .-]?)(\d{3})\2(\d{4})(?![\d/]|[.-]\d)")
NHS_LABEL_PATTERN = re.compile(
    r"\b(?:nhs|chi|h&c|hcn|hsc)[ -]?(?:no\b|num\b|number\b|id\b|#)?[ .:=#-]{0,4}(?:is )?\d(?:[ .-]?\d){8,9}(?!\d)"
    r"|(?<![\w+/.-])\d{3}[ .-]?\d{3}[ .-]?\d{4} ?(?:is |\()?(?:(?:the|her|his|their) )?(?:nhs|chi) n",
    re.IGNORECASE,
)
# Words before a phone number, an order or a meeting, with up to a few short words between.
TEXT_BEFORE_OTHER_NUMBER_PATTERN = re.compile(
    r"\b(?:tel|telephone|phone|mobile|mob|call|ring|text|fax|ext|bleep|pager|switchboard|dial|pin|passcode|meeting|zoom|teams|webex"
    r"|po|p\.o|order|purchase|requisition|req|invoice|account|cost|code|charity|company|vat|isbn|batch|tracking|parcel|courier"
    r"|dpd|desk|office|reception|contact|delivery note|sort)\b[\w .:#'()-]{0,20}$",
    re.IGNORECASE,
)
# Words before a number of a payment, perhaps with its owner between ("PO number for the hospital"). A care order is no payment.
TEXT_BEFORE_PAYMENT_PATTERN = re.compile(
    r"\b(?:po|p\.o|purchas\w{1,3}|requisition|req|invoice|budget|vat|cost (?:code|cent(?:re|er))|account (?:no|number|code)"
    r"|(?<!care )(?<!court )(?<!supervision )(?<!protection )order (?:no|number))\b[\w .:#'()-]{0,30}$",
    re.IGNORECASE,
)


# Signs: who, how old, what happened. None is enough alone; together they are a child's details.
#
# Each kind of sign has a weight and a most that it can add. Without a word for a child or an age below 18 nothing adds up:
# what is left is a colleague's name, a lost parcel, somebody's mother in hospital. The words of harm are those of the
# situations and signs in our leaflets and of the indicators of the National Referral Mechanism.

MIN_TOTAL_WEIGHT = 5
# Characters to each side of a sign in which others count with it: a sentence or two.
MAX_SIGN_DISTANCE = 120

UNDER_18 = (
    r"(?:(?<![\d.,:/+#£-])(?:\d|1[0-7])(?![\d:+%#]|[.,/]\d| ?(?:-|to|and|or) ?\d)"
    r"|\b(?:three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen)\b)"
)
# After "child" where it is the subject of a talk ("child criminal exploitation").
TALK_SUBJECT = (
    r"(?: (?:criminal|sexual|labour|modern|domestic|slavery|marriage|dating|violence|crime|harm|victims|witnesses|on child)\b)"
)
MINOR = (
    r"(?<!any )(?<!every )(?<!each )(?<!\bno )(?<!\bper )"
    rf"(?:(?:child|teen|youth|juvenile)(?!{TALK_SUBJECT})"
    r"|girl|boy|kid|lad|lass|teenager|adolescent|minor|juv|baby|newborn|infant|toddler|youngster"
    r"|young ?(?:person|man|woman|one|male|female|mum|mother|lad|lady|girl|boy)|schoolgirl|schoolboy"
    r"|(?<!\bmy )(?<!\bour )li(?:ttle|'?l) one|uasc|misper|runaway|orphan|pupil"
    r"|foster (?:child|son|daughter|boy|girl)|stepson|stepdaughter|granddaughter|grandson)"
)
# Not a ward sister, who is a nurse that people ask for.
RELATIVE = (
    r"(?:daughter|son|(?!(?-i:Sister [A-Z]))(?<!\bward )(?<!\bask )(?<!\bask the )(?<!\bask for )sister|brother|sibling|niece"
    r"|nephew|twin)"
)
# Not with the age of an adult after it.
NOT_ADULT_AGE = (
    r"(?![ ,(]{1,3}(?:from [\w-]{1,15}[ ,]{1,2})?(?:(?:who )?(?:is|are) |who's |aged? )?(?:all |both )?(?:1[89]|[2-9]\d)\b"
    r"(?! ?(?:weeks?|days?|minutes?|o'?clock|:\d)))"
)
AMBIGUOUS_CHILD = (
    r"(?:student|patient|client|resident|tenant|service user|school leaver|female|male|young adult"
    r"|(?<!\bmy )(?<!\bour )(?:mother|mum))"
    rf"{NOT_ADULT_AGE}"
)
# The writer's own family, not people they look after.
ADULT_RELATIVE = (
    r"(?:mother|mum|mom|mam|father|dad|husband|wife|partner|fianc\w{1,2}|nan|gran|grandma|grandmother|grandad|grandfather"
    r"|stepmother|stepfather|grandparents|parents|(?:mother|father|brother|sister)-in-law)"
)
CHILDREN = (
    r"(?:girls|boys|lads|kids|children|young people|pupils|students|siblings|brothers|sisters|twins|minors|teenagers|babies)"
)
# After a word for a child that is part of a place, a job or a subject.
NOT_COMPOUND = (
    r"(?!s\b|'|[\w-]| (?:protection|health|development|care|benefit|abuse|exploitation|trafficking|safeguarding|psych\w*|minder"
    r"|friendly|centre|clinic|unit|ward|guides?|scouts?|services?|nurses?|midwi\w+|teachers?|social|support|mental|death|line"
    r"|voice|groups?|offend\w*|justice|work|workers?|doctors?|leads?|representatives?|council|premium|population|contact"
    r"|changing|feeding|room|bank|shop|show|colleagues?|staff|members?|presenters?|speakers?|interpreters?|officers?|managers?|toilets?"
    r"|relations\w{0,4}|liaison"
    r"|on (?:the )?(?:reception|desk|front desk|door|gate)|in the (?:film|video|story|slides?|presentation)|or )\b)"
)
# After "the child's" or "the girls'".
BUILDING_OR_SERVICE = (
    r"(?:brigade|school|ward|hospital|centre|services?|home|team|social|trust|board|unit|clinic|department|charity|wing|hall)"
)
QUALIFIER = r"(?:is |was |who is |who's |aged? |about |around |only |just |maybe |\? ?)"
NOT_QUANTITY = (
    r"(?! ?(?:%|min|hour|hr|mile|day|week|wk|month|copies|copy|people|staff|of us|am\b|pm\b|st\b|nd\b|rd\b|th\b|metre|step|box"
    r"|chair|place|o'?clock))"
)


@dataclass(frozen=True)
class Sign:
    kind: str
    weight: int
    pattern: re.Pattern[str]


# The most that signs of one kind add, however many they are; negative ones speak against a child.
MAX_WEIGHT_BY_KIND = {
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


def _build_signs(kind: str, weight: int, *patterns: str) -> list[Sign]:
    return [Sign(kind, weight, re.compile(pattern, re.IGNORECASE)) for pattern in patterns]


SIGNS = (
    *_build_signs(
        "child",
        3,
        rf"\b{MINOR}\b{NOT_COMPOUND}",
        rf"\b(?:one|some|two|three) of (?:my|our|the) (?:[\w-]{{1,15}} ){{0,2}}(?:{CHILDREN}|tutor group|class|caseload)\b",
        r"\bone of (?:my |our |the )?(?:yr|year) ?\d{1,2}(?:s|'s)?\b(?! (?:staff|teachers?|tutors?|leads?|heads?|rooms?)\b)",
        rf"\b(?:two|three|four|five|both|these|those|[2-6]) (?:[\w-]{{1,15}} ){{0,2}}{CHILDREN}\b{NOT_ADULT_AGE}",
    ),
    *_build_signs(
        "child",
        2,
        rf"\b(?:{RELATIVE}|{AMBIGUOUS_CHILD})\b{NOT_COMPOUND}",
        rf"\b(?:{MINOR}|{RELATIVE})'s (?!{BUILDING_OR_SERVICE})",
        r"\b(?:eldest|oldest|youngest)\b(?! \w{1,20}s\b)",
        r"\b(?:siblings|twins|sibling group)\b",
        r"\bone of mine\b|\blunch money\b|\b(?:he|she) is on my caseload\b|\bfoster (?:mum|mother|dad|father)\b"
        r"|\b(?:my|our) placement (?:is|was|has|gets|keeps|went)\b",
    ),
    *_build_signs("child", 3, r"\b(?:her|him)self a child\b|\b\d{1,2} missing episodes\b"),
    *_build_signs(
        "age",
        3,
        rf"{UNDER_18}[ -]?(?:(?:years?|yrs?|y)[ -]old|y/?o|y\.o|yrs?|months? old|m/o|/12)(?:f|m)?\b",
        rf"\b(?:{MINOR}|{RELATIVE}|{AMBIGUOUS_CHILD}|eldest|oldest|youngest)\b"
        rf"[ ,(]{{1,3}}{QUALIFIER}{{0,3}}{UNDER_18}{NOT_QUANTITY}",
        rf"\baged? {QUALIFIER}{{0,2}}{UNDER_18}",
        rf"\b(?:looks?|appears?|seems|says?|said|thinks?|probably|assessed as|claims?|claiming|turned|turns|turning|just|only)"
        rf"(?: (?:to be|that|he is|she is|he's|she's|just|only|about|around|like|more like)){{0,3}} {UNDER_18}{NOT_QUANTITY}",
        rf"\b(?:he|she|who)(?:'s| is| was|s)(?: (?:just|only|about|around|maybe)){{0,2}} {UNDER_18}{NOT_QUANTITY}",
        rf"{UNDER_18}(?: and a half(?=[,.])| if a day\b| at (?:the )?most\b)",
    ),
    *_build_signs(
        "age",
        2,
        r"(?<![\w/.-])(?:[5-9]|1[0-7]) ?(?:f|m|fem|male|female)\b",
        r"\b(?:year|yr|y) ?(?:[1-9]|1[0-3])\b(?! ?(?:-|to|and|&|/) ?\d)",
        r"\bin (?:[7-9]|1[0-3])(?-i:[A-Z])\b|\b[mf] (?:[5-9]|1[0-7])(?=,)|\bat 1[3-7](?=,| and\b)",
        r"(?<=, )(?:nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen)(?=[,.]|$)",
        rf"\b(?:dental|bone) age\b|\bunder ?age\b|(?<!children )(?<!people )(?<!those )\bunder (?:{UNDER_18}|18\b)(?!s)",
    ),
    *_build_signs(
        "called",
        2,
        r"\b(?:his|her|their|child's) (?:first |full |real |sur)?name\b|\b(?:called|named|initials)\b"
        r"(?! (?:away|off|back|in|out|us|me|him|her|them|today|again|about|for|it|by|to|at)\b)",
    ),
    *_build_signs("pronoun", 1, r"\b(?:he|she|him|her|his|hers|himself|herself)\b"),
    *_build_signs("from", 1, rf"\b{NATIONALITY}\b", rf"\bfrom {COUNTRY}\b"),
    *_build_signs(
        "met",
        2,
        r"\b(?:my|our|the) (?:caseload|tutor group|placement)\b|\bplaced with\b|\b(?:brought|came|come|comes) in(?:to)?\b",
        r"\b(?:presented|admitted|attended|discharged|accompanied|allocated|disclosed|disclosure)\b",
        r"\b(?:told|tells|telling|confided in) (?:me|us|staff|the|her|his|a|my|one)\b|\bsays? (?:that )?(?:he|she|her|his|a)\b",
        r"\b(?:safeguarding|child protection) (?:concern|alert|referral|flag|issue|plan)|\b(?:s|sec|section)\.? ?(?:47|20|17)\b",
        r"\bstrat(?:egy)?\.? (?:meeting|discussion|mtg)|\b(?:reasonable|conclusive) grounds\b",
        r"\b(?:worried|concerned|concerns?|anxious|uneasy) (?:about|re|for|that)\b|\b(?:suspect|suspected|suspicious)\b",
    ),
    *_build_signs(
        "met",
        1,
        r"\b(?:seen|saw|met|visited|found|located|reported|referred|arrives?|arrived|turned up|moved in|appeared|living|lives"
        r"|live|spotted|staying|stays|placed|with us|with me|goes to|attender)\b",
        r"\bin the matter of the\b|\bi have a family\b|\brespite\b|\brhi\b|\bbrought (?:the|a|him|her|this)\b"
        r"|\b(?:my|our|the) (?:form|lessons|nurture group|key worker|setting|unit|drop-in|residential (?:unit|home))\b",
        r"\b(?:nrm|lac|cla|uasc|looked[ -]after|in care|social worker|solicitor|age assess\w*|foster carers?)\b",
    ),
    *_build_signs(
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
        r"['\"](?:uncle|aunt|auntie|aunty|cousin|husband|friend|brother|sister|relative|family friend|owner|boss|employer"
        r"|her man|favours?)['\"]",
        r"\boverdose\b|\btranslates for\b|\bbank (?:card|details)\b|\bsofa[ -]surf\w{0,3}\b|\bno (?:bed|bedroom)\b|\btrap house\b"
        r"|\bruns? (?:the |a )?(?:county )?lines?\b|\bbrought (?:over|here) to (?:clean|cook|work)\b|\bwaits? (?:for (?:her|him)"
        r"|outside)\b|\bwith adults\b",
        r"\b(?:husband|partner|boyfriend|fianc\w{1,2}),? (?:is |aged )?(?:1[89]|[2-9]\d)\b",
    ),
    *_build_signs(
        "harm",
        1,
        r"\b(?:a|the|some|older|this|another) (?:man|men|woman|lady|stranger)\b|\bleft with\b",
        r"\b(?:uncle|aunt|auntie|cousin|husband)\b",
        r"\b(?:clean(?:s|ing)|cook(?:s|ing)|chores|farm|factory|restaurant|takeaway|kitchen|building site|nails|working|works"
        r"|wages|paid|cash|money|phones?|presents"
        r"|gifts|online|parcels)\b",
        r"\b(?:slept|hotel|taxis?|excluded|suspended|sell(?:s|ing)|sims?|tattoo)\b",
        r"\b(?:sleep(?:s|ing)|collected?|collects|collecting|picked up|picks|driven|travels|travell(?:ed|ing)|taken"
        r"|moved|moves|sent|arrested|raid|lorry|small boat|asylum"
        r"|age[ -]disput\w{1,3}|runner|passport|abroad|married|marriage|flights?|one[ -]way|garage|shed|caravan|[1-5] ?am)\b",
    ),
    *_build_signs("number", 1, r"\b(?:id|ref|reference|case|file|record|hospital|hosp|crime|log)\b(?: (?:no|number|num|id)\b)?"),
    *_build_signs(
        "now",
        1,
        r"\b(?:last (?:night|week|month)|yesterday|today|tonight|this (?:am|morning|week|afternoon)|since \w{3,10}|keeps|again"
        r"|recently|\d (?:days|nights|weeks|times)|x ?\d)\b",
        r"\b(?:ring|call|contact|phone) (?:me|us)\b|\b(?:need|want|like|get) (?:some )?advice\b|\badvise\b"
        r"|\bwhat (?:do|should|can) i\b",
    ),
    *_build_signs(
        "in general",
        -3,
        r"\b(?:if|when|where|how|whether|unless) (?:a|an|any|some|one of)\b(?! day\b)|\b(?:part|bit|section) (?:about|on)\b",
        r"\bstayed with me\b|\b(?:read|told|written|given|made) by (?:a|the) survivor\b|\b(?:came|comes) to mind\b",
        r"\b(?:(?<!same )stor(?:y|ies)|films?|videos?|slides?|case stud\w{1,3}|examples?|scenarios?|signs|moving"
        r"|eye[ -]opening)\b",
        r"\b(?:need|want|like|asked for) (?:a |some |more |any )?(?:training|talks?|sessions?) (?:on|about|in|around)\b",
        r"\b(?:want|keen|like|hope) to (?:learn|know|understand|hear)\b",
        r"\b(?:we|team|staff|who|all|mostly|mainly) (?:\w{1,8} )?work with\b",
    ),
    *_build_signs(
        "in general",
        -2,
        r"\b(?:how|what|which|why) (?:do|does|should|would|can|could|to|happens?|is|are)\b(?! i\b)",
        r"\b(?:could|can|please) (?:you |u )?(?:cover|include|talk|explain|go through)\b",
    ),
    *_build_signs(
        "of work",
        -1,
        r"\b(?:team|staff|training|presenter|speaker|copies|leaflets?|colleagues?|conference|delegates|policy|room|floor|reception"
        r"|parking|projector|interpreter)\b|\b(?:midwives|nurses|officers|tutors|health visitors|social workers)\b"
        r"|\bsigned for (?:it|them|the (?:box|parcel|delivery))\b",
    ),
    # Where a name may be a colleague's: it cancels what "called" adds.
    *_build_signs(
        "colleague",
        -2,
        r"\b(?:managers?|receptionist|caretaker|pa|assistant|secretary|administrator|colleague|deputy|porter|cleaner"
        r"|technician|volunteer)\b[\w ,.]{0,30}\b(?:called|named|name)\b",
        r"\bask (?:at (?:the )?(?:desk|door|reception) )?for\b",
    ),
    *_build_signs(
        "own family",
        -3,
        r"\b(?:as a|i'?m a|i am a|being a) (?:mum|dad|mother|father|parent|grandparent|nan|mom)\b",
        r"\bmy (?:own )?(?:(?:little|eldest|youngest) )?(?:son|daughter|child|kids|girl|boy|baby|sister|brother|niece|nephew"
        r"|teenager|toddler|little one|twins|grandson|granddaughter|stepson|stepdaughter)\b",
        r"\b(?:presenter|speaker|trainer|colleague|manager|deputy)'s (?:little )?(?:son|daughter|child|baby|boy|girl|kids?)\b",
        rf"\bmy (?:own )?{ADULT_RELATIVE}\b|\bmy (?:two|three|lot)\b",
        r"\b(?:i|we) (?:must|need to|have to|want to) (?:be|stay) (?:(?:at )?home |there )?with\b",
    ),
)
# Short forms in notes, and the words for them that the patterns above know.
EXPANSION_BY_ABBREVIATION = {
    "abt": "about", "approx": "about", "bf": "boyfriend", "bout": "about", "bro": "brother", "diff": "different",
    "dtr": "daughter", "frm": "from", "hosp": "hospital", "nite": "night", "pls": "please", "preg": "pregnant", "pt": "patient",
    "sch": "school", "sis": "sister", "sw": "social worker", "w": "with",
    "w/": "with", "wk": "week", "wks": "weeks", "xmas": "christmas",
    "yp": "young person", "ypl": "young people",
}  # fmt: skip
ABBREVIATION_PATTERN = re.compile(rf"(?<![\w/])(?:{'|'.join(map(re.escape, EXPANSION_BY_ABBREVIATION))})(?![\w/])", re.IGNORECASE)

WORD_PATTERN = re.compile(r"[^\W\d_][\w'-]*")
TITLES = frozenset("mr mrs ms miss dr sgt pc dc di prof professor cllr rev sir sister matron nurse inspector".split())  # noqa: SIM905
# Initials in a story, by the words before or after them. A single letter may also be a ward, a grade, "I" or "a".
LOOSE_INITIALS = r"(?:(?:[A-Z]\. ?){1,2}[A-Z]?(?![\w'])|[B-HJ-Z](?![\w&./-])|[A-Z]{2}(?![\w&/-])|[A-HJ-Z]\.?(?='s\b))"
BEFORE_INITIALS = (
    r"(?i:about|re|regarding|concerns? is|concerned for|worried for|advi[sc]e on|contact with|case of|update on|referral for"
    r"|meeting for|discussion|review|done with|taken over|support|sw for|query)"
)
AFTER_INITIALS = (
    r"(?i:is|was|has|had|says|said|told|tells|came|comes|went|goes|keeps|kept|did|does|didn't|doesn't|lives|left|lost|turned"
    r"|disclosed|returned|arrived|ran|gets?|got|moved|sleeps?|started|stopped|asks|asked|refuse[sd]|from (?:the|our)"
    r"|in (?:my|our|the)|and (?:her|his)|will not|won't|can't|cannot)"
)
INITIALS_IN_STORY_PATTERN = re.compile(
    rf"\b{BEFORE_INITIALS}:? ({LOOSE_INITIALS})(?! ?(?!She\b|He\b|Her\b|His\b)[A-Z][a-z])"
    rf"|(?:^|[.;:!?] |\b(?i:that|and|but|as|then) )({LOOSE_INITIALS})(?! is \d)"
    rf"(?:'s\b|,? (?:(?:who|also|then|now|just) )?{AFTER_INITIALS}\b)"
)
# A child by their school year, by a family's name or as "young": where the capital letter is no word of work.
NAME_WITH_SCHOOL_YEAR_PATTERN = re.compile(
    rf"({NAME})(?:[ ,(]{{1,3}}(?:in )?(?i:yr|year|y) ?(?:[1-9]|1[0-3])\b|,? \(?[PS][1-7]\b| (?:[7-9]|1[0-3])[A-Z]\b)"
    r"(?! ?(?:to|and|-|&|/) ?(?:\d|[Yy]))"
    r"(?! (?i:tutors?|heads?|leads?|leaders?|teams?|teachers?|office|groups?|class(?:es)?|pupils|students|staff|parents"
    r"|entrance|block|room))"
    rf"|\b(?i:yr|year|y) ?(?:[1-9]|1[0-3]) ({NAME})"
)
NAMED_CHILD_PATTERN = re.compile(
    rf"(?<!\b[Aa] )\b[Yy]oung (?:Mr |Master )?({NAME})|\b(?:[Ll]ittle|[Ww]ee) ({NAME})"
    rf"|\b[Tt]he ({NAME}) (?:case|family|children|girls?|boys?|siblings|twins|lads?|lass)\b(?! (?:stud|review|conference|law))"
)
ABOUT_WORDS = frozenset("re regarding concerning about case of".split())  # noqa: SIM905
SENTENCE_END_PATTERN = re.compile(r"(?:^|[.!?;:\n] ?)$")
LONG_NUMBER_PATTERN = re.compile(r"(?<![\w+/.,£-])(?=[A-Z]{0,3}\d{5})[A-Z]{0,3}\d{5,14}(?![\w/-])", re.IGNORECASE)
