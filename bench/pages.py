"""Which pages there are, who looks at each, and which are not measured, and why: all from tests/routes.txt.

A route that is new to that file is measured (bench/scale.py, bench/addresses.py) unless a reason stands here
(tests/project/test_measured_pages.py).
"""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

FILE = Path(__file__).parent.parent / "tests" / "routes.txt"
HOST, PERSON = "nadia.rahman@leeds.nhs.uk", "person1@trust1.nhs.uk"  # of the sample, who has what is to come; of bench/sql
STAFF, PRESENTER = "staff@ctac.test", "presenter@ctac.test"
WHO = {"signed out": "", "owner": HOST, "manager": STAFF, "own presenter": STAFF, "colleague": PERSON}
# Whose the objects are is not the same for all: by how the route begins.
WHOSE = {"order": PERSON, "my_address": PERSON, "presenter_session": PRESENTER}
NO_PAGE = {"400", "403", "404", "405", "sign in", "2nd factor", "door"}  # what a route answers that is no page for this person

ORDERING = "an order, from the catalogue to the confirmation"
BOOKING = "a booking, from the first question to the confirmation"
IN_A_FLOW = {
    **dict.fromkeys(("order_delivery", "order_check"), ORDERING),
    **dict.fromkeys(("book_when", "book_check"), BOOKING),
}
# By name of the route, or how it begins and ends.
NOT_MEASURED = {
    "styleguide*": "only development has it, and it reads nothing",
    "staff:login": "leads on",
    "staff:logout": "leads on",
    "staff:password_change*": "leads on",
    "staff:save_view": "a name for the filters of a list; it counts a colleague's own",
    "staff:notifications_teammail_changelist": "leads on to the one row that there is",
    "account_change_password": "leads on to account_set_password for whoever has none",
    "account_complete_password_reset": "a step of signing in, which reads one account by its address",
    "account_confirm_login_code": "a step of signing in, which reads one account by its address",
    "account_email_verification_sent": "a step of signing up, which reads nothing but the session",
    "account_reauthenticate*": "sends a code, or leads on",
    "account_returned_mail": "one address's mark, which every page of its owner looks for",
    "account_sent_late": "a step of signing in, which reads nothing but the session",
    "mfa_authenticate": "a step of signing in, which reads one account's own rows",
    "mfa_login_webauthn": "a step of signing in, which reads nothing but the session",
    "mfa_reauthenticate*": "asks for the second factor again, from one account's own rows",
    "mfa_*_webauthn": "one passkey by its key; all of an account's are on mfa_list_webauthn",
    "book_start": "leads on to book_where",
    "booking_team_link": "a button of booking, which leads on",
    "staff:professionals_flaggedtext_*": "one text by its key, and the list of those few; only the safeguarding lead reads them",
    "booking_again": "leads on to book_where, with what one booking has in the draft",
    "book_details": "leads on to book_where",
    "book_dates": "the questions of a request; it reads the draft alone",
    "book_leaflets": "four titles to choose; it reads the draft and the catalogue, as /leaflets/ does",
    "booking_answer": "the form of booking_time's request, of one booking by its reference",
    "*_time_check": "a step after booking_time, of one booking by its reference",
    "booking_details_check": "a step after booking_details, of one booking by its reference",
    "mail_stop": "leads on to mail_choices",
    "order_again": "leads on to the basket",
    "presenter_slide_pdf": "drawn from one visit by its reference, and only while it is to come",
    "seat*": "one booking by its reference, as booking is; all that are near stand on the page presentations too",
    "order_missing": "one order by its reference, as order is",
}
# What bench/sql and the sample have no object of, so that there may be nothing to look at.
NO_OBJECT = {
    "staff:*_action *": "no row that is laid in has this button; others of its kind are the same view",
    "staff:bookings_journeytime_*": "a journey that staff typed, by its key",
    "staff:leaflets_missingparcel_*": "one order by its key, as order is",
    "staff:audit_export_*": "a file that was taken out, by its key; bench/exports.py measures the taking",
    "staff:leaflets_packingsession_*": "measured once bench/packing.py has started one",
    "staff:leaflets_recall_*": "no recall is laid in",
    "staff:leaflets_sheetimport_*": "a sheet that was read, by its key; bench/exports.py measures the reading",
    "staff:reach_report_*": "one report by its key, which keeps its own figures",
    **dict.fromkeys(("staff:text", "staff:version_preview", "staff:office_textversion_*"), "no wording of staff is laid in"),
    **dict.fromkeys(("staff:office_banner_*", "staff:office_closure_*", "staff:professionals_import_*"), "none is laid in"),
    "account_merge": "one merge by its key, as long as it waits",
    "staff:leaflets_stocktake_*": "as many lines as there are titles, which are as many on both sides",
}


def rows() -> Iterator[tuple[str, dict[str, str]]]:
    """Of each route, or route and button, what each kind of person is answered who asks for it by GET."""
    people: list[str] = []
    for line in FILE.read_text().splitlines():
        asked, *cells = (cell.strip() for cell in line.split("|"))
        if asked.startswith("#") and cells:
            people = cells
        elif asked.startswith("GET "):
            yield asked.removeprefix("GET ").strip(), dict(zip(people, cells, strict=True))


def is_page(answers: dict[str, str]) -> bool:
    return not set(answers.values()) <= NO_PAGE


def why_not(asked: str) -> str:
    """Why it is not measured by itself; empty if it is."""
    return IN_A_FLOW.get(asked, "") or reason(asked, NOT_MEASURED)


def reason(asked: str, reasons: dict[str, str]) -> str:
    """The first that is meant for this page; empty if none is."""
    return next((why for pattern, why in reasons.items() if fnmatchcase(asked, pattern)), "")


def who_looks(asked: str, answers: dict[str, str]) -> str | None:
    """The address of whoever looks, empty for nobody signed in; None if nobody of WHO is shown this page."""
    seen_by = next((name for name in WHO if answers[name] == "200"), None)
    if seen_by is None:
        return STAFF if is_button(asked) else None
    mine = seen_by != "signed out"
    return next((whose for start, whose in WHOSE.items() if mine and asked.startswith(start)), WHO[seen_by])


def is_button(asked: str) -> bool:
    """Of the staff site. That routes.txt has no page for it means only that its object there has no such button now."""
    return asked.startswith("staff:") and " " in asked


def measured() -> dict[str, str]:
    """Each page that is measured by itself, and who looks."""
    found = {asked: who_looks(asked, answers) for asked, answers in rows() if is_page(answers) and not why_not(asked)}
    return {asked: who for asked, who in found.items() if who is not None}


def forgotten() -> list[str]:
    """Pages that are neither measured nor left out for a reason."""
    return [asked for asked, answers in rows() if is_page(answers) and not why_not(asked) and who_looks(asked, answers) is None]
