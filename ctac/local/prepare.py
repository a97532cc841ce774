"""`python -m ctac.local.prepare`: the database of a development copy, brought up to date and filled with samples.

Prints what a stranger needs to get in as one line of JSON. One process for all three, because each start of Django counts.
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
    from ctac.checks import EARLIER, is_earlier_version

    try:
        if is_earlier_version():
            sys.exit(EARLIER)
        call_command("migrate", interactive=False, verbosity=0)
    except OperationalError as error:
        sys.exit(f"The database does not answer ({str(error).strip().splitlines()[0]}). Is DATABASE_URL right?")
    call_command("load_sample_data", verbosity=0, stdout=sys.stderr)
    from professionals import samples as professionals_samples

    print(json.dumps({"staff_email": professionals_samples.STAFF_EMAIL, "staff_password": professionals_samples.STAFF_PASSWORD}))


if __name__ == "__main__":
    main()
