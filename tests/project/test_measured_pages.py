"""No page is forgotten by `make scale`: each of tests/routes.txt is measured, or bench/pages.py says why not."""

from fnmatch import fnmatchcase

from bench import pages
from tests.matrix.table import read_table


def test_every_page_is_measured_or_left_out_for_a_reason() -> None:
    assert pages.forgotten() == []


def test_all_rows_of_the_table_are_read() -> None:
    assert {asked for asked, _answers in pages.rows()} == {
        " ".join(asked.split()[1:]) for asked in read_table() if asked.startswith("GET ")
    }


def test_no_reason_is_left_over() -> None:
    there = [asked for asked, answers in pages.rows() if pages.is_page(answers)]
    patterns = [*pages.IN_A_FLOW, *pages.NOT_MEASURED, *pages.NO_OBJECT]
    assert [pattern for pattern in patterns if not any(fnmatchcase(asked, pattern) for asked in there)] == []


def test_a_page_that_a_new_route_shows_is_measured() -> None:
    """By whoever is shown it; what nobody is shown is no page."""
    nobody = dict.fromkeys([*pages.WHO, "presenter"], "403")
    assert not pages.is_page(nobody)
    assert pages.is_page(nobody | {"owner": "302"})
    assert pages.who_looks("new", nobody | {"owner": "200", "manager": "200"}) == pages.HOST
    assert pages.who_looks("new", nobody | {"presenter": "200"}) is None  # forgotten() says so
