"""What somebody gets by email, for a colleague who has them on the phone."""

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ctac.staff import ObjectAction
from notifications.choices import wants_each
from notifications.models import Where
from notifications.services.choosing import choose
from notifications.topics import Topic
from professionals.models import Person


def wanted_by(person: Person) -> list[Topic]:
    return [topic for topic, is_wanted in wants_each(person.email).items() if is_wanted] if person.email else []


def in_words(person: Person) -> str:
    """'Reminders of presentations that I take part in', as they themselves read it."""
    if not person.email:
        return _("Nothing: we have no address")
    return ". ".join([str(topic.label) for topic in wanted_by(person)]) or _("Only answers to what they do")


def stop_all(person: Person, *, by: Any) -> None:
    """Only ever to less: to get more is theirs to ask for, where their address is known to be theirs."""
    choose(address=person.email, chosen=dict.fromkeys(Topic, False), where=Where.PHONE, now=timezone.now())


ACTION = ObjectAction(
    slug="stop-mail",
    label=gettext_lazy("Stop reminders and news"),
    perform=stop_all,
    available=lambda person: bool(wanted_by(person)),
    explanation=gettext_lazy(
        "For somebody who asks for it on the phone. They get no reminders, news or invitations by email any more. Answers to "
        "what they do, changes and cancellations still come. They can choose anew on the website, or by the link in our emails."
    ),
    done=gettext_lazy("They get no reminders and no news any more."),
)
