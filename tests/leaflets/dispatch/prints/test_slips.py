"""Packing slips, opened: one parcel on its own pages, a code that a phone reads, an address where the window is, a structure."""

from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pytest
import zxingcpp
from django.utils import translation

from core.dates import format_day
from core.pdf.typesetting import charity_line
from leaflets.dispatch.prints import Slip, SlipItem
from leaflets.dispatch.slips import WINDOW_BOTTOM, WINDOW_LEFT, WINDOW_RIGHT, WINDOW_TOP, packing_slips
from office.site_settings.queries import advice_hours, site_settings
from tests.leaflets.dispatch.prints.reading import Read, every, ink
from tests.leaflets.tagged import drawn_outside, page_streams, spoken

ADDRESS = ["Siân Ŵyn-Łukasz Nguyễn", "Health Visiting Team", "Ysbyty Gwynedd", "Penrhosgarnedd", "Bangor", "LL57 2PW"]
HEALTH_VISITORS, ABUSE = "Stop child trafficking in its tracks: advice for health visitors", "Child trafficking is child abuse"
ITEMS = (SlipItem(HEALTH_VISITORS, "March 2026", 20), SlipItem(ABUSE, "Sample edition, March 2026", 1, 15))


def slip(number: int = 12, items: tuple[SlipItem, ...] = ITEMS, address: list[str] = ADDRESS, note: str = "") -> Slip:
    reference = f"LO-{number:04}-PT"
    url = f"https://ctac.example/leaflets/orders/{reference}/"
    return Slip(number, reference, url, date(2027, 3, 9), address, items, note)


def many(count: int) -> tuple[SlipItem, ...]:
    return tuple(SlipItem(f"{HEALTH_VISITORS}, number {place}", "March 2026", place) for place in range(1, count + 1))


def test_a_slip_says_what_is_in_the_parcel_what_is_to_come_and_whom_to_call(now: datetime) -> None:
    with Read(packing_slips([slip(note="It replaces a parcel that never came.")], made_at=now)) as read:
        (text,) = read.texts()
    for said in (
        "Parcel 12",
        "LO-0012-PT",
        "Ordered on Tuesday 9 March 2027",
        ", ".join(ADDRESS),
        "https://ctac.example/leaflets/orders/LO-0012-PT/",
        f"20 {HEALTH_VISITORS} March 2026",
        f"1 {ABUSE} Sample edition, March 2026",
        "21 in all, of 2 leaflets",
        "We did not have these in stock. We will post them as soon as we do. You don’t need to do anything.",
        f"15 copies of “{ABUSE}”",
        "It replaces a parcel that never came.",
        "Thank you",
        f"{site_settings().advice_phone}, {advice_hours()}. Please say LO-0012-PT.",
        "If you are worried about a child If a child is in immediate danger, call 999.",
        charity_line(),
        "Page 1 of 1",
    ):
        assert said in text


def test_what_is_not_needed_is_not_said(now: datetime) -> None:
    one, later = (
        slip(1, (SlipItem(ABUSE, "March 2026", 5),)),
        slip(2, (SlipItem(ABUSE, "March 2026", 0, 5), SlipItem("Other", "", 2))),
    )
    with Read(packing_slips([one, later], made_at=now)) as read:
        first, second = read.texts()
    assert ("Still to come" in first, "in all" in first) == (False, False)
    assert (f"0 {ABUSE}" in second, f"5 copies of “{ABUSE}”" in second, "2 Other" in second) == (False, True, True)


def test_a_phone_reads_the_code_of_each_slip(now: datetime) -> None:
    slips = [slip(number) for number in (1, 2, 200)]
    with Read(packing_slips(slips, made_at=now)) as read:
        found = [zxingcpp.read_barcodes(read.picture(page, 75)) for page in range(3)]
    assert [[code.text for code in codes] for codes in found] == [[each.url] for each in slips]


def test_no_two_parcels_share_a_page_and_a_long_one_says_where_it_goes_on(now: datetime) -> None:
    slips = [slip(number, many(items)) for number, items in enumerate((1, 13, 14, 15, 16, 18, 40, 3), start=101)]
    with Read(packing_slips(slips, made_at=now)) as read:
        texts = read.texts()
    pages: dict[str, list[str]] = {each.reference: [] for each in slips}
    for text in texts:
        (reference,) = [each.reference for each in slips if each.reference in text]
        pages[reference].append(text)
    assert [text for found in pages.values() for text in found] == texts  # in their order
    for each in slips:
        found = pages[each.reference]
        for number, text in enumerate(found, start=1):
            assert f"Parcel {each.number}" in text
            assert f"Page {number} of {len(found)}" in text
            goes_on = "see the next page" in text or "read the next page" in text
            assert goes_on == (number < len(found))
            assert ("Copies Leaflet Edition" in text) == ("March 2026" in text)
        listed = [item for item in each.items if sum(f" {item.copies} {item.title} March" in text for text in found) == 1]
        assert listed == list(each.items)
    assert sorted({len(found) for found in pages.values()}) == [1, 2, 4]
    assert max(len(pages[each.reference]) for each in slips[:6]) == 2


def test_a_window_shows_the_address_and_nothing_else(now: datetime) -> None:
    with Read(packing_slips([slip()], made_at=now)) as read:
        window = (WINDOW_LEFT, WINDOW_TOP, WINDOW_RIGHT, WINDOW_BOTTOM)
        left, top, right, bottom = ink(read.picture(0), window)
        assert read.text_in(0, window) == ", ".join(ADDRESS)
    # However the sheet slips about: a DL shows 57 to 81 mm of it for certain, and 20 to 100 mm across.
    assert (left >= 20, top >= 57, right <= 100, bottom <= 82) == (True, True, True, True)


