"""People and where they work; their notes, addresses, merges, drafts and blocked attempts; texts that may be about a child."""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Exists, Func, OuterRef, Q, Value
from django.db.models.functions import Length, Lower
from django.db.models.lookups import LessThanOrEqual
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from accounts.models import BlockReason, LimitedActivity, ThrottleScope
from core.dates import Nation as Nation, uk_day
from core.models import (
    MAX_REFERENCE_LENGTH,
    MIN_FUZZY_WORD_LENGTH,
    Event,
    UnnamedModel,
    closest_words,
    free_text,
    impersonal,
    personal,
    searchable_text,
    similar_words,
    trigram_index,
    user_foreign_key,
)
from notifications.models import MarkedAddress, Notification
from notifications.preferences import is_wanted_by_topic
from notifications.registry import Topic

if TYPE_CHECKING:
    from accounts.models import User


ORGANISATION_SEARCH_TEXT = searchable_text("name")


class OrganisationQuerySet(models.QuerySet["Organisation"]):
    def named(self, name: str) -> Self:
        """The organisation of that name, in any case: one at most."""
        return self.alias(lower_name=Lower("name")).filter(lower_name=Lower(Value(name)))

    def unused(self) -> Self:
        """The organisations that no row points to. A row that would be deleted with its organisation doesn't count."""
        unused = self.all()
        for relation in self.model._meta.related_objects:
            if relation.on_delete is models.CASCADE:
                continue
            unused = unused.exclude(Exists(relation.related_model._base_manager.filter(**{relation.field.name: OuterRef("pk")})))
        return unused


class Organisation(models.Model):
    """An employer, chosen or added at sign-up; staff can merge two."""

    name = personal(models.CharField(_("name"), max_length=200))
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects = OrganisationQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        verbose_name = _("organisation")
        verbose_name_plural = _("organisations")
        permissions = [("export_organisations", _("Can export organisations"))]
        constraints = [models.UniqueConstraint(Lower("name"), name="organisation_name_unique_in_any_case")]
        indexes = [
            trigram_index("organisation_searched", ORGANISATION_SEARCH_TEXT),
            models.Index(fields=["name", "id"], name="organisation_by_name"),
            models.Index(fields=["-created_at", "-id"], name="organisation_newest"),
        ]

    def __str__(self) -> str:
        return self.name


MAX_WORD_LENGTH = 60  # letters


class NameWordQuerySet(models.QuerySet["NameWord"]):
    def possible_words(self, words: Sequence[str], sources: Sequence[str]) -> dict[str, list[str]]:
        """For each word, the words that it may stand for, among the names in these tables. Two statements."""
        found = similar_words(self.filter(source__in=sources), words, likeness=0.3)
        return {word: closest_words(word, found[word]) for word in words}

    def sync_words(self, rows: models.QuerySet[Any], *columns: str) -> None:
        """Make the words of this table those of these columns, after a change of too many rows for a trigger.

        Reads each row once.
        """
        source = rows.model._meta.db_table
        text = Lower(Func(Value(" "), *columns, function="concat_ws"))
        word: Func = Func(text, Value("[^[:alpha:]]+"), function="regexp_split_to_table", output_field=models.TextField())
        word.set_returning = True
        found = rows.order_by().annotate(word=word).values_list("word", flat=True).distinct()
        words = {word for word in found if MIN_FUZZY_WORD_LENGTH <= len(word) <= MAX_WORD_LENGTH}
        kept = self.filter(source=source)
        before = set(kept.values_list("word", flat=True))
        kept.filter(word__in=before - words).delete()
        named = [NameWord(source=source, word=word) for word in sorted(words - before)]
        NameWord.objects.bulk_create(named, batch_size=1000, ignore_conflicts=True)


class NameWord(models.Model):
    """A word of the names, streets and towns by which staff search, once for each table (`source`) that has it.

    It says nothing about anybody. The word of a name goes with the last row that has it (professionals/sql/name_words.sql), the
    word of a street the night after.
    """

    source = impersonal(models.CharField(_("table"), max_length=40))
    word = impersonal(models.CharField(_("word"), max_length=MAX_WORD_LENGTH))

    objects = NameWordQuerySet.as_manager()

    class Meta:
        verbose_name = _("word of a name")
        verbose_name_plural = _("words of names")
        constraints = [models.UniqueConstraint(fields=["source", "word"], name="name_word_once_a_table")]
        indexes = [GinIndex(OpClass("word", name="gin_trgm_ops"), name="name_word_found_by_likeness")]

    def __str__(self) -> str:
        return self.word


