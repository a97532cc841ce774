"""The people of the matrix, and one of each object, all of them the owner's and the own presenter's."""

import secrets
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.contrib.auth.models import Group
from django.db import transaction
from django.test import Client, override_settings
from django.urls import reverse
from django.utils import timezone

from accounts.models import BlockReason, LimitedActivity, SavedFilter, Session, ThrottleScope, User
from audit.models import Entry
from bookings.booking.services.links import make_booking_links
from bookings.calendars.views import feed_token, get_or_create_feed
from bookings.models import LinkPurpose, PlaceLinkPurpose, Presentation, Presenter, SeatState
from bookings.open_sessions.services.places import make_place_links
from core.dates import uk_day
from guidance.models import AreaContact, GuidancePage
from notifications.models import MarkedAddress, Notification, TeamMail
from notifications.preferences import token_of as token_of_mail
from office.closures.models import Banner, Closure
from privacy.models import Complaint, DataAction, DataActionKind, DataActionReason, RetentionRun
from professionals.models import AddressChange, BlockedAttempt, FlaggedText, Merge, Person, RecognisedDomain, hash_token
from professionals.services import OBJECTION_PERIOD, record_blocked_attempt
from reach.models import Campaign, RoleMailbox
from tests import factories
from tests.accounts.factors.proof import enrol
from tests.accounts.passkeys.device import kept_passkey
from tests.bookings import rows as bookings
from tests.bookings.open_sessions.rows import make_world_of_sessions
from tests.bookings.seats.scene import make_seat
from tests.leaflets import factories as leaflets
from tests.office.texts.wordings import LEAD, write
from tests.privacy.rows import make_breach, make_complaint
from tests.professionals.importing import make_import
from tests.reach.rows import make_report

# In the order of the table's columns.
OUTSIDE = ("signed out", "owner", "colleague", "stranger", "at the door")
ROLES = {
    "coordinator": "coordinator",
    "presenter": "presenter",
    "own presenter": "presenter",
    "fulfilment": "fulfilment",
    "manager": "manager",
    "lead": "safeguarding-lead",
    "read only": "read-only",
}
PEOPLE = (*OUTSIDE, *ROLES)
EVERYBODY = (*PEOPLE, "staff")  # a superuser, who has no column of the table


@pytest.fixture(scope="module")
def laid_out(django_db_setup: None, django_db_blocker: Any) -> Iterator[dict[str, Any]]:
    """One of each object, and everybody signed in.

    Once for all routes: each test runs inside the transaction that this rolls back. However long they take, everybody has just
    signed in: no page asks again for the second factor.
    """
    just_now = override_settings(ACCOUNT_REAUTHENTICATION_TIMEOUT=24 * 3600)
    with just_now, django_db_blocker.unblock(), transaction.atomic():
        yield lay_out()
        transaction.set_rollback(True)


@pytest.fixture
def world(laid_out: dict[str, Any], db: None) -> dict[str, Any]:
    """With browsers of its own: an answer may take a cookie away."""
    return {**laid_out, "clients": fresh_browsers(laid_out)}


def fresh_browsers(laid_out: dict[str, Any]) -> dict[str, Client]:
    clients = {name: Client() for name in laid_out["clients"]}
    for name, client in clients.items():
        client.cookies.load(laid_out["clients"][name].cookies)
        client.handler = laid_out["clients"][name].handler  # the site behind it, which keeps nothing of a browser
    return clients


def lay_out() -> dict[str, Any]:
    now = timezone.now()
    owner, stranger = factories.make_person(), factories.make_person()
    assert owner.organisation is not None
    professionals = {
        "owner": owner,
        "colleague": factories.make_person(organisation=owner.organisation),
        "stranger": stranger,
    }
    staff = {name: factories.make_staff(role=role) for name, role in ROLES.items()} | {"staff": factories.make_staff()}
    objects = bookings.make_world(owner, now) | leaflets.make_world(owner, now) | people_and_mail(owner)
    objects |= make_world_of_sessions(owner, objects["bookings_presenter"], now)
    objects["guest_at"] = bookings.make_booking(None, now + timedelta(days=25), seats_offered=1)
    make_seat(objects["guest_at"], SeatState.APPROVED, owner)
    objects["tokens"] = tokens(owner, objects, now)
    # Of the two others: it is not the owner's, and waits until both have said that they are one person.
    both = {"person": professionals["colleague"], "other": stranger}
    objects["merge"] = Merge.objects.create(**both, asked_at=now)
    Presenter.objects.filter(pk=objects["bookings_presenter"].pk).update(user=staff["own presenter"])
    bookings.make_presenter(user=staff["presenter"])
    return {"clients": browsers(professionals, staff), "objects": objects, "owner": owner, "users": staff}


def browsers(professionals: dict[str, Person], staff: dict[str, User]) -> dict[str, Client]:
    """Those of EVERYBODY."""
    clients = {name: Client() for name in EVERYBODY}
    for name, person in professionals.items():
        factories.sign_in(clients[name], person)
    factories.sign_in_staff(clients["at the door"], factories.make_staff(role="manager"), second_factor=False)
    for name, user in staff.items():
        enrol(user)
        RecoveryCodes.activate(user).mark_as_viewed()  # the first look is noted
        factories.sign_in_staff(clients[name], user)
    return clients


