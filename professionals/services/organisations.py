"""Organisations: get or add by name, merge."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ctac.errors import DomainError
from professionals.models import Organisation, RecognisedDomain, User
from professionals.services.relations import repoint


class NothingToMergeError(DomainError):
    message = _("Choose at least two organisations to merge.")


def kept_or_added(unless: str) -> str:
    """How a statement begins that needs the row `organisation` of that name; it is added if it is new, `unless` that holds.

    There is none without a name, and none if somebody adds it in this very moment: the constraint lets one through, and the
    other has to look again.
    """
    return f"""
        kept AS (
            SELECT id, name, created_at FROM professionals_organisation WHERE LOWER(name) = LOWER(%(organisation)s)
        ), added AS (
            INSERT INTO professionals_organisation (name, created_at)
            SELECT %(organisation)s, %(created_at)s
            WHERE %(organisation)s <> '' AND NOT EXISTS (SELECT FROM kept) AND NOT {unless}
            ON CONFLICT DO NOTHING RETURNING id, name, created_at
        ), organisation AS (
            SELECT * FROM kept UNION ALL SELECT * FROM added
        )
    """  # noqa: S608 - no value is in it


GET_OR_ADD = f"WITH {kept_or_added(unless='FALSE')} SELECT * FROM organisation"  # noqa: S608 - no value is in it


def tidy_name(name: str) -> str:
    return " ".join(name.split())


def organisation_named(name: str) -> Organisation | None:
    """The organisation of that name in any case and spacing, added if it is new; None for an empty name."""
    tidy = tidy_name(name)
    if not tidy:
        return None
    found = Organisation.objects.raw(GET_OR_ADD, {"organisation": tidy, "created_at": timezone.now()})
    return next(iter(found), None) or Organisation.objects.named(tidy).get()


@transaction.atomic
def merge_organisations(*, keep: Organisation, others: Iterable[Organisation], by: User | None, now: datetime) -> int:
    """Make the others' people (and whatever else points to them) `keep`'s, remove the others, say how many went.

    Raises NothingToMergeError when there is no other.
    """
    keys = {other.pk for other in others} - {keep.pk}
    if not keys:
        raise NothingToMergeError
    locked = list(Organisation.objects.select_for_update().filter(pk__in={keep.pk, *keys}).order_by("pk"))
    for organisation in locked:
        if organisation.pk != keep.pk:
            repoint(organisation, keep)
    return Organisation.objects.filter(pk__in=keys).delete()[0]


def is_recognised(email: str) -> bool:
    """Whether this is a work address that we take at its word: its domain or one above it is in the list."""
    labels = email.rpartition("@")[2].strip().strip(".").lower().split(".")
    domains = [".".join(labels[start:]) for start in range(len(labels))]
    return "@" in email and RecognisedDomain.objects.filter(domain__in=domains).exists()
