"""`make security`: bandit and a scanner, which attacks a running copy signed out, as a professional and as staff.

Each run must have got in: the log of the site says which pages were answered and which forms were taken.
"""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from django.conf import settings

from . import our_code, running_site, wapiti
from .findings import Finding, accepted, unexplained

pytestmark = pytest.mark.skipif("SECURITY" not in os.environ, reason="runs in `make security` only")

PUBLIC = {"home", "about", "privacy", "leaflets", "leaflet", "presentations", "presentation", "sessions", "account_login"}
THEIRS = {"my", "account_details", "booking", "order", "my_addresses", "my_mail", "account_delete", "account_my_data"}
THEIRS |= {
    "account_email",
    "account_sessions",
    "mfa_list_webauthn",
    "mfa_add_webauthn",
    "mfa_edit_webauthn",
    "mfa_remove_webauthn",
}
STAFFS = {"staff:index", "staff:bookings_booking_changelist", "staff:bookings_booking_change", "staff:leaflets_order_changelist"}
STAFFS |= {"staff:professionals_person_changelist", "staff:notifications_notification_changelist"}
STAFFS |= {"staff:audit_entry_changelist", "staff:professionals_flaggedtext_change", "staff:professionals_flaggedtext_action"}
STAFFS |= {"staff:privacy_dataaction_changelist", "staff:privacy_retentionrun_changelist"}
STAFFS |= {"staff:professionals_person_action", "staff:accounts_user_action"}


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[running_site.Site]:
    with running_site.running(tmp_path_factory.mktemp("scan")) as running:
        yield running


def run(target: running_site.Site, run: wapiti.Run, folder) -> tuple[wapiti.Report, set[str], set[str]]:
    """The report, the routes whose pages were seen and those whose form was taken or answered."""
    target.forget()
    report = wapiti.scan(target.url, folder / "run", run)
    seen = target.seen()
    pages = {route for method, route, status in seen if method == "GET" and status == 200}
    sent = {route for method, route, status in seen if method == "POST" and status == 302}
    facts = (sum(seen.values()), report.crawled, len(pages), len(sent), len(report.findings))
    sys.stderr.write("\n%s requests; %s addresses found, %s pages seen, %s forms taken, %s findings\n" % facts)  # noqa: UP031
    return report, pages, sent


def judged(target: running_site.Site, findings: list[Finding]) -> None:
    assert unexplained(findings, accepted()) == []
    assert target.errors() == []


def test_signed_out(target, tmp_path):
    report, pages, sent = run(target, wapiti.Run(), tmp_path)
    judged(target, report.findings)
    assert pages >= PUBLIC
    assert report.crawled >= 60
    assert {"account_login", "account_reset_password", "basket_add", "book_where"} <= sent


def test_as_a_professional(target, tmp_path):
    session = target.sessions[running_site.PROFESSIONAL]
    also = tuple(target.pages[running_site.PROFESSIONAL])
    work = wapiti.Run(session=session, also=also, left_empty=("sure",), attack_seconds=14)
    report, pages, sent = run(target, work, tmp_path)
    judged(target, report.findings)
    assert pages >= THEIRS
    assert report.crawled >= 60
    assert {"account_details", "account_email", "mfa_edit_webauthn", "my_address_add", "session_place"} <= sent
    assert target.status("/my/", session) == 200, "it was signed out on the way"


def test_as_staff(target, tmp_path):
    session = target.sessions[running_site.STAFF]
    also, own = tuple(target.pages[running_site.STAFF]), (target.pages["own"] + "*",)
    work = wapiti.Run("/staff/", session, also, left_alone=own, crawl_seconds=75, attack_seconds=15)
    report, pages, sent = run(target, work, tmp_path)
    judged(target, report.findings)
    assert pages >= STAFFS
    assert len([route for route in pages if route.startswith("staff:")]) >= 40
    assert report.crawled >= 60
    assert [route for route in sent if route.startswith("staff:")] != []
    assert target.status("/staff/", session) == 200, "it was signed out on the way"


def test_control_the_scanner_finds_the_holes_of_a_weak_site(tmp_path):
    words = [sys.executable, "-m", "tests.security.scan.weak_site"]
    with subprocess.Popen(words, cwd=settings.BASE_DIR, stdout=subprocess.PIPE, text=True) as weak:
        try:
            url = f"http://127.0.0.1:{weak.stdout.readline().strip()}"
            report = wapiti.scan(url, tmp_path / "weak", wapiti.Run(crawl_seconds=10, modules=("xss", "csp", "http_headers")))
        finally:
            weak.terminate()
    kinds = {finding.kind for finding in unexplained(report.findings, accepted())}
    assert "Reflected Cross Site Scripting" in kinds


def test_bandit_finds_nothing_that_is_not_explained(tmp_path):
    findings, lines = our_code.bandit(*our_code.TOPS, folder=tmp_path)
    assert unexplained(findings, accepted()) == []
    assert lines > 20_000


def test_control_bandit_sees_a_shell(tmp_path):
    bad = tmp_path / "bad.py"
    bad.write_text("import subprocess\n\n\ndef run(words):\n    return subprocess.run(words, shell=True)\n")
    findings, _lines = our_code.bandit(str(bad), folder=tmp_path)
    assert [each.kind for each in unexplained(findings, accepted())] == ["B602"]
