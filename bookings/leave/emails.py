"""Emails about leave: to staff when a presenter asks for it or enters it, to the presenter when staff have answered."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings import rules
from bookings.email_samples import NOW, STARTS, sample_presenter
from bookings.models import Leave, LeaveKind, LeaveState
from bookings.models.leave import END_OF_DAY, START_OF_DAY
from bookings.text import Row, row
from ctac.dates import uk_datetime
from notifications.models import Notification
from notifications.registry import Kind, Message
from notifications.samples import Example

LeaveMessage = Callable[[Leave], Message]


def leave_facts(leave: Leave) -> list[Row]:
    """No note: it is for the staff site."""
    return [
        row(_("Presenter"), leave.presenter.name),
        row(_("When"), leave.days_text),
        row(_("Kind of leave"), leave.get_kind_display()),
    ]


def leave_message(sentence: str, template: str, leave: Leave) -> Message:
    """The sentence is the subject; it may name %(name)s and %(when)s."""
    context: dict[str, object] = {
        "leave": leave,
        "rows": leave_facts(leave),
        # Nothing that looks like a child's details reaches an email.
        "answer": "" if leave.flagged_child_details else leave.answer,
        "staff_url": f"{settings.SITE_URL}{reverse('staff:bookings_leave_change', args=[leave.pk])}",
        "own_url": f"{settings.SITE_URL}{reverse('presenter_leave')}",
    }
    return Message(sentence % {"name": leave.presenter.name, "when": leave.days_text}, template, context)


def leave_asked(leave: Leave) -> Message:
    return leave_message(_("Please decide: leave of %(name)s, %(when)s"), "leave_asked", leave)


def leave_entered(leave: Leave) -> Message:
    return leave_message(_("Away: %(name)s, %(when)s"), "leave_entered", leave)


def leave_granted(leave: Leave) -> Message:
    return leave_message(_("Your leave is granted: %(when)s"), "leave_granted", leave)


def leave_refused(leave: Leave) -> Message:
    return leave_message(_("Your leave is not granted: %(when)s"), "leave_refused", leave)


def leave_of(notification: Notification) -> Leave | None:
    """The leave that `about` names ("leave:12"); None once it was taken back."""
    return Leave.objects.select_related("presenter").filter(pk=int(notification.about.partition(":")[2])).first()


def leave_kind(name: str, label: str | Promise, words: LeaveMessage, state: LeaveState, **more: Any) -> Kind:
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
    leave_kind("leave-asked", gettext_lazy("To staff: leave asked for"), leave_asked, LeaveState.ASKED, in_digest=is_not_soon),
    leave_kind("leave-entered", gettext_lazy("To staff: presenter is away"), leave_entered, LeaveState.GRANTED),
    leave_kind("leave-granted", gettext_lazy("To the presenter: leave granted"), leave_granted, LeaveState.GRANTED),
    leave_kind("leave-refused", gettext_lazy("To the presenter: leave not granted"), leave_refused, LeaveState.REFUSED),
)


# What the emails about leave look like (bookings.leave.emails).

LABELS = {kind.name: kind.label for kind in KINDS}


def examples() -> Iterator[Example]:
    asked, refused = {"state": LeaveState.ASKED}, {"state": LeaveState.REFUSED, "answer": "Two of us are away that week."}
    yield _leave_example("leave-asked", leave_asked, **asked)
    yield _leave_example("leave-entered", leave_entered, kind=LeaveKind.ILLNESS)
    yield _leave_example("leave-granted", leave_granted)
    yield _leave_example("leave-refused", leave_refused, **refused)


def _leave_example(name: str, words: Any, **fields: Any) -> Example:
    return Example(name, LABELS[name], lambda: words(sample_leave(**fields)))


def sample_leave(**fields: Any) -> Leave:
    defaults = {
        "presenter": sample_presenter(),
        "kind": LeaveKind.HOLIDAY,
        "starts_at": uk_datetime(STARTS.date(), START_OF_DAY),
        "ends_at": uk_datetime(STARTS.date() + timedelta(days=4), END_OF_DAY),
        "state": LeaveState.GRANTED,
        "created_at": NOW,
    }
    return Leave(pk=1, **{**defaults, **fields})
