"""What the safeguarding lead does: sees what is not read, reads it, clears it or keeps it; each is noted."""

import hashlib
import json
import re
from datetime import date

import pytest
from django.contrib.admin.models import LogEntry
from django.db import DatabaseError, transaction
from django.urls import reverse

from bookings.models import Booking
from core.errors import DomainError
from leaflets.orders.services.transitions import cancel_order, restore_order
from notifications import samples
from notifications.models import Notification
from notifications.samples import all_samples
from professionals.models import FlagDecision, FlaggedEvent, FlaggedText
from professionals.safeguarding import services as safeguarding_services
from professionals.safeguarding.services import fields_fingerprint, flagged_fields, is_kept_back, notify_safeguarding_lead
from tests.bookings.rows import at, make_booking, make_leave, make_presenter
from tests.factories import make_person, make_staff, sign_in_staff
from tests.leaflets.factories import make_order

pytestmark = pytest.mark.django_db

CHILD = "Ana Pop, born 12/03/2014"
LIST = "/staff/professionals/flaggedtext/"


@pytest.fixture
def booking():
    made = make_booking(make_presenter(), at("10:00"))
    Booking.objects.filter(pk=made.pk).update(notes=CHILD, room="Room 3", flagged_child_details=True)
    made.refresh_from_db()
    return made


@pytest.fixture
def flagged(booking, now):
    notify_safeguarding_lead(about=f"booking:{booking.pk}", reference=booking.reference, now=now)
    return FlaggedText.objects.get()


@pytest.fixture
def lead(client):
    lead = make_staff("lead@ctac.example", superuser=False, role="manager")
    sign_in_staff(client, lead)
    return lead


def page(flagged, slug):
    return reverse("staff:professionals_flaggedtext_action", args=[flagged.pk, slug])


def shown(flagged):
    return fields_fingerprint(flagged_fields(flagged))


def on_page(client, flagged, slug):
    """The mark of the words that stand on this page."""
    return re.findall(r'name="shown" value="([0-9a-f]{64})"', client.get(page(flagged, slug)).content.decode())[0]


def press(client, flagged, slug):
    return client.post(page(flagged, slug), {"shown": on_page(client, flagged, slug)}, follow=True).content.decode()


def test_the_lead_sees_what_is_not_read_and_no_page_shows_the_words_before_the_button(client, lead, flagged):
    first = client.get("/staff/").content.decode()
    assert "text that may be about a child, not read yet" in first
    unread = client.get(f"{LIST}?state=unread").content.decode()
    change = client.get(f"{LIST}{flagged.pk}/change/").content.decode()
    ask = client.get(page(flagged, "read")).content.decode()
    assert flagged.reference in unread
    assert reverse("staff:bookings_booking_change", args=[Booking.objects.get().pk]) in change
    for shown in (first, unread, change, ask):
        assert "Ana Pop" not in shown
    assert not FlaggedEvent.objects.exists()  # looking notes nothing, and shows nothing


def test_the_button_notes_who_read_it_and_shows_it(client, lead, flagged):
    shown = client.post(page(flagged, "read"), follow=True).content.decode()
    assert CHILD in shown
    assert "Room 3" not in shown  # only what looks like a child's details
    client.post(page(flagged, "read"))
    client.get(page(flagged, "read"))
    assert list(FlaggedEvent.objects.values_list("kind", "by")) == [("read", lead.pk)]
    assert flagged.reference not in client.get(f"{LIST}?state=unread").content.decode()
    listed = client.get(f"{LIST}?state=open").content.decode()
    assert "lead@ctac.example" in listed
    assert CHILD not in listed


def test_another_colleague_who_opens_it_is_noted_too(client, lead, flagged):
    client.post(page(flagged, "read"))
    other = make_staff(superuser=False, role="manager")
    sign_in_staff(client, other)
    assert CHILD not in client.get(page(flagged, "read")).content.decode()
    client.post(page(flagged, "read"))
    assert list(FlaggedEvent.objects.values_list("by", flat=True)) == [lead.pk, other.pk]


def test_the_words_are_cleared_and_what_was_decided_is_kept(client, lead, flagged, booking):
    client.post(page(flagged, "read"))
    press(client, flagged, "clear")
    booking.refresh_from_db()
    flagged.refresh_from_db()
    assert (booking.notes, booking.room, booking.flagged_child_details) == ("", "Room 3", False)
    assert (flagged.decision, is_kept_back(f"booking:{booking.pk}")) == (FlagDecision.CLEARED, False)
    assert list(FlaggedEvent.objects.values_list("kind", "by")) == [("read", lead.pk), ("cleared", lead.pk)]
    change = client.get(f"{LIST}{flagged.pk}/change/").content.decode()
    assert "lead@ctac.example" in change
    assert "Read what was written" not in change
    assert not LogEntry.objects.filter(change_message__contains="Ana").exists()


