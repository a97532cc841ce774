"""What gunicorn runs."""

import gc
import os
from pathlib import Path

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ctac.settings")
READ_AHEAD = ("includes", "bookings", "leaflets")  # folders of templates: of what people come for


def read_ahead() -> None:
    """Routes and pages, before the first request: nobody waits longer because a worker has just begun (ADR 77)."""
    from django.conf import settings
    from django.template.loader import get_template
    from django.urls import reverse

    reverse("home")  # reads every route, and with them every view
    folder = Path(settings.BASE_DIR, "templates")
    for page in sorted(page for name in READ_AHEAD for page in (folder / name).rglob("*.html")):
        name = page.relative_to(folder)
        if "staff" not in name.parts:
            get_template(name.as_posix())


def keep_what_was_read() -> None:
    """The garbage collector passes over it from now on, so that it sooner looks at what requests leave behind."""
    gc.collect()
    gc.freeze()
    gc.collect()  # it counts anew: what it looks after is small now


application = get_wsgi_application()
read_ahead()
keep_what_was_read()
