"""What the history of an order says of a change: from the facts that its event has, which name no person."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

SENT_INSTEAD = _("%(copies)d of “%(title)s” instead of “%(recalled)s”")
TO_COME_INSTEAD = _("%(copies)d of “%(title)s” instead of “%(recalled)s”, as soon as there are enough")
WAITS = _("%(copies)d of “%(recalled)s” wait for its next print")
NOT_SENT = _("%(copies)d of “%(recalled)s” are not sent")


def changed(changes: Mapping[str, Any] | None) -> list[str]:
    """Of a change each title with its copies, and whether it goes elsewhere; of a recall what is sent instead."""
    changes = changes or {}
    copies = _("“%(title)s”: %(now)s instead of %(before)s")
    said = [
        copies % {"title": title, "now": now or _("none"), "before": before} for title, before, now in changes.get("titles", ())
    ]
    said += recalled(changes["recall"]) if "recall" in changes else []
    return [*said, str(_("Another delivery address"))] if changes.get("address") else said


def recalled(facts: Mapping[str, Any]) -> list[str]:
    """`facts`: {"recalled": edition, "title": what is sent instead, if anything, "moved", "to_come", "cancelled": copies}."""
    to_come = TO_COME_INSTEAD if facts["title"] else WAITS
    parts = ((facts["moved"], SENT_INSTEAD), (facts["to_come"], to_come), (facts["cancelled"], NOT_SENT))
    return [str(words % {**facts, "copies": copies}) for copies, words in parts if copies]
