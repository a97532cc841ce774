"""Emails that a leaflet is back in stock: asked for, stopped, and told once."""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ctac.errors import DomainError
from leaflets.models import Edition, Leaflet, StockAlert
from notifications.services import notify_found
from professionals.models import Person
from professionals.services import refuse_if_erased, with_person_kept

KIND = "leaflet-back"


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
    editions = list(with_person_kept(Edition.objects.current().filter(leaflet=leaflet).locked(), person))
    if not editions:
        refuse_if_erased(person)
    if any(edition.free for edition in editions):
        raise ThereAlready
    StockAlert.objects.bulk_create([StockAlert(person=person, leaflet=leaflet, asked_at=now)], ignore_conflicts=True)


def stop_alert(*, person: Person, leaflet: Leaflet) -> None:
    StockAlert.objects.filter(person=person, leaflet=leaflet).delete()


# An alert ends with the row that tells of it, in one statement; of two who come for it at once, the second finds it gone.
ENDED = """
    ended AS (
        DELETE FROM leaflets_stockalert AS alert USING professionals_person AS person
        WHERE alert.leaflet_id = ANY(%(leaflets)s) AND person.id = alert.person_id
        RETURNING alert.id, alert.leaflet_id, person.email
    ), found AS (
        SELECT concat('leaflet:', leaflet_id, ':', id) AS about, email AS recipient FROM ended WHERE email <> ''
    )
"""


def tell_who_asked(leaflets: Collection[int], *, now: datetime) -> None:
    """There is news of these titles (by their keys): each person who asked is told once, however many they are."""
    if leaflets:
        notify_found(kind=KIND, found=ENDED, values={"leaflets": list(leaflets)}, now=now)
