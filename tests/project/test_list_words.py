"""What the lists of the staff site look for, and the periods that they offer."""

from datetime import date

import pytest

from professionals.models import Organisation, Person
from staff.lists import filter_by_words, parse_search_words, period_days, period_label, search_fragment, smaller_periods


@pytest.mark.django_db
def test_words_follow_whoever_writes_them() -> None:
    leeds = Organisation.objects.create(name="Leeds Trust")
    person = Person.objects.create(name="Sam O’Brien", email="sam@leeds.nhs.uk", phone="0113", organisation=leeds)
    Organisation.objects.filter(pk=leeds.pk).update(name="York Trust")
    person.refresh_from_db()
    assert person.searched == " sam o’brien sam@leeds.nhs.uk  york trust 0113 0113"
    stale = Person.objects.get(pk=person.pk)
    Person.objects.filter(pk=person.pk).update(name="Erased", email="", phone="")
    stale.save(update_fields=["searched"])  # an old copy brings nothing back
    person.refresh_from_db()
    assert "sam" not in person.searched


def test_what_is_looked_for() -> None:
    assert list(parse_search_words('Sam "LS1 4AP" - @')) == ["sam", "ls1 4ap"]


def test_periods_lead_from_years_to_days() -> None:
    first, last = date(2025, 11, 28), date(2026, 1, 2)
    assert smaller_periods("", first, last) == ["2026", "2025"]
    assert smaller_periods("2025", first, last) == ["2025-12", "2025-11"]
    assert smaller_periods("2025-11", first, last) == ["2025-11-30", "2025-11-29", "2025-11-28"]
    assert smaller_periods("2025-11-30", first, last) == smaller_periods("2020", first, last) == []
    assert period_days("2026-02") == (date(2026, 2, 1), date(2026, 2, 28))
    assert [period_days(wrong) for wrong in ("", "2026-13", "2026-02-30", "9999", "26")] == [None] * 5
    assert period_label("2026-11") == "November 2026"


@pytest.mark.parametrize(
    ("word", "piece"),
    [
        ("sam@leeds.nhs.uk", "sam@"),
        ("alessandra.featherstonehaugh@leeds.nhs.uk", "rstonehaugh@"),
        ("@leeds.nhs.uk", "@leeds.nhs.u"),
        ("featherstonehaugh", "featherstone"),
        ("bk-7q4m-2f", "bk-7q4m-2f"),
    ],
)
def test_the_index_is_asked_for_a_piece_of_a_long_word(word: str, piece: str) -> None:
    assert search_fragment(word) == piece


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("sam@leeds.nhs.uk", ["Sam"]),
        ("am@leeds.nhs", ["Sam"]),
        ("sam@leeds.nhs.net", []),
        ("feather%onehaugh", []),
        ("featherstonehaugh", ["Sam"]),
        ("featherstonehaus", []),
        ("@leeds.nhs.uk", ["Sam"]),
        ("@leeds.nhs.uk york", []),
    ],
)
def test_of_a_long_word_every_sign_must_be_there(typed: str, found: list[str]) -> None:
    trust = Organisation.objects.create(name="Featherstonehaugh Trust")
    Person.objects.create(name="Sam", email="sam@leeds.nhs.uk", organisation=trust)
    Person.objects.create(name="Other", email="other@york.nhs.uk")
    assert [person.name for person in filter_by_words(Person.objects.all(), typed)] == found
