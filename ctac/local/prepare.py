"""`python -m ctac.local.prepare`: brings the database of a development copy up to date, and fills it with samples.

Prints one line of JSON with what a stranger needs to sign in. One process does it all, because each start of Django takes time.
"""

import json
import os
import sys

import django
from django.core.management import call_command
from django.db import OperationalError


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ctac.settings")
    django.setup()
    from ctac.checks import EARLIER_VERSION_MESSAGE, has_earlier_migrations

    try:
        if has_earlier_migrations():
            sys.exit(EARLIER_VERSION_MESSAGE)
        call_command("migrate", interactive=False, verbosity=0)
    except OperationalError as error:
        sys.exit(f"The database does not answer ({str(error).strip().splitlines()[0]}). Is DATABASE_URL right?")
    call_command("load_sample_data", verbosity=0, stdout=sys.stderr)
    from professionals import samples as professionals_samples

    print(json.dumps({"staff_email": professionals_samples.STAFF_EMAIL, "staff_password": professionals_samples.STAFF_PASSWORD}))


if __name__ == "__main__":
    main()
