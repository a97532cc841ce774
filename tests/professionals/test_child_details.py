"""How often the detector is wrong, measured on notes as people write them, and how long it takes."""

import time
from collections import Counter
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
import time_machine

from core.models import REFERENCE_PREFIXES
from privacy import services as privacy_services
from privacy.models import Breach, Complaint
from professionals.safeguarding.child_details import MAX_CHARACTERS_READ, is_nhs_number, looks_like_child_details
from professionals.safeguarding.vocabulary import MAX_WEIGHT_BY_KIND, MIN_TOTAL_WEIGHT

pytestmark = pytest.mark.usefixtures("in_january")

NOTES = Path(__file__).parent / "child_notes"


@dataclass(frozen=True)
class Note:
    """One line of a table. A tilde stands for a new line of the note."""

    of_a_child: bool
    why: str
    words: str


def notes(table):
    lines = [line for line in (NOTES / table).read_text().splitlines() if line and not line.startswith("#")]
    parts = [line.split(" | ", 2) for line in lines]
    assert {verdict for verdict, _why, _words in parts} == {"child", "plain"}
    return [Note(verdict == "child", why, words.replace("~", "\n")) for verdict, why, words in parts]


@pytest.fixture(autouse=True)
def in_january():
    with time_machine.travel("2027-01-12 10:00+00:00", tick=False):
        yield


# Shares of the notes of a child and of the others. What is held out is harder on purpose: 8 of its 79 notes of a child are missed
# and 2 of its 111 others stopped; of the tuned ones 1 of 296 and 6 of 641. What people type in a hurry is harder still: of those
# tuned 2 of 175 are missed and 1 of 176 stopped, of those held out 16 of 50 and none of 50. One more of any of them fails.
@pytest.mark.parametrize(
    ("table", "at_least", "misses", "false_alarms"),
    [
        ("tuned.txt", 900, 0.005, 0.01),
        ("held_out.txt", 180, 0.102, 0.019),
        ("typed_in_a_hurry.txt", 350, 0.012, 0.006),
        ("held_out_later.txt", 100, 0.32, 0.0),
    ],
)
def test_how_often_it_is_wrong(table, at_least, misses, false_alarms, capsys):
    found = notes(table)
    assert len(found) == len({note.words for note in found}) >= at_least
    wrong = [note for note in found if looks_like_child_details(note.words) != note.of_a_child]

    figures = {kind: rate(wrong, found, of_a_child=kind) for kind in (True, False)}
    with capsys.disabled():
        print(f"\n{table}: misses {figures[True]}, false alarms {figures[False]}")  # noqa: T201
        for note in wrong:
            print(f"    {'missed' if note.of_a_child else 'false alarm'} ({note.why}): {note.words}")  # noqa: T201
    assert figures[True].share <= misses
    assert figures[False].share <= false_alarms


# Notes that are hard on purpose, every second one of which no rule was tuned on. Before any rule was changed for them, 37 of 100
# were found in the tuned half, and 5 of the 42 that were stopped were harmless. After that 91 and 2 of 93; in the half set aside,
# measured once, 63 and 8 of 71. Whoever tunes a rule on that half writes new notes to measure on.
@pytest.mark.parametrize(
    ("set_aside", "recall", "precision"), [(False, 0.91, 0.97), (True, 0.63, 0.88)], ids=["tuned", "set aside"]
)
def test_of_the_hard_notes_every_second_was_set_aside(set_aside, recall, precision, capsys):
    found = notes("hard.txt")[set_aside::2]
    assert Counter(note.of_a_child for note in found) == {True: 100, False: 100}
    stopped = [note for note in found if looks_like_child_details(note.words)]
    right = sum(note.of_a_child for note in stopped)
    with capsys.disabled():
        print(f"\nhard.txt, {'set aside' if set_aside else 'tuned'}: {right} found of 100, {len(stopped)} stopped")  # noqa: T201
    assert right / 100 >= recall
    assert right / len(stopped) >= precision


@dataclass(frozen=True)
class Rate:
    wrong: int
    of: int

    @property
    def share(self):
        return self.wrong / self.of

    def __str__(self):
        return f"{self.wrong} of {self.of} ({self.share:.1%})"


