"""What waits among the open sessions, for the first staff page. Each line reads on from one and from many."""

from collections.abc import Callable
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy

from bookings.admin.sessions import filters
from bookings.models import OpenSession
from ctac.staff import Waiting, staff_site


def wait_for(label: Any, query: str, narrow: Callable[[Any], Any], *, urgent: bool = False) -> None:
    """A line of the first page, and the list behind it: `query` narrows to exactly those sessions."""
    staff_site.add_waiting(
        gettext_lazy("Open sessions"),
        Waiting(
            label=label,
            count=lambda: narrow(OpenSession.objects.all()),
            address=lambda: f"{reverse('staff:bookings_opensession_changelist')}?{query}",
            permission="bookings.view_opensession",
            urgent=urgent,
        ),
    )


wait_for(gettext_lazy("without a presenter"), "look=presenter", filters.needing_a_presenter, urgent=True)
wait_for(gettext_lazy("without a joining link"), "look=link", filters.without_a_link, urgent=True)
wait_for(gettext_lazy("soon, and how to join not sent"), "look=unsent", filters.unsent, urgent=True)
wait_for(gettext_lazy("today or tomorrow"), "when=soon", filters.soon)
wait_for(gettext_lazy("to mark as delivered"), "look=over", filters.to_mark_as_delivered)
