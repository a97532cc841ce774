"""A manager makes sure, without scripts, that mail really leaves: by a real worker, over SMTP, into their own mailbox."""

from collections.abc import Callable
from typing import Any

from tests.journeys.visitor import Visitor
from tests.live.stack import Live

MANAGER = "manager@ctac.test"


def test_a_manager_sends_themselves_an_email_and_says_that_it_came(new_page: Callable[..., Any], live: Live) -> None:
    manager = Visitor(new_page(java_script_enabled=False), live, scripts=False)
    manager.sign_in_as_staff(MANAGER)
    manager.open("/staff/first-run/")
    manager.press("Send me one")
    assert manager.reads("Your test email is on its way.")
    mail = live.wait_for_mail(to=MANAGER, subject_contains="Test email from CTAC")
    assert "/staff/first-run/" in mail.text

    def left() -> bool:
        manager.open("/staff/first-run/")
        return manager.reads("Your test email left on")

    live.wait_for(left, 10)
    assert manager.reads("A worker ran a task")
    manager.press("It came")
    assert manager.reads("A test email came on")
