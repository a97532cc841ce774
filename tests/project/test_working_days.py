"""The bank holidays that are written down are those of the package, for all the years that anybody plans for."""

import pytest
from django.utils import timezone

from core import dates
from ctac.management.commands.write_bank_holidays import YEARS, package_bank_holidays
from professionals.models import Nation


def test_every_nation_has_a_calendar() -> None:
    assert set(dates.HOLIDAY_CALENDARS) == set(Nation.values)


@pytest.mark.parametrize("nation", dates.HOLIDAY_CALENDARS)
def test_what_is_written_is_what_the_package_says(nation: str) -> None:
    for year in YEARS:
        assert dates.bank_holidays(nation, year) == package_bank_holidays(nation, year), year


def test_the_file_reaches_five_years_ahead() -> None:
    assert timezone.now().year + 5 in YEARS
    assert set(dates.bank_holiday_file()[dates.TEAM_NATION]) == {str(year) for year in YEARS}
    assert dates.bank_holidays(dates.TEAM_NATION, YEARS[-1] + 1) == frozenset()
