"""What was typed at sign-up, kept until a code shows that the address is theirs.

In the session and not on a row: somebody else who signs up with the same address must not write into an account that its
owner then opens, and an address that is never verified leaves nothing behind but a user, which goes after a week.
"""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest

SESSION_KEY = "sign_up_details"


def keep_details(request: HttpRequest, email: str, details: Mapping[str, Any], *, invite: bool = False) -> None:
    """`invite`: they ticked that they want invitations."""
    request.session[SESSION_KEY] = {"email": email.lower(), "details": dict(details), "invite": invite}


def ticked_invitations(request: HttpRequest, email: str) -> bool:
    """Asked before typed_details, which forgets it."""
    kept = request.session.get(SESSION_KEY) or {}
    return kept.get("email") == email.lower() and bool(kept.get("invite"))


def typed_details(request: HttpRequest, email: str) -> dict[str, Any] | None:
    """What was typed for this address in this session, once."""
    kept = request.session.pop(SESSION_KEY, None)
    if not kept or kept["email"] != email.lower():
        return None
    details: dict[str, Any] = kept["details"]
    return details
