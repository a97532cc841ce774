"""System checks of `manage.py check`, with and without --deploy, and of `manage.py migrate`."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks
from django.core.files.storage import default_storage
from django.db import connections
from django.db.migrations.recorder import MigrationRecorder

from core.errors import StorageUnavailable

LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "::1", "")
EARLIER_VERSION_MESSAGE = (
    "This database was made by an earlier version, before migrations began again: start with an empty one. "
    "If it is that of make run, move var/postgres away, or delete it, then start again."
)
ENCRYPTION_HINT = "docs/deploying.md says how each is encrypted and its certificate checked."


def is_local(host: str) -> bool:
    """A loopback address or a socket's path."""
    return host in LOOPBACK_HOSTS or host.startswith("/")


@checks.register(checks.Tags.security, deploy=True)
def check_connections_encrypted(app_configs: Any, **_: Any) -> list[checks.Warning]:
    """Nobody on the network may read them (OWASP ASVS 5.0, V12.3)."""
    found = []
    database = settings.DATABASES["default"]
    if not is_local(database["HOST"]) and database["OPTIONS"].get("sslmode") != "verify-full":
        found.append("DATABASE_URL reaches another machine without ?sslmode=verify-full.")
    if not is_local(settings.EMAIL_HOST) and not (settings.EMAIL_USE_TLS or settings.EMAIL_USE_SSL):
        found.append("EMAIL_URL reaches another machine without smtp+tls or smtp+ssl.")
    broker, cache = urlsplit(settings.CELERY_BROKER_URL), urlsplit(str(settings.CACHES["default"]["LOCATION"]))
    for name, parts in (("CELERY_BROKER_URL", broker), ("CACHE_URL", cache)):
        if parts.scheme in {"redis", "amqp"} and not is_local(parts.hostname or ""):
            found.append(f"{name} reaches another machine by {parts.scheme} instead of {parts.scheme}s.")
    files = urlsplit(settings.FILES_URL)
    if files.scheme == "s3+http" and not is_local(files.hostname or ""):
        found.append("FILES_URL reaches another machine by s3+http instead of s3.")
    errors = urlsplit(settings.SENTRY_DSN)
    if errors.scheme == "http" and not is_local(errors.hostname or ""):
        found.append("SENTRY_DSN reaches another machine by http instead of https.")
    return [checks.Warning(message, hint=ENCRYPTION_HINT, id="ctac.W001") for message in found]


@checks.register(deploy=True)
def check_bucket_access(app_configs: Any, **_: Any) -> list[checks.Error]:
    """A wrong key must show now, not when somebody uploads the next leaflet."""
    if not settings.FILES_URL:
        return []
    try:
        default_storage.listdir("")
    except StorageUnavailable as error:
        message = f"The bucket that FILES_URL names can't be listed: {error}."
        return [checks.Error(message, hint="docs/deploying.md says what its key must be allowed.", id="ctac.E002")]
    return []


@checks.register(checks.Tags.security)
def check_watcher_ping_url(app_configs: Any, **_: Any) -> list[checks.Warning]:
    """Only a monitor elsewhere can notice that beat, the worker or the whole machine is down."""
    if not settings.PRODUCTION or settings.WATCHER_PING_URL:
        return []
    message = "WATCHER_PING_URL is empty: if nobody watches over visits any more, nobody hears of it."
    return [checks.Warning(message, hint="docs/deploying.md says which monitors can do it.", id="ctac.W002")]


@checks.register(checks.Tags.database)
def check_migration_history(app_configs: Any, databases: Sequence[str] | None = None, **_: Any) -> list[checks.Error]:
    """Django would take the 0001_initial of an earlier version for ours. `migrate` runs this check first."""
    return [checks.Error(EARLIER_VERSION_MESSAGE, id="ctac.E001") for alias in databases or () if has_earlier_migrations(alias)]


def has_earlier_migrations(alias: str = "default") -> bool:
    """Whether it has a migration that there is no longer."""
    return ("professionals", "0002_recognised_domains") in MigrationRecorder(connections[alias]).applied_migrations()
