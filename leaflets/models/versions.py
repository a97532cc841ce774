"""In which language and in which form a leaflet is there.

The values are the English words, because addresses and the search say them. Codes and directions of writing: BCP 47, CLDR.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Language(models.TextChoices):
    ENGLISH = "english", _("English")
    WELSH = "welsh", _("Welsh")
    ALBANIAN = "albanian", _("Albanian")
    AMHARIC = "amharic", _("Amharic")
    ARABIC = "arabic", _("Arabic")
    BENGALI = "bengali", _("Bengali")
    CHINESE = "chinese", _("Chinese")
    DARI = "dari", _("Dari")
    FARSI = "farsi", _("Farsi")
    FRENCH = "french", _("French")
    HINDI = "hindi", _("Hindi")
    PASHTO = "pashto", _("Pashto")
    POLISH = "polish", _("Polish")
    PORTUGUESE = "portuguese", _("Portuguese")
    PUNJABI = "punjabi", _("Punjabi")
    ROMANIAN = "romanian", _("Romanian")
    SOMALI = "somali", _("Somali")
    SORANI = "sorani", _("Kurdish (Sorani)")
    SPANISH = "spanish", _("Spanish")
    TIGRINYA = "tigrinya", _("Tigrinya")
    TURKISH = "turkish", _("Turkish")
    UKRAINIAN = "ukrainian", _("Ukrainian")
    URDU = "urdu", _("Urdu")
    VIETNAMESE = "vietnamese", _("Vietnamese")


class Format(models.TextChoices):
    STANDARD = "standard", _("Standard print")
    LARGE_PRINT = "large-print", _("Large print")
    EASY_READ = "easy-read", _("Easy read")
    BRAILLE = "braille", _("Braille")


# Whoever packs reads the title alone (ADR 39).
TITLES_ALIKE = _("Another version of this leaflet is called that. Say in the title what differs, like: Know the signs (Arabic).")
CODES = {
    Language.ENGLISH: "en",
    Language.WELSH: "cy",
    Language.ALBANIAN: "sq",
    Language.AMHARIC: "am",
    Language.ARABIC: "ar",
    Language.BENGALI: "bn",
    Language.CHINESE: "zh",
    Language.DARI: "prs",
    Language.FARSI: "fa",
    Language.FRENCH: "fr",
    Language.HINDI: "hi",
    Language.PASHTO: "ps",
    Language.POLISH: "pl",
    Language.PORTUGUESE: "pt",
    Language.PUNJABI: "pa",
    Language.ROMANIAN: "ro",
    Language.SOMALI: "so",
    Language.SORANI: "ckb",
    Language.SPANISH: "es",
    Language.TIGRINYA: "ti",
    Language.TURKISH: "tr",
    Language.UKRAINIAN: "uk",
    Language.URDU: "ur",
    Language.VIETNAMESE: "vi",
}
RIGHT_TO_LEFT = {Language.ARABIC, Language.DARI, Language.FARSI, Language.PASHTO, Language.SORANI, Language.URDU}


def version_in_words(language: str, form: str) -> str:
    """'Arabic', 'Large print', 'Arabic, large print'; nothing of standard print in English."""
    said = [] if language == Language.ENGLISH else [str(Language(language).label)]
    if form != Format.STANDARD:
        label = str(Format(form).label)
        said.append(label.lower() if said else label)
    return ", ".join(said)
