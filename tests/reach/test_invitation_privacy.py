"""What invitations hold about people: given back, erased, and forgotten in time without losing a figure."""

from datetime import timedelta

import pytest

from bookings.models import BookingState
from core.dates import months_before
from office.site_settings.queries import site_settings
from privacy.retention import run_rules
from privacy.services import erase_person, export_person
from professionals.merges.services import merge_people
from reach.invitations.queries import get_campaign_outcome
from reach.models import Campaign, CampaignInvite, RoleMailbox
from tests.bookings.rows import NOW, make_booking, make_presenter
from tests.factories import make_staff
from tests.reach.test_invitations import DAY, TIMES, attended, invite, leeds, make_reader, presentation, presenter
from tests.reach.test_role_mailboxes import ADDRESS, add

__all__ = ["leeds", "presentation", "presenter"]
pytestmark = pytest.mark.django_db


def test_a_copy_says_when_somebody_was_invited(leeds, presentation):
    reader = make_reader()
    invite(leeds, presentation)
    [given] = export_person(reader)["invitations"]
    assert (given["presentation"], given["invited_at"], given["address"]) == (presentation.title, NOW, reader.email)


def test_an_erasure_takes_the_address_and_leaves_the_figures(leeds, presentation, presenter):
    reader = make_reader()
    campaign = invite(leeds, presentation)
    make_booking(presenter, TIMES[0], person=reader, created_at=NOW + DAY, state=BookingState.DELIVERED, claim=False)
    before = get_campaign_outcome(campaign)
    erase_person(reader, by=None, now=NOW + 2 * DAY)
    assert CampaignInvite.objects.get().address == ""
    assert get_campaign_outcome(campaign) == before


def test_a_role_mailbox_goes_with_who_signed_up_with_it():
    add()
    reader = make_reader(email=ADDRESS)
    assert {"role_mailbox": ADDRESS}.items() <= export_person(reader)["invitations"][0].items()
    erase_person(reader, by=None, now=NOW)
    assert not RoleMailbox.objects.exists()


def test_two_people_become_one_and_stay_invited(leeds, presentation):
    one, other = make_reader(), make_reader(with_user=False)
    campaign = invite(leeds, presentation)
    merge_people(one, other=other, kept_values={}, by=make_staff(), now=NOW)
    assert set(campaign.invites.values_list("person", flat=True)) == {one.pk}


def test_after_its_time_only_counts_are_left(leeds, presentation):
    kept = site_settings().keep_messages_months
    reader, long_ago = make_reader(), months_before(NOW, kept) - DAY
    campaign = invite(leeds, presentation, now=long_ago)
    booking = make_booking(
        make_presenter(), long_ago + 20 * DAY, person=reader, created_at=long_ago + DAY, state=BookingState.DELIVERED, claim=False
    )
    attended(booking, 9)
    run_rules(now=NOW)
    assert not CampaignInvite.objects.exists()
    campaign = Campaign.objects.get()
    assert (campaign.booked, campaign.attended) == (1, 9)
    outcome = get_campaign_outcome(campaign)
    assert (outcome.booked, outcome.people) == (1, 9)


def test_an_invitation_stays_for_its_90_days_however_short_the_time_that_staff_set(leeds, presentation, change_settings):
    change_settings(keep_messages_months=1)
    make_reader()
    invite(leeds, presentation, now=NOW - 60 * DAY)
    run_rules(now=NOW)
    assert CampaignInvite.objects.count() == 1
    run_rules(now=NOW + 30 * DAY)
    assert CampaignInvite.objects.count() == 0


def test_a_role_mailbox_is_looked_up_anew_after_its_time():
    months = site_settings().keep_people_months
    add(now=months_before(NOW, months) - timedelta(days=1))
    recent = add("duty@york.gov.uk", now=NOW)
    run_rules(now=NOW)
    assert list(RoleMailbox.objects.all()) == [recent]
