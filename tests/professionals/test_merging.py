"""Two rows of one person become one and are taken apart again; every table is compared, so that a new one can't be forgotten."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.apps import apps
from django.db import connection

from accounts.models import User
from bookings.calendars.views import get_or_create_feed
from bookings.models import Booking, CalendarFeed, OpenSession, PlaceState, Seat, SeatState, SessionPlace
from core.errors import ChangedMeanwhile, DomainError
from leaflets.models import Advice, KeptAddress, Order, Recall, RecallHolder, RecallReplacement, StockAlert
from notifications.models import ChoiceSource, Notification
from notifications.preferences import is_wanted_by_topic, record_choices
from notifications.registry import Topic
from privacy.models import DataAction, DataActionKind, DataActionReason
from privacy.retention import clear_expired
from privacy.services import erase_person, export_person
from professionals.merges import services
from professionals.models import (
    MERGE_UNDO_PERIOD,
    BlockedAttempt,
    FormerAddress,
    Merge,
    MergedRecord,
    NoteKind,
    Organisation,
    Person,
)
from professionals.services import add_note, assign_verified_address
from reach.invitations.services import add_mailbox
from reach.models import MIN_INVITATION_INTERVAL, Campaign, CampaignInvite
from tests.bookings.open_sessions.rows import make_place, make_session
from tests.bookings.rows import NOW, at, make_booking, make_draft, make_hold, make_presentation, make_presenter
from tests.bookings.seats.scene import make_seat, offered
from tests.factories import make_organisation, make_person, make_staff, make_user
from tests.leaflets.factories import DELIVERY, make_edition, make_leaflet, make_order
from tests.privacy.rows import make_complaint

pytestmark = pytest.mark.django_db
# What a merge leaves behind on purpose, or what nobody promised to keep.
NOT_COMPARED = {"audit.Entry", "accounts.Session", "accounts.RateLimit"}
# A word goes with the last name that has it, and comes back with another key, by which nobody asks for it.
WITHOUT_KEY = {"professionals.NameWord"}


@pytest.fixture
def staff() -> User:
    return make_staff()


@pytest.fixture
def sam() -> Person:
    return make_person(email="sam@leeds.nhs.uk")


@pytest.fixture
def samuel() -> Person:
    return make_person(name="Samuel Taylor", email="samuel@leeds.nhs.uk", with_user=False)


def tables() -> dict[str, list[str]]:
    """Every row of every table of ours."""
    models = [model for model in apps.get_models() if model._meta.managed and model._meta.label not in NOT_COMPARED]
    found = {}
    for model in models:
        without = {"id"} if model._meta.label in WITHOUT_KEY else set()
        rows = model._base_manager.values(*(f.attname for f in model._meta.concrete_fields if f.attname not in without))
        found[model._meta.label] = sorted(str(sorted(row.items())) for row in rows)
    return found


def changed(before: dict[str, list[str]], after: dict[str, list[str]]) -> dict[str, Any]:
    sets = {name: (set(before[name]), set(after[name])) for name in before}
    return {name: (old - new, new - old) for name, (old, new) in sets.items() if old != new}


def a_recall(person: Person, **fields: Any) -> RecallHolder:
    edition = make_edition(NOW)
    facts = {"blocked": 0, "moved": 0, "to_come": 0, "cancelled": 0}
    recall = Recall.objects.create(
        edition=edition, advice=Advice.values[0], instead=RecallReplacement.CANCEL, recalled_at=NOW, **facts
    )
    return RecallHolder.objects.create(recall=recall, person=person, **{"received": 3, **fields})


def a_feed(person: Person) -> CalendarFeed:
    return get_or_create_feed(owner=person, by=person.user or make_user(), now=NOW)


def an_invite(person: Person) -> CampaignInvite:
    campaign = Campaign.objects.create(
        unit="district", areas=["E08000035"], presentation=make_presentation(), planned_at=NOW, token=uuid4()
    )
    lasts = (NOW, NOW + MIN_INVITATION_INTERVAL)
    return CampaignInvite.objects.create(campaign=campaign, person=person, address=person.email, lasts=lasts)


def of_each_kind() -> dict[str, Callable[[Person], Any]]:
    """By each key to a person how a row of theirs is made."""
    presenter = make_presenter()
    hour = {"where": "order", "why": "throttle", "times": 1, "last_at": NOW}
    given = {"done": DataActionKind.GIVEN, "reason": DataActionReason.ASKED, "at": NOW}
    return {
        "professionals.FormerAddress.person": lambda person: FormerAddress.objects.create(
            person=person, address="old@leeds.nhs.uk", until=NOW
        ),
        "professionals.MergedRecord.person": lambda person: MergedRecord.objects.create(person=person, key=99, since=NOW),
        "professionals.Note.person": lambda person: add_note(
            person=person, kind=NoteKind.RANG_US, text="Ask for Jo.", reference="", by=make_staff(), now=NOW
        ),
        "professionals.Draft.person": lambda person: make_draft(person),
        "reach.CampaignInvite.person": an_invite,
        "professionals.BlockedAttempt.person": lambda person: BlockedAttempt.objects.create(
            person=person, hour=NOW, key=f"{person.pk}", **hour
        ),
        "professionals.Merge.person": lambda person: Merge.objects.create(
            person=person, asked_at=NOW, merged_at=NOW - timedelta(days=1), changes={"rows": [], "last": {}}
        ),
        "professionals.Merge.other": lambda person: Merge.objects.create(person=make_person(), other=person, asked_at=NOW),
        "privacy.Complaint.person": lambda person: make_complaint(person=person, now=NOW),
        "privacy.DataAction.person": lambda person: DataAction.objects.create(person=person, by=None, **given),
        "leaflets.StockAlert.person": lambda person: StockAlert.objects.create(
            person=person, leaflet=make_leaflet(), asked_at=NOW
        ),
        "leaflets.Order.person": lambda person: make_order(person, NOW),
        "leaflets.KeptAddress.person": lambda person: KeptAddress.objects.create(person=person, **vars(DELIVERY)),
        "leaflets.RecallHolder.person": a_recall,
        "bookings.Booking.person": lambda person: make_booking(presenter, at("10:00"), person=person),
        "bookings.SessionPlace.person": lambda person: make_place(make_session(None), person=person),
        "bookings.Seat.person": lambda person: make_seat(make_booking(presenter, at("12:00")), person=person),
        "bookings.Hold.person": lambda person: make_hold(presenter, at("14:00"), expires_at=NOW, person=person),
        "bookings.CalendarFeed.person": a_feed,
    }


def merged(kept: Person, gone: Person, staff: User, now: datetime = NOW, **kept_values: int) -> Merge:
    return services.merge_people(kept, other=gone, kept_values=kept_values, by=staff, now=now)


def test_every_key_to_a_person_follows(sam: Person, samuel: Person, staff: User) -> None:
    """A key that somebody adds must be made here: what is theirs, and where it is afterwards."""
    makers = of_each_kind()
    keys = {f"{relation.related_model._meta.label}.{relation.field.name}" for relation in Person._meta.related_objects}
    assert keys == set(makers)
    hidden = [
        field for field in Person._meta.get_fields(include_hidden=True) if field.auto_created and getattr(field, "hidden", 0)
    ]
    assert hidden == []  # nobody asks about those
    rows = {name: make(samuel) for name, make in makers.items()}
    gone = samuel.pk

    merged(sam, samuel, staff)

    left = {"professionals.Merge.other", "bookings.CalendarFeed.person"}  # a question and an address that nobody needs any more
    for name, row in rows.items():
        now = type(row)._base_manager.filter(pk=row.pk).values_list(f"{name.rpartition('.')[2]}_id", flat=True)
        assert list(now) == ([] if name in left else [sam.pk]), name
    assert list(MergedRecord.objects.filter(key=gone).values_list("person", "since")) == [(sam.pk, samuel.created_at)]
    assert not Person.objects.filter(pk=gone).exists()


def test_taken_apart_both_are_exactly_as_they_were(sam: Person, samuel: Person, staff: User) -> None:
    makers = of_each_kind()
    for name, make in makers.items():
        if name != "bookings.Hold.person":
            make(samuel)
    session, leaflet, holder = make_session(None), make_leaflet(), a_recall(samuel)
    makers["leaflets.KeptAddress.person"](sam)  # and what only one can have
    a_feed(sam)
    FormerAddress.objects.create(person=sam, address="old@leeds.nhs.uk", until=NOW - timedelta(days=9))
    RecallHolder.objects.create(recall=holder.recall, person=sam, received=5)
    make_place(session, PlaceState.GIVEN_UP, sam)
    make_place(session, PlaceState.TAKEN, samuel)
    for person in (sam, samuel):
        StockAlert.objects.create(person=person, leaflet=leaflet, asked_at=NOW)
    record_choices(address=sam.email, chosen={Topic.EDITIONS: True, Topic.INVITATIONS: True}, where=ChoiceSource.PAGE, now=NOW)
    record_choices(address=samuel.email, chosen={Topic.INVITATIONS: False}, where=ChoiceSource.PHONE, now=NOW - timedelta(days=1))
    later = {"kind": "booking-reminder", "about": "booking:1", "due_at": NOW + timedelta(days=2), "created_at": NOW}
    Notification.objects.create(recipient=samuel.email, message_id="<1@ctac.example>", **later)
    before = tables()

    merge = merged(sam, samuel, staff, name=samuel.pk, email=samuel.pk, organisation=samuel.pk)
    together = tables()
    services.undo_merge(Person.objects.get(pk=merge.person_id), by=staff, now=NOW)

    assert len(changed(before, together)) > 15
    assert changed(before, tables()) == {}


def test_each_field_is_whose_staff_chose_and_a_gap_is_filled(samuel: Person, staff: User) -> None:
    pat = make_person(name="Pat", email="", phone="", postcode="", with_user=False)
    merged(pat, samuel, staff, name=samuel.pk, organisation=pat.pk, profession=pat.pk)
    pat.refresh_from_db()
    assert (pat.name, pat.email, pat.phone) == ("Samuel Taylor", "samuel@leeds.nhs.uk", "0113 496 0000")
    assert (pat.organisation, pat.postcode) == (Person.objects.get().organisation, "LS1 4AP")


def test_who_signs_in_stays_with_that_address_whatever_was_sent(sam: Person, samuel: Person, staff: User) -> None:
    merge = merged(samuel, sam, staff, email=samuel.pk)
    assert merge.person == sam
    kept = Person.objects.get()
    assert (kept.user, kept.email) == (sam.user, "sam@leeds.nhs.uk")
    assert list(kept.former_addresses.values_list("address", flat=True)) == ["samuel@leeds.nhs.uk"]


@pytest.mark.parametrize("refused_later", [False, True])
def test_the_stricter_choice_of_mail_wins_whoever_said_it_last(
    sam: Person, samuel: Person, staff: User, refused_later: bool
) -> None:
    days = timedelta(days=1 if refused_later else -1)
    record_choices(address=sam.email, chosen={Topic.INVITATIONS: True, Topic.EDITIONS: False}, where=ChoiceSource.PAGE, now=NOW)
    both = {Topic.INVITATIONS: False, Topic.EDITIONS: True, Topic.REMINDERS: False}
    record_choices(address=samuel.email, chosen=both, where=ChoiceSource.PHONE, now=NOW + days)
    merged(sam, samuel, staff)
    assert set(is_wanted_by_topic(sam.email).values()) == {False}


def test_reminders_go_where_the_person_reads_and_back(sam: Person, samuel: Person, staff: User) -> None:
    later = {"kind": "booking-reminder", "about": "booking:1", "due_at": NOW + timedelta(days=2), "created_at": NOW}
    first, second = (
        Notification.objects.create(recipient=samuel.email, version=n, message_id=f"<{n}@ctac.example>", **later) for n in (1, 2)
    )
    merged(sam, samuel, staff)
    assert set(Notification.objects.values_list("recipient", flat=True)) == {sam.email}
    Notification.objects.filter(pk=first.pk).update(state="sent", sent_at=NOW)
    services.undo_merge(sam, by=staff, now=NOW)
    sent_to = dict(Notification.objects.values_list("pk", "recipient"))
    assert sent_to == {first.pk: sam.email, second.pk: "samuel@leeds.nhs.uk"}  # where it went is where it went


def test_what_was_made_and_changed_since_stays_with_who_is_left(sam: Person, samuel: Person, staff: User) -> None:
    presenter = make_presenter()
    moved = make_booking(presenter, at("10:00"), person=samuel)
    merged(sam, samuel, staff, name=samuel.pk)
    since = make_booking(presenter, at("14:00"), person=sam)
    Person.objects.filter(pk=sam.pk).update(phone="0113 496 0099")
    services.undo_merge(sam, by=staff, now=NOW)
    assert Booking.objects.get(pk=moved.pk).person_id == Person.objects.get(name="Samuel Taylor").pk
    assert Booking.objects.get(pk=since.pk).person == sam
    assert Person.objects.filter(pk=sam.pk, name="Sam Taylor", phone="0113 496 0099").exists()


def test_a_booking_is_found_by_whose_it_is(sam: Person, samuel: Person, staff: User) -> None:
    booking = make_booking(make_presenter(), at("10:00"), person=samuel)
    for does, words in (
        (lambda: merged(sam, samuel, staff), "sam@"),
        (lambda: services.undo_merge(sam, by=staff, now=NOW), "samuel@"),
    ):
        does()
        booking.refresh_from_db()
        assert f" {words}" in booking.searched


def test_of_two_places_the_one_further_on_stays_and_the_seat_goes_to_who_waits(sam: Person, samuel: Person, staff: User) -> None:
    session = make_session(None, at("10:00"), capacity=2)
    make_place(session, PlaceState.TAKEN, samuel)
    make_place(session, PlaceState.TAKEN, sam)
    waits = make_place(session, PlaceState.WAITING)
    merged(sam, samuel, staff)
    session.refresh_from_db()
    assert SessionPlace.objects.filter(person=sam).count() == 1
    assert SessionPlace.objects.get(pk=waits.pk).state in (PlaceState.OFFERED, PlaceState.TAKEN)
    assert (session.occupied, session.waiting) == (2, 0)
    with pytest.raises(services.CannotUndo):  # the seat is somebody else's by now
        services.undo_merge(sam, by=staff, now=NOW)
    assert Merge.objects.count() == 1


def test_of_two_seats_at_one_visit_the_one_that_is_given_stays(sam: Person, samuel: Person, staff: User) -> None:
    booking = offered()
    given = make_seat(booking, SeatState.APPROVED, samuel)
    make_seat(booking, SeatState.ASKED, sam)
    merged(sam, samuel, staff)
    booking.refresh_from_db()
    assert (list(Seat.objects.filter(person=sam)), booking.seats_taken) == ([given], 1)


def test_signing_up_with_a_place_on_both_sides_is_no_error(sam: Person, samuel: Person) -> None:
    """It was one: a caller had a place at the session, and so had the account."""
    session = make_session(None)
    make_place(session, PlaceState.GIVEN_UP, sam)
    taken = make_place(session, PlaceState.TAKEN, samuel)
    user = sam.user
    assert user is not None
    user.emailaddress_set.create(email=samuel.email, verified=True)
    assign_verified_address(user=user, email=samuel.email, details=None, now=NOW)
    assert list(SessionPlace.objects.filter(person=sam)) == [taken]


def test_whoever_is_erased_is_taken_apart_no_more(sam: Person, samuel: Person, staff: User) -> None:
    merged(sam, samuel, staff)
    assert export_person(sam)["person"]["merged_records"][0]["other_record"][0]["name"] == "Samuel Taylor"
    erase_person(sam, by=None, now=NOW)
    assert not Merge.objects.exists()
    with pytest.raises(services.TooLateToUndo):
        services.undo_merge(sam, by=staff, now=NOW)
    assert "samuel" not in str(tables()).lower()


def test_after_30_days_nothing_is_left_to_undo_it_with(sam: Person, samuel: Person, staff: User) -> None:
    lonely = samuel.organisation
    merged(sam, samuel, staff)
    late = NOW + MERGE_UNDO_PERIOD
    assert services.current_merge(sam, late) is None
    with pytest.raises(services.TooLateToUndo):
        services.undo_merge(sam, by=staff, now=late)
    clear_expired(now=late - timedelta(minutes=1))
    assert Merge.objects.count() == 1
    clear_expired(now=late)
    assert (Merge.objects.count(), Organisation.objects.filter(pk=lonely.pk).count()) == (0, 0)


def test_merges_of_merges_are_taken_apart_the_latest_first(sam: Person, samuel: Person, staff: User) -> None:
    before = tables()
    third = make_person(name="S Taylor", email="", with_user=False)
    with_third = tables()
    merged(samuel, third, staff)
    merged(sam, Person.objects.get(pk=samuel.pk), staff, now=NOW + timedelta(minutes=1))
    assert list(Person.objects.all()) == [sam]
    services.undo_merge(sam, by=staff, now=NOW + timedelta(hours=1))
    with pytest.raises(services.TooLateToUndo):
        services.undo_merge(sam, by=staff, now=NOW + timedelta(hours=1))
    services.undo_merge(Person.objects.get(pk=samuel.pk), by=staff, now=NOW + timedelta(hours=1))
    assert changed(with_third, tables()) == {}
    assert changed(before, with_third).keys() == {"professionals.Person", "professionals.Organisation"}


def test_an_address_that_is_anothers_by_now_is_a_refusal(sam: Person, samuel: Person, staff: User) -> None:
    merged(sam, samuel, staff)
    make_person(email="samuel@leeds.nhs.uk")
    before = tables()
    with pytest.raises(services.CannotUndo):
        services.undo_merge(sam, by=staff, now=NOW)
    assert changed(before, tables()) == {}


def test_nobody_is_merged_with_themselves_or_with_somebody_erased(sam: Person, samuel: Person, staff: User) -> None:
    erase_person(samuel, by=None, now=NOW)
    for other in (sam, samuel):
        with pytest.raises(ChangedMeanwhile):
            merged(sam, other, staff)


# Two who sign in.


@pytest.fixture
def twin() -> Person:
    return make_person(name="Sam T", email="s.taylor@bradford.nhs.uk")


def test_two_sign_ins_wait_for_proof_from_both(sam: Person, twin: Person, staff: User) -> None:
    make_booking(make_presenter(), at("10:00"), person=sam)
    before = tables()
    merge = merged(sam, twin, staff, email=twin.pk, name=sam.pk)
    asked = Notification.objects.filter(kind="merge-asked")
    assert set(asked.values_list("recipient", flat=True)) == {sam.email, twin.email}
    assert changed(before, tables()).keys() == {"notifications.Notification", "professionals.Merge"}

    services.confirm_merge(merge, person=twin, now=NOW)
    services.confirm_merge(merge, person=twin, now=NOW)  # twice the same is no proof of the other
    assert Person.objects.filter(pk__in=[sam.pk, twin.pk]).count() == 2
    services.confirm_merge(merge, person=sam, now=NOW)

    assert not Person.objects.filter(pk=sam.pk).exists()
    twin.refresh_from_db()
    assert (twin.name, twin.email, twin.user.email, twin.user.is_active) == ("Sam Taylor", *[twin.email] * 2, True)
    assert Booking.objects.get().person == twin
    assert not User.objects.get(email="sam@leeds.nhs.uk").is_active
    done = Notification.objects.filter(kind="merge-done")
    assert set(done.values_list("recipient", flat=True)) == {"sam@leeds.nhs.uk", twin.email}

    services.undo_merge(twin, by=staff, now=NOW)
    left = changed(before, tables())
    assert left.keys() == {"notifications.Notification"}  # what was sent about it


def test_it_lapses_and_can_be_asked_again(sam: Person, twin: Person, staff: User) -> None:
    merge = merged(sam, twin, staff)
    with pytest.raises(services.MergeAlreadyWaiting):
        merged(twin, sam, staff)
    late = NOW + timedelta(days=7)
    with pytest.raises(ChangedMeanwhile):
        services.confirm_merge(merge, person=sam, now=late)
    again = merged(twin, sam, staff, now=late)
    clear_expired(now=late)
    assert list(Merge.objects.all()) == [again]
    clear_expired(now=late + timedelta(days=7))
    assert not Merge.objects.exists()


def test_it_can_be_called_off(sam: Person, twin: Person, staff: User) -> None:
    merge = merged(sam, twin, staff)
    services.call_off_merge(twin, by=staff, now=NOW)
    with pytest.raises(ChangedMeanwhile):
        services.confirm_merge(merge, person=sam, now=NOW)
    with pytest.raises(ChangedMeanwhile):
        services.call_off_merge(twin, by=staff, now=NOW)


def test_a_colleagues_sign_in_is_not_closed(sam: Person, staff: User) -> None:
    colleague = make_person(user=staff, email=staff.email)
    with pytest.raises(services.ClosesStaffAccount):
        merged(sam, colleague, staff, email=sam.pk)
    assert merged(sam, colleague, staff, email=colleague.pk).person == colleague


def test_merge_confirmed_late_does_not_close_an_account_that_became_staff(sam: Person, twin: Person, staff: User) -> None:
    merge = merged(sam, twin, staff, email=twin.pk)
    services.confirm_merge(merge, person=twin, now=NOW)
    User.objects.filter(pk=sam.user_id).update(is_staff=True)
    with pytest.raises(services.ClosesStaffAccount):
        services.confirm_merge(merge, person=sam, now=NOW + timedelta(days=6))
    sam.refresh_from_db()
    assert (sam.user.is_active, Merge.objects.get().merged_at) == (True, None)


@pytest.mark.parametrize("erased", ["kept", "gone"])
def test_an_erasure_ends_what_waits(sam: Person, twin: Person, staff: User, erased: str) -> None:
    merged(sam, twin, staff)
    erase_person(sam if erased == "kept" else twin, by=None, now=NOW)
    assert not Merge.objects.exists()


def test_the_closed_sign_in_goes_with_the_person_or_after_30_days(sam: Person, twin: Person, staff: User) -> None:
    merge = merged(sam, twin, staff)
    for person in (sam, twin):
        services.confirm_merge(merge, person=person, now=NOW)
    closed = User.objects.filter(email="s.taylor@bradford.nhs.uk")
    assert closed.exists()
    with connection.cursor() as cursor:
        cursor.execute("SAVEPOINT before")
    erase_person(Person.objects.get(pk=sam.pk), by=None, now=NOW)
    assert not closed.exists()
    assert "s.taylor" not in str(tables())
    with connection.cursor() as cursor:
        cursor.execute("ROLLBACK TO SAVEPOINT before")
    clear_expired(now=NOW + MERGE_UNDO_PERIOD)
    assert not closed.exists()


# Organisations.


def test_organisations_are_taken_apart_exactly(staff: User) -> None:
    keep, goes = make_organisation("Leeds TH"), make_organisation("Leeds Teaching Hospitals")
    make_person(organisation=keep)
    person = make_person(organisation=goes)
    make_order(person, NOW)
    BlockedAttempt.objects.create(hour=NOW, where="order", why="throttle", times=1, last_at=NOW, organisation=goes)
    add_note(organisation=goes, kind=NoteKind.RANG_US, text="Ask for Jo.", by=staff, now=NOW)
    published = {"source": "https://www.leeds.nhs.uk/team", "basis": "published", "postcode": "LS1 4AP"}
    add_mailbox(goes, address="team@leeds.nhs.uk", **published, by=staff, now=NOW)
    before = tables()
    assert {relation.related_model._meta.label for relation in Organisation._meta.related_objects} == {
        "professionals.Person",
        "professionals.Note",
        "professionals.BlockedAttempt",
        "professionals.Merge",
        "leaflets.Order",
        "reach.RoleMailbox",
    }

    services.merge_organisations(keep=keep, others=[goes], by=staff, now=NOW)
    assert set(Person.objects.values_list("organisation", flat=True)) == {keep.pk}
    assert set(Order.objects.values_list("organisation", flat=True)) <= {keep.pk, None}
    services.undo_organisation_merge(keep, by=staff, now=NOW)
    assert changed(before, tables()) == {}


def test_an_organisation_of_somebody_erased_is_taken_apart_no_more(staff: User) -> None:
    keep, goes = make_organisation("Leeds TH"), make_organisation("Quillfinch Counselling")
    make_person(organisation=keep)
    person = make_person(organisation=goes)
    services.merge_organisations(keep=keep, others=[goes], by=staff, now=NOW)
    erase_person(Person.objects.get(pk=person.pk), by=None, now=NOW)
    with pytest.raises(DomainError):
        services.undo_organisation_merge(keep, by=staff, now=NOW)
    assert "Quillfinch" not in str(tables())


def test_a_merge_keeps_no_organisation_that_nobody_is_in(staff: User) -> None:
    keep, goes = make_organisation("Leeds TH"), make_organisation("Leeds Teaching Hospitals")
    services.merge_organisations(keep=keep, others=[goes], by=staff, now=NOW)
    assert list(Organisation.objects.unused()) == [keep]
    assert OpenSession.objects.count() == 0
