"""What a mail provider reports quotes servers that anybody may run: no such words break the report, or what stands behind it."""

import pytest
from django.conf import LazySettings
from django.test import Client

from notifications.models import ReturnedMail
from tests.notifications.bounces.test_webhook import PASSWORD, postmark, tell
from tests.security.payloads import LINES, NO_TEXT, STORED_AS_TYPED

pytestmark = pytest.mark.django_db
ATTACKS = LINES | NO_TEXT | STORED_AS_TYPED | {"long": "x" * 100_000}


@pytest.fixture(autouse=True)
def _postmark(settings: LazySettings) -> None:
    settings.MAIL_PROVIDER, settings.MAIL_WEBHOOK_PASSWORD, settings.MAIL_WEBHOOK_KEY = "postmark", "ctac:kettle", ""


@pytest.mark.parametrize("field", ["Details", "Email", "MessageID", "Type", "ID"])
def test_a_report_with_anything_in_it_is_taken_or_refused(client: Client, field: str) -> None:
    client.raise_request_exception = False
    came_back = {what: tell(client, postmark(**{field: words}), **PASSWORD) for what, words in ATTACKS.items()}
    arrived = {what: tell(client, postmark("Delivery", Recipient=words), **PASSWORD) for what, words in ATTACKS.items()}
    assert [what for what, status in [*came_back.items(), *arrived.items()] if status not in {200, 400}] == []
    assert [what for what, status in came_back.items() if status == 200]
    assert not [row for row in ReturnedMail.objects.all() if "\0" in row.said + row.address]
