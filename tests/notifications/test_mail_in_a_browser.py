"""Each sample of mail as Chromium draws it: no sideways scroll, and nothing that axe finds, on paper light and dark."""

from types import SimpleNamespace
from typing import Any

import pytest

from notifications.samples import all_samples
from tests.notifications.looking import Way, faults_of, opened

pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("live")]


@pytest.mark.parametrize("way", [Way(640), pytest.param(Way(320, "dark"), marks=pytest.mark.slow)], ids=str)
def test_every_mail_fits_and_axe_finds_nothing(browser: Any, way: Way) -> None:
    with opened(browser, way) as page:
        assert [fault for sample in all_samples() for fault in faults_of(page, sample, way)] == []


def test_what_one_email_has_is_not_found_in_the_next(browser: Any) -> None:
    """They are shown in one window, into which axe comes once."""

    def email(colour: str) -> Any:
        words = f'<h1>One</h1><p style="color: {colour}; background: #fff">Some words</p>'
        html = f'<html lang="en"><title>One</title><body><div class="page">{words}</div></body></html>'
        return SimpleNamespace(title=colour, html=html)

    with opened(browser, Way(640)) as page:
        found = [faults_of(page, email(colour), Way(640)) for colour in ("#000", "#ddd", "#111", "#eee")]
    assert [[fault.split(": ")[1] for fault in faults] for faults in found] == [[], ["color-contrast"], [], ["color-contrast"]]
