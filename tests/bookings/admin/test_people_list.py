"""The list of an open session: on paper before it, and afterwards with a tick, and a certificate, for each person who came."""

from datetime import timedelta
from functools import partial
from io import BytesIO

import pytest
import time_machine
from django.test import Client

from accounts.models import User
from bookings.models import OpenSession, PlaceState, Presenter, SessionEvent, SessionEventKind
from tests.bookings.admin.desk import text
from tests.bookings.admin.session_desk import SESSIONS
from tests.bookings.open_sessions.rows import make_place, make_session
from tests.bookings.rows import at
from tests.factories import make_organisation, make_person, make_staff, sign_in_staff
from tests.leaflets.dispatch.prints.reading import Read
from tests.leaflets.statements import statements

pytestmark = pytest.mark.django_db
BEGUN = at("10:05")


@pytest.fixture
def session(presenter: Presenter) -> OpenSession:
    return make_session(presenter, at("10:00"), capacity=3)


def address(session: OpenSession) -> str:
    return f"{SESSIONS}{session.pk}/do/people/"


def test_it_names_who_has_a_place_by_name_and_who_waits_in_turn(desk: Client, session: OpenSession) -> None:
    make_place(session, person=make_person(name="Kit Farrow", organisation=make_organisation("Leeds School Nursing")))
    make_place(session, person=make_person(name="Ash Bell"))
    for name in ("First Inline", "Another Inline"):
        make_place(session, PlaceState.WAITING, person=make_person(name=name))
    make_place(session, PlaceState.GIVEN_UP, person=make_person(name="Gone Away"))
    said = text(desk.get(address(session)))
    in_order = ["People with a place (2)", "Ash Bell", "Kit Farrow", "Leeds School Nursing", "First Inline"]
    places = [said.index(words) for words in (*in_order, "Another Inline")]
    assert places == sorted(places)
    assert "Gone Away" not in said
    assert "Save who came" not in said  # not before it begins


def test_nobody_came_before_it_began(desk: Client, session: OpenSession) -> None:
    kit = make_place(session)
    assert "The presentation has not started yet" in text(desk.post(address(session), {"came": [kit.pk]}))
    kit.refresh_from_db()
    assert kit.state == PlaceState.TAKEN


def test_who_is_ticked_came_and_can_have_a_certificate_with_their_name(session: OpenSession, staff: User) -> None:
    kit, ash = (make_place(session, person=make_person(name=name)) for name in ("Kit Farrow", "Ash Bell"))
    stranger = make_place(make_session(None, at("10:00") - timedelta(days=1)))
    with time_machine.travel(BEGUN, tick=False):
        desk = sign_in_staff(Client(), staff)
        assert "Save who came" in text(desk.get(address(session)))
        refused = desk.post(address(session), {"came": [kit.pk, stranger.pk]})
        assert refused.status_code == 200
        for _press in range(2):
            assert desk.post(address(session), {"came": [kit.pk]}).status_code == 302
        certificate = desk.get(f"{address(session)}?certificate={kit.pk}")
        others = [desk.get(f"{address(session)}?certificate={key}").status_code for key in (ash.pk, stranger.pk, "x")]
    for place in (kit, ash, stranger):
        place.refresh_from_db()
    assert (kit.state, ash.state, stranger.state) == (PlaceState.ATTENDED, PlaceState.TAKEN, PlaceState.TAKEN)
    assert SessionEvent.objects.filter(session=session, kind=SessionEventKind.ATTENDED).count() == 1
    assert (certificate["Content-Type"], others) == ("application/pdf", [404, 404, 404])
    with Read(BytesIO(certificate.content)) as read:
        said = " ".join(words for _kind, words in read.spoken())
    assert "Kit Farrow" in said
    assert "CTAC ticked their name on its list of people with a place." in said


def test_it_asks_as_much_for_many_as_for_few(desk: Client, presenter: Presenter) -> None:
    few, many = make_session(presenter, capacity=9), make_session(None, at("14:00"), capacity=9)
    for session, people in ((few, 1), (many, 8)):
        for _each in range(people):
            make_place(session, person=make_person(organisation=make_organisation()))
            make_place(session, PlaceState.WAITING, person=make_person(organisation=make_organisation()))
    desk.get(address(few))
    counts = [len(statements(partial(desk.get, address(session)))) for session in (few, many)]
    assert counts[0] == counts[1] <= 20


def test_only_whoever_may_change_sessions_sees_names(session: OpenSession) -> None:
    make_place(session, person=make_person(name="Kit Farrow"))
    answers = {
        role: sign_in_staff(Client(), make_staff(role=role)).get(address(session)) for role in ("coordinator", "read-only")
    }
    assert {role: answer.status_code for role, answer in answers.items()} == {"coordinator": 200, "read-only": 403}
