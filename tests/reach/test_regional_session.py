"""A regional session: whom it is offered to, once, and not beside the email to all subscribers."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any
from uuid import UUID, uuid4

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from accounts.roles import ROLES_BY_SLUG
from bookings.models import OpenSession, PlaceState
from bookings.open_sessions.queries import PlannedSession
from bookings.open_sessions.services.sessions import INVITATION_KIND, plan_sessions
from core.errors import DomainError
from notifications.models import ChoiceSource, Notification
from notifications.preferences import record_choices
from notifications.registry import Topic, get_email_class
from professionals.models import Person
from reach.areas import Unit, areas_of
from reach.invitations.queries import campaign_about, get_campaign_outcome
from reach.models import Campaign, CampaignKind
from reach.regional_sessions.services import SESSION_INVITATION_BY_TOPIC, invitable_people_by_topic, invite_to_session
from tests.bookings.open_sessions.rows import make_place, make_session
from tests.bookings.rows import MONDAY, NOW, YORK, at, make_presentation, make_presenter
from tests.factories import make_person, make_staff, sign_in_staff
from tests.leaflets.statements import statements

pytestmark = pytest.mark.django_db
PAGE = "/staff/reach/session/"
NEARBY, REGIONAL = SESSION_INVITATION_BY_TOPIC[Topic.VISITS], SESSION_INVITATION_BY_TOPIC[Topic.INVITATIONS]
BEFORE = datetime(2026, 12, 1, 10, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def desk() -> Client:
    return sign_in_staff(Client(), make_staff(role="coordinator"))


@pytest.fixture
def session() -> OpenSession:
    return make_session(make_presenter(), capacity=30)


def yorkshire() -> Any:
    return areas_of(Unit.REGION)["yorkshire-and-the-humber"]


def person_who(*topics: Topic, postcode: str = YORK) -> Person:
    person = make_person(postcode=postcode)
    record_choices(address=person.email, chosen=dict.fromkeys(topics, True), where=ChoiceSource.PAGE, now=NOW)
    return person


def invite(session: OpenSession, token: UUID | None = None) -> Campaign:
    return invite_to_session(session=session, areas=[yorkshire()], by=None, now=NOW, token=token or uuid4())


def mail_of(campaign: Campaign) -> set[tuple[str, str]]:
    return set(Notification.objects.filter(about=campaign_about(campaign)).values_list("kind", "recipient"))


def plan(clock: str = "10:00") -> OpenSession:
    planned = PlannedSession(
        presentation=make_presentation(), presenter=None, starts_at=at(clock), capacity=30, own_joining_link="", joining_help=""
    )
    return plan_sessions(sessions=[planned], by=None, now=NOW)[0]


def text_of(response: Any) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", response.content.decode())))


def test_who_there_asked_for_visits_or_sessions_gets_one_email(session: OpenSession) -> None:
    visits, sessions, both = person_who(Topic.VISITS), person_who(Topic.INVITATIONS), person_who(Topic.VISITS, Topic.INVITATIONS)
    person_who(Topic.VISITS, postcode="EH1 1YZ")
    person_who(Topic.REMINDERS)
    make_person(postcode=YORK)
    campaign = invite(session)
    assert mail_of(campaign) == {(NEARBY, visits.email), (REGIONAL, sessions.email), (NEARBY, both.email)}
    assert (campaign.kind, campaign.session, campaign.areas) == (CampaignKind.SESSION, session, [yorkshire().code])
    due = set(Notification.objects.filter(about=campaign_about(campaign)).values_list("due_at", flat=True))
    assert due == {datetime(2027, 1, 13, 9, tzinfo=UTC)}


def test_each_stops_what_its_reader_asked_for() -> None:
    assert get_email_class(NEARBY).topic == Topic.VISITS
    assert get_email_class(REGIONAL).topic == Topic.INVITATIONS


def test_nobody_gets_it_who_hears_of_the_session_in_the_email_to_all() -> None:
    subscriber, visits = person_who(Topic.INVITATIONS, Topic.VISITS), person_who(Topic.VISITS)
    session = plan()
    assert Notification.objects.filter(kind=INVITATION_KIND, recipient=subscriber.email).exists()
    campaign = invite(session)
    assert mail_of(campaign) == {(NEARBY, visits.email)}


def test_who_is_told_by_the_email_to_all_meanwhile_is_not_told_twice() -> None:
    """They subscribe after the invitation, and another session is planned on the same day."""
    person = person_who(Topic.VISITS)
    session = plan()
    campaign = invite(session)
    mail = Notification.objects.get(about=campaign_about(campaign))
    assert get_email_class(NEARBY)(mail).is_still_due()
    record_choices(address=person.email, chosen={Topic.INVITATIONS: True}, where=ChoiceSource.PAGE, now=NOW)
    plan("14:00")
    assert Notification.objects.filter(kind=INVITATION_KIND, recipient=person.email).exists()
    assert not get_email_class(NEARBY)(mail).is_still_due()


def test_it_is_not_sent_to_who_took_a_place_or_when_there_is_none(session: OpenSession) -> None:
    person, other = person_who(Topic.VISITS), person_who(Topic.VISITS)
    campaign = invite(session)
    mail = {each.recipient: each for each in Notification.objects.filter(about=campaign_about(campaign))}
    assert get_email_class(NEARBY)(mail[person.email]).is_still_due()
    make_place(session, person=person)
    assert not get_email_class(NEARBY)(mail[person.email]).is_still_due()
    OpenSession.objects.filter(pk=session.pk).update(capacity=1)
    assert not get_email_class(NEARBY)(mail[other.email]).is_still_due()


def test_its_text_says_when_and_why(session: OpenSession) -> None:
    person_who(Topic.VISITS)
    campaign = invite(session)
    email = get_email_class(NEARBY)(Notification.objects.get(about=campaign_about(campaign)))
    told = email.context()
    assert told["when"] == session.when
    assert str(told["url"]).endswith(session.get_absolute_url())
    assert told["asked_for_visits"] is True


def test_once_in_90_days_with_what_else_is_offered_near_them(session: OpenSession) -> None:
    person_who(Topic.VISITS)
    campaign = invite(session)
    with pytest.raises(DomainError, match="There is nobody to invite there now"):
        invite(make_session(make_presenter(), at("14:00"), capacity=30))
    invited = campaign.invites.get()
    with pytest.raises(IntegrityError, match="one_in_90_days"), transaction.atomic():
        campaign.invites.create(person=invited.person, address=invited.address, lasts=invited.lasts)


def test_who_has_a_place_is_not_invited(session: OpenSession) -> None:
    make_place(session, person=person_who(Topic.VISITS))
    assert not any(people.exists() for people in invitable_people_by_topic(session, [yorkshire()], NOW).values())


def test_a_second_press_sends_nothing_again(session: OpenSession) -> None:
    person_who(Topic.VISITS)
    token = uuid4()
    assert invite(session, token) == invite(session, token)
    assert Notification.objects.filter(kind=NEARBY).count() == 1


@pytest.mark.parametrize("why", ["full", "soon", "cancelled"])
def test_a_session_that_nobody_could_join_is_refused(session: OpenSession, why: str) -> None:
    person_who(Topic.VISITS)
    changes: dict[str, dict[str, Any]] = {
        "full": {"capacity": 1},
        "soon": {"starts_at": NOW + timedelta(hours=20), "ends_at": NOW + timedelta(hours=21)},
        "cancelled": {"state": "cancelled"},
    }
    make_place(session)
    OpenSession.objects.filter(pk=session.pk).update(**changes[why])
    session.refresh_from_db()
    with pytest.raises(DomainError, match="Choose a session"):
        invite(session)
    assert not Campaign.objects.exists()


def test_what_came_of_it_counts_places_and_who_attended(session: OpenSession) -> None:
    came, booked = person_who(Topic.VISITS), person_who(Topic.INVITATIONS)
    campaign = invite(session)
    make_place(session, PlaceState.ATTENDED, person=came, created_at=NOW + timedelta(days=1))
    make_place(session, person=booked, created_at=NOW + timedelta(days=1))
    make_place(session, PlaceState.ATTENDED)
    outcome = get_campaign_outcome(campaign)
    assert (outcome.invited, outcome.sent, outcome.booked, outcome.people) == (2, 0, 2, 1)


# --- The page ---


def test_the_page_leads_from_the_region_to_the_invitation(desk: Client, session: OpenSession) -> None:
    person_who(Topic.VISITS)
    asked = f"{PAGE}?unit=region&area={yorkshire().code}&session={session.reference}"
    page = desk.get(asked)
    assert "1 person would get the email at 9am tomorrow." in text_of(page)
    token = re.search(r'name="token" value="([^"]+)"', page.content.decode())
    assert token
    answers = {"unit": "region", "area": yorkshire().code, "session": session.reference, "token": token[1]}
    sent = desk.post(PAGE, answers, follow=True)
    campaign = Campaign.objects.get()
    assert sent.redirect_chain[-1][0] == reverse("staff:reach_campaign_change", args=[campaign.pk])
    assert "1 invitation goes out at 9am tomorrow." in text_of(sent)
    desk.post(PAGE, answers)
    assert Campaign.objects.count() == 1
    assert "Nobody there is left to invite." in text_of(desk.get(asked))


def test_looking_sends_nothing(desk: Client, session: OpenSession) -> None:
    person_who(Topic.VISITS)
    desk.get(f"{PAGE}?unit=region&area={yorkshire().code}&session={session.reference}&token={uuid4()}")
    assert not Campaign.objects.exists()


def test_wrong_answers_show_the_page(desk: Client) -> None:
    for query, error in (("?unit=x&area=y&session=z", True), ("?unit=police", False), ("?area=&session=", True)):
        page = desk.get(f"{PAGE}{query}")
        assert page.status_code == 200
        assert ("Choose an area of this unit." in text_of(page), "Choose an open session." in text_of(page)) == (error, error)
    assert desk.post(PAGE, {"unit": "region", "area": "x", "session": "y", "token": "z"}).status_code == 200


def test_planning_begins_with_the_presentation(desk: Client) -> None:
    presentation = make_presentation(title="Safe at school")
    page = desk.get(PAGE).content.decode()
    address = f"{reverse('staff:bookings_opensession_add')}?presentation={presentation.pk}"
    assert address in page
    assert re.search(rf'<option value="{presentation.pk}"[^>]*selected', desk.get(address).content.decode())


def test_the_sessions_own_page_leads_there(desk: Client, session: OpenSession) -> None:
    page = desk.get(reverse("staff:bookings_opensession_change", args=[session.pk])).content.decode()
    assert f"{PAGE}?session={session.reference}" in page


@pytest.mark.parametrize("role", sorted(ROLES_BY_SLUG))
def test_coordinators_and_managers_only(role: str) -> None:
    client = sign_in_staff(Client(), make_staff(role=role))
    assert client.get(PAGE).status_code == (200 if role in ("coordinator", "manager") else 403)


def test_it_takes_few_statements(desk: Client, session: OpenSession) -> None:
    for number in range(5):
        person_who(Topic.VISITS, Topic.INVITATIONS)
        make_session(make_presenter(), at("10:00", MONDAY + timedelta(days=number)), capacity=30)
    asked = f"{PAGE}?unit=region&area={yorkshire().code}&session={session.reference}"
    desk.get(asked)
    assert len(statements(lambda: desk.get(asked))) <= 20
