"""`make emails`: every kind of email, with all its examples, as files in the folder emails under `var`, for a review.

Each as HTML, as plain text, as the file that a mail program opens, and as pictures: 600 points wide and as a phone shows it, on
light and on dark paper. Every picture is looked at too: what can't be right fails. Not a test by its name: it runs when asked.
"""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from notifications.samples import Sample, all_samples
from tests.notifications.awkward import WORDS, everybody_types
from tests.notifications.looking import WAYS, Way, faults_of, opened

FOLDER = Path(settings.BASE_DIR) / "var" / "emails"


def name_of(number: int, sample: Sample) -> str:
    return f"{number:03} {sample.kind}"


@pytest.fixture(scope="module", autouse=True)
def samples(django_db_setup: None, django_db_blocker: Any) -> list[Sample]:
    """Worded before there is a browser, in whose loop the database would be opened once more; and an empty folder for them."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    with django_db_blocker.unblock():
        return all_samples()


@pytest.fixture(scope="module", autouse=True)
def awkward(django_db_setup: None, django_db_blocker: Any) -> list[Sample]:
    """The first example of each kind, with all that people type in each awkward way."""
    worded: list[Sample] = []
    for how in WORDS:
        with django_db_blocker.unblock(), everybody_types(how):
            firsts = {sample.kind: sample for sample in reversed(all_samples())}
        worded += [replace(sample, kind=f"{kind} {how}") for kind, sample in firsts.items()]
    return worded


@pytest.mark.django_db  # what no test says that it needs, pytest-django doesn't make
def test_every_email_as_files(samples: list[Sample]) -> None:
    for number, sample in enumerate(samples, start=1):
        name = name_of(number, sample)
        (FOLDER / f"{name}.html").write_text(sample.html)
        (FOLDER / f"{name}.txt").write_text(f"{sample.subject}\n\n{sample.text}")
        (FOLDER / f"{name}.eml").write_bytes(sample.as_mail().message().as_bytes(linesep="\r\n"))


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_every_email_as_pictures(samples: list[Sample], browser: Any, way: Way) -> None:
    found = []
    with opened(browser, way) as page:
        for number, sample in enumerate(samples, start=1):
            found += faults_of(page, sample, way)
            page.screenshot(path=FOLDER / f"{name_of(number, sample)} {way}.png", full_page=True)
    assert found == []


def test_every_kind_with_awkward_words_as_a_phone_shows_it(samples: list[Sample], awkward: list[Sample], browser: Any) -> None:
    way = Way(390)
    with opened(browser, way) as page:
        found = []
        for sample in awkward:
            found += faults_of(page, sample, way, by_axe=False)
            page.screenshot(path=FOLDER / f"awkward {sample.kind} {way}.png", full_page=True)
    assert found == []
