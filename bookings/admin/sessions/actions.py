"""What staff can do with one open session: what each action asks for, and the service that it calls."""

from dataclasses import replace
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy

from bookings.admin.afterwards import ATTENDANCE
from bookings.admin.sessions.caller import CALLER
from bookings.admin.sessions.capacity import CAPACITY
from bookings.admin.sessions.joining import JOINING
from bookings.admin.sessions.moving import MOVE
from bookings.admin.sessions.one_place import ONE_PLACE
from bookings.admin.sessions.presenter import ASSIGN, REASSIGN
from bookings.models import OpenSession, SessionState
from bookings.services.sessions import closing, joining
from ctac.staff import ObjectAction
from professionals.models import User
from professionals.safeguarding import StaffForm


class CancelForm(StaffForm):
    free_text_fields = ("reason",)

    reason = forms.CharField(
        label=gettext_lazy("Why is it cancelled?"),
        max_length=500,
        widget=forms.Textarea({"rows": 3}),
        help_text=gettext_lazy("Everybody who is told reads this. No details of a child."),
        error_messages={"required": gettext_lazy("Write why it is cancelled.")},
    )


def do_send(session: OpenSession, *, by: User) -> None:
    joining.send_details(session=session, by=by, now=timezone.now())


def do_cancel(session: OpenSession, *, by: User, **why: Any) -> None:
    closing.cancel_session(session=session, by=by, now=timezone.now(), **why)


def do_mark_delivered(session: OpenSession, *, by: User) -> None:
    closing.mark_session_delivered(session=session, by=by, now=timezone.now())


def is_to_come(session: OpenSession) -> bool:
    return session.is_scheduled and not session.has_begun(timezone.now())


SEND = ObjectAction(
    "send",
    gettext_lazy("Send how to join"),
    do_send,
    available=lambda session: is_to_come(session) and bool(session.joining_link) and session.details_sent_at is None,
    explanation=gettext_lazy(
        "Everybody with a place gets an email with the joining link and how to join. "
        "Whoever gets a place after that reads it with their place."
    ),
    done=gettext_lazy("Everybody with a place gets an email that says how to join."),
    weight="main",
)
DELIVERED = ObjectAction(
    "delivered",
    gettext_lazy("Mark as delivered"),
    do_mark_delivered,
    available=lambda session: session.is_scheduled and session.presenter_id is not None and session.has_begun(timezone.now()),
    explanation=gettext_lazy(
        "Say here that the session took place. Everybody who had a place gets an email: how was it, and a certificate."
    ),
    done=gettext_lazy("The session is marked as delivered."),
    weight="main",
)
CANCEL = ObjectAction(
    "cancel",
    gettext_lazy("Cancel this session"),
    do_cancel,
    available=lambda session: session.can_become(SessionState.CANCELLED),
    form_class=CancelForm,
    explanation=gettext_lazy(
        "Everybody who has a place, is offered one or waits gets an email, and so does the presenter. "
        "It leaves their calendars, and the presenter’s time is free again."
    ),
    done=gettext_lazy("The session is cancelled. Everybody concerned gets an email."),
    weight="stop",
)
CAME = replace(
    ATTENDANCE,
    explanation=gettext_lazy(
        "Numbers only, no names. No place changes by it. It is marked as delivered too, "
        "and everybody who had a place is asked by email how it was."
    ),
)
OBJECT_ACTIONS = (ASSIGN, DELIVERED, SEND, CAME, CALLER, CAPACITY, REASSIGN, MOVE, JOINING, CANCEL, ONE_PLACE)
