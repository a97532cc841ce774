"""What an email says when a part that may be there is not, and the other way: of each template, what its samples leave out.

Found by asking of every `{% if %}` of templates/emails/ which way no sample goes.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from notifications.registry import Message
from notifications.samples import Sample, render_sample

Changes = dict[str, Any]  # by the name of a variable, or of something of it, what it is instead
LINK = "https://meet.example/another"
ROWS = [{"label": "From where", "value": "Home"}]
KEPT_BACK = {"booking.flagged_child_details": True}  # what looks like a child's details
VARIANTS: dict[str, list[Changes]] = {
    "bookings/booking_afterwards": [{"private.leaflets": ""}, {"private.again": ""}],
    "bookings/booking_changed": [{"booking.has_time": False, "changed": ""}],
    "bookings/booking_confirmed": [
        {"new_presenter": True, "booking.joining_link": LINK},
        {"reminded_twice": False, "reminded": True},
        {"reminded_twice": False, "reminded": False},
        {"links.cancel": ""},
        {"leaflet_rows": ROWS, "leaflets_url": ""},
    ],
    "bookings/booking_declined": [{"reason": ""}],
    "bookings/booking_moved": [{"before": ""}],
    "bookings/presenter_cancelled": [{"booking.state": "declined", "in_calendars": False}],
    "bookings/presenter_freed": [{"booking.has_time": True, "in_calendars": False, "back_rows": ROWS}],
    "bookings/presenter_changed": [KEPT_BACK],
    "bookings/presenter_booked": [{"new_link": LINK, "awaits_link": True}, KEPT_BACK],
    "bookings/presenter_reminder": [{"awaits_link": True}, KEPT_BACK],
    "bookings/staff_booking_changed": [KEPT_BACK | {"day_rows": ROWS}],
    "bookings/booking_reminder": [{"early": True, "links.change": ""}, {"links": {}}],
    "bookings/booking_staff_dates": [{"request_reason": ""}, KEPT_BACK],
    "bookings/booking_staff_request": [{"what": "others", "words": ""}, KEPT_BACK],
    "privacy/complaint_acknowledged": [{"words": ""}],
    "leaflets/leaflet_out_again": [{"leaflet.current_edition": None}],
    "bookings/leave_refused": [{"answer": ""}],
    "leaflets/order_approved": [{"less": False}, {"less": True}],
    "leaflets/order_cancelled": [{"order.is_sent_in_part": True}, {"order.visit_reference": "BK-7Q4M-2F"}],
    "leaflets/order_changed": [{"order.is_sent_in_part": True}, {"order.state": "requested"}],
    "leaflets/order_declined": [{"reason": ""}],
    "leaflets/order_not_resent": [{"reason": ""}],
    "leaflets/order_received": [{"order.state": "waiting"}],
    "bookings/place_bumped": [{"in_calendars": False}],
    "bookings/place_offered": [{"links.see": "", "links.leave": ""}],
    "bookings/place_taken": [{"reminded_twice": False, "reminded": True}, {"reminded_twice": False, "reminded": False}],
    "bookings/session_cancelled": [{"reason": ""}],
    "bookings/session_invitation": [{"more": 1}, {"more": 2}],
    "bookings/session_moved": [{"before": "", "reason": ""}],
    "bookings/session_reminder": [{"early": False, "has_link": True}, {"early": False, "has_link": False}],
}


class Changed:
    """Something as it is, but for one thing of it."""

    def __init__(self, thing: object, name: str, value: object) -> None:
        self._thing, self._name, self._value = thing, name, value

    def __getattr__(self, name: str) -> Any:
        return self._value if name == self._name else getattr(self._thing, name)

    def __str__(self) -> str:
        return str(self._thing)


def variants(samples: Iterable[Sample]) -> Iterator[tuple[Sample, Sample]]:
    """Each after the sample that it is made of."""
    firsts: dict[str, Sample] = {}
    for sample in samples:
        if sample.message:
            firsts.setdefault(sample.message.template, sample)
    for template, each in VARIANTS.items():
        for changes in each:
            yield firsts[template], varied(firsts[template], changes)


def varied(sample: Sample, changes: Changes) -> Sample:
    assert sample.message is not None
    context = sample.message.context.copy()
    for name, value in changes.items():
        whose, _dot, of_it = name.partition(".")
        was = context.get(whose)
        context[whose] = value if not of_it else {**was, of_it: value} if isinstance(was, dict) else Changed(was, of_it, value)
    message: Message = replace(sample.message, context=context)
    said = render_sample(sample.kind, message, sample.recipient)
    title = f"{sample.title}; {', '.join(f'{name} is {value!r}' for name, value in changes.items())}"
    return replace(sample, title=title, subject=said.subject, html=said.html, text=said.text, message=message)