class RecognisedDomain(models.Model):
    """A domain whose addresses we take as work addresses, with everything below it (nhs.uk covers leedsth.nhs.uk)."""

    domain = impersonal(models.CharField(_("domain"), max_length=253, unique=True))

    class Meta:
        ordering = ["domain"]
        verbose_name = _("recognised domain")
        verbose_name_plural = _("recognised domains")

    def __str__(self) -> str:
        return self.domain


class Profession(models.TextChoices):
    """The professions, as listed in docs/product.md."""

    HEALTH_VISITOR = "health-visitor", _("Health visitor")
    SOCIAL_WORKER = "social-worker", _("Social worker")
    EMERGENCY_CARE = "emergency-care", _("A&E or walk-in clinic staff")
    MIDWIFE = "midwife", _("Midwife")
    SCHOOL_NURSE = "school-nurse", _("School nurse")
    GP = "gp", _("GP")
    TEACHER = "teacher", _("Teacher")
    POLICE_OFFICER = "police-officer", _("Police officer")
    IMMIGRATION_OFFICER = "immigration-officer", _("Immigration officer")
    FOSTER_CARER = "foster-carer", _("Foster carer")
    YOUTH_WORKER = "youth-worker", _("Youth worker")
    OTHER = "other", _("Other")


class Language(models.TextChoices):
    """The languages of settings.LANGUAGES by their codes, each with its own name for itself."""

    ENGLISH = "en-gb", "English"
    WELSH = "cy", "Cymraeg"


# Like services.dialled_digits: "+44 (0)113 496 0123" gives "1134960123".
DIALLED_DIGITS = Func(
    Func("phone", Value(r"\D"), Value(""), Value("g"), function="regexp_replace"),
    Value("^(0044)?(44)?0*"),
    Value(""),
    function="regexp_replace",
    output_field=models.CharField(),
)


class PersonQuerySet(models.QuerySet["Person"]):
    def with_email(self, email: str) -> Self:
        """The person with that address, in any case: one at most."""
        return self.alias(lower_email=Lower("email")).filter(lower_email=Lower(Value(email))).exclude(email="")


class Reached(models.Model):
    """The area that a row counts for: its nation, and the code of its local authority, empty if that is not known.

    The database sets both from the full postcode, and they stay when the postcode goes (professionals/sql/reached.sql).
    """

    reached_nation = impersonal(
        models.CharField(_("nation it counts for"), max_length=20, blank=True, default="", db_default="", editable=False)
    )
    reached_authority = impersonal(
        models.CharField(_("local authority it counts for"), max_length=9, blank=True, default="", db_default="", editable=False)
    )

    class Meta:
        abstract = True


