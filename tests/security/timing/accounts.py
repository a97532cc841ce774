"""Accounts that a live server is asked about, made inside it."""

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.test import Client

from accounts.models import User
from tests.factories import make_person, sign_in


def make_known(many: int) -> list[str]:
    """Their addresses. All have a password: to check it takes the time that an unknown address must take too."""
    password = make_password("two-kettles-one-plug")
    emails = [f"known{number}@timing.nhs.uk" for number in range(many)]
    users = User.objects.bulk_create(User(email=email, password=password) for email in emails)
    EmailAddress.objects.bulk_create(EmailAddress(user=user, email=user.email, verified=True, primary=True) for user in users)
    return emails


def open_session() -> str:
    """The cookie of somebody who is signed in."""
    client = sign_in(Client(), make_person(email="asking@timing.nhs.uk"))
    return client.cookies[settings.SESSION_COOKIE_NAME].value
