"""The bank holidays that are written down are those of the package, and the package is asked only beyond them."""

import os
import subprocess
import sys
from datetime import date

import pytest
from django.conf import settings

from ctac import working_days
from ctac.management.commands.write_bank_holidays import YEARS
from professionals.models import Nation

ENV = os.environ | {"DJANGO_SETTINGS_MODULE": "ctac.settings", "CTAC_ENV": "test"}


def test_every_nation_has_a_calendar() -> None:
    assert set(working_days.CALENDARS) == set(Nation.values)


@pytest.mark.parametrize("nation", working_days.CALENDARS)
def test_what_is_written_is_what_the_package_says(nation: str) -> None:
    for year in YEARS:
        assert working_days.bank_holidays(nation, year) == working_days.packaged(nation, year), year


def test_a_year_beyond_is_asked_of_the_package() -> None:
    beyond = YEARS[-1] + 1
    assert str(beyond) not in working_days.written()[working_days.OURS]
    assert date(beyond, 12, 25) in working_days.bank_holidays(working_days.OURS, beyond)


def test_looking_at_a_year_that_is_written_does_not_load_the_package() -> None:
    code = (
        "import sys, django; django.setup(); from ctac.working_days import is_bank_holiday; from datetime import date;"
        "assert is_bank_holiday(date(2027, 12, 27), 'england'); sys.exit('holidays' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=settings.BASE_DIR, check=False, capture_output=True, text=True, env=ENV
    )
    assert done.returncode == 0, done.stderr