class Person(Reached):
    """One professional.

    Somebody whom staff entered after a call has no user until they sign up with the same address and verify it.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, verbose_name=_("user"), null=True, blank=True, on_delete=models.SET_NULL, related_name="person"
    )
    personal(user)
    name = personal(models.CharField(_("name"), max_length=150))
    email = personal(models.EmailField(_("email address"), blank=True))
    phone = personal(models.CharField(_("phone"), max_length=30, blank=True))
    profession = personal(models.CharField(_("profession"), max_length=30, choices=Profession))
    organisation = models.ForeignKey(
        "professionals.Organisation",
        verbose_name=_("organisation"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="people",
    )
    personal(organisation)
    postcode = personal(models.CharField(_("work postcode"), max_length=9, blank=True))
    # Their emails are written in it; empty until they choose one.
    language = personal(models.CharField(_("language"), max_length=5, choices=Language, blank=True, default="", db_default=""))
    # For a person imported from a spreadsheet, when they were last in touch.
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    erased_at = models.DateTimeField(_("erased"), null=True, blank=True, editable=False)
    searched = personal(models.TextField(_("words that staff search"), editable=False, default=""))  # written by the database

    PERSONAL_FIELDS = ("id",)

    objects = PersonQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        verbose_name = _("person")
        verbose_name_plural = _("people")
        permissions = [
            ("erase_person", _("Can erase a person")),
            ("give_person_data", _("Can give a person a copy of all that is held about them")),
            ("export_people", _("Can export people with addresses and phone numbers")),
        ]
        constraints = [
            models.UniqueConstraint(Lower("email"), name="person_email_unique_in_any_case", condition=~models.Q(email=""))
        ]
        indexes = [
            trigram_index("person_searched"),
            models.Index(fields=["name", "id"], name="person_by_name"),
            models.Index(fields=["created_at"], name="person_kept", condition=models.Q(erased_at__isnull=True)),
            models.Index(fields=["profession", "name", "id"], name="person_by_profession"),
            models.Index(fields=["organisation", "name", "id"], name="person_by_organisation"),
            models.Index(fields=["name", "id"], name="person_entered_by_staff", condition=models.Q(user__isnull=True)),
            models.Index(fields=["reached_authority"], name="person_reached"),
            # An import looks for hundreds of people at once.
            models.Index(Lower("name"), name="person_by_name_in_any_case"),
            models.Index(DIALLED_DIGITS, name="person_by_dialled_digits", condition=~models.Q(phone="")),
        ]

    def __str__(self) -> str:
        return self.name

    @cached_property
    def shared_addresses(self) -> list["FormerAddress"]:
        """Their former addresses, and others’ who had one of these or have the present one; the latest first. One statement."""
        own = FormerAddress.objects.filter(person=self).values("address")
        rows = FormerAddress.objects.filter(address__in=own)
        current = FormerAddress.objects.filter(address=self.email.strip().lower())
        return list(rows.union(current).order_by("-until", "-pk"))

    @cached_property
    def wanted_topics(self) -> list[Topic]:
        """The kinds of optional mail that they chose to get."""
        return [topic for topic, is_wanted in is_wanted_by_topic(self.email).items() if is_wanted] if self.email else []


# What colleagues noted about a person or a workplace, or wrote to a person. Logistics, never a case (product.md, rule 6).

MAX_NOTE_LENGTH, MAX_LETTER_LENGTH = 300, 3000


class NoteKind(models.TextChoices):
    RANG_US = "rang-us", _("They rang us")
    WE_RANG = "we-rang", _("We rang them")
    MESSAGE_LEFT = "message-left", _("Message left")
    ARRANGEMENT = "arrangement", _("Arrangement")
    LETTER = "letter", _("Email from a colleague")
    CASE = "case", _("Handed over to the case system")


class Note(Event):
    """A note about a person or an organisation. It may be about one booking, order or session of the person, by its reference.

    The words of a letter went to the person by email. A note of a worry about a child has no words: only the colleague that it
    was handed over `to`, and when. A trigger allows no change of the words; they are only deleted whole.
    """

    person = models.ForeignKey(
        "professionals.Person",
        verbose_name=_("person"),
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="notes",
        db_index=False,
    )
    personal(person)
    organisation = models.ForeignKey(
        "professionals.Organisation",
        verbose_name=_("organisation"),
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="notes",
        db_index=False,
    )
    reference = impersonal(models.CharField(_("reference"), max_length=MAX_REFERENCE_LENGTH, blank=True, default=""))
    kind = models.CharField(_("what"), max_length=12, choices=NoteKind)
    subject = free_text(models.CharField(_("subject"), max_length=120, blank=True, default=""))
    text = free_text(models.TextField(_("note"), max_length=MAX_LETTER_LENGTH, blank=True, default=""))
    to = user_foreign_key(_("handed over to"), blank=True)

    class Meta(Event.Meta):
        verbose_name = _("note")
        verbose_name_plural = _("notes")
        constraints = [
            models.CheckConstraint(name="note_about_one", condition=Q(person__isnull=False) ^ Q(organisation__isnull=False)),
            models.CheckConstraint(name="note_of_a_case_has_no_words", condition=~Q(kind="case") | Q(text="", subject="")),
            models.CheckConstraint(
                name="note_is_short", condition=Q(kind="letter") | Q(LessThanOrEqual(Length("text"), MAX_NOTE_LENGTH))
            ),
        ]
        indexes = [
            models.Index(fields=["person", "-at"], name="note_of_person"),
            models.Index(fields=["organisation", "-at"], name="note_of_organisation"),
            models.Index(fields=["reference", "-at"], name="note_by_reference", condition=~Q(reference="")),
            models.Index(fields=["at"], name="note_kept"),
        ]


# A former address lets an erasure find the emails that went there, for as long as we keep any (ADR 23).

# The longest after a change of address that an email about it goes to the old one (ADR 7). Later mail there is somebody else's.
FORMER_ADDRESS_NOTICE_PERIOD = timedelta(days=1)


class FormerAddressQuerySet(models.QuerySet["FormerAddress"]):
    def without_kept_mail(self) -> Self:
        """Addresses about which we keep nothing else: no email from the time when they were this person's, and no mark."""
        mail = Notification.objects.alias(to=Lower("recipient")).filter(to=OuterRef("address"))
        mail = mail.filter(created_at__lt=OuterRef("until") + FORMER_ADDRESS_NOTICE_PERIOD)
        return self.exclude(Exists(mail)).exclude(Exists(MarkedAddress.objects.filter(address=OuterRef("address"))))


