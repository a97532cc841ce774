"""What all parts of the detector share: text in one spelling, who is a child, what is a name."""

import re
import unicodedata

SPACES = re.compile(r"\s+")
OTHER_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−", "-") | dict.fromkeys("‘’ʼ`´", "'") | dict.fromkeys("“”", '"'))

CHILD = (
    "(?:girl|boy|child|daughter|son|lad|lass|teenager|teen|minor|baby|infant|toddler|juvenile|young (?:person|man|woman)|yp|uasc"
    "|sibling|sister|brother|niece|nephew)"
)
IN_OUR_CARE = "(?:pupil|student|patient|resident|client|service user)"
NATION = (
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
# A capital letter is asked for by `are_names`, which knows those of every alphabet; these only say where a name would stand.
NAME = r"[^\W\d_][\w'-]{1,30}"
INITIALS = r"(?:(?:[A-Z]\. ?){2,3}|[A-Z]{2,3}(?![\w'-]))"
# Capitalised words of our readers' notes that are no names of people.
NOT_NAMES = frozenset(
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


def normalised(text: str) -> str:
    """One kind of digits, dashes, quotes and spaces, nothing invisible: what looks alike is read alike, and fast."""
    plain = "".join(letter for letter in unicodedata.normalize("NFKC", text) if unicodedata.category(letter) != "Cf")
    return SPACES.sub(" ", plain.translate(OTHER_DASHES)).strip()


def are_names(*words: str | None) -> bool:
    """Whether each begins with a capital and none is a word of work. At least one is needed."""
    found = [word.strip("'-") for word in words if word]
    return bool(found) and all(word[:1].isupper() and word.lower() not in NOT_NAMES for word in found)


def are_initials(letters: str) -> bool:
    """AK, A.K., T N M; not an acronym of our readers' work."""
    plain = re.sub(r"[. ]", "", letters)
    return 2 <= len(plain) <= 3 and plain.isupper() and plain.lower() not in ACRONYMS


def before(text: str, place: int, most: int = 60) -> str:
    """So many characters before a place: a window, so that each look takes the same time in a long text."""
    return text[max(0, place - most) : place]
