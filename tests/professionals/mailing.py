"""What the outbox holds for an address, opened."""

import re

from notifications import rendering
from notifications.models import Notification
from notifications.rendering import Rendered


def mails_to(email: str) -> list[Rendered]:
    rows = Notification.objects.filter(recipient=email, is_account_mail=True).order_by("pk")
    return [rendering.decrypt(bytes(row.sealed_body)) for row in rows if row.sealed_body]


def last_code(email: str) -> str:
    found = re.search(r"^([B-Z]{4}-[B-Z]{4})$", mails_to(email)[-1].text, re.MULTILINE)
    assert found is not None, mails_to(email)[-1].text
    return found[1]
