"""Which presenter reads mail at an address, for the staff's list of addresses that mail came back from."""

from collections.abc import Iterator

from django.urls import reverse
from django.utils.translation import gettext as _

from bookings.models import Presenter
from notifications.owners import Owner


def presenters_at(address: str) -> Iterator[Owner]:
    for presenter in Presenter.objects.filter(email__iexact=address).order_by("pk"):
        href = reverse("staff:bookings_presenter_change", args=[presenter.pk])
        yield Owner(presenter.name, _("Presenter"), href, presenter.phone)
