"""Each sample of mail as Chromium draws it: no sideways scroll, and nothing that axe finds, on paper light and dark."""

from typing import Any

import pytest

from notifications.samples import Sample, all_samples
from tests.journeys.visitor import AXE, RULES, RUN_AXE, TOO_WIDE

pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("live")]
# A mail is a part of the mail program's page, which has the landmarks: a second "main" in there would mislead.
NOT_FOR_MAIL = ("landmark-one-main", "region")


@pytest.fixture
def samples() -> list[Sample]:
    return all_samples()


@pytest.mark.parametrize(("width", "scheme"), [(640, "light"), (320, "dark")])
def test_every_mail_fits_and_axe_finds_nothing(samples: list[Sample], browser: Any, width: int, scheme: str) -> None:
    context = browser.new_context(viewport={"width": width, "height": 640}, color_scheme=scheme)
    page, found = context.new_page(), []
    for sample in samples:
        page.set_content(sample.html)
        found += [f"{sample.title} scrolls sideways"] if page.evaluate(TOO_WIDE) else []
        page.evaluate(AXE)
        violations = page.evaluate(RUN_AXE, RULES)
        found += [f"{sample.title}: {each}" for each in violations if not each.startswith(NOT_FOR_MAIL)]
    context.close()
    assert found == []
