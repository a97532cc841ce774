"""Each sample of mail as Chromium draws it: no sideways scroll, and nothing that axe finds, on paper light and dark."""

from typing import Any

import pytest

from notifications.samples import all_samples
from tests.notifications.looking import Way, faults_of, opened

pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("live")]


@pytest.mark.parametrize("way", [Way(640), Way(320, "dark")], ids=str)
def test_every_mail_fits_and_axe_finds_nothing(browser: Any, way: Way) -> None:
    with opened(browser, way) as page:
        assert [fault for sample in all_samples() for fault in faults_of(page, sample, way)] == []
