"""Emails that a leaflet is back in stock: asked for, stopped, and told once."""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.db.models import prefetch_related_objects
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ctac.errors import DomainError
from leaflets.models import Edition, Leaflet, StockAlert
from notifications.services.writing import About, notify_about
from professionals.models import Person
from professionals.services.locking import lock_person

BACK_IN_STOCK = "leaflet-back"


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
