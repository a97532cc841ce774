"""What people choose to get, written down: by address, so that nobody need sign in."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from django.db import transaction

from notifications.models import MailChoice, MailReader, Where
from notifications.models.choices import as_kept
from notifications.topics import Topic

SAID = ("wanted", "chosen_at", "chosen_where")


@transaction.atomic
def choose(*, address: str, chosen: Mapping[Topic, bool], where: Where, now: datetime) -> None:
    """The reader of this address says what they want of these topics; of the others nothing changes."""
    said = [MailChoice(topic=topic, wanted=wanted, chosen_at=now, chosen_where=where) for topic, wanted in chosen.items()]
    say(reader_with(address, now), said)


def reader_with(address: str, now: datetime) -> MailReader:
    reader, _made = MailReader.objects.get_or_create(address=as_kept(address), defaults={"created_at": now})
    return reader


def say(reader: MailReader, choices: Iterable[MailChoice]) -> None:
    """One statement, in the order of the topics, so that two who say all at once don't wait for each other."""
    rows = [
        MailChoice(reader=reader, **{name: getattr(choice, name) for name in ("topic", *SAID)})
        for choice in sorted(choices, key=lambda choice: choice.topic)
    ]
    MailChoice.objects.bulk_create(rows, update_conflicts=True, unique_fields=["reader", "topic"], update_fields=SAID)


@transaction.atomic
def move_choices(*, before: str, to: str, now: datetime) -> None:
    """Who has a new address still gets what they chose; where the new one chose too, what was said last counts.

    The old address is forgotten, and links in mail to it lead nowhere: somebody else may read there now.
    """
    if not before or not to or as_kept(before) == as_kept(to):
        return
    old = MailReader.objects.filter(address=as_kept(before)).first()
    if old is None:
        return
    if choices := {choice.topic: choice for choice in old.choices.all()}:
        for known in MailChoice.objects.of_address(to).filter(topic__in=choices):
            if known.chosen_at > choices[known.topic].chosen_at:
                del choices[known.topic]
        say(reader_with(to, now), choices.values())
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
        for choice in MailChoice.objects.of_address(email).newest_first()
    ]


def erase_choices(email: str) -> None:
    """With the link of its page."""
    MailReader.objects.filter(address=as_kept(email)).delete()
