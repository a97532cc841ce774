"""Ending closures and banners early, and finding what is booked on days that are to be closed."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, NamedTuple

from django.db import transaction
from django.utils.translation import gettext as _

from core.errors import DomainError
from core.models import reset_request_values
from office.closures.models import Banner, Closure
from office.closures.queries import CACHED_NOTICES, read_notices


class Conflict(NamedTuple):
    """Something booked on a day that is to be closed, and its page on the staff site."""

    text: str
    href: str


ConflictFinder = Callable[[Closure], Iterable[Conflict]]
_conflict_finders: list[ConflictFinder] = []


def register_conflict_finder(finder: ConflictFinder) -> None:
    """Add a finder, in the AppConfig.ready() of an app that a closure affects. It finds no more than a page can show."""
    _conflict_finders.append(finder)


def find_conflicts(closure: Closure) -> list[Conflict]:
    return [conflict for finder in _conflict_finders for conflict in finder(closure)]


def publish_notices(**_signal: Any) -> None:
    """After a closure or banner has changed: publish what all processes read, once the change is committed."""
    transaction.on_commit(publish_current_notices, robust=True)
    reset_request_values()


def publish_current_notices() -> None:
    CACHED_NOTICES.publish(read_notices())


@transaction.atomic
def end_closure(closure: Closure, *, by: Any, now: datetime) -> None:
    """Open again from today on. The days before stay as they were."""
    locked = Closure.objects.select_for_update().get(pk=closure.pk)
    if locked.cancelled_at is not None or not locked.has_begun(now) or locked.is_over(now):
        raise DomainError(_("This closure has not begun, or is over already."))
    locked.cancelled_at = now
    locked.save(update_fields=["cancelled_at"])


@transaction.atomic
def take_down_banner(banner: Banner, *, by: Any, now: datetime) -> None:
    locked = Banner.objects.select_for_update().get(pk=banner.pk)
    if not locked.is_shown(now):
        raise DomainError(_("This banner is not shown at the moment."))
    locked.ends_at = now
    locked.save(update_fields=["ends_at"])
