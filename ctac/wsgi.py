"""What gunicorn runs."""

import os
import sys

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ctac.settings")
try:
    application = get_wsgi_application()
except SystemExit:  # the settings have said why
    sys.exit(3)  # gunicorn then ends; after any other number it would start another worker, for ever
