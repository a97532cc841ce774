"""What we hold about a person, and how it is exported and erased, for all their addresses."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.postgres.expressions import ArraySubquery
from django.db import models
from django.db.models import Func, OuterRef, Prefetch, Q, QuerySet, Value
from django.db.models.functions import JSONObject
from django.http import HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext as _, gettext_lazy

from accounts.models import BlockReason, LimitedActivity, Session, User
from audit.models import Act, Entry
from core.dates import format_datetime
from notifications import preferences, privacy as notifications_privacy
from notifications.privacy import abouts_of_unsent, erase_about
from notifications.registry import team_addresses
from privacy.models import Complaint, ComplaintEvent, ComplaintQuerySet
from privacy.services import PrivacySource
from professionals.imports.services import forget_person
from professionals.merges.services import erase_merges
from professionals.models import (
    AccountRecovery,
    AddressChange,
    BlockedAttempt,
    Draft,
    DraftKind,
    FormerAddress,
    ImportedObject,
    Merge,
    Note,
    NoteKind,
    Person,
)
from professionals.safeguarding.services import FlaggedSource, kept_back_expression, shown_text
from professionals.services import delete_unused_organisations


class ExportFormat(models.TextChoices):
    HTML = "html", gettext_lazy("A page to read")
    JSON = "json", gettext_lazy("A file for a program (JSON)")


@dataclass(frozen=True)
class ExportLine:
    """A name with its value, or with lines of its own, and the level of its heading."""

    name: str
    text: str = ""
    nodes: list["ExportLine"] = field(default_factory=list)
    level: int = 2

    @property
    def rows(self) -> list[dict[str, str]]:
        """The lines with a value, for a summary list."""
        return [{"label": node.name, "value": node.text} for node in self.nodes if not node.nodes]

    @property
    def groups(self) -> list["ExportLine"]:
        return [node for node in self.nodes if node.nodes]

    @property
    def columns(self) -> list[str]:
        """The column names, if all its lines are rows of one table that fits on a page. If not, each line has its own heading."""
        rows = [[cell.name for cell in node.nodes] for node in self.nodes]
        short = all(not cell.nodes and len(cell.text) <= MAX_CELL_LENGTH for node in self.nodes for cell in node.nodes)
        is_table = short and rows and rows[0] and len(rows[0]) <= MAX_TABLE_COLUMNS and all(row == rows[0] for row in rows)
        return rows[0] if is_table else []


MAX_CELL_LENGTH, MAX_TABLE_COLUMNS = 60, 4
# Names for people, where the name in the JSON file would tell them little.
LABEL_BY_NAME = {
    "person": gettext_lazy("Your details"),
    "choices_of_mail": gettext_lazy("What you chose to get by email"),
    "messages": gettext_lazy("Emails to you"),
    "stopped": gettext_lazy("Tries that were stopped"),
    "merged_records": gettext_lazy("Records of you that we merged"),
    "what_was_noted": gettext_lazy("What was noted of your sign-ins"),
    "came_from_lists": gettext_lazy("Lists of ours that you were on"),
    "presentation__title": gettext_lazy("Presentation"),
    "asked_again": gettext_lazy("Where you let us ask you again, 3 months on"),
    "channel": gettext_lazy("Came by"),
    "starts_at": gettext_lazy("Starts"),
    "ends_at": gettext_lazy("Ends"),
    "created_at": gettext_lazy("Made"),
    "audience_size": gettext_lazy("People coming"),
    "audience_profession": gettext_lazy("Who is coming"),
    "contact_name": gettext_lazy("Contact on the day"),
    "contact_phone": gettext_lazy("Contact’s phone"),
    "request_reason": gettext_lazy("Why our times didn’t suit"),
    "closed_reason": gettext_lazy("Why it was cancelled or declined"),
}


def export_page_context(data: dict[str, Any]) -> dict[str, Any]:
    """The context of the page and of the file to read: the person first, then everything else."""
    return {"nodes": list(export_lines({"person": data["person"]} | data)), "made": format_datetime(timezone.now())}


def export_response(data: dict[str, Any], form: str = ExportFormat.JSON) -> HttpResponse:
    response: HttpResponse
    if form == ExportFormat.HTML:
        response = HttpResponse(render_to_string("account/my_data_file.html", export_page_context(data)))
    else:
        response = JsonResponse(data, json_dumps_params={"indent": 2, "ensure_ascii": False})
    response["Content-Disposition"] = f'attachment; filename="my-data.{form}"'
    return response


def export_lines(data: Any, *, of: str = "", level: int = 2) -> Iterator[ExportLine]:
    """Each name in words ('Access needs'), and each item of a list as 'Bookings: 1 of 3'; `of` is the name of the list.

    A list of plain texts is one line.
    """
    pairs = data.items() if isinstance(data, dict) else enumerate(data, 1)
    for key, value in pairs:
        name = str(LABEL_BY_NAME.get(str(key)) or capfirst(str(key).replace("__", " ").replace("_", " ")))
        if value and isinstance(value, list | tuple) and not any(isinstance(each, dict | list | tuple) for each in value):
            yield ExportLine(name, "\n".join(map(value_text, value)))
        elif isinstance(value, dict | list | tuple):
            if isinstance(key, int):
                name = _("%(name)s: %(number)d of %(count)d") % {"name": of, "number": key, "count": len(data)}
            nodes = list(export_lines(value, of=name, level=min(level + 1, 6)))
            yield ExportLine(name, "" if nodes else _("Nothing"), nodes, level)
        else:
            yield ExportLine(name, value_text(value))


# A moment as PostgreSQL writes it into JSON.
JSON_MOMENT_PATTERN = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?[+-]\d\d:\d\d")


def value_text(value: Any) -> str:
    """A value in words: a time in UK time, no value as a dash."""
    if isinstance(value, str) and JSON_MOMENT_PATTERN.fullmatch(value):
        value = datetime.fromisoformat(value)
    if isinstance(value, datetime):
        return format_datetime(value)
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, date | Promise):
        return str(value)
    return "–" if value in (None, "") else str(value)


def all_addresses_of(person: Person, now: datetime) -> dict[str, datetime]:
    """All their addresses in lower case, each with the time until which it was theirs (`now` if it still is).

    Team mailboxes are left out.
    """
    known = [(person.email, now), *person.former_addresses.values_list("address", "until")]
    if person.user is not None:
        known.append((person.user.email, now))
        known += [(email, now) for email in EmailAddress.objects.filter(user=person.user).values_list("email", flat=True)]
        for change in AddressChange.objects.filter(user=person.user):
            known += [(change.old, change.changed_at), (change.new, change.objected_at or now)]
        for recovery in AccountRecovery.objects.filter(user=person.user):
            known += [(recovery.old, recovery.at), (recovery.new, now)]
    latest: dict[str, datetime] = {}
    teams = team_addresses()
    for address, until in known:
        if (lower := address.strip().lower()) and lower not in teams:
            latest[lower] = max(until, latest.get(lower, until))
    return latest


def erase_emails_of(person: Person, now: datetime) -> None:
    """Erase all mail to their addresses; at one that somebody else has or had too, only what went there while it was theirs."""
    addresses = all_addresses_of(person, now)
    others: dict[str, list[datetime]] = defaultdict(list)  # the times until which somebody else had it
    rows = FormerAddress.objects.filter(address__in=list(addresses)).exclude(person=person)
    for address, until in rows.values_list("address", "until"):
        others[address].append(until)
    for address, until in addresses.items():
        since = _previous_owner_until(until, others[address])
        if address == person.email.lower():
            notifications_privacy.erase_address(address, now, since=since)
            continue
        # An address of a sign-up that nobody verified doesn't count.
        verified = EmailAddress.objects.filter(email=address, verified=True).exclude(user__person=person)
        verified = verified.exclude(user__in=User.objects.filter(merges__person=person))
        is_in_use = verified.exists() or Person.objects.with_email(address).exclude(pk=person.pk).exists()
        if not is_in_use and not others[address]:
            notifications_privacy.erase_address(address, now)
        elif until < now or not is_in_use:
            notifications_privacy.erase_messages_before(address, until, now, since=since)


def _previous_owner_until(until: datetime, others: Iterable[datetime]) -> datetime | None:
    """When the previous owner gave up the address; None if there was none."""
    return max((moment for moment in others if moment < until), default=None)


def address_periods(person: Person) -> list[tuple[str, datetime | None, datetime | None]]:
    """Their current address and then their former ones, each with the times from which and until which it was theirs, or None.

    Team mailboxes are left out. One statement.
    """
    current = person.email.strip().lower()
    rows = [(former.person_id, former.address, former.until) for former in person.shared_addresses]
    known: list[tuple[str, datetime | None]] = [(current, None)] if current else []
    known += [(address, until) for key, address, until in rows if key == person.pk and address != current]
    periods = []
    for address, until in known:
        others = [moment for key, other, moment in rows if key != person.pk and other == address]
        since = _previous_owner_until(until, others) if until else max(others, default=None)
        if address not in team_addresses():
            periods.append((address, since, until))
    return periods


# What this app and the outbox hold about a person.

ERASED_NAME = "Erased"
# What a figure keeps of a postcode: it tells which area was reached, but finds nobody.
OUTWARD_CODE_EXPRESSION = Func("postcode", Value(" "), Value(1), function="split_part", output_field=models.CharField())
# From the audit: sign-ins, and files that they downloaded. What colleagues do at work is not their personal data.
EXPORTED_ACTS = (Act.SIGNED_IN, Act.SIGNED_OUT, Act.NOT_LET_IN, Act.CREDENTIALS, Act.EXPORTED)


def json_rows(rows: QuerySet[Any], **columns: str | Q) -> ArraySubquery:
    """A subquery, so that the statement that reads a row also reads what belongs to it."""
    return ArraySubquery(rows.values(row=JSONObject(**columns)))


def export_details(person: Person) -> dict[str, Any]:
    """Their details, with unfinished forms, blocked attempts, former addresses, recent merges, imports, notes and letters."""
    drafts = Draft.objects.filter(person=OuterRef("pk")).order_by("pk")
    stopped = BlockedAttempt.objects.filter(person=OuterRef("pk")).order_by("pk")
    former = FormerAddress.objects.filter(person=OuterRef("pk")).order_by("pk")
    merges = Merge.objects.filter(Q(person=OuterRef("pk")) | Q(other=OuterRef("pk"))).order_by("pk")
    notes = Note.objects.filter(person=OuterRef("pk")).order_by("at", "pk")
    imports = ImportedObject.objects.filter(model=Person._meta.label_lower, key=person.pk).order_by("pk")
    related = Person.objects.filter(pk=person.pk).values(
        unfinished_forms=json_rows(drafts, kind="kind", answers="answers", kept_until="expires_at"),
        stopped_tries=json_rows(stopped, where="where", why="why", times="times", last="last_at"),
        had=json_rows(former, address="address", until="until"),
        merged=json_rows(merges, asked="asked_at", merged="merged_at", was="changes__rows__0"),
        noted=json_rows(notes, what="kind", about="reference", subject="subject", text="text", at="at"),
        imported=json_rows(imports, at="parent__run_at", added="made"),
    )[0]
    return {
        "name": person.name,
        "email": person.email,
        "phone": person.phone,
        "profession": person.get_profession_display(),
        "organisation": person.organisation.name if person.organisation else "",
        "postcode": person.postcode,
        "language": person.get_language_display(),
        "since": person.created_at,
        "sign_in": _export_user(person.user) if person.user else None,
        "unfinished_forms": [{**form, "kind": DraftKind(form["kind"]).label} for form in related["unfinished_forms"]],
        "stopped": [
            {**row, "where": dict(LimitedActivity.choices).get(row["where"], row["where"]), "why": BlockReason(row["why"]).label}
            for row in related["stopped_tries"]
        ],
        "former_addresses": related["had"],
        "merged_records": [
            {
                "asked": row["asked"],
                "merged": row["merged"],
                # The record that went, as far as they may read it.
                "other_record": [
                    {name: columns[name] for name in ("name", "email", "phone", "profession", "postcode")}
                    for columns in (row["was"] or {}).get("went", ())
                ],
            }
            for row in related["merged"]
        ],
        "notes": [{**note, "what": NoteKind(note["what"]).label} for note in related["noted"]],
        "came_from_lists": related["imported"],
    }


def _export_user(user: User) -> dict[str, Any]:
    addresses = EmailAddress.objects.filter(user=OuterRef("pk")).order_by("pk")
    changes = AddressChange.objects.filter(user=OuterRef("pk")).order_by("pk")
    sessions = Session.objects.filter(user=OuterRef("pk")).order_by("started_at")
    passkeys = Authenticator.objects.filter(user=OuterRef("pk"), type=Authenticator.Type.WEBAUTHN).order_by("pk")
    recoveries = AccountRecovery.objects.filter(user=OuterRef("pk")).order_by("pk")
    # The key itself: if it came from the outer row, PostgreSQL would expect as many acts as staff have, and read the whole table.
    acts = Entry.objects.filter(actor=user.pk, act__in=EXPORTED_ACTS).order_by("at", "pk")
    related = User.objects.filter(pk=user.pk).values(
        addresses=json_rows(addresses, email="email", verified="verified"),
        changes_of_address=json_rows(changes, old="old", new="new", changed="changed_at", put_back="objected_at"),
        signed_in=json_rows(sessions, device="device", since="started_at", last_used="seen_at", ends="ends_at"),
        passkeys=json_rows(passkeys, name="data__name", added="created_at", last_used="last_used_at"),
        moved_by_staff=json_rows(recoveries, old="old", new="new", at="at", called="called", number="number"),
        what_was_noted=json_rows(acts, at="at", act="act", by="what"),
    )[0]
    return {
        "email": user.email,
        **({"name": user.name} if user.name else {}),
        "since": user.date_joined,
        "last_sign_in": user.last_login,
        "has_password": user.has_usable_password(),
        **({"mobile": user.mobile} if user.mobile else {}),
        **({"saved_views": list(user.saved_filters.values_list("name", flat=True))} if user.is_staff else {}),
        **related,
        "what_was_noted": [{**row, "act": Act(row["act"]).label} for row in related["what_was_noted"]],
    }


def erase_details(person: Person, now: datetime) -> None:
    """Take the person out of their row, which stays, since bookings are counted by profession.

    The account is deleted, with its sessions, and so is an organisation that nobody else is in.
    """
    user = person.user
    erase_merges(person)
    forget_person(person)
    person.drafts.all().delete()
    person.blocked_attempts.all().delete()
    person.former_addresses.all().delete()
    person.notes.all().delete()
    Person.objects.filter(pk=person.pk).update(
        user=None, name=ERASED_NAME, email="", phone="", postcode="", language="", organisation=None
    )
    delete_unused_organisations([person.organisation_id])
    if user is not None:
        if user.mobile:
            notifications_privacy.erase_address(user.mobile, now)
        user.delete()


def export_messages(person: Person) -> list[Any]:
    """Emails to their current and former addresses, written while the address was theirs."""
    return [
        message
        for address, since, before in address_periods(person)
        for message in notifications_privacy.export_messages(address, since=since, before=before)
    ]


def export_choices(person: Person) -> list[Any]:
    """The mail that they chose; none for a team mailbox that staff entered by mistake."""
    is_own = person.email and person.email.lower() not in team_addresses()
    return preferences.export_choices(person.email) if is_own else []


# Complaints (ADR 24).


def complaints_of(person: Person) -> ComplaintQuerySet:
    """Their own complaints, and those without a person that give their address: the receipts went to their mailbox.

    A complaint of another signed-in person is never theirs, whatever address was typed; nor is one that an erased person left
    open.
    """
    own = Q(person=person)
    unclaimed = Q(person=None, goes_when_closed=False, email__iexact=person.email)
    return Complaint.objects.filter(own | unclaimed if person.email else own)


def export_complaints(person: Person) -> list[Any]:
    return [
        {
            "reference": complaint.reference,
            "state": complaint.get_state_display(),
            "came_by": complaint.get_channel_display(),
            "received": complaint.received_on,
            "name": complaint.name,
            "email": complaint.email,
            "phone": complaint.phone,
            "what_went_wrong": shown_text(complaint, "description"),
            "what_you_would_like": shown_text(complaint, "wanted"),
            "what_has_happened": [
                {
                    "what": event.get_kind_display(),
                    "day": event.on,
                    "how": event.get_told_display() if event.told else "",
                    "words": shown_text(event, "text"),
                }
                for event in complaint.events.all()
            ],
        }
        for complaint in complaints_of(person)
        .annotate(kept_back=kept_back_expression(complaint="pk"))
        .prefetch_related(
            Prefetch("events", ComplaintEvent.objects.annotate(kept_back=kept_back_expression(complaint="complaint")))
        )
    ]


def open_complaint_warnings(person: Person, now: datetime) -> list[str]:
    sentence = _("Your complaint %(reference)s is still open. We will answer it first, then erase what it says.")
    return [sentence % {"reference": complaint.reference} for complaint in complaints_of(person).open()]


def erase_complaints(person: Person, now: datetime) -> None:
    """Take the words out of closed complaints. Open ones must be answered first: an erasure doesn't end a complaint.

    The nightly run takes those later, and closed ones whose answer has not gone yet. Locks them, so that no step of a colleague
    at this moment is lost.
    """
    locked = [complaint for complaint in complaints_of(person).select_for_update().order_by("pk") if not complaint.anonymised_at]
    if not locked:
        return
    unsent = complaints_with_unsent_email()
    later = [complaint.pk for complaint in locked if complaint.is_open or complaint.pk in unsent]
    anonymise_complaints([complaint.pk for complaint in locked if complaint.pk not in later], now)
    Complaint.objects.filter(pk__in=later).update(person=None, goes_when_closed=True)


def complaints_with_unsent_email() -> set[int]:
    """The keys of complaints with an email to the complainant that has not gone yet."""
    return {int(about.split(":")[1]) for about in abouts_of_unsent("complaint:", kinds="complaint-")}


def anonymise_complaints(keys: Sequence[int], now: datetime) -> None:
    """Take out the person, what was written, and the emails. Which steps there were, and when, stays."""
    steps = ComplaintEvent.objects.filter(complaint__in=keys)
    about = [
        *(f"complaint:{key}" for key in keys),
        *(f"complaint:{key}:{step}" for key, step in steps.values_list("complaint", "pk")),
    ]
    erase_about(about, now)
    steps.exclude(text="").update(text="")
    blanks = dict.fromkeys(("email", "phone", "description", "wanted"), "")
    Complaint.objects.filter(pk__in=keys).update(
        person=None, name=_("Erased"), submission_token=None, anonymised_at=now, **blanks
    )


FLAGGED_COMPLAINTS = FlaggedSource(
    "complaint",
    {Complaint: "pk", ComplaintEvent: "complaint"},
    lambda key: reverse("staff:privacy_complaint_change", args=[key]),
    lambda complaint: complaint,
)


# Erased from the last to the first: the outbox needs the addresses that the person's rows then lose. Choices of mail go with the
# messages to the address.
PRIVACY_SOURCES = (
    PrivacySource("person", export_details, erase_details),
    PrivacySource("choices_of_mail", export_choices, lambda person, now: None),
    PrivacySource("messages", export_messages, erase_emails_of),
    PrivacySource("complaints", export_complaints, erase_complaints, open_complaint_warnings),
)
