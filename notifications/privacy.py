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
        "told_in": NONE,
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
    "MailServer": {"id": NONE, "name": NONE, "failures": NONE, "down_since": NONE, "next_try_at": NONE},
    "MailDomain": {"id": NONE, "domain": NONE, "minute": NONE, "taken": NONE, "line_until": NONE},
    # What came back from an address, and its mark: both go when the person is erased.
    "ReturnedMail": {
        **dict.fromkeys(("id", "key", "sort", "source", "notification", "went_at", "received_at"), NONE),
        "address": PERSONAL,
        "said": PERSONAL,
    },
    "MarkedAddress": {
        **dict.fromkeys(("id", "sort", "marked_at", "last_at", "tried_at", "tried_with", "complained_at"), NONE),
        **dict.fromkeys(("cleared_at", "cleared"), NONE),
        **dict.fromkeys(("address", "said", "cleared_by"), PERSONAL),
    },
    "MailboxRead": dict.fromkeys(("name", "validity", "last_number", "read_at", "trouble"), NONE),
    "TeamMail": {"id": NONE, "rhythm": NONE},
}
