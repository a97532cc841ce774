"""Merges of two people or two organisations, and their undoing.

Both people are locked by key, then their accounts, then their rows (professionals.services). What a merge changes is read from
the rows before and after it. So a row of a model that nobody thought of here is restored too.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from django.apps import apps
from django.db import IntegrityError, connection, models, transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.sessions import end_sessions
from audit.models import Act
from audit.services import AuditSubject, write_audit_entry
from core.errors import ChangedMeanwhile, DomainError
from notifications.models import MailChoice, MailReader, MarkedAddress, Notification, NotificationState
from notifications.outbox import notify
from notifications.preferences import get_or_create_reader, save_choices
from notifications.privacy import readdress
from notifications.registry import team_addresses
from professionals.emails import MergeAsked, MergeDone
from professionals.models import Draft, FormerAddress, Merge, Organisation, Person
from professionals.services import (
    ROW_MERGES,
    absorb_person,
    delete_unused_organisations,
    lock_rows,
    record_former_address,
    repoint_foreign_keys,
    reverse_relations,
)

# The fields of which staff choose whose value stays.
MERGEABLE_FIELDS = ("name", "email", "phone", "profession", "organisation", "postcode")
MERGED_MEANWHILE_MESSAGE = _("Somebody has just merged or erased one of them. Nothing was changed now.")


class ClosesStaffAccount(DomainError):
    message = _("The sign-in that would close belongs to a colleague. Keep the email address that they sign in with.")


class MergeAlreadyWaiting(DomainError):
    message = _("These two are being merged already. It waits until both addresses have confirmed it.")


class CannotUndo(DomainError):
    message = _(
        "Somebody else has taken an address or a place that was theirs, so we can’t undo the merge. Put that right first, or "
        "enter the other again by hand."
    )


class TooLateToUndo(DomainError):
    message = _("This merge can’t be undone any more.")


# What a merge changes: snapshots of the rows before and after it.

# Models in which any column may change. In all others a merge changes only to whom a row belongs.
FULLY_RESTORED_MODELS = (Person, Organisation, User, FormerAddress, MailChoice, MailReader, MarkedAddress, Notification)
COLUMNS_BY_MODEL: dict[type[models.Model], tuple[str, ...]] = {Notification: ("id", "recipient"), User: ("id", "is_active")}
IGNORED_COLUMN = "searched"  # the database sets it
UNRESTORED_MODELS = (Draft,)  # nobody keeps a draft for 30 days
# Rows that are restored only if they are still as they were: not a message that was sent, nor a reader who has chosen since.
RESTORABLE_ROWS_BY_MODEL: dict[type[models.Model], Callable[[], QuerySet[Any]]] = {
    Notification: lambda: Notification.objects.filter(state=NotificationState.PENDING),
    MailReader: lambda: MailReader.objects.filter(choices=None),
}
Snapshot = dict[tuple[type[models.Model], Any], dict[str, Any]]


def take_snapshot(querysets: Iterable[QuerySet[Any]]) -> Snapshot:
    taken: Snapshot = {}
    for rows in querysets:
        meta = rows.model._meta
        columns = COLUMNS_BY_MODEL.get(rows.model) or [
            field.attname for field in meta.concrete_fields if field.name != IGNORED_COLUMN
        ]
        taken |= {(rows.model, row[meta.pk.attname]): row for row in rows.order_by().values(*columns)}
    return taken


def snapshot_differences(before: Snapshot, after: Snapshot, order: list[type[models.Model]]) -> list[dict[str, Any]]:
    """For each model, in this order, the rows that came and went, and groups of rows whose column changed alike.

    The first model is that of the owners, to whom the other rows belong.
    """
    entries: dict[type[models.Model], dict[str, Any]] = {}
    for model, key in {**before, **after}:
        old, new = before.get((model, key)), after.get((model, key))
        if old == new:
            continue
        entry = entries.setdefault(model, {"model": model._meta.label_lower, "came": [], "went": [], "changed": {}})
        if old is None:
            entry["came"].append(new)
        elif new is None:
            entry["went"] += [] if model in UNRESTORED_MODELS else [old]
        else:
            for column in filter(lambda column: old[column] != new[column], old):
                if (
                    model in FULLY_RESTORED_MODELS
                    or model in ROW_MERGES
                    or model._meta.get_field(column).related_model is order[0]
                ):
                    entry["changed"].setdefault((column, old[column], new[column]), []).append(key)
    for entry in entries.values():
        entry["changed"] = [
            {"column": column, "before": old, "after": new, "keys": keys} for (column, old, new), keys in entry["changed"].items()
        ]
    return [entries[model] for model in dict.fromkeys(order) if model in entries]


def restore_rows(entries: list[dict[str, Any]]) -> None:
    """Restore the rows of a merge.

    The owner's row comes first, since the words by which its bookings are found are read from it. Of the others, rows that came
    are deleted in this order, and rows that went are inserted in the opposite order, so that a part is there only with its whole.
    """
    first, others = entries[:1], entries[1:]
    for entry in first:
        _undo_changes(entry)
        _reinsert_rows(entry)
    for entry in others:
        _undo_changes(entry)
    for entry in reversed(others):
        _reinsert_rows(entry)


def _undo_changes(entry: dict[str, Any]) -> None:
    """Undo what came and what changed, except what has changed again since."""
    model = apps.get_model(entry["model"])
    rows = RESTORABLE_ROWS_BY_MODEL.get(model, model._base_manager.all)()
    for columns in entry["came"]:
        rows.filter(**{name: value for name, value in columns.items() if value is not None}).delete()
    for change in entry["changed"]:
        column, after = change["column"], change["after"]
        as_it_became = {f"{column}__isnull": True} if after is None else {column: after}
        rows.filter(pk__in=change["keys"], **as_it_became).update(**{column: change["before"]})


def _reinsert_rows(entry: dict[str, Any]) -> None:
    """Insert the rows that went, with every column as it was, their time of creation too.

    A key to something that has gone since is set to null. If it can't be null, the row stays away.
    """
    model: Any = apps.get_model(entry["model"])
    fields = model._meta.concrete_fields
    for columns in entry["went"]:
        values = {field.attname: field.to_python(columns[field.attname]) for field in fields if field.attname in columns}
        gone = [
            key
            for key in fields
            if key.related_model
            and values[key.attname] is not None
            and not key.related_model._base_manager.filter(**{key.target_field.attname: values[key.attname]}).exists()
        ]
        values |= {key.attname: None for key in gone}
        if all(key.null for key in gone):
            model(**values).save_base(raw=True, force_insert=True)


def related_rows(*owners: Person | Organisation) -> Iterator[QuerySet[Any]]:
    """All rows that point to one of these, one queryset for each relation."""
    for relation in reverse_relations(type(owners[0])):
        yield relation.related_model._base_manager.filter(**{f"{relation.field.name}__in": owners})


def related_rows_and_children(*owners: Person | Organisation) -> Iterator[QuerySet[Any]]:
    """All rows that point to one of these, and the parts of rows that may be deleted because both people have one."""
    for rows in related_rows(*owners):
        for part in rows.model._meta.related_objects if rows.model in ROW_MERGES else ():
            if part.on_delete is models.CASCADE:
                yield part.related_model._base_manager.filter(**{f"{part.field.name}__in": rows})
        yield rows


# Two people.


def current_merge(person: Person, now: datetime) -> Merge | None:
    """The merge that waits, or else the latest that can be undone. One statement for a page."""
    if "_merge" not in person.__dict__:
        known = Merge.objects.filter(Q(person=person) | Q(other=person)).exclude(pk__in=Merge.objects.expired(now))
        latest = known.select_related("person", "other").order_by(F("merged_at").desc(nulls_first=True), "-pk")
        person.__dict__["_merge"] = latest.first()
    merge: Merge | None = person.__dict__["_merge"]
    return merge


@transaction.atomic
def merge_people(person: Person, *, other: Person, kept_values: Mapping[str, int], by: User, now: datetime) -> Merge:
    """Merge two people at once, or if both sign in, ask both for their agreement by email.

    `kept_values` has, for each field that differs, the key of the person whose value stays. The person who signs in stays, with
    their address. If both sign in, the person whose address stays; if neither does, `person`. Raises ChangedMeanwhile,
    MergeAlreadyWaiting, ClosesStaffAccount.
    """
    people = lock_people(person.pk, other.pk)
    kept, gone = people[person.pk], people[other.pk]
    if bool(kept.user_id) == bool(gone.user_id):
        other_stays = kept.user_id is not None and kept_values.get("email") == gone.pk
    else:
        other_stays = gone.user_id is not None
    if other_stays:
        kept, gone = gone, kept
    if kept.user is None or gone.user is None:
        return _merge_locked(Merge(person=kept, kept_values=dict(kept_values), asked_at=now), kept, gone, by=by, now=now)
    if gone.user.is_staff:
        raise ClosesStaffAccount
    both = Merge.objects.filter(merged_at=None, person__in=people, other__in=people)
    if both.waiting(now).exists():
        raise MergeAlreadyWaiting
    both.delete()
    merge = Merge.objects.create(person=kept, other=gone, kept_values=dict(kept_values), asked_at=now)
    write_audit_entry(
        Act.CHANGED, by=by.pk, about=AuditSubject(Person._meta.label_lower, (str(kept.pk), str(gone.pk))), whats=["merge asked"]
    )
    addresses = [kept.user.email, gone.user.email]
    notify(kind=MergeAsked.name, about=f"merge:{merge.pk}", to=addresses, now=now, expires_at=merge.waits_until)
    return merge


def lock_people(*keys: int) -> dict[int, Person]:
    """Lock both by key, then their accounts. Raises ChangedMeanwhile if one is no more."""
    found = Person.objects.select_for_update().filter(pk__in=keys, erased_at=None).order_by("pk")
    people = {person.pk: person for person in found}
    if len(people) != 2:
        raise ChangedMeanwhile(MERGED_MEANWHILE_MESSAGE)
    users = (
        User.objects.select_for_update(no_key=True)
        .order_by("pk")
        .in_bulk([person.user_id for person in people.values() if person.user_id])
    )
    for each in people.values():
        each.user = users.get(each.user_id)
    return people


@transaction.atomic
def confirm_merge(merge: Merge, *, person: Person, now: datetime) -> Merge:
    """One of the two says that both accounts are theirs. Once both have, they are merged.

    Raises ChangedMeanwhile, ClosesStaffAccount, AccountGoneError.
    """
    people = lock_people(*sorted([merge.person_id or 0, merge.other_id or 0]))
    locked = Merge.objects.select_for_update(of=("self",)).waiting(now).filter(pk=merge.pk).first()
    if locked is None or {locked.person_id, locked.other_id} != set(people) or not all(each.user for each in people.values()):
        raise ChangedMeanwhile(MERGED_MEANWHILE_MESSAGE)
    if person.pk == locked.person_id:
        locked.person_confirmed_at = locked.person_confirmed_at or now
    elif person.pk == locked.other_id:
        locked.other_said_at = locked.other_said_at or now
    locked.save(update_fields=["person_confirmed_at", "other_said_at"])
    if locked.person_confirmed_at is None or locked.other_said_at is None:
        return locked
    kept, gone = people[locked.person_id or 0], people[locked.other_id or 0]
    if gone.user is not None and gone.user.is_staff:
        raise ClosesStaffAccount
    addresses = [each.user.email for each in people.values() if each.user]
    done = _merge_locked(locked, kept, gone, by=None, now=now)
    notify(kind=MergeDone.name, about=f"merge:{done.pk}", to=addresses, now=now)
    return done


@transaction.atomic
def call_off_merge(person: Person, *, by: User, now: datetime) -> None:
    waiting = Merge.objects.waiting(now).filter(Q(person=person) | Q(other=person))
    if not waiting.select_for_update(of=("self",)).exists() or not waiting.delete()[0]:
        raise ChangedMeanwhile(MERGED_MEANWHILE_MESSAGE)
    write_audit_entry(Act.CHANGED, by=by.pk, about=AuditSubject.of(person), whats=["merge called off"])


def _merge_locked(merge: Merge, kept: Person, gone: Person, *, by: User | None, now: datetime) -> Merge:
    """Merge two people who are locked already."""
    gone_key, closes = gone.pk, gone.user
    merge.other, merge.user, merge.merged_at = None, closes, now
    merge.save()
    for relation in reverse_relations(Person):
        lock_rows(relation, gone)
    theirs = [address for each in (kept, gone) for address in addresses_of(each)]
    changing = [Person.objects.filter(pk__in=[kept.pk, gone.pk]), *related_rows_and_children(kept, gone), *mail_rows(theirs)]
    changing += [User.objects.filter(pk__in=[closes.pk] if closes else [])]
    before = take_snapshot(changing)

    values = merged_values(kept, gone, merge.kept_values)
    refusals = {choice.topic: choice for choice in MailChoice.objects.filter(reader__address__in=theirs, wanted=False)}
    for each in (kept, gone):
        readdress(before=each.email, to=values["email"], now=now)
    absorb_person(kept, gone)
    if closes is not None:
        User.objects.filter(pk=closes.pk).update(is_active=False)
        end_sessions(user=closes)
    for address in theirs:
        if address != values["email"].lower():
            record_former_address(kept, address, now)
    for name, value in values.items():
        setattr(kept, name, value)
    kept.save(update_fields=list(values))
    granted = MailChoice.objects.for_address(kept.email).filter(topic__in=refusals, wanted=True)
    if stricter := [refusals[topic] for topic in granted.values_list("topic", flat=True)]:
        save_choices(get_or_create_reader(kept.email, now), stricter)

    merge.changes = {
        "rows": snapshot_differences(before, take_snapshot(changing), [rows.model for rows in changing]),
        "last": {rows.model._meta.label_lower: rows.aggregate(last=models.Max("pk"))["last"] for rows in related_rows(kept)},
    }
    merge.save(update_fields=["changes"])
    keys = (str(kept.pk), str(gone_key))
    write_audit_entry(Act.CHANGED, by=by.pk if by else None, about=AuditSubject(Person._meta.label_lower, keys), whats=["merged"])
    return merge


def addresses_of(person: Person) -> list[str]:
    """Their addresses in small letters, without a team mailbox that staff entered by mistake."""
    found = {person.email.lower(), person.user.email.lower() if person.user else ""} - team_addresses() - {""}
    return sorted(found)


def mail_rows(addresses: Collection[str]) -> list[QuerySet[Any]]:
    """The rows about mail to these addresses that may change. Mail that waits is found by key, since its address changes."""
    waiting = Notification.objects.alias(address=Lower("recipient")).filter(
        address__in=addresses, state=NotificationState.PENDING
    )
    readers = MailReader.objects.filter(address__in=addresses)
    return [
        MailChoice.objects.filter(reader__in=readers),
        readers,
        MarkedAddress.objects.filter(address__in=addresses),
        Notification.objects.filter(pk__in=list(waiting.values_list("pk", flat=True))),
    ]


def merged_values(kept: Person, gone: Person, kept_values: Mapping[str, int]) -> dict[str, Any]:
    """The value of each field after the merge. A value that only one of them has stays, and so does the address of a sign-in."""
    values = {}
    for name in (*MERGEABLE_FIELDS, "language"):
        of_gone = kept_values.get(name) == gone.pk if name in kept_values else not getattr(kept, name)
        values[name] = getattr(gone if of_gone else kept, name)
    return {**values, "email": kept.email} if kept.user_id else values


@transaction.atomic
def undo_merge(person: Person, *, by: User, now: datetime) -> None:
    """Restore both people as they were. What was made since stays with this person. Raises TooLateToUndo, CannotUndo."""
    locked = Person.objects.select_for_update().filter(pk=person.pk, erased_at=None).first()
    merge = Merge.objects.undoable(now).filter(person=locked).select_for_update(of=("self",)).first() if locked else None
    if merge is None:
        raise TooLateToUndo
    if merge.user_id:
        User.objects.select_for_update(no_key=True).filter(pk=merge.user_id).first()
    for relation in reverse_relations(Person):
        lock_rows(relation, person)
    _restore_merge(merge)
    write_audit_entry(Act.CHANGED, by=by.pk, about=AuditSubject.of(person), whats=["merge undone"])


def _restore_merge(merge: Merge) -> None:
    changes = merge.changes
    merge.delete()
    try:
        with transaction.atomic():
            restore_rows(changes["rows"])
            connection.check_constraints()
    except IntegrityError as error:
        raise CannotUndo from error


def forget_merges(merges: Iterable[Merge]) -> None:
    """Delete merges that can't be undone any more.

    With each goes the sign-in that it closed, and organisations that nobody is in any more.
    """
    for merge in merges:
        merge.delete()
        if merge.user is not None:
            merge.user.delete()
        people = [entry for entry in merge.changes.get("rows", ()) if entry["model"] == Person._meta.label_lower]
        were_in = [columns["organisation_id"] for entry in people for columns in entry["went"]]
        were_in += [change["before"] for entry in people for change in entry["changed"] if change["column"] == "organisation_id"]
        delete_unused_organisations(were_in)


@transaction.atomic
def delete_expired_merges(*, now: datetime) -> int:
    over = list(Merge.objects.expired(now).select_for_update(of=("self",), skip_locked=True).select_related("user"))
    forget_merges(over)
    return len(over)


# Two organisations.


@transaction.atomic
def merge_organisations(*, keep: Organisation, others: Iterable[Organisation], by: User | None, now: datetime) -> int:
    """Give all people and other rows of `others` to `keep`, and delete the others. Returns how many.

    Raises DomainError if there is no other one, and ChangedMeanwhile if `keep` is gone.
    """
    keys = {other.pk for other in others} - {keep.pk}
    if not keys:
        raise DomainError(_("Choose at least two organisations to merge."))
    known = list(Organisation.objects.select_for_update().filter(pk__in={keep.pk, *keys}).order_by("pk"))
    if keep not in known:
        raise ChangedMeanwhile(MERGED_MEANWHILE_MESSAGE)
    gone = [other for other in known if other != keep]
    for other in gone:
        merge = Merge.objects.create(organisation=keep, asked_at=now, merged_at=now)
        changing = [Organisation.objects.filter(pk__in=[keep.pk, other.pk])]
        for relation in reverse_relations(Organisation):
            changing.append(relation.related_model._base_manager.filter(pk__in=lock_rows(relation, other)))
        before = take_snapshot(changing)
        repoint_foreign_keys(other, keep)
        other.delete()
        merge.changes = {"rows": snapshot_differences(before, take_snapshot(changing), [rows.model for rows in changing])}
        merge.save(update_fields=["changes"])
    return len(gone)


@transaction.atomic
def undo_organisation_merge(organisation: Organisation, *, by: User, now: datetime) -> None:
    """Restore the latest merge into this organisation. Raises TooLateToUndo, CannotUndo."""
    locked = Organisation.objects.select_for_update().filter(pk=organisation.pk).first()
    merge = Merge.objects.undoable(now).filter(organisation=locked).select_for_update(of=("self",)).first() if locked else None
    if merge is None:
        raise TooLateToUndo
    _restore_merge(merge)


def erase_merges(person: Person) -> None:
    """Forget the merges of a person who is erased, and those of their organisation: by its name they might be found."""
    people = Merge.objects.filter(Q(person=person) | Q(other=person))
    moved = {"rows": [{"model": Person._meta.label_lower, "changed": [{"column": "organisation_id", "keys": [person.pk]}]}]}
    forget_merges(people.select_related("user"))
    Merge.objects.filter(organisation=person.organisation_id, changes__contains=moved).delete()
