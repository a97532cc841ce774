"""The pick list, opened: every title once, a header on each page, totals at the end."""

from datetime import datetime

from leaflets.dispatch.prints import Pick
from leaflets.dispatch.sheets import pick_list
from tests.leaflets.dispatch.prints.reading import Read, every, ink
from tests.leaflets.tagged import drawn_outside, page_streams

HEADING = "Pick list for Thursday 26 November 2026"
HEADS = "Copies Leaflet Edition Orders"


def picks(count: int) -> list[Pick]:
    return [
        Pick(f"Stop child trafficking in its tracks: advice for people of kind {place}", "March 2026", 1_000 + place, place)
        for place in range(1, count + 1)
    ]


def test_it_says_what_to_take_and_how_much_it_is_in_all(now: datetime) -> None:
    with Read(pick_list(picks(3), heading=HEADING, made_at=now)) as read:
        (text,) = read.texts()
    assert text.startswith(f"{HEADING} Made on ")
    assert HEADS in text
    for pick in picks(3):
        assert f"{pick.copies:,} {pick.title} March 2026 {pick.orders}" in text
    assert "3,006 copies in all, of 3 leaflets" in text
    assert text.endswith("Page 1 of 1")


def test_each_page_has_the_head_and_its_number_and_each_title_stands_once(now: datetime) -> None:
    for count in range(10, 46):
        with Read(pick_list(picks(count), heading=HEADING * (1 + count % 5), made_at=now)) as read:
            texts = read.texts()
            pictures = [read.picture(number, 72) for number in range(len(texts))]
        assert [ink(picture, (0, 279, 210, 283.5)) for picture in pictures] == [None] * len(texts)  # the foot stands clear
        everything = " ".join(texts)
        assert [everything.count(f"{pick.copies:,} {pick.title} March") for pick in picks(count)] == [1] * count
        assert [text.count(HEADS) for text in texts] == [1] * len(texts)
        assert [text[-len("Page 1 of 1") :] for text in texts] == [f"Page {n} of {len(texts)}" for n in range(1, len(texts) + 1)]
        assert [f"of {count} leaflets" in text for text in texts] == [False] * (len(texts) - 1) + [True]
        assert "advice for people" in texts[-1]  # the totals are never alone


def test_a_day_without_anything_to_pick_says_so(now: datetime) -> None:
    with Read(pick_list([], heading=HEADING, made_at=now)) as read:
        (text,) = read.texts()
    assert ("There is nothing to pick." in text, HEADS in text) == (True, False)


def test_it_is_a_table_to_a_screen_reader_and_stays_inside_the_paper(now: datetime) -> None:
    with Read(pick_list(picks(30), heading=HEADING, made_at=now)) as read:
        content = read.content
        for number in range(len(read.document)):
            (table,) = every(read.tree(number), "Table")
            kinds = [[kind for kind, *_ in row] for _kind, _alt, row in table[2]]
            assert kinds[0] == ["TH"] * 5
            assert {len(row) for row in kinds[1:]} <= {5, 3}
            left, top, right, bottom = ink(read.picture(number, 72))
            assert (left > 10, top > 8, right < 200, bottom < 290) == (True, True, True, True)
        assert [kind for kind, *_ in read.tree(0)][:3] == ["H1", "P", "Table"]
    assert [drawn_outside(page) for page in page_streams(content) if b"BDC" in page] == [[], [], []]
    for needed in (b"/Lang (en-GB)", b"/Marked true", HEADING.encode()):
        assert needed in content


def test_words_that_are_too_long_for_their_column_wrap_and_cover_nothing(now: datetime) -> None:
    rows = [Pick("An extraordinarily long title " * 8, "A label of an edition that nobody would choose", 99_999, 1_000)] * 2
    with Read(pick_list(rows, heading=HEADING * 4, made_at=now)) as read:
        (text,) = read.texts()
        assert text.count("99,999 An extraordinarily long title") == 2
        assert "".join(read.text_in(0, (0, 0, 210, 45)).split()).startswith("".join((HEADING * 4).split()))
