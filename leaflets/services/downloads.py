"""Counting downloads: a figure for each edition and day, nothing about who."""

import logging
import re
from datetime import date

from django.db import DatabaseError
from django.db.models import F

from leaflets.models import DownloadCount

logger = logging.getLogger(__name__)
# Programs that fetch what nobody has asked to read: they say so in the name that they give, or give none.
PROGRAMS = re.compile(
    r"bot\b|bot/|crawl|spider|slurp|scan|preview|monitor|fetch|headless|externalhit|curl|wget|python|java/|go-http|okhttp|libwww",
    re.IGNORECASE,
)


def is_a_program(name: str) -> bool:
    """`name`: the User-Agent that came with a request. It is looked at and forgotten."""
    return not name or PROGRAMS.search(name) is not None


def count_download(*, edition_id: int, day: date) -> None:
    """One more. A figure that can't be written is lost and logged; nobody's download fails for it."""
    try:
        DownloadCount.objects.update_or_create(
            edition_id=edition_id, day=day, defaults={"downloads": F("downloads") + 1}, create_defaults={"downloads": 1}
        )
    except DatabaseError:
        logger.warning("a download of edition %s was not counted", edition_id, exc_info=True)
