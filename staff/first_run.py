"""The first-run check: a page that says what is in order on a new production site, and what to do about everything else.

Each app registers its lines beside its feature (`register_first_run_check`). Every five minutes a worker counts the red ones, so
that the first staff page can show the figure without a statement of its own.
"""

import json
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from celery import shared_task
from django.conf import settings
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _, gettext_lazy
from django.views.decorators.http import require_safe

from core import figures, health
from core.dates import format_day, uk_day
from staff.lists import time_ago_text
from staff.menu import MENU_PAGES, MenuPage
from staff.site import staff_site
from staff.today import WaitingLine

logger = logging.getLogger(__name__)
FIRST_RUN_PERMISSION = "accounts.change_user"  # managers: it names colleagues
MACHINE_SECTION, COLLEAGUES_SECTION, CONTENT_SECTION = (
    gettext_lazy("The machine"),
    gettext_lazy("Colleagues"),
    gettext_lazy("What people read"),
)
MAX_NAMES_SHOWN = 5
MAX_BACKUP_AGE, MAX_RESTORE_AGE = timedelta(hours=36), timedelta(days=10)
# The cached number of red lines. It expires after three rounds, because then no worker runs.
RED_LINES_KEY, RED_LINES_PERIOD = "first-run-red-lines", timedelta(minutes=15)


class Light(models.TextChoices):
    """The state of a line. The value is the look of its tag (`state_tag`)."""

    GREEN = "good", gettext_lazy("Green: in order")
    AMBER = "waiting", gettext_lazy("Amber: look at this")
    RED = "stopped", gettext_lazy("Red: put this right")


@dataclass(frozen=True)
class Button:
    """A button that POSTs to this route."""

    label: str | Promise
    route: str


@dataclass(frozen=True)
class FirstRunCheck:
    """A line: how something stands and what to do, with a link to where to do it and a list of details."""

    label: str | Promise
    light: Light
    sentence: str
    href: str = ""
    link: str | Promise = ""
    details: tuple[str, ...] = ()
    buttons: tuple[Button, ...] = ()


# The request is None when a worker counts.
CheckFinder = Callable[[HttpRequest | None], Iterable[FirstRunCheck]]
_checks: list[tuple[str | Promise, str | Promise, CheckFinder]] = []


def register_first_run_check(section: str | Promise, label: str | Promise, find: CheckFinder) -> None:
    """For the admin module beside the feature. If `find` fails, a line with this `label` says so."""
    _checks.append((section, label, find))


def run_check(label: str | Promise, find: CheckFinder, request: HttpRequest | None) -> list[FirstRunCheck]:
    try:
        return list(find(request))
    except Exception as error:  # noqa: BLE001 - what is broken is what this page is for
        logger.error("The first-run check “%s” failed: %s", label, type(error).__name__)
        return [FirstRunCheck(label, Light.RED, _("This could not be checked. The site’s log says why."))]


def run_first_run_checks(request: HttpRequest | None = None) -> dict[str, list[FirstRunCheck]]:
    """All lines by section."""
    sections: dict[str, list[FirstRunCheck]] = {
        str(section): [] for section in (MACHINE_SECTION, COLLEAGUES_SECTION, CONTENT_SECTION)
    }
    for section, label, find in _checks:
        sections[str(section)] += run_check(label, find, request)
    return sections


def count_lights(sections: dict[str, list[FirstRunCheck]]) -> dict[Light, int]:
    """How many lines have each light. The number of red ones goes into the cache, for the first staff page."""
    lines = [line for each in sections.values() for line in each]
    figures = {light: sum(line.light is light for line in lines) for light in Light}
    with suppress(Exception):  # the cache may be down
        cache.set(RED_LINES_KEY, figures[Light.RED], RED_LINES_PERIOD.total_seconds())
    return figures


@shared_task(name="ctac.staff.first_run.count_red_lines")
def count_red_lines() -> None:
    count_lights(run_first_run_checks())