def tokens(owner: Person, objects: dict[str, Any], now: datetime) -> dict[str, str]:
    """By route, what stands in the private link that the owner was sent; whoever has it needs no account."""
    assert owner.user is not None
    links = make_booking_links(booking=objects["bookings_booking"], address=owner.email, purposes=LinkPurpose, now=now)
    places = make_place_links(place=objects["bookings_sessionplace"], purposes=PlaceLinkPurpose, now=now)
    feed = get_or_create_feed(owner=owner, by=owner.user, now=now)
    objection = secrets.token_urlsafe(32)
    changed = {"old": "before@leeds.nhs.uk", "new": owner.email, "changed_at": now, "until": now + OBJECTION_PERIOD}
    AddressChange.objects.create(user=owner.user, token_hash=hash_token(objection), **changed)
    found = {
        **dict.fromkeys(("link_booking", "link_time", "link_time_check"), links[LinkPurpose.CHANGE]),
        **dict.fromkeys(("link_cancel", "link_cancelled"), links[LinkPurpose.CANCEL]),
        "place_link": places[PlaceLinkPurpose.SEE],
        "place_link_leave": places[PlaceLinkPurpose.LEAVE],
        **dict.fromkeys(("mail_choices", "mail_stop"), token_of_mail(owner.email)),
        "calendar_feed": feed_token(feed),
        "complaint_sent": sent_by_form(objects["privacy_complaint"]),
        "account_address_put_back": objection,
        "mailbox_objection": objects["reach_rolemailbox"].token,
    }
    Client().get(reverse("calendar_feed", args=[found["calendar_feed"]]))  # the first reading is noted in the feed
    return found


def closed_and_told(now: datetime) -> dict[str, Any]:
    """Both far ahead, so that no page shows them to people and they may still be deleted."""
    day, texts = uk_day(now) + timedelta(days=300), {"starts_at": now + timedelta(days=300), "ends_at": now + timedelta(days=301)}
    return {
        "office_closure": Closure.objects.create(first_day=day, last_day=day, parcels=True, reason="Moving", reason_cy="Symud"),
        "office_banner": Banner.objects.create(**texts, text="We have moved.", text_cy="Rydym wedi symud."),
    }


def invitations(owner: Person) -> dict[str, Any]:
    where = {"unit": "district", "areas": ["E08000035"], "presentation": Presentation.objects.first()}
    published = {"source": "https://www.leeds.gov.uk/team", "postcode": "LS1 4AP", "digest": "1" * 64}
    return {
        "reach_campaign": Campaign.objects.create(**where, planned_at=timezone.now(), token=uuid4()),
        "reach_rolemailbox": RoleMailbox.objects.create(
            organisation=owner.organisation, address="team@leeds.gov.uk", **published
        ),
    }


def people_and_mail(owner: Person) -> dict[str, Any]:
    now = timezone.now()
    return {
        "professionals_person": owner,
        "accounts_user": owner.user,
        "professionals_organisation": owner.organisation,
        "professionals_recogniseddomain": RecognisedDomain.objects.first(),
        **invitations(owner),
        "professionals_blockedattempt": stopped(),
        "professionals_import": make_import(),
        "reach_report": make_report(),
        "professionals_flaggedtext": FlaggedText.objects.create(about="leave:0", reference="leave 0", flagged_at=now),
        "privacy_dataaction": DataAction.objects.create(
            person=owner, done=DataActionKind.GIVEN, reason=DataActionReason.ASKED, at=timezone.now()
        ),
        "guidance_areacontact": AreaContact.objects.get(code="E08000035"),
        "privacy_retentionrun": RetentionRun.objects.create(started_at=now),
        "guidance_guidancepage": GuidancePage.objects.first(),
        "notifications_notification": Notification.objects.first(),
        "notifications_markedaddress": MarkedAddress.objects.create(address=owner.email, sort="hard", marked_at=now, last_at=now),
        "office_textversion": write(LEAD, "All of it is free.", by=factories.make_staff("author@ctac.example")),
        "notifications_teammail": TeamMail.objects.get_or_create(pk=1)[0],
        "privacy_complaint": make_complaint(person=owner),
        "privacy_breach": make_breach(),
        "audit_entry": Entry.objects.first(),
        "auth_group": Group.objects.get(name="Coordinator"),
        **closed_and_told(now),
        "saved": SavedFilter.objects.create(
            owner=owner.user, list_model="bookings.booking", query="o=1", name="By date", for_team=True
        ),
        "view_on": owner,
        "session": another_browser_of(owner),
        "passkey": kept_passkey(owner.user),
    }


def sent_by_form(complaint: Complaint) -> str:
    assert complaint.submission_token is not None
    return complaint.submission_token


def another_browser_of(person: Person) -> Session:
    factories.sign_in(Client(), person)
    return Session.objects.filter(user=person.user).latest("started_at")


def stopped() -> BlockedAttempt:
    record_blocked_attempt(
        where=LimitedActivity.ORDER,
        why=BlockReason.THROTTLE,
        by=ThrottleScope.ACCOUNT,
        key="place-order:account:1",
        now=timezone.now(),
    )
    return BlockedAttempt.objects.get()
