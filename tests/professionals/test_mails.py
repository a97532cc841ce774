"""Every account mail: our words, our layout, text and HTML, and a subject of one line."""

from pathlib import Path

import pytest
from allauth.account.adapter import get_adapter
from allauth.core import context
from django.conf import settings
from django.test import RequestFactory

from notifications.models import Notification
from office.site_settings.queries import site_settings
from tests.professionals.mailing import mails_to

pytestmark = pytest.mark.django_db

TEMPLATES = Path(settings.BASE_DIR) / "templates"
PREFIXES = sorted(
    str(path.relative_to(TEMPLATES)).removesuffix("_subject.txt")
    for folder in ("account", "mfa")
    for path in (TEMPLATES / folder / "email").glob("*_subject.txt")
)
USED = {
    "account/email/account_erased",
    "account/email/address_put_back",
    "account/email/email_changed",
    "account/email/email_confirmation",
    "account/email/email_confirmation_signup",
    "account/email/login_code",
    "account/email/moved_by_staff",
    "account/email/password_changed",
    "account/email/password_reset",
    "account/email/password_reset_code",
    "account/email/password_set",
    "account/email/reauthentication_code",
    "account/email/unknown_account",
    "mfa/email/recovery_codes_generated",
    "mfa/email/totp_activated",
    "mfa/email/totp_deactivated",
    "mfa/email/webauthn_added",
    "mfa/email/webauthn_removed",
}


def test_there_is_one_for_each_that_allauth_sends():
    assert set(PREFIXES) == USED


@pytest.mark.parametrize("prefix", PREFIXES)
def test_it_is_ours_in_text_and_html(prefix):
    request = RequestFactory().get("/")
    facts = {"code": "BCDF-GHJK", "from_email": "o'old@leeds.nhs.uk", "to_email": "new@leeds.nhs.uk"}
    if not prefix.endswith(("_code", "confirmation", "confirmation_signup")):
        del facts["code"]
    with context.request_context(request):
        get_adapter(request).send_mail(prefix, "nadia@leeds.nhs.uk", facts)

    [mail] = mails_to("nadia@leeds.nhs.uk")
    assert "\n" not in mail.subject
    assert 10 < len(mail.subject) < 70
    assert site_settings().advice_phone in mail.text
    assert "<h1" in mail.html
    assert "Child trafficking advice centre" in mail.html
    assert ("BCDF-GHJK" in mail.subject) == ("code" in facts)
    assert ("BCDF-GHJK" in mail.text and "BCDF-GHJK" in mail.html) == ("code" in facts)
    assert "{" not in mail.text + mail.subject
    assert "&#" not in mail.text
    row = Notification.objects.get()
    assert (row.expires_at - row.created_at).total_seconds() == (10 * 60 if "code" in facts else 3 * 24 * 3600)
