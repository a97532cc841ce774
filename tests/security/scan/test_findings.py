"""What is judged when the tools have run: the reading of their reports and of the page that explains."""

import pytest

from . import wapiti
from .findings import HEADING, Accepted, Finding, accepted, unexplained

ENTRY = {"method": "POST", "path": "/f/HPQZRT/certificate/?x=1", "info": "No token", "level": 2, "parameter": None}
REPORT = {
    "vulnerabilities": {"Cross Site Request Forgery": [ENTRY, ENTRY | {"level": 0, "path": "/"}], "SQL Injection": []},
    "anomalies": {"Internal Server Error": [ENTRY | {"path": "/my/", "parameter": "name"}]},
    "infos": {"crawled_pages_nbr": 7},
}
FORGERY = Finding("wapiti", "Cross Site Request Forgery", "/f/HPQZRT/certificate/", 2, " No token")


def test_a_report_is_read_with_its_anomalies_and_without_queries():
    read = wapiti.read(REPORT)
    assert read.crawled == 7
    assert [(each.kind, each.where, each.level) for each in read.findings] == [
        ("Cross Site Request Forgery", "/", 0),
        ("Cross Site Request Forgery", "/f/HPQZRT/certificate/", 2),
        ("Internal Server Error", "/my/", 2),
    ]


@pytest.mark.parametrize(
    ("row", "left"),
    [
        (Accepted("wapiti", "Cross Site Request Forgery", "/f/*/certificate/", "because"), 0),
        (Accepted("wapiti", "Cross Site Request Forgery", "/f/*/", "because"), 1),
        (Accepted("wapiti", "SQL Injection", "/f/*/certificate/", "because"), 1),
        (Accepted("bandit", "Cross Site Request Forgery", "/f/*/certificate/", "because"), 1),
    ],
)
def test_only_a_row_for_this_kind_and_page_explains_a_finding(row, left):
    assert len(unexplained([FORGERY], [row])) == left


def test_what_is_informational_needs_no_row():
    assert unexplained([Finding("wapiti", "Fingerprint", "/", 0)], []) == []


def test_only_the_table_under_its_heading_counts():
    row = "| wapiti | SQL Injection | `/x/` | because it is so |"
    assert accepted(f"{row}\n\n{HEADING}\n\n{row}\n\n## After\n\n{row}\n") == [
        Accepted("wapiti", "SQL Injection", "/x/", "because it is so")
    ]


def test_every_row_of_the_page_says_why_in_a_sentence():
    assert [row for row in accepted() if len(row.why.split()) < 6] == []
    assert accepted()
