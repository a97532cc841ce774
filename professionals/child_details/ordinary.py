"""Words of our readers' notes that are no names, for names that are typed in small letters."""

from professionals.child_details.words import ACRONYMS, NOT_NAMES

ORDINARY = frozenset(
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
NO_NAMES = ORDINARY | NOT_NAMES | ACRONYMS
ENDINGS = ("tion", "sion", "ment", "ness", "ship", "ings", "ists", "ities", "ology")


def could_be_names(*words: str | None) -> bool:
    """Whether none is a word of every day or of work, whatever letters it is typed in. At least one is needed."""
    found = [word.strip("'-.").lower() for word in words if word]
    return bool(found) and not any({word, word.removesuffix("s")} & NO_NAMES or word.endswith(ENDINGS) for word in found)