def rate(wrong, found, *, of_a_child):
    return Rate(sum(note.of_a_child is of_a_child for note in wrong), sum(note.of_a_child is of_a_child for note in found))


def test_no_note_is_in_two_tables():
    counted = Counter(note.words for table in NOTES.iterdir() for note in notes(table.name))
    assert [words for words, times in counted.items() if times > 1] == []


@pytest.mark.parametrize(
    "note",
    [
        "NHS\u00a0number\u00a0943\u00a0476\u00a05919",
        "NHS number 943‑476‑5919",
        "NHS number 943–476–5919",
        "NHS number ９４３ ４７６ ５９１９",
        "NHS number 943\u200b476\u200b5919",
        "Amina\u00adKhan\n\n\tdob  14/03/2012",
        "the child’s name is Amina",
        "a " + "very " * 2 + "quiet note, then a 15‐year‐old girl",
    ],
)
def test_how_a_keyboard_or_a_word_processor_writes_it_changes_nothing(note):
    assert looks_like_child_details(note) is True


def test_an_empty_note_tells_of_nobody():
    assert looks_like_child_details("") is False
    assert looks_like_child_details(" \n\u200b") is False


@pytest.mark.parametrize(
    ("digits", "is_one"),
    [("9434765919", True), ("9434765918", False), ("4010232137", True), ("1111111111", False), ("943476591", False)],
)
def test_the_check_digit_decides(digits, is_one):
    assert is_nhs_number(digits) is is_one
    assert looks_like_child_details(f"{digits} is on the list") is is_one


def test_a_date_in_a_note_counts_as_a_birthday_only_when_it_makes_a_child():
    assert looks_like_child_details(f"Amina Khan {date(2012, 3, 14):%d/%m/%Y}") is True
    assert looks_like_child_details(f"Amina Khan {date(1979, 3, 14):%d/%m/%Y}") is False


def test_a_date_to_come_is_nobodys_birth():
    assert looks_like_child_details("Amina Khan, born 14/03/2012") is True
    assert looks_like_child_details("Amina Khan, born 14/03/2028") is False


@pytest.mark.parametrize(
    "parts",
    [
        ["a girl at the clinic", "she has burns on her hand"],
        ["our new patient", "aged 15"],
        ["just 16", "and owes a man money"],
        ["we suspect something", "the lad downstairs"],
        ["about Amina", "year 8"],
    ],
)
def test_signs_count_together_and_none_of_them_alone(parts):
    assert [looks_like_child_details(part) for part in (" ".join(parts), *parts)] == [True, False, False]
    far = "The room is on the second floor and there is coffee. " * 5
    assert looks_like_child_details(f"{parts[0]}. {far} {parts[1]}") is False
    assert max(MAX_WEIGHT_BY_KIND.values()) < MIN_TOTAL_WEIGHT


@pytest.mark.parametrize(
    "rest",
    [
        "was brought in last night by an older man, silent and frightened",
        "has been missing since Monday and we are worried about debts and drugs",
        "told me that his name is Tom Green and he was beaten again",
    ],
)
def test_without_a_child_or_an_age_below_18_nothing_adds_up(rest):
    assert looks_like_child_details(f"Our driver {rest}") is False
    assert looks_like_child_details(f"Our driver, 34, {rest}") is False
    assert looks_like_child_details(f"The boy {rest}") is True
    assert looks_like_child_details(f"Somebody who is about 14 {rest}") is True


def test_child_before_a_subject_is_no_child_but_before_what_happened_to_one():
    subject = "exploitation, debt bondage and drugs"
    assert looks_like_child_details(f"child criminal {subject}") is False
    assert looks_like_child_details(f"boy, criminal {subject}") is True
    assert looks_like_child_details("a child was criminally exploited and carries drugs") is True


def test_a_student_of_an_adults_age_is_no_child():
    rest = "will not say where she lives and her name is Priya Shah"
    assert looks_like_child_details(f"A student, 19, {rest}") is False
    assert looks_like_child_details(f"A student, 15, {rest}") is True
    assert looks_like_child_details(f"A student {rest}") is True


