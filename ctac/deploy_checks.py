"""`manage.py check --deploy` tells of connections to other machines that somebody between could read (OWASP ASVS 5.0, V12.3)."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks

HERE = ("localhost", "127.0.0.1", "::1", "")
HINT = "docs/deploying.md says how each is encrypted and its certificate checked."


def is_here(host: str) -> bool:
    """On this machine: by a loopback address or a socket's path."""
    return host in HERE or host.startswith("/")


@checks.register(checks.Tags.security, deploy=True)
def connections_are_encrypted(app_configs: Any, **_: Any) -> list[checks.Warning]:
    return [
        checks.Warning(f"{name} reaches another machine {how}.", hint=HINT, id="ctac.W001") for name, how in open_connections()
    ]


def open_connections() -> list[tuple[str, str]]:
    found = []
    database = settings.DATABASES["default"]
    if not is_here(database["HOST"]) and database["OPTIONS"].get("sslmode") != "verify-full":
        found.append(("DATABASE_URL", "without ?sslmode=verify-full"))
    if not is_here(settings.EMAIL_HOST) and not (settings.EMAIL_USE_TLS or settings.EMAIL_USE_SSL):
        found.append(("EMAIL_URL", "without smtp+tls or smtp+ssl"))
    broker, cache = urlsplit(settings.CELERY_BROKER_URL), urlsplit(str(settings.CACHES["default"]["LOCATION"]))
    for name, parts in (("CELERY_BROKER_URL", broker), ("CACHE_URL", cache)):
        if parts.scheme in {"redis", "amqp"} and not is_here(parts.hostname or ""):
            found.append((name, f"by {parts.scheme} instead of {parts.scheme}s"))
    return found