def get_red_line_count() -> int:
    """The last count. If it has expired, that counts as one red line."""
    with suppress(Exception):  # the cache may be down
        return int(cache.get(RED_LINES_KEY, 1))
    return 1


def first_run_figures(now: datetime) -> Iterator[figures.Figure]:
    """Figures for monitoring, from the cache and the notes of the backup."""
    made, tried = (read_backup_note(name) if settings.BACKUP_DIR else None for name in ("made.json", "tried.json"))
    yield figures.Figure("ctac_first_run_red_lines", "Red lines of the first-run check, as last counted.", get_red_line_count())
    made_at, tried_at = (figures.timestamp_seconds(note[1] if note else None) for note in (made, tried))
    yield figures.Figure("ctac_backup_made_timestamp_seconds", "When the last backup was made.", made_at)
    yield figures.Figure("ctac_backup_restored_timestamp_seconds", "When a backup was last restored, to try it.", tried_at)


figures.register(first_run_figures, asks_database=False)


@require_safe
def first_run_page(request: HttpRequest) -> HttpResponse:
    if not request.user.has_perm(FIRST_RUN_PERMISSION):
        raise PermissionDenied
    sections = run_first_run_checks(request)
    page = {"title": _("First-run check"), "sections": sections, "figures": count_lights(sections), "lights": Light}
    return TemplateResponse(request, "admin/first_run.html", {**staff_site.each_context(request), **page})


staff_site.add_page("first-run/", first_run_page, "first_run")
MENU_PAGES.append(MenuPage(gettext_lazy("Settings"), gettext_lazy("First-run check"), "staff:first_run", FIRST_RUN_PERMISSION))
# In a copy for development nearly all of it is red, and nobody minds.
RED_LINES_WAITING = WaitingLine(
    label=gettext_lazy("red lines of the first-run check"),
    one=gettext_lazy("red line of the first-run check"),
    count=get_red_line_count,
    address=lambda: reverse("staff:first_run"),
    permission=FIRST_RUN_PERMISSION,
)
if settings.PRODUCTION:
    staff_site.add_waiting(gettext_lazy("Settings"), RED_LINES_WAITING)


def names_text(names: Sequence[str]) -> str:
    """The first names, and how many more there are."""
    shown, more = ", ".join(names[:MAX_NAMES_SHOWN]), len(names) - MAX_NAMES_SHOWN
    return _("%(names)s and %(more)s more") % {"names": shown, "more": more} if more > 0 else shown


# The lines about the site and its machine.


def check_site_address(request: HttpRequest | None) -> Iterator[FirstRunCheck]:
    label, site = gettext_lazy("Address of the site"), settings.SITE_URL
    here = f"{request.scheme}://{request.get_host()}" if request else site
    if urlsplit(site).scheme != "https":
        sentence = _("Emails link to %(site)s. Set SITE_URL to the address that people type, beginning with https://.")
        yield FirstRunCheck(label, Light.RED, sentence % {"site": site})
    elif here != site:
        sentence = _(
            "Emails link to %(site)s, but you opened this page at %(here)s. Set SITE_URL to the address that people use."
        )
        yield FirstRunCheck(label, Light.AMBER, sentence % {"site": site, "here": here})
    else:
        yield FirstRunCheck(label, Light.GREEN, _("Emails link to %(site)s, where this site is open.") % {"site": site})