@pytest.mark.parametrize(
    ("kind", "is_paid_by_it"),
    [
        ("PO number for the", True),
        ("cost code", True),
        ("Invoice for the", True),
        ("Order number of the", True),
        ("Please ring me about the", False),
        ("Care order no, see the", False),
        ("The number of the", False),
    ],
)
def test_what_a_hospital_pays_by_is_no_reference_of_a_patient(kind, is_paid_by_it):
    assert looks_like_child_details(f"{kind} hospital 4500123456") is not is_paid_by_it


@pytest.mark.parametrize("prefix", REFERENCE_PREFIXES)
@pytest.mark.parametrize("said", ["case ref {}", "client ref: {}", "my referral number is {}", "police reference {}"])
def test_a_reference_of_ours_is_none_of_a_child(prefix, said):
    for ours in (f"{prefix}-2346-79", f"{prefix}-7Q4M-2F", f"{prefix} 234679", f"{prefix}7q4m2f".lower()):
        assert looks_like_child_details(said.format(ours)) is False
    assert looks_like_child_details(said.format(f"{prefix}-1234-56")) is True  # 1 and 5 are in none of ours
    assert looks_like_child_details(said.format(f"{prefix}-2346-791")) is True


def test_initials_and_a_name_are_no_reference_of_ours():
    assert looks_like_child_details("DB Rahman 14/03/2012") is True


def test_every_kind_of_reference_that_we_give_is_known_as_ours():
    assert {
        Complaint.REFERENCE_PREFIX,
        Breach.REFERENCE_PREFIX,
        privacy_services.breach_reference("a form")[:2],
    } <= set(REFERENCE_PREFIXES)


@pytest.mark.parametrize(
    ("note", "is_of_a_child"),
    [
        ("crime reference MPS 6543210/26", True),
        ("gmp 12345/26", True),
        ("Kent 2026/27", False),
        ("case ref PO 4500123456", False),
        ("URN: 4567/26", True),
        ("URN: 123456", False),
        ("URN: 2612345", False),
        ("hospital number 0113 243 2799", False),
        ("hospital number 0113243", True),
    ],
)
def test_whose_number_it_is_decides(note, is_of_a_child):
    """A school's URN has six digits (Get Information about Schools), a home's or a nursery's seven (Ofsted)."""
    assert looks_like_child_details(note) is is_of_a_child


@pytest.mark.parametrize(
    ("note", "is_of_a_child"),
    [
        ("amina khan 14/03/2012", True),
        ("14/03/2012 amina khan", True),
        ("Khan, Amina 14-03-2012", True),
        ("saw AK 14.3.12", True),
        ("amina khan 14/03/2025", False),
        ("Khan, Amina 14/03/2025", False),
        ("fire drill 14/03/2012", False),
        ("the amina khan 14/03/2012", False),
        ("dob 140312", True),
        ("code 140312", False),
    ],
)
def test_a_name_in_small_letters_counts_beside_a_date_long_past(note, is_of_a_child):
    assert looks_like_child_details(note) is is_of_a_child


@pytest.mark.parametrize(
    ("note", "is_of_a_child"),
    [
        ("Linh is fifteen and was found in a flat", True),
        ("linh is fifteen and was found in a flat", True),
        ("Linh is on floor fifteen and was found at once", False),
        ("the course is fifteen and was found useful", False),
        ("G.K. is 16 and pregnant", True),
        ("GK is 16 and pregnant", True),
        ("GK is 16 miles away", False),
        ("AMU is 16 and full", False),
        ("K.L. (14)", True),
        ("TAs (14)", False),
        ("isla (13), missing overnight", True),
        ("isla (13), at the desk", False),
        ("isla 13 missing", True),
        ("rule 13, missing", False),
    ],
)
def test_a_name_or_initials_and_an_age(note, is_of_a_child):
    assert looks_like_child_details(note) is is_of_a_child


