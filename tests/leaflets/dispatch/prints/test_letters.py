"""What names become on paper: themselves in every Latin letter, something to read in other scripts, never a question mark."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leaflets.pdf import UNPRINTABLE, PrintPdf, printable


@pytest.fixture(scope="module")
def letters(paper: PrintPdf) -> dict[int, str]:
    assert paper.faces[False].cmap.keys() == paper.faces[True].cmap.keys()  # bold can say whatever regular can
    return paper.faces[False].cmap


@pytest.mark.parametrize(
    ("name", "printed"),
    [
        ("Siân Ŵyn-Łukasz Nguyễn ŷ Ỳ Ẅ ẁ", "Siân Ŵyn-Łukasz Nguyễn ŷ Ỳ Ẅ ẁ"),
        ("Ŵ written in two", "Ŵ written in two"),
        ("Þórður Đặng Ğülşen Čapek Øystein Œuvre ẞ Ș", "Þórður Đặng Ğülşen Čapek Øystein Œuvre ẞ Ș"),
        ("Νίκος Ивановић", "Νίκος Ивановић"),
        ("“O’Neill” – £5 …", "“O’Neill” – £5 …"),
        ("李华", "LiHua"),
        ("محمد عبد الله", "Mhmd 'bd Llh"),
        ("שלום Cohen", "Slvm Cohen"),
        ("😀 Ann\u200b\u202eie\x00", ":grinning: Annie"),
        ("two\r\n\tlines", "two lines"),
        ("\ue000 李\U00020bb6", f"{UNPRINTABLE} Li{UNPRINTABLE}"),
    ],
)
def test_a_name_in_any_script(letters: dict[int, str], name: str, printed: str) -> None:
    assert printable(name, letters) == printed


@settings(max_examples=200)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_whatever_is_typed_can_be_drawn(letters: dict[int, str], text: str) -> None:
    printed = printable(text, letters)
    assert {letter for letter in printed if ord(letter) not in letters} == set()
    assert printable(printed, letters) == printed


@settings(max_examples=200)
@given(st.text(st.characters(categories=["L"]), min_size=1, max_size=40))
def test_no_letter_becomes_a_question_mark_or_nothing(letters: dict[int, str], text: str) -> None:
    printed = printable(text, letters)
    assert ("?" in printed, printed == "") == (False, False)
