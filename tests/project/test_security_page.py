"""docs/security.md: it has what must be written down, and what it names as limits and times is what the settings say."""

import re
from datetime import timedelta
from pathlib import Path

from django.conf import settings

from leaflets.catalogue.services import MAX_PDF_BYTES
from staff import spreadsheets

PAGE = Path(settings.BASE_DIR) / "docs" / "security.md"
HEADINGS = [
    "Whom we defend against",
    "Where each defence stands",
    "Ways in",
    "What is checked where",
    "Files",
    "Keys and secrets",
    "With whom the site talks",
    "What is dear",
    "What is logged",
    "Libraries",
    "To report a hole",
    "After an incident",
    "What the tools say and we accept",
]


def test_the_page_has_what_the_checklist_asks_to_be_written_down():
    _start, *parts = re.split(r"^## (.+)$", PAGE.read_text(), flags=re.MULTILINE)
    sections = dict(zip(parts[::2], parts[1::2], strict=True))
    assert list(sections) == HEADINGS
    assert [name for name, words in sections.items() if len(words.split()) < 30] == []


def test_the_figures_on_the_page_are_those_of_the_code():
    text = PAGE.read_text()
    megabyte = 1024 * 1024
    assert f"{MAX_PDF_BYTES // megabyte} MB" in text
    assert f"{spreadsheets.MAX_UPLOAD_BYTES // megabyte} MB, unpacked {spreadsheets.MAX_UNPACKED_BYTES // megabyte} MB" in text
    assert f"a code lasts {settings.ACCOUNT_LOGIN_BY_CODE_TIMEOUT // 60} minutes" in text
    assert f"asks\nagain who it is after {settings.ACCOUNT_REAUTHENTICATION_TIMEOUT / 60:.0f} minutes" in text
    assert f"end after {minutes(settings.SESSION_IDLE)} without a page and after {hours(settings.SESSION_LONGEST)}" in text
    assert f"of staff after {minutes(settings.STAFF_SESSION_IDLE)} and {hours(settings.STAFF_SESSION_LONGEST)}" in text
    assert f"at least {settings.AUTH_PASSWORD_VALIDATORS[1]['OPTIONS']['min_length']} signs" in text


def minutes(time: timedelta) -> str:
    return f"{time.total_seconds() / 60:.0f} minutes"


def hours(time: timedelta) -> str:
    return f"{time.total_seconds() / 3600:.0f} hours"


def test_the_commands_after_an_incident_are_there():
    text = PAGE.read_text()
    assert [name for name in ("end_sessions", "reencrypt") if f"manage.py {name}" not in text] == []
