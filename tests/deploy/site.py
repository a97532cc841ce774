"""What gunicorn runs for these tests: the site with a few routes more, and if asked for with lower limits on placing orders."""

import os

from django.conf import settings

from ctac.wsgi import application

__all__ = ["application"]
settings.ROOT_URLCONF = "tests.deploy.pages"
if times := os.environ.get("TEST_ORDER_LIMIT_TIMES"):
    from leaflets.orders import allowances

    for name in (
        "ACCOUNT_RATE_LIMIT",
        "NETWORK_RATE_LIMIT",
        "ORGANISATION_RATE_LIMIT",
        "POSTCODE_RATE_LIMIT",
        "TITLE_RATE_LIMIT",
    ):
        most, window = getattr(allowances, name)
        setattr(allowances, name, (int(most * float(times)), window))
