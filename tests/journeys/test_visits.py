"""A presenter on a phone arrives and leaves; staff find out about one of whom nobody has heard."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from tests.journeys.keyboard import Keyboard
from tests.journeys.visitor import Visitor
from tests.live.clients import inside
from tests.live.stack import Live

PHONE = {"viewport": {"width": 390, "height": 844}}
DESK = {"viewport": {"width": 1280, "height": 900}}
WATCH = "from bookings.tasks import watch; watch()"


def lay_out(number: int, minutes: int) -> dict[str, str]:
    """Runs inside: a visit of an hour that begins in so many minutes, its presenter at the phone and a colleague at the desk."""
    from django.conf import settings

    from bookings.models import Booking, Presentation
    from core.dates import uk_day
    from tests.bookings.rows import make_booking, make_presenter
    from tests.factories import make_organisation, make_person, make_staff
    from tests.races.stage import staff_session

    user = make_staff(f"presenter{number}@visits.example", role="presenter")
    presenter = make_presenter(
        name=f"Asha Patel {number}", email=user.email, user=user, weekdays=(), phone="0113 496 0002", base_postcode="YO1 7HH"
    )
    start = datetime.now(UTC) + timedelta(minutes=minutes)
    team = make_organisation(f"Visited team {number}")
    person = make_person(email=f"person{number}@visits.example", organisation=team)
    asked = {"person": person, "presentation": Presentation.objects.earliest("pk")}
    booking = make_booking(presenter, start, room="Ring at the side door", **asked)
    booking.reference = f"BK-VV{number}V-VV"  # the tests' own numbers begin anew in each process
    Booking.objects.filter(pk=booking.pk).update(reference=booking.reference)
    return {
        "cookie": settings.SESSION_COOKIE_NAME,
        "phone": staff_session(user),
        "desk": staff_session(make_staff(f"desk{number}@visits.example")),
        "reference": booking.reference,
        "name": presenter.name,
        "day": f"/staff/mine/day/?day={uk_day(start).isoformat()}",  # near midnight the visit is tomorrow's
    }


def test_a_presenter_arrives_by_keyboard_and_leaves_without_scripts(open_as: Callable[..., Visitor], live: Live) -> None:
    facts = inside(live, __name__, "lay_out", 1, 20)
    # Given a presenter at the door, with the page of their day
    phone = open_as(facts, "phone", **PHONE)
    phone.open(facts["day"])
    for words in ("The journey takes", "Ring at the side door", "Tell us when you are there.", "0113 496 0001"):
        assert phone.reads(words)
    assert phone.page.locator("a[href='tel:01134960001']").count() == 1
    # When they press the button by keyboard
    keyboard = Keyboard(phone.page)
    keyboard.to("I have arrived")
    keyboard.send()
    phone.page.wait_for_url(f"**/visits/{facts['reference']}/")
    phone.look()
    # Then the page says so, and there is one button that is next, and one for a mistake
    assert phone.reads("You checked in at")
    assert phone.page.locator(".visit-now button").all_inner_texts() == ["I have left", "Undo “I have arrived”"]
    # And whoever has no scripts leaves just as well, and is asked, since the visit is not over
    plain = open_as(facts, "phone", scripts=False, **PHONE)
    plain.open(f"/staff/mine/visits/{facts['reference']}/")
    plain.press("I have left")
    assert plain.reads("Have you really left?")
    plain.press("Yes, I have left")
    assert plain.reads("You checked out at")


def test_staff_hear_of_a_missed_check_out_and_say_that_all_is_well(open_as: Callable[..., Visitor], live: Live) -> None:
    # Given a visit that ended an hour and a half ago, of which nobody has heard
    before = datetime.now(UTC)
    facts = inside(live, __name__, "lay_out", 2, -150)
    live.manage("shell", "--no-imports", "-c", WATCH)
    # Then the team has an email that says whom to call
    subject = f"No check-out from {facts['name']}"
    mail = live.wait_for_mail(subject_contains=subject, after=before)
    for words in ("0113 496 0002", "Jo Green", "0113 496 0001", "St James", "Ring at the side door"):
        assert words in mail.text
    # And it stands at the top of the first page until a colleague has spoken to them
    desk = open_as(facts, "desk", **DESK)
    desk.open("/staff/")
    alarm = desk.page.locator(".alarm", has_text=facts["name"])
    assert alarm.count() == 1
    # And on every other page, where one press takes it on and leaves them there, on a computer as on a phone
    phone = open_as(facts, "desk", scripts=False, **PHONE)
    for colleague in (desk, phone):
        colleague.open("/staff/leaflets/order/")
        bar = colleague.page.get_by_role("region", name="Alarm", exact=True)
        assert bar.get_by_role("link").first.inner_text().endswith("0113 496 0002")
        box = bar.get_by_role("link").first.bounding_box()
        assert box["height"] >= 24, box
        assert colleague.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    keyboard = Keyboard(phone.page)
    keyboard.to(f"I am on it ({facts['reference']})")
    keyboard.send()
    phone.page.wait_for_url("**/staff/leaflets/order/")
    phone.look()
    assert phone.reads("You are on it.")
    mine = phone.page.get_by_role("region", name="The alarm that you are on")
    assert mine.get_by_role("link").first.inner_text().endswith("0113 496 0002")
    desk.open("/staff/leaflets/order/")
    assert desk.page.get_by_role("region", name="Alarm", exact=True).count() == 0
    desk.page.get_by_role("region", name="The alarm that you are on").get_by_role("link", name="Say that all is well").click()
    desk.look()
    desk.press("Say that all is well")
    assert desk.page.title().startswith("Error:")
    desk.fill("Who told you, and what did they say?", "She called from the train. All is well.")
    desk.press("Say that all is well")
    assert desk.reads("The alarm is over.")
    desk.open("/staff/")
    assert desk.page.locator(".alarm", has_text=facts["name"]).count() == 0
