"""What allauth tells us, and what it means for sessions: a new key for this one, an end for the others."""

from typing import Any

from allauth.account import signals
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest

from professionals.models import User
from professionals.services import sessions


def install() -> None:
    signals.authentication_step_completed.connect(give_new_key, dispatch_uid="sessions: new key")
    for changed in (signals.password_changed, signals.password_set, signals.email_changed):
        changed.connect(end_others, dispatch_uid="sessions: end others")
    signals.password_reset.connect(end_all, dispatch_uid="sessions: end all")


def give_new_key(request: HttpRequest, user: User, **details: Any) -> None:
    """Who has shown again who they are, or passed the second factor, gets a key that nobody had before.

    Not at sign-in itself: there the session gets its key when it becomes theirs.
    """
    if getattr(request, "user", AnonymousUser()).is_authenticated:
        request.session.cycle_key()


def end_others(request: HttpRequest, user: User, **details: Any) -> None:
    sessions.end_sessions(user=user, but=request.session.session_key)


def end_all(request: HttpRequest, user: User, **details: Any) -> None:
    sessions.end_sessions(user=user)
