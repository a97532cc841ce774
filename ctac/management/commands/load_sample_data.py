"""Loads sample data to try a new copy with. A second run adds nothing."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from accounts.models import User
from bookings import samples as bookings_sample
from bookings.tasks import keep_street_words as keep_street_words_of_bookings
from guidance.services import approve_samples, fill_sample_contacts
from leaflets.catalogue import titles
from leaflets.tasks import keep_street_words as keep_street_words_of_orders
from professionals import samples as professionals_sample
from reach import samples as reach_sample
from reach.services import count_reach


class Command(BaseCommand):
    help = "Load the leaflet catalogue, approvals, presenters, stock, people, bookings, two years past. Never in production."

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        professionals_sample.load_people(now)
        author, approver = (
            User.objects.get(email=f"{role}@{professionals_sample.STAFF_EMAIL_DOMAIN}") for role in ("coordinator", "manager")
        )
        approve_samples(author=author, by=approver, now=now)
        fill_sample_contacts(by=approver, now=now)
        titles.load_samples(now)
        bookings_sample.load_bookings(now)
        reach_sample.load_reach(now)
        count_reach(now)
        keep_street_words_of_bookings()
        keep_street_words_of_orders()
        self.stdout.write("Sample data is there.")
