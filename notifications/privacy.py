"""How every field is classified. Who knows a person calls services.export_for and services.erase_for with their address."""

from ctac.classification import NONE, PERSONAL

FIELDS: dict[str, dict[str, str]] = {
    "Notification": {
        "id": NONE,
        "kind": NONE,
        "about": NONE,
        "reference": NONE,
        "version": NONE,
        "recipient": PERSONAL,
        "is_account_mail": NONE,
        "resend_of": NONE,
        "resent_by": PERSONAL,
        "state": NONE,
        "created_at": NONE,
        "due_at": NONE,
        "expires_at": NONE,
        "kicked_at": NONE,
        "lease_until": NONE,
        "lease_token": NONE,
        "attempts": NONE,
        "first_tried_at": NONE,
        "last_error": PERSONAL,
        "message_id": NONE,
        "sent_at": NONE,
        "subject": PERSONAL,
        "text_body": PERSONAL,
        "html_body": PERSONAL,
        "sealed_body": PERSONAL,
        "erased_at": NONE,
    },
    "MailReader": {"id": NONE, "address": PERSONAL, "token": PERSONAL, "created_at": NONE},
    "MailChoice": {
        "id": NONE,
        "reader": PERSONAL,
        "topic": PERSONAL,
        "wanted": PERSONAL,
        "chosen_at": PERSONAL,
        "chosen_where": PERSONAL,
    },
}
