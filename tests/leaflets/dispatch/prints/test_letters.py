"""What names become on paper: themselves in every Latin letter, something to read in other scripts, never a question mark."""

import pytest
from fontTools.ttLib import TTFont
from hypothesis import given, settings, strategies as st

from core.pdf.typesetting import FONTS_DIR, UNPRINTABLE_SIGN, font_letters, printable_text


def test_bold_can_say_whatever_regular_can() -> None:
    faces = [set(TTFont(path).getBestCmap()) for path in FONTS_DIR.glob("*.ttf")]
    assert faces == [font_letters()] * 2


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
        ("\ue000 李\U00020bb6", f"{UNPRINTABLE_SIGN} Li{UNPRINTABLE_SIGN}"),
    ],
)
def test_a_name_in_any_script(name: str, printed: str) -> None:
    assert printable_text(name) == printed


@settings(max_examples=200)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_whatever_is_typed_can_be_drawn(text: str) -> None:
    printed = printable_text(text)
    assert {letter for letter in printed if ord(letter) not in font_letters()} == set()
    assert printable_text(printed) == printed


@settings(max_examples=200)
@given(st.text(st.characters(categories=["L"]), min_size=1, max_size=40))
def test_no_letter_becomes_a_question_mark_or_nothing(text: str) -> None:
    printed = printable_text(text)
    assert ("?" in printed, printed == "") == (False, False)
