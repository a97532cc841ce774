"""A form that was sent after its session had ended: kept until its owner has signed in again, who then sends it once more.

The same for one whose sender was asked again who they are (ADR 65).

Forms of several pages keep their answers in drafts. This is for all others, on the staff site too. What was typed waits in the
session in which they sign in, where it is encrypted with its address (ADR 71), and is shown to nobody but them (ADR 64).
"""

import json
from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse

KEY = "sent_late"
LARGEST = 200_000  # characters; the largest form of staff, a packing session of 200 parcels, has about 60,000
KEPT_OF_ACCOUNT = ("account_details", "account_email")


@dataclass(frozen=True)
class SentLate:
    """`path` is where it was sent to; `files` says that it had some, which are not kept.

    `asked_again`: its sender was signed in all the time, and was asked who they are.
    """

    user_pk: int
    path: str
    fields: list[tuple[str, str]]
    files: bool
    asked_again: bool = False

    @property
    def written(self) -> list[str]:
        """What somebody wrote in words of their own, as far as that can be told: it has a space in it."""
        return [value for _name, value in self.fields if " " in value.strip()]


def may_be_kept(request: HttpRequest) -> bool:
    """Never passwords and codes; and what is in a draft is safe already."""
    of_account = request.path.startswith(reverse("account_login").removesuffix("login/"))
    return not getattr(request, "draft_cookie", "") and (not of_account or request.path in map(reverse, KEPT_OF_ACCOUNT))


def keep(request: HttpRequest, user_pk: int, *, asked_again: bool = False) -> bool:
    """False if it may not be kept, or is too much."""
    pairs = [(name, value) for name, values in request.POST.lists() for value in values if name != "csrfmiddlewaretoken"]
    typed = {"user": user_pk, "path": request.get_full_path(), "fields": pairs, "files": bool(request.FILES)}
    if not may_be_kept(request) or len(json.dumps(typed)) > LARGEST:
        return False
    request.session[KEY] = {**typed, "asked_again": asked_again}
    request.kept_just_now = True  # type: ignore[attr-defined]
    return True


def kept(request: HttpRequest) -> SentLate | None:
    """What waits for whoever is signed in. What another person sent from this browser goes at once."""
    found = request.session.get(KEY)
    if found is None:
        return None
    if found.get("user") != request.user.pk:
        forget(request)
        return None
    fields = [(name, value) for name, value in found["fields"]]
    return SentLate(found["user"], found["path"], fields, found["files"], found["asked_again"])


def forget(request: HttpRequest) -> None:
    request.session.pop(KEY, None)


def was_sent_again(request: HttpRequest) -> bool:
    again = request.session.get(KEY, {}).get("path") == request.get_full_path() and not hasattr(request, "kept_just_now")
    return request.method == "POST" and again
