"""What gunicorn runs."""

import os
from pathlib import Path

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ctac.settings")
READ_LATER = ("admin", "emails", "styleguide")  # folders of templates that the public doesn't wait for


def read_ahead() -> None:
    """Routes and pages, before the first request: who meets a worker that has just begun waits no longer than others (ADR 77)."""
    from django.conf import settings
    from django.template.loader import get_template
    from django.urls import reverse

    reverse("home")  # reads every route, and with them every view
    folder = Path(settings.TEMPLATES[0]["DIRS"][0])
    for page in sorted(folder.rglob("*.html")):
        name = page.relative_to(folder)
        if name.parts[0] not in READ_LATER:
            get_template(name.as_posix())


application = get_wsgi_application()
read_ahead()
