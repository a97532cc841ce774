"""Emails that a leaflet is back in stock: asked for, stopped, and told once. To staff once of each fall that a title is low."""

from collections.abc import Collection
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, prefetch_related_objects
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ctac.errors import DomainError
from ctac.uk import uk_day
from leaflets.models import Edition, Leaflet, LowStock, StockAlert, StockMovement
from leaflets.services.forecast import low_in_stock
from notifications.services.writing import About, notify, notify_about
from professionals.models import Person
from professionals.services.locking import lock_person

BACK_IN_STOCK = "leaflet-back"
LOW_STOCK = "staff-low-stock"


class ThereAlready(DomainError):
    message: str | Promise = _("There are copies already, so there is nothing to wait for. You can order now.")


class NoEmail(DomainError):
    message: str | Promise = _("We have no email address for you. Add one to your account first.")


@transaction.atomic
def ask_alert(*, person: Person, leaflet: Leaflet, now: datetime) -> None:
    """Tell them once, as soon as there are copies that nobody has been promised. Asking twice is asking once.

    The title's edition is locked, so copies that come in at this moment are either seen here or tell this person too.
    Raises NoEmail, ThereAlready, AccountGoneError.
    """
    if not person.email:
        raise NoEmail
    lock_person(person)
    if any(edition.free for edition in Edition.objects.current().filter(leaflet=leaflet).locked()):
        raise ThereAlready
    StockAlert.objects.bulk_create([StockAlert(person=person, leaflet=leaflet, asked_at=now)], ignore_conflicts=True)


def stop_alert(*, person: Person, leaflet: Leaflet) -> None:
    StockAlert.objects.filter(person=person, leaflet=leaflet).delete()


def tell_who_asked(leaflets: Collection[int], *, now: datetime) -> None:
    """There is news of these titles (by their keys): each person who asked is told once, however many they are.

    An alert ends with the row that tells of it; of two who come for it at once, the second finds it gone.
    """
    alerts = list(StockAlert.objects.filter(leaflet__in=leaflets).order_by("pk").select_for_update()) if leaflets else []
    if not alerts:
        return
    prefetch_related_objects(alerts, "person")
    StockAlert.objects.filter(pk__in=[alert.pk for alert in alerts]).delete()
    told = [About(f"leaflet:{alert.leaflet_id}:{alert.pk}", alert.person.email) for alert in alerts]
    notify_about(told, kind=BACK_IN_STOCK, now=now, left_to_sweep=True)


@transaction.atomic
def tell_of_low_stock(*, now: datetime) -> int:
    """One email about the titles that have become low since they were last told of; how many there are.

    Twice at the same moment tells once: a title that is told of has a row, which goes when stock came in.
    """
    came_in = StockMovement.objects.filter(edition__leaflet=OuterRef("leaflet"), on_hand_change__gt=0, at__gt=OuterRef("told_at"))
    LowStock.objects.filter(Exists(came_in)).delete()
    low = low_in_stock(Edition.objects.all(), uk_day(now)).values_list("leaflet", flat=True)
    new = set(low) - set(LowStock.objects.values_list("leaflet", flat=True))
    LowStock.objects.bulk_create([LowStock(leaflet_id=key, told_at=now) for key in sorted(new)], ignore_conflicts=True)
    told = LowStock.objects.filter(told_at=now).count()
    if told:
        notify(kind=LOW_STOCK, about=f"low-stock:{now.isoformat()}", to=[settings.STAFF_EMAIL], now=now)
    return told