def check_processes(request: HttpRequest | None) -> Iterator[FirstRunCheck]:
    """Worker, beat, and the monitor outside."""
    now, label = timezone.now(), gettext_lazy("Worker")
    if ran_at := cache.get(health.TASK_RAN_KEY):
        sentence = _("A worker ran a task %(ago)s.") % {"ago": time_ago_text(ran_at, now)}
        yield FirstRunCheck(label, Light.GREEN, sentence)
    else:
        sentence = _("No worker has run a task for ten minutes. Start ctac-worker. If it runs, read its log.")
        yield FirstRunCheck(label, Light.RED, sentence)
    label = gettext_lazy("Beat, which asks the worker")
    if watched_at := cache.get(health.VISITS_WATCHED_KEY):
        sentence = _("Beat asks for a watch over visits every two minutes. The last one ended well %(ago)s.")
        yield FirstRunCheck(label, Light.GREEN, sentence % {"ago": time_ago_text(watched_at, now)})
    else:
        sentence = _("No watch over visits has ended well for six minutes. Start ctac-beat. If it runs, read the worker’s log.")
        yield FirstRunCheck(label, Light.RED, sentence)
    label, told_at = gettext_lazy("Monitor outside"), cache.get(health.MONITOR_TOLD_KEY)
    if not settings.WATCHER_PING_URL:
        sentence = _("WATCHER_PING_URL is empty. That is right only if a monitor elsewhere asks for /healthz/visits.")
        yield FirstRunCheck(label, Light.AMBER, sentence)
    elif told_at:
        sentence = _("We told the monitor %(ago)s that visits are watched over.") % {"ago": time_ago_text(told_at, now)}
        yield FirstRunCheck(label, Light.GREEN, sentence)
    else:
        sentence = _("The monitor has heard nothing from us for six minutes. Check WATCHER_PING_URL, and read the worker’s log.")
        yield FirstRunCheck(label, Light.RED, sentence)


def read_backup_note(name: str) -> tuple[str, datetime] | None:
    """Which backup it was and when, as deploy/backup.py (made.json) or deploy/check_restore.py (tried.json) wrote it."""
    try:
        note = json.loads((Path(settings.BACKUP_DIR) / name).read_text())
    except FileNotFoundError:
        return None
    return str(note["backup"]), datetime.fromisoformat(note["at"])


def check_backups(request: HttpRequest | None) -> Iterator[FirstRunCheck]:
    now, label = timezone.now(), gettext_lazy("Backup")
    made = read_backup_note("made.json") if settings.BACKUP_DIR else None
    if made is None:
        yield FirstRunCheck(label, Light.RED, _("There is no backup. Set BACKUP_DIR, and start ctac-backup.timer."))
    elif now - made[1] > MAX_BACKUP_AGE:
        sentence = _("The last backup is of %(day)s. Read the log of ctac-backup.") % {"day": format_day(uk_day(made[1]))}
        yield FirstRunCheck(label, Light.RED, sentence)
    else:
        sentence = _("The last backup was made %(ago)s.")
        yield FirstRunCheck(label, Light.GREEN, sentence % {"ago": time_ago_text(made[1], now)})
    label, tried = gettext_lazy("Restore"), read_backup_note("tried.json") if settings.BACKUP_DIR else None
    if tried is None:
        sentence = _("No backup has been restored to try it. Start ctac-check-restore.timer.")
        yield FirstRunCheck(label, Light.RED, sentence)
    else:
        is_old, day = now - tried[1] > MAX_RESTORE_AGE, format_day(uk_day(tried[1]))
        late = _("A backup was last restored on %(day)s. Read the log of ctac-check-restore.")
        sentence = late if is_old else _("A backup was restored on %(day)s, and was whole.")
        yield FirstRunCheck(label, Light.AMBER if is_old else Light.GREEN, sentence % {"day": day})


def check_readiness(request: HttpRequest | None) -> Iterator[FirstRunCheck]:
    """What /readyz tells a monitor."""
    trouble = tuple(f"{name}: {value}" for name, value in health.run_checks().items() if value != "ok")
    label = gettext_lazy("Database and outbox")
    if trouble:
        yield FirstRunCheck(label, Light.RED, _("Something that /readyz looks at is not in order."), details=trouble)
    else:
        yield FirstRunCheck(label, Light.GREEN, _("All that /readyz looks at is in order."))


register_first_run_check(MACHINE_SECTION, gettext_lazy("Address of the site"), check_site_address)
register_first_run_check(MACHINE_SECTION, gettext_lazy("Worker and beat"), check_processes)
register_first_run_check(MACHINE_SECTION, gettext_lazy("Database and outbox"), check_readiness)
register_first_run_check(MACHINE_SECTION, gettext_lazy("Backup and restore"), check_backups)
