"""The catalogue: titles with their versions and topics, editions with their stock, search words, downloads and stock alerts."""

from collections.abc import Mapping
from datetime import date

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.search import SearchVectorField
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Prefetch, Q
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from core.models import free_text, impersonal, personal, user_foreign_key
from professionals.models import Person, Profession


class Language(models.TextChoices):
    """The values are the English words, because addresses and the search have them. Codes and directions: BCP 47, CLDR."""

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


# Packers read only the title (ADR 18).
DUPLICATE_TITLE_ERROR = _(
    "Another version of this leaflet has this title. Say in the title what is different. For example, Know the signs (Arabic)."
)
LANGUAGE_CODES = {
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


def version_text(language: str, form: str) -> str:
    """'Arabic', 'Large print', 'Arabic, large print'; '' for standard print in English."""
    labels = [] if language == Language.ENGLISH else [str(Language(language).label)]
    if form != Format.STANDARD:
        label = str(Format(form).label)
        labels.append(label.lower() if labels else label)
    return ", ".join(labels)


MM_PER_POINT = 25.4 / 72
PAPER_TOLERANCE = 5.0  # points, some 1.8 mm: programs round, and a DL leaflet is 99 or 100 mm wide


class Paper(models.TextChoices):
    """Portrait unless it says otherwise."""

    A3 = "a3", _("A3")
    A4 = "a4", _("A4")
    A5 = "a5", _("A5")
    A6 = "a6", _("A6")
    DL = "dl", _("DL")
    A3_LANDSCAPE = "a3-landscape", _("A3 landscape")
    A4_LANDSCAPE = "a4-landscape", _("A4 landscape")
    A5_LANDSCAPE = "a5-landscape", _("A5 landscape")
    A6_LANDSCAPE = "a6-landscape", _("A6 landscape")
    DL_LANDSCAPE = "dl-landscape", _("DL landscape")
    OTHER = "other", _("Another size")


# ISO 216; DL: a third of A4. Width and height in millimetres.
PORTRAIT_SIZES = {
    Paper.A3: (297, 420),
    Paper.A4: (210, 297),
    Paper.A5: (148, 210),
    Paper.A6: (105, 148),
    Paper.DL: (99, 210),
}


def detect_paper(width: float, height: float) -> Paper:
    """The paper of this size, in points; OTHER if none is."""
    short, long = sorted((width, height))
    for paper, (across, down) in PORTRAIT_SIZES.items():
        if abs(short - across / MM_PER_POINT) <= PAPER_TOLERANCE and abs(long - down / MM_PER_POINT) <= PAPER_TOLERANCE:
            return Paper(f"{paper.value}-landscape") if width > height else paper
    return Paper.OTHER


def bullet_points(text: str) -> list[str]:
    """The points of a text: staff type one a line."""
    return [line.strip() for line in text.splitlines() if line.strip()]


class LeafletQuerySet(models.QuerySet["Leaflet"]):
    def active(self) -> "LeafletQuerySet":
        return self.filter(active=True)

    def with_current_edition(self) -> "LeafletQuerySet":
        """Reads `leaflet.current_edition` along: one more statement, however many titles."""
        return self.prefetch_related(Prefetch("editions", queryset=Edition.objects.current(), to_attr="current_editions"))

    def in_catalogue(self) -> "LeafletQuerySet":
        return self.active().with_current_edition()


class Leaflet(models.Model):
    """A title in the catalogue. The web page and the sample PDF are both made from its text.

    A translation, or another format, is a title of its own, with its own editions, stock and limits; `version_of` is its main
    title. Its card is in English, its text in its own language (ADR 18).
    """

    slug = impersonal(models.SlugField(_("short name in the address"), unique=True))
    title = impersonal(
        models.CharField(
            _("title"),
            max_length=200,
            help_text=_(
                "In English, for packing lists. For a translation, add its language. For example, Know the signs (Arabic)."
            ),
        )
    )
    own_title = impersonal(
        models.CharField(
            _("title in its own language"), max_length=200, blank=True, help_text=_("Fill this in only for a translation.")
        )
    )
    language = models.CharField(_("language"), max_length=20, choices=Language, default=Language.ENGLISH)
    format = models.CharField(_("format"), max_length=20, choices=Format, default=Format.STANDARD)
    version_of = models.ForeignKey(
        "self",
        verbose_name=_("version of"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="versions",
        limit_choices_to={"version_of": None},
        help_text=_(
            "Choose the title that this is a translation or another format of. Leave this empty if it is a title of its own."
        ),
    )
    for_whom = impersonal(
        models.CharField(
            _("who it is for"), max_length=100, help_text=_("As the catalogue says it. For example, health visitors.")
        )
    )
    audience = models.CharField(
        _("audience"),
        max_length=30,
        choices=Profession,
        blank=True,
        help_text=_("Leave this empty if it is for every professional."),
    )
    summary = impersonal(models.CharField(_("summary"), max_length=300, help_text=_("One or two sentences for the catalogue.")))
    topics = impersonal(
        models.CharField(
            _("topics"),
            max_length=400,
            blank=True,
            help_text=_(
                "Put each topic on its own line. Use the same words as other titles, so that people can filter the "
                "catalogue by topic."
            ),
        )
    )
    introduction = impersonal(models.TextField(_("introduction")))
    situations = impersonal(
        models.TextField(
            _("situations"), help_text=_("Where this professional may meet a trafficked child. Put each point on its own line.")
        )
    )
    signs = impersonal(models.TextField(_("signs that a child may be at risk"), help_text=_("Put each point on its own line.")))
    what_to_do = impersonal(
        models.TextField(
            _("what to do with a concern"), help_text=_("Put each point on its own line, with the most urgent first.")
        )
    )
    most_per_order = models.PositiveIntegerField(
        _("most copies in an order"),
        default=100,
        validators=[MinValueValidator(1)],
        help_text=_("Staff may go over this limit with a reason. People who need more can ask you."),
    )
    most_per_person = models.PositiveIntegerField(
        _("most copies for a person"),
        default=300,
        validators=[MinValueValidator(1)],
        help_text=_("In all their orders together. The settings say how many days of orders count."),
    )
    most_per_workplace = models.PositiveIntegerField(
        _("most copies for a workplace"),
        default=600,
        validators=[MinValueValidator(1)],
        help_text=_("A workplace is one organisation at one postcode. An NHS trust has many workplaces."),
    )
    reorder_level = models.PositiveIntegerField(
        _("reorder level"),
        null=True,
        blank=True,
        help_text=_(
            "You get an email when we have this many copies or fewer free to give, or enough for less than six weeks. If "
            "you leave this empty, you get an email when we have too few for one full order."
        ),
    )
    usual_copies = models.PositiveIntegerField(
        _("copies that a team usually takes"),
        default=10,
        validators=[MinValueValidator(1)],
        help_text=_("We put this number in the box first, or fewer if we have fewer."),
    )
    usual_words = impersonal(
        models.CharField(
            _("what a team usually takes, in words"),
            max_length=80,
            blank=True,
            help_text=_("A short sentence beside the box. For example, A team of eight usually takes 10."),
        )
    )
    active = models.BooleanField(_("in the catalogue"), default=True)
    position = models.PositiveSmallIntegerField(_("position in the catalogue"), default=0)

    objects = LeafletQuerySet.as_manager()

    class Meta:
        ordering = ["position", "title", "pk"]
        verbose_name = _("leaflet")
        verbose_name_plural = _("leaflets")
        indexes = [
            # The catalogue in its order with everything that filters need, without the long texts.
            models.Index(
                fields=["position", "title", "id"],
                include=["slug", "version_of", "audience", "language", "format", "topics"],
                condition=Q(active=True),
                name="leaflet_catalogue",
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(most_per_order__gte=1), name="leaflet_order_of_at_least_one_allowed"),
            models.CheckConstraint(condition=Q(usual_copies__gte=1), name="leaflet_usually_at_least_one"),
            # A trigger forbids versions of a version, since that needs another row.
            models.CheckConstraint(condition=~Q(version_of=F("id")), name="leaflet_version_of_another"),
            models.UniqueConstraint(fields=["version_of", "language", "format"], name="leaflet_version_once"),
            models.CheckConstraint(
                condition=Q(most_per_order__lte=F("most_per_person"), most_per_person__lte=F("most_per_workplace")),
                name="leaflet_limits_widen",
                violation_error_message=_(
                    "A person’s limit can’t be lower than the limit for an order, and a workplace’s limit can’t be lower "
                    "than a person’s."
                ),
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("leaflet", args=[self.slug])

    @property
    def current_edition(self) -> "Edition | None":
        """The edition that is handed out today, if any. Costs a statement unless it was read with the leaflet."""
        known: list[Edition] | None = getattr(self, "current_editions", None)
        if known is None:
            known = self.current_editions = list(self.editions.current())
        return known[0] if known else None

    @property
    def orderable_edition(self) -> "Edition | None":
        """The edition that an order would take, or None if the title is out of the catalogue."""
        return self.current_edition if self.active else None

    @property
    def available(self) -> int:
        """Printed copies that nobody has been promised."""
        edition = self.orderable_edition
        return edition.available if edition else 0

    @property
    def version(self) -> str:
        """'Arabic, large print'; '' for standard print in English."""
        return version_text(self.language, self.format)

    @property
    def code(self) -> str:
        """The language code of its text, for a page in English; '' if the text is English."""
        return "" if self.language == Language.ENGLISH else LANGUAGE_CODES[Language(self.language)]

    @property
    def direction(self) -> str:
        """The direction in which its text is written."""
        return "rtl" if self.language in RIGHT_TO_LEFT else "ltr"

    @property
    def language_attributes(self) -> SafeString | str:
        """The attributes for text in its language on a page in English."""
        return format_html(' lang="{}" dir="{}"', self.code, self.direction) if self.code else ""

    @property
    def points(self) -> dict[str, list[str]]:
        """Its texts of which each line is a point."""
        return {name: bullet_points(getattr(self, name)) for name in ("situations", "signs", "what_to_do")}


class EditionState(models.TextChoices):
    CURRENT = "current", _("Current")
    SUPERSEDED = "superseded", _("Superseded")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class EditionQuerySet(models.QuerySet["Edition"]):
    def current(self) -> "EditionQuerySet":
        return self.filter(state=EditionState.CURRENT)

    def without_cover(self) -> "EditionQuerySet":
        """Editions whose PDF has not been opened yet for its cover and the size of its paper."""
        return self.filter(Q(cover="") | Q(paper=""))

    def locked(self) -> "EditionQuerySet":
        """Locks the rows in order of primary key. Every writer of stock uses this order, so that none can deadlock."""
        return self.order_by("pk").select_for_update(of=("self",))


class Edition(models.Model):
    """One print of a leaflet, with its PDF and its stock.

    `on_hand` copies are on the shelf, `allocated` of these are promised to orders. Both are running figures of the stock ledger;
    only services change them, under a row lock, and the constraints below hold whatever happens.
    """

    leaflet = models.ForeignKey(Leaflet, verbose_name=_("leaflet"), on_delete=models.PROTECT, related_name="editions")
    label = impersonal(models.CharField(_("edition"), max_length=60, help_text=_("As printed on it. For example, March 2026.")))
    published_on = models.DateField(_("published"))
    review_on = models.DateField(_("to be reviewed by"))
    pdf = impersonal(models.FileField(_("PDF"), upload_to="leaflets/"))
    pages = models.PositiveSmallIntegerField(_("pages"), validators=[MinValueValidator(1)])
    size = models.PositiveIntegerField(_("size of the PDF in bytes"))
    # Empty until it has been read.
    paper = models.CharField(
        _("size of its pages"), max_length=12, choices=Paper, blank=True, default="", db_default="", editable=False
    )
    state = models.CharField(_("state"), max_length=10, choices=EditionState, default=EditionState.CURRENT)
    cover = impersonal(models.FileField(_("picture of its first page"), upload_to="leaflets/", blank=True, editable=False))
    cover_width = models.PositiveSmallIntegerField(_("width of the picture in pixels"), default=0, editable=False)
    cover_height = models.PositiveSmallIntegerField(_("height of the picture in pixels"), default=0, editable=False)
    reviewed_on = models.DateField(_("last reviewed"), null=True, blank=True, editable=False)
    reviewed_by = user_foreign_key(_("reviewed by"), blank=True, editable=False)
    added_at = models.DateTimeField(_("when it became the current one"), null=True, blank=True, editable=False)
    withdrawn_on = models.DateField(_("withdrawn"), null=True, blank=True, editable=False)
    withdrawn_why = free_text(models.CharField(_("why it was withdrawn"), max_length=300, blank=True, editable=False))
    use_instead = models.ForeignKey(
        Leaflet,
        verbose_name=_("what to use instead"),
        null=True,
        blank=True,
        editable=False,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    on_hand = models.IntegerField(_("on hand"), default=0)
    allocated = models.IntegerField(_("allocated"), default=0)

    objects = EditionQuerySet.as_manager()

    class Meta:
        ordering = ["leaflet__position", "-published_on", "-pk"]
        verbose_name = _("edition")
        verbose_name_plural = _("editions")
        permissions = [("keep_stock", _("Can receive, count and correct stock"))]
        constraints = [
            models.CheckConstraint(condition=Q(on_hand__gte=0), name="edition_on_hand_never_negative"),
            models.CheckConstraint(
                condition=Q(allocated__gte=0, allocated__lte=F("on_hand")), name="edition_allocated_within_on_hand"
            ),
            models.CheckConstraint(condition=Q(pages__gte=1), name="edition_has_pages"),
            models.CheckConstraint(condition=Q(review_on__gt=F("published_on")), name="edition_reviewed_after_it_is_published"),
            models.CheckConstraint(
                condition=Q(reviewed_on__isnull=True) | Q(reviewed_on__gte=F("published_on"), reviewed_on__lt=F("review_on")),
                name="edition_reviewed_between_its_dates",
            ),
            models.UniqueConstraint(fields=["leaflet"], condition=Q(state="current"), name="edition_one_current_a_leaflet"),
            models.UniqueConstraint(fields=["leaflet", "label"], name="edition_label_once_a_leaflet"),
        ]

    def __str__(self) -> str:
        return f"{self.leaflet.title}, {self.label}"

    @property
    def available(self) -> int:
        return self.on_hand - self.allocated

    def review_is_due(self, today: date) -> bool:
        """Whether its review date has passed."""
        return today > self.review_on

    @property
    def free(self) -> int:
        """Copies that may be promised: none of a withdrawn edition."""
        return 0 if self.state == EditionState.WITHDRAWN else max(self.available, 0)

    @property
    def page_size(self) -> str:
        """'A5' or 'A4 landscape'; '' for another size, or if the PDF has not been read."""
        return "" if self.paper == Paper.OTHER else self.get_paper_display()


class LeafletWords(models.Model):
    """The search index of one title, in its own table, so that pages about a title don't read it. Triggers fill it (ADR 18).

    `words` come from all its text, `heading` only from its card: matches there rank first. `spelt` are the same words as they
    are spelt, for people who misspell them.
    """

    leaflet = models.OneToOneField(
        Leaflet, verbose_name=_("leaflet"), primary_key=True, on_delete=models.CASCADE, related_name="words_of"
    )
    words = impersonal(SearchVectorField(_("words")))
    heading = impersonal(SearchVectorField(_("words of its card")))
    spelt = impersonal(ArrayField(models.CharField(max_length=60), verbose_name=_("words as they are spelt")))

    class Meta:
        verbose_name = _("words of a leaflet")
        verbose_name_plural = _("words of leaflets")
        indexes = [GinIndex(fields=["words"], name="leaflet_found_by_words")]

    def __str__(self) -> str:
        return str(self.leaflet_id)


class Word(models.Model):
    """A word of the catalogue, and in how many of its titles it is."""

    word = impersonal(models.CharField(_("word"), max_length=60, primary_key=True))
    titles = models.PositiveIntegerField(_("titles that have it"))

    class Meta:
        verbose_name = _("word")
        verbose_name_plural = _("words")
        indexes = [GinIndex(OpClass("word", name="gin_trgm_ops"), name="word_found_by_likeness")]

    def __str__(self) -> str:
        return self.word


class DownloadCount(models.Model):
    """Downloads of one edition on one UK day."""

    edition = models.ForeignKey(Edition, verbose_name=_("edition"), on_delete=models.CASCADE, related_name="download_counts")
    day = models.DateField(_("day"))
    downloads = models.PositiveIntegerField(_("downloads"))

    class Meta:
        ordering = ["-day", "edition"]
        verbose_name = _("downloads of a day")
        verbose_name_plural = _("downloads of days")
        constraints = [models.UniqueConstraint(fields=["edition", "day"], name="downloads_of_an_edition_once_a_day")]

    def __str__(self) -> str:
        return f"{self.downloads}"


class StockAlert(models.Model):
    """One person waits for copies of one title. The row goes when they get the email or stop it."""

    person = models.ForeignKey(Person, verbose_name=_("person"), on_delete=models.CASCADE, related_name="stock_alerts")
    personal(person)
    leaflet = models.ForeignKey(Leaflet, verbose_name=_("leaflet"), on_delete=models.CASCADE, related_name="stock_alerts")
    personal(leaflet)
    asked_at = personal(models.DateTimeField(_("asked")))

    class Meta:
        ordering = ["pk"]
        verbose_name = _("back-in-stock email")
        verbose_name_plural = _("back-in-stock emails")
        constraints = [models.UniqueConstraint(fields=["person", "leaflet"], name="stock_alert_once")]

    def __str__(self) -> str:
        return f"{self.leaflet_id}"


def topics_in_use() -> dict[str, str]:
    """The topics of all titles as they are worded, by their letters in lower case."""
    texts = Leaflet.objects.exclude(topics="").values_list("topics", flat=True)
    return {topic.casefold(): topic for text in texts for topic in bullet_points(text)}


def normalise_topics(text: str, used: Mapping[str, str]) -> str:
    """Each topic once, worded as on other titles."""
    typed = {topic.casefold(): topic for topic in reversed(bullet_points(text))}
    return "\n".join(used.get(letters, topic) for letters, topic in reversed(typed.items()))