def test_what_is_not_about_a_child_is_a_text_like_any_other(client, lead, flagged, booking):
    client.post(page(flagged, "read"))
    press(client, flagged, "no-child")
    booking.refresh_from_db()
    assert (booking.notes, booking.flagged_child_details) == (CHILD, False)
    assert not is_kept_back(f"booking:{booking.pk}")


def test_nobody_decides_what_they_have_not_read_or_what_is_decided(client, lead, flagged, booking, now):
    assert "First read what the person wrote." in client.post(page(flagged, "clear")).content.decode()
    booking.refresh_from_db()
    assert booking.notes == CHILD
    safeguarding_services.mark_as_read(flagged=flagged, by=lead, now=now)
    safeguarding_services.mark_as_no_child(flagged=flagged, shown=shown(flagged), by=lead, now=now)
    with pytest.raises(DomainError, match="A colleague has already decided this"):
        safeguarding_services.clear_flagged(flagged=flagged, shown=shown(flagged), by=lead, now=now)


@pytest.mark.parametrize("slug", ["clear", "no-child"])
def test_words_that_were_changed_since_they_were_read_are_not_decided_unread(client, lead, flagged, booking, slug):
    client.post(page(flagged, "read"))
    before = on_page(client, flagged, slug)
    Booking.objects.update(notes=f"{CHILD}. She told her teacher.")

    answer = client.post(page(flagged, slug), {"shown": before}, follow=True).content.decode()

    booking.refresh_from_db()
    flagged.refresh_from_db()
    assert (booking.notes, flagged.decision) == (f"{CHILD}. She told her teacher.", FlagDecision.OPEN)
    assert "Somebody changed these words while you read them, so nothing was done." in answer
    assert "She told her teacher." in answer  # which can be read now, and decided
    press(client, flagged, slug)
    flagged.refresh_from_db()
    assert flagged.is_decided


def test_a_button_pressed_without_the_page_decides_nothing(client, lead, flagged):
    client.post(page(flagged, "read"))
    assert "Somebody changed these words" in client.post(page(flagged, "clear"), follow=True).content.decode()
    flagged.refresh_from_db()
    assert not flagged.is_decided


def test_who_has_not_read_them_sees_no_words_beside_the_button(client, lead, flagged):
    assert "Ana Pop" not in client.get(page(flagged, "clear")).content.decode()


def test_the_mark_of_words_says_nothing_without_our_key(flagged, settings):
    [words] = flagged_fields(flagged)
    said = json.dumps([[words.row._meta.label, words.row.pk, words.column, words.text]]).encode()
    mark = shown(flagged)
    assert mark != hashlib.sha256(said).hexdigest()
    settings.SECRET_KEY = "another"
    assert shown(flagged) != mark


def test_while_another_text_of_it_waits_all_of_it_is_kept_back(flagged, booking, lead, now):
    notify_safeguarding_lead(about=f"booking:{booking.pk}:cancelled", reference=booking.reference, now=now)
    safeguarding_services.mark_as_read(flagged=flagged, by=lead, now=now)
    safeguarding_services.mark_as_no_child(flagged=flagged, shown=shown(flagged), by=lead, now=now)
    booking.refresh_from_db()
    assert (booking.flagged_child_details, is_kept_back(f"booking:{booking.pk}")) == (True, True)


def test_a_booking_whose_number_begins_alike_is_another(flagged, booking, now):
    assert not FlaggedText.objects.of(f"booking:{booking.pk}"[:-1] or "x").exists()
    assert not FlaggedText.objects.of(f"booking:{booking.pk}0").exists()


def test_a_reason_in_the_history_is_found_and_cleared_too(booking, lead, now):
    booking.events.create(kind="changed", at=now, reason=CHILD)
    Booking.objects.update(notes="")
    notify_safeguarding_lead(about=f"booking:{booking.pk}:x", reference=booking.reference, now=now)
    flagged = FlaggedText.objects.get()
    assert [words.text for words in flagged_fields(flagged)] == [CHILD]
    safeguarding_services.mark_as_read(flagged=flagged, by=lead, now=now)
    safeguarding_services.clear_flagged(flagged=flagged, shown=shown(flagged), by=lead, now=now)
    assert list(booking.events.values_list("reason", flat=True)) == [""]


def test_managers_read_it_only_while_nobody_is_safeguarding_lead(client, flagged):
    """An open account of staff, that is: one that is closed reads nothing."""
    sign_in_staff(client, make_staff(role="manager"))
    assert [client.get(address).status_code for address in (LIST, page(flagged, "read"))] == [200, 200]
    lead = make_staff("grace@ctac.example", role="safeguarding-lead")
    assert [client.get(address).status_code for address in (LIST, page(flagged, "read"))] == [403, 403]
    assert "text that may be about a child" not in client.get("/staff/").content.decode()
    assert client.post(page(flagged, "read")).status_code == 403
    type(lead).objects.filter(pk=lead.pk).update(is_active=False)
    assert client.get(LIST).status_code == 200


