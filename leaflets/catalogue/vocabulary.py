"""Languages and professions that people search the catalogue for, whether or not it has a title for them."""

from typing import NamedTuple

from leaflets.models import Language
from professionals.models import Profession


class Named(NamedTuple):
    """What a search asks for by its name. `value`: as a title has it; `label`: as a sentence has it."""

    column: str
    value: str
    label: str


# Those spoken in the UK that no title can have yet, by the census of 2021.
OTHER_LANGUAGES = (
    "Armenian, Bosnian, Bulgarian, Burmese, Croatian, Czech, Danish, Dutch, Estonian, Filipino, Finnish, Gaelic, Georgian, "
    "German, Greek, Gujarati, Hausa, Hebrew, Hungarian, Igbo, Irish, Italian, Japanese, Kannada, Korean, Krio, Kurmanji, "
    "Latvian, Lingala, Lithuanian, Macedonian, Malayalam, Marathi, Mongolian, Nepali, Norwegian, Oromo, Romani, Russian, "
    "Serbian, Shona, Sinhala, Slovak, Slovenian, Swahili, Swedish, Sylheti, Tamil, Telugu, Thai, Twi, Uzbek, Wolof, "
    "Yiddish, Yoruba, Zulu"
)
ALSO_CALLED = {
    Language.BENGALI: "bangla",
    Language.CHINESE: "mandarin cantonese",
    Language.FARSI: "persian iranian",
    Language.PASHTO: "pashtu pushto",
    Language.POLISH: "polski",
    Language.PORTUGUESE: "brazilian",
    Language.PUNJABI: "panjabi",
    Language.ROMANIAN: "moldovan",
    Language.SORANI: "kurdish",
    Language.TIGRINYA: "eritrean",
    Language.WELSH: "cymraeg",
}
# How a sentence names them, and what else they are called.
PROFESSIONS = {
    Profession.HEALTH_VISITOR: ("health visitors", ("health visitor", "health visiting")),
    Profession.SOCIAL_WORKER: ("social workers", ("social worker", "social work", "social care worker")),
    Profession.EMERGENCY_CARE: (
        "A&E and walk-in clinic staff",
        ("a&e", "accident and emergency", "emergency department", "casualty", "walk-in clinic", "walk-in", "minor injuries"),
    ),
    Profession.MIDWIFE: ("midwives", ("midwife", "midwives", "midwifery", "maternity")),
    Profession.SCHOOL_NURSE: ("school nurses", ("school nurse", "school nursing")),
    Profession.GP: ("GPs", ("gp", "general practitioner", "family doctor", "general practice")),
    Profession.TEACHER: ("teachers", ("teacher", "teaching", "headteacher", "head teacher", "school staff")),
    Profession.POLICE_OFFICER: (
        "police officers",
        ("police officer", "police", "policeman", "policewoman", "constable", "detective"),
    ),
    Profession.IMMIGRATION_OFFICER: (
        "immigration officers",
        ("immigration officer", "immigration", "border force", "home office"),
    ),
    Profession.FOSTER_CARER: ("foster carers", ("foster carer", "carer", "foster parent")),
    Profession.YOUTH_WORKER: ("youth workers", ("youth worker", "youth work")),
}
OTHER_PROFESSIONS = (
    "childminders, counsellors, dentists, doctors, interpreters, nurses, nursery nurses, paediatricians, paramedics, "
    "pharmacists, probation officers, psychologists, solicitors, teaching assistants, therapists, volunteers"
)


def names() -> dict[str, Named]:
    """By their words in small letters, one or several."""
    found = {label.lower(): Named("language", label.lower(), label) for label in OTHER_LANGUAGES.split(", ")}
    for language in Language:
        for word in (language.value, *ALSO_CALLED.get(language, "").split()):
            found[word] = Named("language", language.value, str(language.label))
    for label in OTHER_PROFESSIONS.split(", "):
        found[label] = found[label.removesuffix("s")] = Named("audience", Profession.OTHER, label)
    for profession, (label, called) in PROFESSIONS.items():
        for word in called:
            found[word] = found[f"{word}s"] = Named("audience", profession, label)
    return found


NAMES = names()
LONGEST_NAME = max(len(name.split()) for name in NAMES)
# Words that say no more once a language or a profession is named.
SAYS_NO_MORE = (
    "a an any about and are copies do for have how i in is language leaflet leaflets my need of or our please poster "
    "posters team the to translated translation translations version with written you your"
)