@pytest.mark.parametrize(
    ("note", "is_of_a_child"),
    [
        ("Worried about L, she is in my form group", True),
        ("Ring L about the room, she is in until 4", False),
        ("B told us that she will not go home", True),
        ("Bay B told us that she will not go home", False),
        ("W has gone missing and owes a man", True),
        ("Kayleigh-Mae (yr 10)", True),
        ("Miss Rees (yr 10)", False),
        ("Year 10 tutors", False),
        ("Tuesday 9 March", False),
        ("young Toby is back with his uncle", True),
        ("a young Labrador, he sleeps all day", False),
        ("the Marsh case: he has been seen begging", True),
        ("M (12;4)", True),
        ("from 12;40 on", False),
        ("Sister Okafor, ward 7B", False),
    ],
)
def test_a_story_of_initials_a_name_in_a_school_year_or_a_case_by_its_name(note, is_of_a_child):
    assert looks_like_child_details(note) is is_of_a_child


def test_what_is_said_in_general_or_of_ones_own_family_weighs_against():
    assert looks_like_child_details("a boy has burns and is silent") is True
    assert looks_like_child_details("what to do if a boy has burns and is silent") is False
    assert looks_like_child_details("the film in which a boy has burns was good") is False
    assert looks_like_child_details("my son has burns and I am at the hospital") is False


# Each is what one part of a pattern likes, again and again, so that a pattern that goes back would go back each time.
@pytest.mark.parametrize(
    "piece",
    [
        "a", "A", "Aa-", "Aa' ", "1", "12 ", "1-", "999 ", "943 476 591", "case ", "case-", "case of a ", "case ref ",
        "NRM ref: ", "NRM", "born ", "born on ", "b. ", "dob ", "d. o. b. ", "14/03/", "14 March ", "a 15 ", "15 year ",
        "aged 5 ", "he is ", "A.", "A. ", "AK ", "Amina ", "Amina, ", "re: ", "re: A. ", "child ", "child's name ",
        "worried about a ", "i am ",
        "one of our ", "my ", " ", "\n", "-", ".", "=", "#", "\u200b", "é", "ref 1", "AB 12 ", "1234-", "0113 ", "tel: ",
        "x is the ", "12/", "(14) ", "a child a child in ", "young ", "missing ", "i have a ", "i have a very ",
        "girl, is is is ", "one of our a b ", "two a b c ", "won't let her ", "'uncle ", "if a ", "says that he is ",
        "not a real ", "pt ", "1 y", "1y/", "AB12345", "girl 1", "under ", "born a b c ", "child's ",
        "po ", "cost code ", "po hospital 45001234 ", "hospital 45001234 ", "manager ", "manager a, ", "ask for ", "my mother ",
        "student from a, ", "student, 19 ", "child criminal ", "not in the ", "i need to be ",
        "amina khan ", "amina, khan ", "amina khan 1/1/12 ", "a b ", "A.B", "A.B. is ", "amina is ", "amina is just just ",
        "amina (1", "amina is 15 and ", "amina, 15, ", "amina - 15 - ", "just ", "crime ref MPS ", "case ref ref ", "MPS ",
        "mps ref ", "kent 123/", "urn ", "urn 01AB/", "urn 123/", "dob 14", "BK-234", "case BK-", "hospital no 01 1 ",
        "initials ", "one of year 9 ", "about L ", "L is ", "A. B. ", "A.'s ", "Amina (yr 1", "yr 1 Amina ", "young Amina ",
        "the Amina ", "12;4", "14y4", "M/1", ", nine",
    ],
)  # fmt: skip
def test_a_long_text_takes_little_longer_than_its_length(piece):
    """10,000 characters, more than any box takes: what needed the square of it would take many seconds."""
    assert seconds_for((piece * 10_000)[:10_000]) < 0.5


@pytest.mark.parametrize("piece", ["a", "1 y", "pt ", "Amina, ", "amina is 15 and ", "amina khan 1/1/12 "])
def test_so_does_the_longest_that_is_read(piece):
    assert seconds_for((piece * MAX_CHARACTERS_READ)[: MAX_CHARACTERS_READ * 2]) < 2


def seconds_for(text):
    """Of the processor's time."""
    began = time.process_time()
    looks_like_child_details(text)
    return time.process_time() - began


def test_what_is_longer_than_any_box_takes_is_not_read_to_its_end():
    assert looks_like_child_details("x " * MAX_CHARACTERS_READ + "NHS number 943 476 5919") is False
    assert looks_like_child_details("x " * 20_000 + "NHS number 943 476 5919") is True
