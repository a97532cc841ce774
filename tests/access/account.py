"""The part of the tour in which somebody gets an account, or has forgotten a password."""

from datetime import UTC, datetime

from .guide import Guide, Tour


def forgot_a_password(guide: Guide) -> Tour:
    """Up to the code, which stands in the mailbox."""
    guide.open("/account/password/reset/")
    guide.page.locator("main input[type=email]").fill("nobody-here@leeds.nhs.uk")
    guide.send_empty()
    yield "out password reset code"
    guide.send_empty()
    yield "out password reset code with errors"
    guide.open("/mailbox/")
    yield "out mailbox"
    guide.live.wait_for_mail(to="nobody-here@leeds.nhs.uk")
    guide.open("/mailbox/")
    guide.page.locator("main a[href^='/mailbox/']").first.click()
    guide.look()
    yield "out mailbox message"


def signs_up(guide: Guide, email: str) -> Tour:
    before = datetime.now(UTC)
    guide.fill("Work email address", email)
    guide.press("Send me a code")
    yield "sign up code"
    guide.send_empty()
    yield "sign up code with errors"
    guide.fill("Code from the email", guide.code_from_mail(email, before))
    guide.page.locator("main form button[type=submit]").first.click()
    guide.look()
    yield "details of somebody new"
    guide.fill("Your name", "Meera Shah")
    guide.select("Your profession", "Health visitor")
    guide.fill("Where you work", "Leeds Community Healthcare NHS Trust, 0–19 Public Health Integrated Nursing Service")
    guide.fill("Work phone", "0113 496 0123")
    guide.fill("Work postcode", "ls1 4ap")
    guide.press("Continue")
