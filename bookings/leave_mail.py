"""Emails about leave: to staff when a presenter asks for it or enters it, to the presenter when staff have answered."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings import rules
from bookings.models import Leave, LeaveState
from bookings.words import Row, row
from notifications.models import Notification
from notifications.registry import Kind, Message

Words = Callable[[Leave], Message]


def facts(leave: Leave) -> list[Row]:
    """No note: it is for the staff site."""
    return [
        row(_("Presenter"), leave.presenter.name),
        row(_("When"), leave.in_words),
        row(_("Kind of leave"), leave.get_kind_display()),
    ]


def message(sentence: str, template: str, leave: Leave) -> Message:
    """The sentence is the subject; it may name %(name)s and %(when)s."""
    context: dict[str, object] = {
        "leave": leave,
        "rows": facts(leave),
        # Nothing that looks like a child's details reaches an email.
        "answer": "" if leave.flagged_child_details else leave.answer,
        "staff_url": f"{settings.SITE_URL}{reverse('staff:bookings_leave_change', args=[leave.pk])}",
        "own_url": f"{settings.SITE_URL}{reverse('presenter_leave')}",
    }
    return Message(sentence % {"name": leave.presenter.name, "when": leave.in_words}, template, context)


def asked(leave: Leave) -> Message:
    return message(_("Please decide: leave of %(name)s, %(when)s"), "leave_asked", leave)


def entered(leave: Leave) -> Message:
    return message(_("Away: %(name)s, %(when)s"), "leave_entered", leave)


def granted(leave: Leave) -> Message:
    return message(_("Your leave is granted: %(when)s"), "leave_granted", leave)


def refused(leave: Leave) -> Message:
    return message(_("Your leave is not granted: %(when)s"), "leave_refused", leave)


def leave_of(notification: Notification) -> Leave | None:
    """The leave that `about` names ("leave:12"); None once it was taken back."""
    return Leave.objects.select_related("presenter").filter(pk=int(notification.about.partition(":")[2])).first()


def kind(name: str, label: str | Promise, words: Words, state: LeaveState, **more: Any) -> Kind:
    """Goes out while the leave is still there, and in that state."""

    def build(notification: Notification) -> Message:
        leave = leave_of(notification)
        if leave is None:
            raise Leave.DoesNotExist
        return words(leave)

    def still_true(notification: Notification) -> bool:
        leave = leave_of(notification)
        return leave is not None and leave.state == state

    return Kind(name, label, build, still_true, **more)


def is_not_soon(notification: Notification, digest_at: datetime) -> bool:
    leave = leave_of(notification)
    return leave is None or leave.starts_at > digest_at + rules.TOLD_AT_ONCE_WITHIN


KINDS = (
    kind("leave-asked", gettext_lazy("To staff: leave asked for"), asked, LeaveState.ASKED, in_digest=is_not_soon),
    kind("leave-entered", gettext_lazy("To staff: presenter is away"), entered, LeaveState.GRANTED),
    kind("leave-granted", gettext_lazy("To the presenter: leave granted"), granted, LeaveState.GRANTED),
    kind("leave-refused", gettext_lazy("To the presenter: leave not granted"), refused, LeaveState.REFUSED),
)
