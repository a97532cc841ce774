"""The address book. Who writes in it holds the person's row, so two tabs can't go over the most that it has."""

from contextlib import suppress
from dataclasses import asdict
from typing import Any

from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ctac.errors import DomainError
from leaflets.models import Delivery, KeptAddress, Order
from leaflets.models.addresses import MOST_KEPT, same_place
from leaflets.services.placing import place_order
from professionals.models import Person
from professionals.services.locking import lock_person


class BookIsFull(DomainError):
    message: str | Promise = _("You keep as many addresses as you can. Remove one first, then add this one.")


class KeptAlready(DomainError):
    message: str | Promise = _("You already keep this address.")


@transaction.atomic
def keep_address(*, person: Person, delivery: Delivery) -> KeptAddress:
    """Keep it for the next orders. Raises KeptAlready, BookIsFull, AccountGoneError."""
    kept = _book_locked(person)
    _refuse_another(delivery, kept)
    if len(kept) >= MOST_KEPT:
        raise BookIsFull
    return KeptAddress.objects.create(person=person, **asdict(delivery))


@transaction.atomic
def change_address(*, address: KeptAddress, delivery: Delivery) -> None:
    """Orders keep the address that they were placed with. Raises AccountGoneError; KeptAlready if another entry says it."""
    kept = _book_locked(address.person)
    _refuse_another(delivery, [each for each in kept if each.pk != address.pk])
    KeptAddress.objects.filter(pk=address.pk).update(**asdict(delivery))


def forget_address(*, address: KeptAddress) -> None:
    KeptAddress.objects.filter(pk=address.pk).delete()


@transaction.atomic
def place_and_keep(*, person: Person, kept: Delivery, **order: Any) -> Order:
    """Place an order (see place_order) and keep an address with it: both or neither.

    The person is locked first, as everywhere. A book that is full, or has the address already, is no reason to refuse an order.
    """
    with suppress(BookIsFull, KeptAlready):
        keep_address(person=person, delivery=kept)
    return place_order(person=person, **order)


def _book_locked(person: Person) -> list[KeptAddress]:
    lock_person(person)
    return list(KeptAddress.objects.of(person))


def _refuse_another(delivery: Delivery, kept: list[KeptAddress]) -> None:
    if any(same_place(delivery, each.delivery) for each in kept):
        raise KeptAlready
