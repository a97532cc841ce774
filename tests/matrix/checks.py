"""What each answer of the matrix is read for: `wrong_with` says what a page, print, file or refusal has that it may not."""

import re
from collections.abc import Iterator

from django.utils.html import strip_tags

from audit.models import Act, Entry
from staff.site import staff_site
from tests.matrix.asking import Answer
from tests.matrix.people import EVERYBODY
from tests.matrix.table import read_table
from tests.matrix.tokens import forms_without_a_token
from tests.professionals.kept_rows import has_it

EXPECTED = {asked: dict(zip(EVERYBODY, cells, strict=False)) for asked, cells in read_table().items()}
WAYS_IN_AND_OUT = {"staff:login", "staff:logout", "staff:password_change", "staff:password_change_done"}
WORDS_FOR_SCRIPTS = "staff:jsi18n"
NOBODYS = {"staff:index", "staff:app_list"}  # the first page, and an app's list of lists
SHOWS_OTHERS = {"staff:professionals_person_action merge"}  # who may be the same: a row for each whose details are read
TAKE_ALARMS_ON = ("coordinator", "manager", "staff")
# Today has the alarms in its list; emails and pages as their readers see them stand in a frame; who is signed out sees none.
WITHOUT_A_BAR = {"staff:index", "mail_gallery_html", "staff:source_preview", "staff:version_preview", "staff:logout"}
BAR = '<section class="alarm alarm--bar alarm--open" aria-label="Alarm">'


def wrong_with(answer: Answer) -> Iterator[str]:
    """Nothing, if it is as it should be."""
    expected = EXPECTED[f"{answer.method} {answer.asked}"].get(answer.person, answer.cell)
    if answer.cell != expected:
        yield f"{answer.cell}, the table says {expected}"
    if answer.is_page and (forms := forms_without_a_token(answer.text, answer.url)):
        yield f"forms without a token: {forms}"
    if has_it(answer.text):
        yield "shows a text that waits for the safeguarding lead"
    if is_audited(answer):
        yield from wrong_with_rows(answer)
    if has_alarm_bar(answer) is not should_have_alarm_bar(answer):
        yield "an alarm bar too many or too few"


def is_audited(answer: Answer) -> bool:
    """Who has come through the door of the staff site, and what they ask for there."""
    unaudited = WAYS_IN_AND_OUT | {WORDS_FOR_SCRIPTS}
    return answer.url.startswith("/staff/") and answer.asked not in unaudited and answer.cell != "door"


def wrong_with_rows(answer: Answer) -> Iterator[str]:
    """There is one of this person's, in words; none where somebody who only looks is sent elsewhere."""
    acts = acts_expected(answer)
    own = [row for row in answer.rows if row.act in {*acts, Act.REFUSED}]
    if answer.asked in SHOWS_OTHERS and len({row.key for row in own}) == len(own):
        own = own[:1]
    if bool(acts) != (len(own) == 1) or {row.actor for row in own} - {answer.user}:
        yield f"rows of the audit: {[(row.act, row.actor) for row in answer.rows]}"
    for words in map(in_words, answer.rows):
        if not re.match("[A-Z]", words[0]) or re.search(r"_|Setting \d|jsi18n", " ".join(words)):
            yield f"a row that is not in words: {words}"


def acts_expected(answer: Answer) -> set[str]:
    response, to = answer.response, answer.response.headers.get("Location", "")
    if response.status_code >= 400:
        return {Act.REFUSED}
    if answer.asked in NOBODYS:
        return set()
    if response.headers.get("Content-Disposition"):
        return {Act.EXPORTED}
    if answer.method == "GET":
        return {Act.VIEWED, Act.EXPORTED} if response.status_code == 200 or "/staff/r/" in answer.url else set()
    if response.status_code == 200 or to.startswith("/account/"):
        return {Act.SENT, Act.EXPORTED}
    return {Act.ADDED, Act.CHANGED, Act.DELETED, Act.SENT}


def in_words(row: Entry) -> tuple[str, str]:
    """What the list of managers says of a row: about what, and its details."""
    shown = staff_site.get_model_admin(Entry)
    return strip_tags(shown.about(row)), shown.details(row)  # type: ignore[attr-defined]


def has_alarm_bar(answer: Answer) -> bool:
    return BAR in answer.text


def should_have_alarm_bar(answer: Answer) -> bool:
    """Of an alarm that nobody is on. Every page of the staff site has it, for those who may take it on."""
    sees = answer.person in TAKE_ALARMS_ON
    of_staff = answer.url.startswith("/staff/") or answer.asked == "styleguide_staff"
    return sees and of_staff and answer.is_page and answer.asked not in WITHOUT_A_BAR