class FormerAddress(UnnamedModel):
    """In lower case. `until`: when it was replaced; since then it may be somebody else's."""

    person = models.ForeignKey(
        "professionals.Person", verbose_name=_("person"), on_delete=models.CASCADE, related_name="former_addresses"
    )
    personal(person)
    address = personal(models.EmailField(_("address")))
    until = personal(models.DateTimeField(_("until")))

    objects = FormerAddressQuerySet.as_manager()

    class Meta:
        verbose_name = _("former address")
        verbose_name_plural = _("former addresses")
        indexes = [models.Index(fields=["address", "until"], name="former_address_by_address")]
        constraints = [
            models.UniqueConstraint(fields=["person", "address"], name="former_address_once_a_person"),
            models.CheckConstraint(condition=models.Q(address=Lower("address")), name="former_address_in_small_letters"),
        ]


class MergedRecord(UnnamedModel):
    """A person who was merged into this one: `key` and `since` of the row that went, in case a backup brings it back (ADR 23)."""

    person = models.ForeignKey(
        "professionals.Person", verbose_name=_("person"), on_delete=models.CASCADE, related_name="merged_records"
    )
    personal(person)
    key = personal(models.BigIntegerField(_("number of the row that went")))
    since = models.DateTimeField(_("when that row was made"))

    class Meta:
        verbose_name = _("row of a person that became another's")
        verbose_name_plural = _("rows of people that became another's")


# Two rows of one person, or of one organisation, become one. Staff can undo that for 30 days.

MERGE_UNDO_PERIOD = timedelta(days=30)
MERGE_CONFIRM_PERIOD = timedelta(days=7)


class ExactEncoder(DjangoJSONEncoder):
    """Keep the microseconds of a time, so that an undo restores exactly what was there."""

    def default(self, o: object) -> object:
        return o.isoformat() if isinstance(o, datetime) else super().default(o)


class MergeQuerySet(models.QuerySet["Merge"]):
    def waiting(self, now: datetime) -> Self:
        return self.filter(merged_at=None, asked_at__gt=now - MERGE_CONFIRM_PERIOD)

    def undoable(self, now: datetime) -> Self:
        """The merges that can still be undone, the latest first: an earlier one can only be undone after it."""
        return self.filter(merged_at__gt=now - MERGE_UNDO_PERIOD).order_by("-merged_at", "-pk")

    def expired(self, now: datetime) -> Self:
        over = Q(merged_at__lte=now - MERGE_UNDO_PERIOD)
        return self.filter(over | Q(merged_at=None, asked_at__lte=now - MERGE_CONFIRM_PERIOD))


