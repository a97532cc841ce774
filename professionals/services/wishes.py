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


# The inside of a WITH for notifications.services.notify_found.

# `asked` has the key and the address of each; %(topic)s is a Topic that nobody gets who did not ask.
WHO_ASKED = """
    asked AS (
        SELECT person.id, person.email
        FROM notifications_mailchoice AS choice
        JOIN notifications_mailreader AS reader ON reader.id = choice.reader_id
        JOIN professionals_person AS person ON lower(person.email) = reader.address AND person.email <> ''
        WHERE choice.topic = %(topic)s AND choice.wanted
    )
"""
