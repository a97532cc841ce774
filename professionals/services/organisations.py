"""Organisations: get or add by name, merge."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from ctac.errors import DomainError
from professionals.models import Organisation, RecognisedDomain, User
from professionals.services.relations import repoint


class NothingToMergeError(DomainError):
    message = _("Choose at least two organisations to merge.")


def tidy_name(name: str) -> str:
    return " ".join(name.split())


def organisation_named(name: str) -> Organisation | None:
    """The organisation of that name in any case and spacing, added if it is new; None for an empty name."""
    tidy = tidy_name(name)
    if not tidy:
        return None
    return Organisation.objects.named(tidy).get_or_create(defaults={"name": tidy})[0]


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
