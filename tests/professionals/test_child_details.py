"""What the detector stops, and what it must let through: notes as people write them."""

from datetime import date

import pytest
import time_machine

from professionals.child_details import is_nhs_number, looks_like_child_details

pytestmark = pytest.mark.usefixtures("in_january")

TELLS_OF_A_CHILD = [
    "NHS number 943 476 5919",
    "nhs no: 9434765919",
    "Her number is 943-476-5919, please look her up",
    "NHS number is 943 476 5910",  # mistyped, but said to be one
    "CHI 0101119917",
    "Amina Khan, 14/03/2012, is in our care",
    "Amina Khan dob 14.3.12",
    "DOB: 14/03/2012",
    "D.O.B. 3-11-2014",
    "date of birth is 3 November 2014",
    "She was born on 14 March 2012 in Hanoi",
    "born in 2011, came alone",
    "A.K. 14/03/2012",
    "Nguyen Van Minh 2010-06-05",
    "14/03/2012 Amina Khan",
    "It is about a 15 year old girl from Vietnam",
    "We are worried about a 14yo boy",
    "a 16-year-old Albanian lad",
    "the child is aged 9",
    "the girl, aged 15, went missing",
    "Linh, aged 14, was found at the port",
    "Linh (14 years old) needs advice",
    "this concerns the case of a missing child",
    "Case of Linh, please call",
    "case of a young person who went missing",
    "Case ref LCS1234567",
    "case number: 2026/00123",
    "Crime ref 42/12345/26",
    "crime reference number 13240056789",
    "police ref 20/567890/26",
    "NRM ref 2026-004512",
    "Mosaic ID 1234567",
    "Social care ref 445566",
    "CAD 4521 of today",
]

TELLS_OF_NONE = [
    "",
    "Step-free access please, two wheelchair users",
    "One colleague needs a hearing loop",
    "We need a British Sign Language interpreter",
    "In case of fire we gather in the car park",
    "In case of emergency ring reception on 0113 496 0000",
    "in the case of late arrival, use the side door",
    "We would like a case of leaflets",
    "Call me on 07700 900123 when you arrive",
    "Tel 0161 496 0123 ext 4021",
    "My mobile is +44 7700 900982",
    "Ring 7700 900 118 on the day",
    "PO number 4500012345",
    "Purchase order 4500123457 must be on the parcel",
    "Cost centre 4500123457",
    "Our team works with children aged 5 to 11",
    "We see young people aged 11-19",
    "Training for staff who work with 16 and 17 year olds",
    "Year 7 pupils, aged 11 and 12, will not be in the room",
    "Please bring leaflets for health visitors and for A&E",
    "Tuesday 9 March 2027 at 1:30pm suits us best",
    "We could do 12/03/2027 or 19/03/2027",
    "Sam Taylor will meet you on 12/03/2027",
    "Jane Smith, 09/02/2027, 1.30pm",
    "Our last session was on 14/03/2024",
    "Since Monday 3 June 2024 we are in the new building",
    "Fire Safety 03/02/2020 certificate is on the wall",
    "Ofsted Inspection 12/05/2023",
    "Room 3.12, second floor, Park House",
    "Postcode LS1 4AP, opposite the church",
    "Parking permit needed, vehicle registration AB12 CDE",
    "Please quote booking BK-7Q4M-2F",
    "Order LO-3XK9-PT arrived short",
    "Our case conference room is on the first floor",
    "We are the case management team for the region",
    "The team handles NRM referrals and UASC",
    "Several of us are new to safeguarding",
    "A colleague aged 60 cannot manage stairs",
    "One of us was born in Leeds and knows the building",
    "The newborn unit is next door, please be quiet",
    "Building is 12 years old and has a lift",
    "We have a 10 year old projector, please bring your own",
    "Please don't send DOBs or NHS numbers by email",
    "12 of the 20 are student nurses",
    "Deliver to Ward 12, Block B, St James's",
    "Delivery between 09/03/2027 and 12/03/2027 only",
    "We have 150 copies of the 2024 edition left",
    "Access code 4821 for the gate",
    "Charity number 1234567",
    "Dr Patel leads on this from January 2025",
    "Could you cover county lines as well as trafficking?",
    "Sixth form college, 16 to 18 year olds, staff only",
    "Lunch at 12.30, session 1.15 to 2.45",
    "Two people use a guide dog",
    "The girls' school next door shares our car park",
    "We work out of the Children's Centre, Mill Lane",
    "https://leeds.example.nhs.uk/teams/4711",
    "40 copies of the leaflet for police, 2024 edition",
    "We met at the hospital 2025 open day",
    "Police 2024 edition is fine if the new one is out of print",
    "Please arrive at 14:15, ask for Chris at reception",
]


@pytest.fixture
def in_january():
    with time_machine.travel("2027-01-12 10:00+00:00"):
        yield


@pytest.mark.parametrize("note", TELLS_OF_A_CHILD)
def test_it_notices_a_child(note):
    assert looks_like_child_details(note) is True


@pytest.mark.parametrize("note", TELLS_OF_NONE)
def test_it_lets_ordinary_notes_through(note):
    assert looks_like_child_details(note) is False


@pytest.mark.parametrize(
    ("digits", "is_one"),
    [("9434765919", True), ("9434765918", False), ("4010232137", True), ("1111111111", False), ("943476591", False)],
)
def test_the_check_digit_decides(digits, is_one):
    assert is_nhs_number(digits) is is_one


def test_a_date_in_a_note_counts_as_a_birthday_only_when_it_makes_a_child():
    assert looks_like_child_details(f"Amina Khan {date(2012, 3, 14):%d/%m/%Y}") is True
    assert looks_like_child_details(f"Amina Khan {date(1979, 3, 14):%d/%m/%Y}") is False
