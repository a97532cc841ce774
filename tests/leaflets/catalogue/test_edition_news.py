"""News of new editions: to whoever asked for it and ordered the leaflet, one email for one day, and the box after an order."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from leaflets.catalogue.emails import NewEdition
from leaflets.catalogue.services import notify_new_edition, withdraw_edition
from leaflets.models import Leaflet, Order
from notifications.models import ChoiceSource, MailChoice, Notification
from notifications.preferences import record_choices, wants_topic
from notifications.registry import Topic
from professionals.models import Person
from tests.factories import make_person, sign_in
from tests.leaflets.factories import make_edition, make_order

pytestmark = pytest.mark.django_db


def ask(person: Person, now: datetime, *, wanted: bool = True) -> Person:
    record_choices(address=person.email.upper(), chosen={Topic.EDITIONS: wanted}, where=ChoiceSource.PAGE, now=now)
    return person


def make_reader(now: datetime, leaflet: Leaflet, *, days_ago: int = 30) -> Person:
    """Who asked, and ordered that leaflet so many days ago."""
    person = ask(make_person(), now)
    order = make_order(person, now, {leaflet: 2})
    Order.objects.filter(pk=order.pk).update(created_at=now - timedelta(days=days_ago))
    return person


def told() -> list[str]:
    return sorted(Notification.objects.filter(kind=NewEdition.name).values_list("recipient", flat=True))


def test_a_new_edition_is_told_to_who_asked_and_ordered_it_lately(now: datetime) -> None:
    leaflet, other = make_edition(now).leaflet, make_edition(now).leaflet
    reader = make_reader(now, leaflet)
    for person in (make_reader(now, other), make_reader(now, leaflet, days_ago=731), ask(make_person(), now)):
        assert person.email
    no_more = ask(make_reader(now, leaflet), now, wanted=False)
    make_order(make_person(), now, {leaflet: 2})  # never asked
    new = make_edition(now, leaflet=leaflet, label="May 2027")
    assert told() == [reader.email]
    assert no_more.email not in told()
    row = Notification.objects.get(kind=NewEdition.name)
    assert row.due_at.isoformat() == "2027-01-13T09:00:00+00:00"  # on the next morning
    assert NewEdition(row).is_still_due()
    assert [each.pk for each in NewEdition(row).editions] == [new.pk]
    withdraw_edition(edition=new)
    assert not NewEdition(row).is_still_due()


def test_all_of_one_day_are_one_email_in_as_few_statements_however_many_read_it(now: datetime) -> None:
    first, second = make_edition(now).leaflet, make_edition(now).leaflet
    readers = [make_reader(now, first) for _number in range(3)]
    make_order(readers[0], now, {second: 1})
    new = make_edition(now, leaflet=first, label="May 2027")
    make_edition(now + timedelta(hours=1), leaflet=second, label="June 2027")
    assert told() == sorted(reader.email for reader in readers)
    row = Notification.objects.get(kind=NewEdition.name, recipient=readers[0].email)
    message = NewEdition(row).message()
    assert str(message.subject) == "2 leaflets have a new edition"
    with CaptureQueriesContext(connection) as asked:
        assert notify_new_edition(new, now + timedelta(days=1)) == 3
    assert len([query for query in asked if not query["sql"].startswith("SAVEPOINT")]) <= 3
    Person.objects.filter(pk=readers[0].pk).update(email="elsewhere@leeds.example.nhs.uk")
    assert not NewEdition(row).is_still_due()


def test_an_order_ends_with_one_button_until_they_said_yes_or_no(client: Any, now: datetime) -> None:
    person = make_person()
    order = make_order(person, now, {make_edition(now).leaflet: 2})
    sign_in(client, person)
    page = reverse("order_placed", args=[order.reference])
    assert "Email me about new editions" in client.get(page).content.decode()
    assert not MailChoice.objects.exists()
    pressed = client.post(reverse("my_mail_editions"), {"next": page}, follow=True)
    assert "We will email you when a leaflet that you ordered has a new edition." in pressed.content.decode()
    assert "Email me about new editions" not in pressed.content.decode()
    assert wants_topic(Topic.EDITIONS, person.email)
    assert MailChoice.objects.get().chosen_where == ChoiceSource.ORDER
