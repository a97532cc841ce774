"""People who asked for mail of a topic that nobody gets who did not ask."""

from django.db.models import QuerySet
from django.db.models.functions import Lower

from notifications.models import MailChoice
from notifications.topics import Topic
from professionals.models import Person


def who_asked(topic: Topic) -> QuerySet[Person]:
    """By key."""
    readers = MailChoice.objects.filter(topic=topic, wanted=True).values("reader__address")
    known = Person.objects.exclude(email="").alias(lower_email=Lower("email"))
    return known.filter(lower_email__in=readers).order_by("pk")
