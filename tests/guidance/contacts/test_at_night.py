"""At 4.40am as at 11am: which number answers now, by the clock and the bank holidays of the nation where the child is."""

from datetime import datetime

import pytest

from core.dates import Nation
from guidance.contacts.queries import Service, WhoToTell, is_office_time, numbers_by_answer

DAY, NIGHT = "0113 496 0001", "0113 496 0002"
POLICE = Service("Police", "101")
BY_DAY, AT_NIGHT = "Usually 9am to 5pm on working days", "At night, at weekends and on bank holidays"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("moment", "nation", "is_day"),
    [
        ("2027-01-12T10:00+00:00", Nation.ENGLAND, True),  # a Tuesday
        ("2027-01-12T10:00+00:00", "", True),
        ("2027-01-12T04:40+00:00", Nation.ENGLAND, False),
        ("2027-01-12T08:59:59+00:00", Nation.ENGLAND, False),
        ("2027-01-12T09:00+00:00", Nation.ENGLAND, True),
        ("2027-01-12T16:59:59+00:00", Nation.ENGLAND, True),
        ("2027-01-12T17:00+00:00", Nation.ENGLAND, False),
        ("2027-01-16T12:00+00:00", Nation.ENGLAND, False),  # Saturday
        ("2027-12-27T12:00+00:00", Nation.ENGLAND, False),  # for Christmas Day, a Saturday
        # Bank holidays of one nation alone: St Patrick's Day, 2 January's substitute, Liberation Day, Tynwald Day.
        ("2027-03-17T12:00+00:00", Nation.NORTHERN_IRELAND, False),
        ("2027-03-17T12:00+00:00", Nation.SCOTLAND, True),
        ("2027-01-04T12:00+00:00", Nation.SCOTLAND, False),
        ("2027-01-04T12:00+00:00", Nation.WALES, True),
        ("2028-05-09T12:00+01:00", Nation.JERSEY, False),
        ("2028-05-09T12:00+01:00", Nation.GUERNSEY, False),
        ("2028-05-09T12:00+01:00", Nation.ENGLAND, True),
        ("2027-07-05T12:00+01:00", Nation.ISLE_OF_MAN, False),
        ("2027-07-05T12:00+01:00", Nation.ENGLAND, True),
        # The clocks go forward on Sunday 28 March 2027: the days around it, where the Monday is Easter Monday but in Scotland.
        ("2027-03-25T09:00+00:00", Nation.SCOTLAND, True),
        ("2027-03-28T03:40+00:00", Nation.SCOTLAND, False),
        ("2027-03-29T07:59:59+00:00", Nation.SCOTLAND, False),
        ("2027-03-29T08:00+00:00", Nation.SCOTLAND, True),
        ("2027-03-29T08:00+00:00", Nation.ENGLAND, False),
        # They go back on Sunday 31 October 2027.
        ("2027-10-29T08:00+00:00", Nation.ENGLAND, True),
        ("2027-10-31T04:40+00:00", Nation.ENGLAND, False),
        ("2027-11-01T08:59:59+00:00", Nation.ENGLAND, False),
        ("2027-11-01T09:00+00:00", Nation.ENGLAND, True),
        ("2027-11-01T16:59:59+00:00", Nation.ENGLAND, True),
        ("2027-11-01T17:00+00:00", Nation.ENGLAND, False),
    ],
)
def test_the_number_by_day_answers_on_working_days_of_the_nation(moment: str, nation: str, is_day: bool) -> None:
    assert is_office_time(nation, at(moment)) is is_day


def numbers(children: Service, police: Service, *, night: bool, nation: str = Nation.ENGLAND) -> list[tuple[str, str, bool]]:
    """Of each number: it, its hours, and whether the reader is told what to say to whoever answers."""
    who = WhoToTell(nation, (Service("In immediate danger", "999"), children, police))
    now = at("2027-01-13T04:40+00:00" if night else "2027-01-13T11:00+00:00")
    return [(each.phone, each.hours, bool(each.what_to_say)) for each in numbers_by_answer(who, now)]


ALWAYS = ("101", "Day and night", False)
ASKED = ("101", "Day and night", True)


@pytest.mark.parametrize(
    ("phones", "by_day", "at_night"),
    [
        (
            (DAY, NIGHT),
            [(DAY, BY_DAY, False), ALWAYS, (NIGHT, AT_NIGHT, False)],
            [(NIGHT, AT_NIGHT, False), ALWAYS, (DAY, BY_DAY, False)],
        ),
        ((DAY, DAY), [(DAY, "Day and night", False), ALWAYS], [(DAY, "Day and night", False), ALWAYS]),
        ((DAY, ""), [(DAY, BY_DAY, False), ALWAYS], [ASKED, (DAY, BY_DAY, False)]),
        (("", NIGHT), [ASKED, (NIGHT, AT_NIGHT, False)], [(NIGHT, AT_NIGHT, False), ALWAYS]),
        (("", ""), [ASKED, ("", "", False)], [ASKED, ("", "", False)]),
    ],
)
def test_what_answers_now_comes_first_and_the_others_follow_with_their_hours(
    phones: tuple[str, str], by_day: list[tuple[str, str, bool]], at_night: list[tuple[str, str, bool]]
) -> None:
    children = Service("Children’s services, Leeds", *phones)
    assert (numbers(children, POLICE, night=False), numbers(children, POLICE, night=True)) == (by_day, at_night)


def test_police_with_a_number_of_their_own_for_the_night_are_called_on_it() -> None:
    police = Service("Police", "01534 612612", "01534 612613")
    assert numbers(Service("Children’s services"), police, night=True)[0] == ("01534 612613", AT_NIGHT, True)
    assert numbers(Service("Children’s services"), police, night=False)[0] == ("01534 612612", BY_DAY, True)


def test_an_island_without_a_number_has_names_alone() -> None:
    nobody = Service("Children’s services, Isle of Man"), Service("Isle of Man Constabulary")
    assert numbers(*nobody, night=True, nation=Nation.ISLE_OF_MAN) == [("", "", False)] * 2
