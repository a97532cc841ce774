"""Somebody writes of a child in a form: it stops, says whom to call, loses nothing; on a phone, with and without JavaScript."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.journeys.test_visits import PHONE
from tests.journeys.visitor import Visitor
from tests.live.clients import inside
from tests.live.stack import Live

COMMENT = "What could be better? (optional)"
WORDS = "Please ring me about Zebedia Quark, born 12/03/2014"
KEEP = "This is not about a child. Keep what I wrote, and tell your safeguarding lead."


def lay_out() -> dict[str, str]:
    """Runs inside: an hour that ended ten minutes ago, whose short link is open."""
    from datetime import timedelta

    from django.utils import timezone

    from bookings.feedback.services import get_or_create_follow_up
    from bookings.models import BookingState, Presentation
    from tests.bookings.rows import make_booking, make_presenter
    from tests.factories import make_person

    now = timezone.now()
    asked = {"person": make_person(), "presentation": Presentation.objects.earliest("pk"), "state": BookingState.DELIVERED}
    booking = make_booking(make_presenter(weekdays=()), now - timedelta(minutes=70), postcode="", **asked)
    return {"path": f"/f/{get_or_create_follow_up(given=booking, now=now).code}/", "reference": booking.reference}


@pytest.mark.parametrize("scripts", [True, False], ids=["with JavaScript", "without"])
def test_the_form_stops_once_and_keeps_what_was_typed(new_page: Callable[..., Any], live: Live, scripts: bool) -> None:
    facts = inside(live, __name__, "lay_out")
    page = new_page(**PHONE, java_script_enabled=scripts)
    visitor = Visitor(page, live, scripts=scripts)

    # Given somebody who answers on a phone, and writes of a child
    visitor.open(facts["path"])
    for group in page.locator("main fieldset").all():
        group.locator("input[type=radio]").nth(1).check()
    visitor.fill(COMMENT, WORDS)
    visitor.press("Send")

    # Then the page says so first, with whom to call, and everything stands as it was typed
    visitor.look()
    assert page.title().startswith("Error:")
    assert page.locator(".govuk-error-summary li").all_inner_texts() == ["This looks like details of a child."]
    assert (visitor.reads("0808 800 5000"), visitor.reads("In immediate danger, call 999.")) == (True, True)
    assert page.get_by_label(COMMENT).input_value() == WORDS
    assert page.locator("main fieldset input:checked").count() == page.locator("main fieldset").count()
    page.locator(".govuk-error-summary a").first.click()
    assert page.evaluate("document.activeElement.name" if scripts else "location.hash.slice(4)") == "comment"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    # When they press again without a word, it stops again; when they tick that it may stay, it goes
    visitor.press("Send")
    assert visitor.reads("This looks like details of a child.")
    page.get_by_label(KEEP).check()
    visitor.press("Send")
    assert visitor.heading == "Thank you. We have your answers"

    # And the lead gets an email that leads there and says nothing of it
    mail = live.wait_for_mail(subject_contains=facts["reference"])
    assert "/staff/professionals/flaggedtext/" in mail.text
    assert "Quark" not in mail.text
