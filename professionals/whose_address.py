"""Who reads mail at an address, for the staff's list of addresses that mail came back from."""

from collections.abc import Iterator

from django.urls import reverse
from django.utils.translation import gettext

from notifications.owners import Owner
from professionals.models import Person, User


def people_at(address: str) -> Iterator[Owner]:
    """A professional; or somebody who only has a sign-in, such as staff."""
    person = Person.objects.with_email(address).first()
    if person is not None:
        what = gettext("Professional, changes it themselves") if person.user_id else gettext("Professional, entered by staff")
        yield Owner(person.name, what, reverse("staff:professionals_person_change", args=[person.pk]), person.phone)
        return
    user = User.objects.filter(email__iexact=address).first()
    if user is not None:
        yield Owner(user.email, gettext("Account"), reverse("staff:professionals_user_change", args=[user.pk]))
