"""What the staff pages of accounts know of people: found by a person's name, moved to a new address after a call."""

from collections.abc import Iterable

from django import forms
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy

from ctac.staff import ObjectAction
from ctac.staff_big_lists import keys_of, with_words
from professionals.account_admin import UserAdmin
from professionals.for_staff import whole_postcode
from professionals.forms import validate_phone
from professionals.models import Person, User
from professionals.services import recovering


class RecoverForm(forms.Form):
    email = forms.EmailField(label=gettext_lazy("New work email address"), max_length=254)
    called = forms.CharField(
        label=gettext_lazy("Whom did you call?"),
        help_text=gettext_lazy("Name and job, such as “Ruth Adeyemi, ward manager”. They must know the person."),
        max_length=200,
    )
    number = forms.CharField(
        label=gettext_lazy("On which number?"),
        help_text=gettext_lazy("One that you found yourself, such as the switchboard on the organisation’s website."),
        max_length=40,
        validators=[validate_phone],
    )
    sure = forms.BooleanField(label=gettext_lazy("They said that the person works there and has this new address."))


def recover(user: User, *, by: User, email: str, called: str, number: str, sure: bool) -> None:
    recovering.recover_account(user=user, by=by, email=email, called=called, number=number, now=timezone.now())


def accounts_of_people(accounts: QuerySet[User], search_term: str) -> Iterable[int]:
    """By the words of their person."""
    people = Person.objects.filter(user__in=accounts) if accounts.query.where else Person.objects.exclude(user=None)
    return keys_of(with_words(people, whole_postcode(search_term)), "user_id")


RECOVER = ObjectAction(
    slug="recover",
    label=gettext_lazy("Move to a new address"),
    perform=recover,
    available=lambda user: user.is_active,
    form_class=RecoverForm,
    explanation=gettext_lazy(
        "For somebody who has lost both their mailbox and their second factor. Call their organisation first. It signs "
        "them out everywhere, removes the password, passkeys and second factor, and tells the old address. They then "
        "sign in with a code that goes to the new one."
    ),
    done=gettext_lazy("The account has its new address. It counts once they have signed in with a code sent to it."),
    permission="recover",
    weight="stop",
    asks_again=True,
)
UserAdmin.object_actions = [*UserAdmin.object_actions, RECOVER]
UserAdmin.also_found_by.append(accounts_of_people)