def test_the_safeguarding_lead_reads_it_with_name_and_phone_and_erases_nobody(client, flagged, booking):
    person = booking.person
    type(person).objects.filter(pk=person.pk).update(name="Sam Taylor", phone="0113 496 0101")
    lead = make_staff("grace@ctac.example", role="safeguarding-lead")
    sign_in_staff(client, lead)
    assert "text that may be about a child, not read yet" in client.get("/staff/").content.decode()
    before = client.get(page(flagged, "read")).content.decode()
    shown = client.post(page(flagged, "read"), follow=True).content.decode()
    for words in (CHILD, "Sam Taylor", "0113 496 0101"):
        assert (words, words in before, words in shown) == (words, False, True)
    for permission in ("professionals.erase_person", "professionals.view_person", "accounts.change_user", "auth.view_group"):
        assert (permission, lead.has_perm(permission)) == (permission, False)
    press(client, flagged, "clear")
    booking.refresh_from_db()
    assert booking.notes == ""


def test_what_a_colleague_wrote_is_shown_with_their_name_and_mobile(client, booking, now):
    colleague = make_staff("robin@ctac.example", role="coordinator")
    type(colleague).objects.filter(pk=colleague.pk).update(name="Robin Clarke", mobile="+447700900123")
    booking.events.create(kind="reassigned", at=now, reason=CHILD, by=colleague)
    Booking.objects.update(notes="")
    notify_safeguarding_lead(about=f"booking:{booking.pk}:reassigned:1", reference=booking.reference, now=now)
    sign_in_staff(client, make_staff(role="safeguarding-lead"))
    shown = client.post(page(FlaggedText.objects.get(), "read"), follow=True).content.decode()
    assert ("Robin Clarke" in shown, "+447700900123" in shown, booking.person.name in shown) == (True, True, False)


def test_a_lead_who_may_not_open_the_page_gets_no_link_to_it(client, booking, now):
    leave = make_leave(booking.presenter, at("09:00", date(2027, 3, 1)), at("17:00", date(2027, 3, 1))).leave
    notify_safeguarding_lead(about=f"leave:{leave.pk}", reference="leave 1", now=now)
    notify_safeguarding_lead(about=f"booking:{booking.pk}", reference=booking.reference, now=now)
    sign_in_staff(client, make_staff(role="safeguarding-lead"))
    links = {
        flagged.reference: safeguarding_services.flagged_staff_url(flagged)
        in client.get(f"{LIST}{flagged.pk}/change/").content.decode()
        for flagged in FlaggedText.objects.all()
    }
    assert links == {"leave 1": False, booking.reference: True}


@pytest.mark.parametrize("role", ["coordinator", "presenter", "fulfilment", "read-only"])
def test_other_colleagues_see_neither_list_nor_words(client, flagged, role):
    sign_in_staff(client, make_staff(superuser=False, role=role))
    for address in (LIST, f"{LIST}{flagged.pk}/change/", page(flagged, "read")):
        assert client.get(address).status_code == 403
    assert client.post(page(flagged, "read")).status_code == 403
    assert not FlaggedEvent.objects.exists()


def test_the_database_keeps_what_was_noted(flagged, lead, now):
    safeguarding_services.mark_as_read(flagged=flagged, by=lead, now=now)
    for refused in (lambda: FlaggedEvent.objects.update(kind="cleared"), lambda: FlaggedEvent.objects.all().delete()):
        with pytest.raises(DatabaseError), transaction.atomic():
            refused()
    FlaggedEvent.objects.update(by=None)  # when the account is deleted


@pytest.mark.parametrize("decide", [safeguarding_services.clear_flagged, safeguarding_services.mark_as_no_child])
def test_words_at_a_second_cancellation_reach_the_lead_though_those_of_the_first_were_decided_about(lead, now, decide):
    order = make_order(make_person(), now)
    cancel_order(order, by=lead, now=now, reason=CHILD, flagged=True)
    first = FlaggedText.objects.get()
    safeguarding_services.mark_as_read(flagged=first, by=lead, now=now)
    decide(flagged=first, shown=shown(first), by=lead, now=now)
    restore_order(order, reason="by mistake", by=lead, now=now)
    assert not is_kept_back(f"order:{order.pk}")
    cancel_order(order, by=lead, now=now, reason=CHILD, flagged=True)
    assert is_kept_back(f"order:{order.pk}")
    assert Notification.objects.filter(kind="safeguarding-flag").count() == 2


def test_the_example_of_an_email_is_never_taken_for_an_object_that_waits(now):
    before = {sample.title: sample.text for sample in all_samples()}
    samples.examples_of.cache_clear()
    for kind in safeguarding_services._sources:
        FlaggedText.objects.create(about=f"{kind}:1:said", flagged_at=now)
    assert {sample.title: sample.text for sample in all_samples()} == before