@pytest.mark.parametrize("address", [["Long " * 30] * 6 + ["LL57 2PW"], ["x" * 200] * 3, []], ids=["words", "one word", "none"])
def test_an_address_of_any_length_is_whole_and_covers_nothing(now: datetime, address: list[str]) -> None:
    with Read(packing_slips([slip(address=address)], made_at=now)) as read:
        lowest = ink(read.picture(0), (WINDOW_LEFT, WINDOW_TOP, WINDOW_RIGHT, 130))
        text = "".join(read.texts())
    assert "".join("".join(address).split()) in "".join(text.split()).replace(",", "")
    assert "In this parcel" in text
    assert lowest is not None


def test_a_name_in_another_script_is_printed_in_latin_letters_and_read_as_it_was_written(now: datetime) -> None:
    with Read(packing_slips([slip(address=["李华", "Leeds", "LS1 4AP"])], made_at=now)) as read:
        content, (text,) = read.content, read.texts()
    assert ("P", "李华, Leeds, LS1 4AP") in spoken(content)
    assert "?" not in text.replace("wrong?", "").replace("asked for?", "")


def test_a_screen_reader_finds_headings_a_table_and_what_the_code_is(now: datetime) -> None:
    with Read(packing_slips([slip(), slip(13, many(20))], made_at=now)) as read:
        trees = [read.tree(number) for number in range(len(read.document))]
        content = read.content
    for needed in (b"/Lang (en-GB)", b"/Marked true", b"/DisplayDocTitle true", b"/Title (Packing slips)"):
        assert needed in content
    for needed in (b"/PrintScaling /None", b"/Duplex /Simplex"):  # the window fits; two parcels never share a sheet
        assert needed in content
    tree = trees[0]
    assert [kind for kind, *_ in tree if kind.startswith("H")] == ["H1", *["H2"] * 5]
    (figure,) = every(tree, "Figure")
    assert (
        figure[1]
        == "Code to scan with a phone. It opens the page of this order, https://ctac.example/leaflets/orders/LO-0012-PT/"
    )
    (table,) = every(tree, "Table")
    rows = [[kind for kind, *_ in row] for _kind, _alt, row in table[2]]
    assert rows == [["TH"] * 3, ["TD"] * 3, ["TD"] * 3, ["TD"] * 2]
    assert content.count(b"/Scope /Column") == 3 * 3
    assert [len(list(every(tree, "Table"))) for tree in trees] == [1, 1, 1]
    assert [kind for kind, words in spoken(content) if words == "Your leaflets"] == ["H1", "H1"]


def test_whatever_is_drawn_is_an_element_or_decoration(now: datetime) -> None:
    with Read(packing_slips([slip(note="Note"), slip(13, many(20))], made_at=now)) as read:
        pages = [stream for stream in page_streams(read.content) if b"BDC" in stream]
    assert [drawn_outside(page) for page in pages] == [[], [], []]


def test_one_slip_among_many_is_found_by_its_bookmark(now: datetime) -> None:
    with Read(packing_slips([slip(1), slip(2, many(30)), slip(3)], made_at=now)) as read:
        marks = [(mark.get_title(), mark.get_dest().get_index()) for mark in read.document.get_toc()]
        pages = len(read.document)
    assert marks == [("1: LO-0001-PT", 0), ("2: LO-0002-PT", 1), ("3: LO-0003-PT", pages - 1)]


def test_a_note_of_any_length_is_whole(now: datetime) -> None:
    words = " ".join(f"word{place}" for place in range(1_500))
    with Read(packing_slips([slip(note=words)], made_at=now)) as read:
        texts = read.texts()
    found = [word for text in texts for word in text.split() if word.startswith("word")]
    assert (found, len(texts) > 3) == (words.split(), True)


def test_nothing_is_printed_where_a_printer_cannot(now: datetime, change_settings: Any) -> None:
    change_settings(charity_name="A charity with a long name " * 6)
    slips = [slip(number, many(items), note="Some words. " * 20) for number, items in enumerate((1, 11, 12, 13, 14), start=1)]
    slips.append(replace(slips[0], who_to_tell=["Children’s services and the police where the parcel goes " * 3] * 3))
    with Read(packing_slips(slips, made_at=now)) as read:
        for number in range(len(read.document)):
            left, top, right, bottom = ink(read.picture(number, 72))
            assert (left > 15, top > 8, right < 195, bottom < 290) == (True, True, True, True)
            gap = ink(read.picture(number, 72), (0, 279.5, 210, 283.5))
            assert gap is None  # the foot stands clear of the text


def test_its_reader_reads_welsh_and_its_packer_english(now: datetime) -> None:
    with Read(packing_slips([replace(slip(), language="cy"), slip(13)], made_at=now)) as read:
        welsh, english = read.texts()
    ours = ("Your leaflets", "Still to come", "Thank you", "Is something wrong?", "If a child is in immediate danger, call 999.")
    with translation.override("cy"):
        theirs = [*map(translation.gettext, ours), advice_hours(), charity_line(), format_day(date(2027, 3, 9))]
    for said in theirs:
        assert said in welsh
        assert said not in english
    for said in ours:
        assert said in english
        assert said not in welsh
    for said in ("Parcel", "In this parcel", "in all, of 2 leaflets"):
        assert said in welsh