class Merge(UnnamedModel):
    """What is needed to undo a merge: `changes` are those made to each row, as written by professionals.merges.services.

    `person` or `organisation` is the row that stays. Two people who both sign in wait here, as `person` and `other`, until each
    has said that both accounts are theirs. `kept_values` has, for a field, the key of the person whose value stays. `user` is the
    sign-in that was closed; it is deleted when the merge can't be undone any more.
    """

    person = models.ForeignKey(
        "professionals.Person", verbose_name=_("person"), null=True, on_delete=models.CASCADE, related_name="merges"
    )
    personal(person)
    other = models.ForeignKey(
        "professionals.Person", verbose_name=_("other person"), null=True, on_delete=models.CASCADE, related_name="other_merges"
    )
    personal(other)
    organisation = models.ForeignKey(
        "professionals.Organisation",
        verbose_name=_("organisation"),
        null=True,
        on_delete=models.CASCADE,
        related_name="merges",
    )
    personal(organisation)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("closed account"), null=True, on_delete=models.SET_NULL, related_name="merges"
    )
    personal(user)
    kept_values = personal(models.JSONField(_("what stays"), default=dict))
    asked_at = models.DateTimeField(_("asked"))
    person_confirmed_at = personal(models.DateTimeField(_("confirmed by the person"), null=True))
    other_said_at = personal(models.DateTimeField(_("confirmed by the other"), null=True))
    merged_at = models.DateTimeField(_("merged"), null=True)
    changes = personal(models.JSONField(_("changes"), default=dict, encoder=ExactEncoder))

    objects = MergeQuerySet.as_manager()

    class Meta:
        verbose_name = _("merge")
        verbose_name_plural = _("merges")
        indexes = [models.Index(fields=["merged_at", "asked_at"], name="merge_by_age")]
        constraints = [
            models.CheckConstraint(
                condition=Q(person__isnull=False, organisation=None) | Q(person=None, organisation__isnull=False),
                name="merge_of_people_or_organisations",
            ),
            models.CheckConstraint(
                condition=Q(merged_at=None, person__isnull=False, other__isnull=False) | Q(merged_at__isnull=False, other=None),
                name="merge_waits_for_two",
            ),
            models.UniqueConstraint(fields=["person", "other"], name="merge_waits_once"),
        ]

    @property
    def undo_until(self) -> datetime | None:
        return self.merged_at and self.merged_at + MERGE_UNDO_PERIOD

    @property
    def waits_until(self) -> datetime:
        return self.asked_at + MERGE_CONFIRM_PERIOD


def hash_token(token: str) -> str:
    """The hash of a link's token, which is what the table holds.

    The token has 256 random bits, so nobody can guess it from the hash.
    """
    return hashlib.sha256(token.encode()).hexdigest()


class AddressChange(UnnamedModel):
    """A change of address.

    The reader of the old address has a link, only in their email, that puts it back until `until` (ADR 7).
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("account"), on_delete=models.CASCADE, related_name="address_changes"
    )
    personal(user)
    old = personal(models.EmailField(_("old address")))
    new = personal(models.EmailField(_("new address")))
    changed_at = personal(models.DateTimeField(_("changed")))
    until = models.DateTimeField(_("can be put back until"), db_index=True)
    token_hash = impersonal(models.CharField(_("hash of the token"), max_length=64, unique=True))
    objected_at = personal(models.DateTimeField(_("put back"), null=True))

    class Meta:
        verbose_name = _("change of address")
        verbose_name_plural = _("changes of address")


class AccountRecovery(UnnamedModel):
    """An account that staff moved to a new address for somebody who had lost both mailbox and second factor.

    Staff called the organisation first (ADR 7). Kept as long as the account, so that it can be asked later who let somebody in.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("account"), on_delete=models.CASCADE, related_name="recoveries"
    )
    personal(user)
    # No constraint: the recovery stays when the colleague's sign-in is deleted.
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("by"),
        null=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="+",
    )
    personal(by)
    at = personal(models.DateTimeField(_("when")))
    old = personal(models.EmailField(_("old address")))
    new = personal(models.EmailField(_("new address")))
    called = personal(models.CharField(_("who was called"), max_length=200))
    number = personal(models.CharField(_("on which number"), max_length=40))

    class Meta:
        verbose_name = _("recovery of an account")
        verbose_name_plural = _("recoveries of accounts")


class DraftKind(models.TextChoices):
    BOOKING = "booking", _("Booking")
    ORDER = "order", _("Order")
    CHANGE = "change", _("Change of a booking")
    PLACE = "place", _("Place at a session")


