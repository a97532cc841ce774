"""Who wants which mail, the links in mail to choose, and people's choices (ADR 4)."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import lazy
from django.utils.translation import gettext, gettext_lazy as _

from core.forms import OptionalCheckboxesField, PageForm
from notifications.models import ChoiceSource, MailChoice, MailReader, normalise_address
from notifications.registry import DEFAULT_TOPICS, Topic
from office.site_settings.queries import setting_text


def wants_topic(topic: Topic, address: str) -> bool:
    """The last choice of this address for the topic, or the topic's default. One statement."""
    wanted = MailChoice.objects.for_address(address).filter(topic=topic).values_list("wanted", flat=True).first()
    return topic in DEFAULT_TOPICS if wanted is None else wanted


def has_chosen(topic: Topic, address: str) -> bool:
    """Whether they said yes or no to it, so that nobody asks again: one statement."""
    return MailChoice.objects.for_address(address).filter(topic=topic).exists()


def is_wanted_by_topic(address: str) -> dict[Topic, bool]:
    """Whether the address wants each topic, in the order of the page: one statement."""
    choices = MailChoice.objects.for_address(address).values_list("topic", "wanted")
    return {topic: topic in DEFAULT_TOPICS for topic in Topic} | {Topic(topic): wanted for topic, wanted in choices}


def choices_page_link(address: str) -> str:
    """The page on which the reader of this address chooses, for mail to this address only; it is a private link."""
    return f"{settings.SITE_URL}{reverse('mail_choices', args=[token_of(address)])}"


def one_click_unsubscribe_link(address: str, topic: Topic) -> str:
    """The link for List-Unsubscribe (RFC 8058): a POST stops this topic for this address; opening it leads to the page."""
    return f"{settings.SITE_URL}{reverse('mail_stop', args=[token_of(address), topic])}"


def token_of(address: str) -> str:
    """The token of this address, made if it has none yet; two who make it at once get the same."""
    return get_or_create_reader(address, timezone.now()).token


@transaction.atomic
def record_choices(*, address: str, chosen: Mapping[Topic, bool], where: ChoiceSource, now: datetime) -> None:
    """Store the reader's choice for these topics; other topics don't change."""
    choices = [MailChoice(topic=topic, wanted=wanted, chosen_at=now, chosen_where=where) for topic, wanted in chosen.items()]
    save_choices(get_or_create_reader(address, now), choices)


def get_or_create_reader(address: str, now: datetime) -> MailReader:
    reader, _made = MailReader.objects.get_or_create(address=normalise_address(address), defaults={"created_at": now})
    return reader


def save_choices(reader: MailReader, choices: Iterable[MailChoice]) -> None:
    """One statement, in the order of topics, so that two who save at once can't deadlock."""
    fields = ["wanted", "chosen_at", "chosen_where"]
    rows = sorted(choices, key=lambda choice: choice.topic)
    for row in rows:
        row.pk, row.reader = None, reader
    MailChoice.objects.bulk_create(rows, update_conflicts=True, unique_fields=["reader", "topic"], update_fields=fields)


@transaction.atomic
def move_choices(*, before: str, to: str, now: datetime) -> None:
    """Moves choices to a person's new address. Where that address has chosen too, what was said last counts.

    The old address is forgotten, and links in mail to it lead nowhere: somebody else may read there now.
    """
    if not before or not to or normalise_address(before) == normalise_address(to):
        return
    old = MailReader.objects.filter(address=normalise_address(before)).first()
    if old is None:
        return
    if choices := {choice.topic: choice for choice in old.choices.all()}:
        for known in MailChoice.objects.for_address(to).filter(topic__in=choices):
            if known.chosen_at > choices[known.topic].chosen_at:
                del choices[known.topic]
        save_choices(get_or_create_reader(to, now), choices.values())
    old.delete()


def export_choices(email: str) -> list[dict[str, object]]:
    """What this address chose, the newest first."""
    return [
        {
            "what": choice.get_topic_display(),
            "wanted": choice.wanted,
            "chosen_at": choice.chosen_at,
            "where": choice.get_chosen_where_display(),
        }
        for choice in MailChoice.objects.for_address(email).order_by("-chosen_at", "topic")
    ]


def erase_choices(email: str) -> None:
    """Erases the address's choices, and the link to its page."""
    MailReader.objects.filter(address=normalise_address(email)).delete()


def reminder_days_text() -> str:
    return gettext("%(days)s before, and the day before.") % {"days": setting_text("first_reminder_days")}


class ChoicesForm(PageForm):
    """One box a topic: a ticked topic is wanted, an unticked one is not."""

    option_hints = {
        "wanted": {
            Topic.REMINDERS: lazy(reminder_days_text, str)(),
            Topic.EDITIONS: _("Only leaflets that you ordered in the last two years."),
            Topic.INVITATIONS: _(
                "They are online, so it doesn’t matter where you work. One email a day at most, when new ones are planned."
            ),
            Topic.VISITS: _("When we have times free for teams near where you work. One email every 90 days at most."),
        }
    }

    wanted = OptionalCheckboxesField(label=_("Email me"), choices=Topic.choices)

    def chosen(self) -> dict[Topic, bool]:
        """Whether each topic is wanted."""
        return {topic: topic in self.cleaned_data["wanted"] for topic in Topic}
