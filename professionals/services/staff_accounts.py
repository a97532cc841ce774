"""Accounts of staff: they sign in with a code by email, then with a second factor that they enrol themselves."""

from datetime import datetime

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.db import transaction

from professionals.models import User
from professionals.services.sessions import end_sessions


@transaction.atomic
def open_account(*, user: User, by: User | None, now: datetime) -> User:
    """Save a new user without a password. The address counts as verified once they have signed in with a code sent to it."""
    user.email = user.email.strip().lower()
    user.set_unusable_password()
    user.save()
    EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=False)
    return user


@transaction.atomic
def reset_second_factor(*, user: User, by: User | None, now: datetime) -> None:
    """For a lost phone: the next sign-in enrols a new one. Ends every session and the password, which may be what was lost."""
    locked = User.objects.select_for_update().get(pk=user.pk)
    Authenticator.objects.filter(user=locked).delete()
    locked.set_unusable_password()
    locked.save(update_fields=["password"])
    end_sessions(user=locked)
