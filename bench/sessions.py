"""`python -m bench.sessions EMAIL …`, in the environment of the application: a session for each, signed in; keys as JSON.

Who is missing is made, as a health visitor in Leeds who keeps an address. Staff are signed in
with the second factor and have recovery codes.
"""

import json
import os
import sys
import time
from importlib import import_module
from typing import Any

import django


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ctac.settings")
    django.setup()
    print(json.dumps([session_of(email) for email in sys.argv[1:]]))


def session_of(email: str) -> str:
    from allauth.account.internal.flows.login import (
        _AUTHENTICATION_METHODS_USER_SESSION_KEY as METHODS_OF,
        AUTHENTICATION_METHODS_SESSION_KEY,
    )
    from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY

    user = account(email)
    if user.is_staff:
        RecoveryCodes.activate(user)
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    how = {"method": "mfa", "type": "totp"} if user.is_staff else {"method": "code", "email": email}
    session[AUTHENTICATION_METHODS_SESSION_KEY] = [{**how, "at": time.time()}]
    session[METHODS_OF] = str(user.pk)
    session.create()
    return str(session.session_key)


def account(email: str) -> Any:
    from allauth.account.models import EmailAddress

    from accounts.models import User
    from leaflets.models import KeptAddress
    from professionals.models import Organisation, Person, Profession

    user, created = User.objects.get_or_create(email=email)
    if created:
        EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
        # A team of its own each, so that nobody is over what a workplace may order.
        organisation, _ = Organisation.objects.get_or_create(name=f"Leeds Community Healthcare, team {user.pk}")
        facts = {"phone": "0113 496 0000", "profession": Profession.HEALTH_VISITOR, "postcode": "LS1 4AP"}
        person = Person.objects.create(user=user, name="Asha Rahman", email=email, organisation=organisation, **facts)
        KeptAddress.objects.create(person=person, name=person.name, address_line_1="1 Park Row", town="Leeds", postcode="LS1 4AP")
    return user


if __name__ == "__main__":
    main()
