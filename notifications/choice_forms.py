"""The one question of the page of choices."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from ctac.forms import AnyOrNone, PageForm
from notifications.topics import Topic


class ChoicesForm(PageForm):
    """One box a topic: what is ticked is wanted, what is not is not."""

    option_hints = {
        "wanted": {
            Topic.REMINDERS: _("A week before, and the day before."),
            Topic.EDITIONS: _("Only leaflets that you ordered in the last two years."),
            Topic.INVITATIONS: _(
                "They are online, so it doesn’t matter where you work. One email a day at most, when new ones are planned."
            ),
        }
    }

    wanted = AnyOrNone(label=_("Email me"), choices=Topic.choices)

    def chosen(self) -> dict[Topic, bool]:
        """Of every topic whether it is wanted."""
        return {topic: topic in self.cleaned_data["wanted"] for topic in Topic}


def form_for(wanted: Mapping[Topic, bool], data: Mapping[str, Any] | None) -> ChoicesForm:
    return ChoicesForm(data, initial={"wanted": [topic.value for topic, is_wanted in wanted.items() if is_wanted]})