class Draft(models.Model):
    """What somebody has typed so far, bound to a cookie and, after sign-in, to the person. Expires after 48 hours.

    `answers` holds one entry for each step. `token` is the one-time token that the result is stored with.
    """

    kind = models.CharField(_("kind"), max_length=10, choices=DraftKind)
    key_hash = impersonal(models.CharField(_("hash of the cookie"), max_length=64))
    person = models.ForeignKey(
        "professionals.Person", verbose_name=_("person"), null=True, blank=True, on_delete=models.CASCADE, related_name="drafts"
    )
    personal(person)
    answers = personal(models.JSONField(_("answers"), default=dict, blank=True, encoder=DjangoJSONEncoder))
    token = impersonal(models.CharField(_("one-time token"), max_length=43, unique=True))
    expires_at = models.DateTimeField(_("expires"), db_index=True)

    class Meta:
        verbose_name = _("draft")
        verbose_name_plural = _("drafts")
        constraints = [
            models.UniqueConstraint(fields=["key_hash", "kind"], name="draft_one_a_cookie_and_kind"),
            models.UniqueConstraint(fields=["person", "kind"], name="draft_one_a_person_and_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


# Migrations load outward codes and local authorities. Django doesn't manage these tables: nobody writes to them, and emptying the
# database of people leaves them as they are.


class OutwardCode(models.Model):
    """The first half of a postcode: its centre, the nation and local authority that most of it is in, and its island.

    `others` lists those of its postcodes that lie in other authorities (read by professionals.areas). `zone` is 'mainland', or an
    island without a bridge (bookings.travel has the time that its crossing takes).
    """

    code = impersonal(models.CharField(_("code"), max_length=4, primary_key=True))
    latitude = models.FloatField(_("latitude"))
    longitude = models.FloatField(_("longitude"))
    nation = models.CharField(_("nation"), max_length=20, choices=Nation)
    zone = impersonal(models.CharField(_("island"), max_length=20))
    authority = impersonal(models.CharField(_("local authority"), max_length=9, blank=True))
    others = impersonal(models.TextField(_("other local authorities"), blank=True))

    class Meta:
        managed = False
        ordering = ["code"]
        verbose_name = _("outward code")
        verbose_name_plural = _("outward codes")

    def __str__(self) -> str:
        return self.code


class LocalAuthority(models.Model):
    """A district, borough, unitary authority or council area, by its code in official statistics. Only England has regions."""

    code = impersonal(models.CharField(_("code"), max_length=9, primary_key=True))
    name = impersonal(models.CharField(_("name"), max_length=60))
    region = impersonal(models.CharField(_("region"), max_length=30, blank=True))
    nation = models.CharField(_("nation"), max_length=20, choices=Nation)

    class Meta:
        managed = False
        ordering = ["name"]
        verbose_name = _("local authority")
        verbose_name_plural = _("local authorities")

    def __str__(self) -> str:
        return self.name


class FlagDecision(models.TextChoices):
    OPEN = "", _("Not decided")
    CLEARED = "cleared", _("Words cleared")
    NO_CHILD = "no-child", _("Not about a child")


class FlaggedTextQuerySet(models.QuerySet["FlaggedText"]):
    def unread(self) -> Self:
        return self.filter(read_at=None, decision=FlagDecision.OPEN)

    def undecided(self) -> Self:
        return self.filter(decision=FlagDecision.OPEN)

    def of(self, subject: str) -> Self:
        """All about one object: "booking:12" finds "booking:12" and "booking:12:cancelled", never "booking:123"."""
        return self.filter(Q(about=subject) | Q(about__startswith=f"{subject}:"))


class FlaggedText(models.Model):
    """A text that somebody saved although it looked like a child's details. The text itself stays where it was written (ADR 22).

    `about` names the object and the act ("booking:12:cancelled"), as in the outbox; `reference` is the object's name for people.
    """

    about = impersonal(models.CharField(_("about"), max_length=100, unique=True))
    reference = impersonal(models.CharField(_("reference"), max_length=60))
    flagged_at = models.DateTimeField(_("written"))
    read_at = models.DateTimeField(_("first read"), null=True, blank=True)
    decision = models.CharField(_("decision"), max_length=10, choices=FlagDecision, blank=True, default=FlagDecision.OPEN)

    objects = FlaggedTextQuerySet.as_manager()

    class Meta:
        ordering = ["-flagged_at", "-pk"]
        verbose_name = _("text to read")
        verbose_name_plural = _("texts that may be about a child")
        permissions = [("stand_in_for_lead", _("Can read them while nobody is safeguarding lead"))]
        indexes = [
            models.Index(fields=["-flagged_at", "-id"], name="flagged_newest"),
            models.Index(fields=["decision", "-flagged_at", "-id"], name="flagged_by_decision"),
            models.Index(fields=["id"], name="flagged_unread", condition=Q(read_at__isnull=True, decision="")),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def subject(self) -> str:
        """The object without the act: "booking:12:cancelled" → "booking:12"."""
        return ":".join(self.about.split(":")[:2])

    @property
    def is_decided(self) -> bool:
        return self.decision != FlagDecision.OPEN

    def was_read_by(self, user: "User") -> bool:
        return self.events.filter(kind=FlaggedEventKind.READ, by=user).exists()


class FlaggedEventKind(models.TextChoices):
    READ = "read", _("Read")
    CLEARED = "cleared", _("Words cleared")
    NO_CHILD = "no-child", _("Said not to be about a child")


class FlaggedEvent(Event):
    """Who read a text, or decided about it."""

    flagged = models.ForeignKey(FlaggedText, verbose_name=_("text"), on_delete=models.PROTECT, related_name="events")
    kind = models.CharField(_("what"), max_length=10, choices=FlaggedEventKind)

    class Meta(Event.Meta):
        verbose_name = _("event of a text")
        verbose_name_plural = _("events of texts")
        constraints = [
            models.UniqueConstraint(fields=["flagged", "by"], condition=Q(kind="read"), name="flagged_read_once_by_each")
        ]


BLOCKED_ATTEMPT_RETENTION = timedelta(days=30)
LET_THROUGH_PERIOD = timedelta(days=7)  # who has not tried again for a week needs no help any more


class BlockedAttempt(models.Model):
    """Blocked attempts at one form in one hour, for one reason, by one key: one row, however many there were.

    `key` is the hash by which limits count, so that this limit can be lifted; empty if nobody is counted. `person` and
    `organisation` are those of the first person stopped. `about` is a leaflet's slug, or the outward half of a postcode.
    """

    hour = models.DateTimeField(_("hour"))
    where = models.CharField(_("form"), max_length=10, choices=LimitedActivity)
    why = models.CharField(_("why"), max_length=10, choices=BlockReason)
    by = models.CharField(_("counted by"), max_length=12, choices=ThrottleScope, blank=True, default="")
    key = impersonal(models.CharField(_("key"), max_length=64, blank=True, default=""))
    about = impersonal(models.CharField(_("about"), max_length=100, blank=True, default=""))
    person = models.ForeignKey(
        "professionals.Person",
        verbose_name=_("person"),
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="blocked_attempts",
    )
    personal(person)
    organisation = models.ForeignKey(
        "professionals.Organisation",
        verbose_name=_("organisation"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="blocked_attempts",
    )
    times = models.PositiveIntegerField(_("times"))
    last_at = models.DateTimeField(_("last"))
    seen_at = models.DateTimeField(_("seen"), null=True, blank=True)
    let_through_at = models.DateTimeField(_("let through"), null=True, blank=True)
    by_staff = user_foreign_key(_("by"), blank=True)

    class Meta:
        ordering = ["-last_at", "-pk"]
        verbose_name = _("what was stopped")
        verbose_name_plural = _("what was stopped")
        constraints = [models.UniqueConstraint(fields=["hour", "where", "why", "by", "key"], name="stopped_once_an_hour_and_key")]
        indexes = [
            models.Index(fields=["-last_at", "-id"], name="stopped_newest"),
            models.Index(fields=["where", "-last_at", "-id"], name="stopped_where"),
            models.Index(fields=["why", "-last_at", "-id"], name="stopped_why"),
            models.Index(fields=["by", "-last_at", "-id"], name="stopped_by"),
            models.Index(fields=["id"], name="stopped_unseen", condition=Q(seen_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"{self.get_where_display()}: {self.get_why_display()}"

    def can_be_let_through(self, now: datetime) -> bool:
        if self.let_through_at and uk_day(self.let_through_at) == uk_day(now):
            return False
        return self.why == BlockReason.THROTTLE and bool(self.key) and self.last_at > now - LET_THROUGH_PERIOD
