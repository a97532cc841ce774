"""Who is coming decides who can give it: asked before a time is chosen, held to by every way to change it."""

from collections.abc import Iterator

import pytest
import time_machine
from django.test import Client

from accounts.models import User
from bookings.booking.services.reschedule import change_details
from bookings.errors import AudienceMismatch, OutsideRules
from bookings.models import Booking, Hold, Presentation, Presenter
from bookings.schedule.substitutes import rank_presenters_for
from professionals.models import Person
from tests.bookings.flow import DETAILS, TEN, WHERE, confirm, text
from tests.bookings.placed import place
from tests.bookings.rows import NOW, at, make_booking, make_presentation, make_presenter
from tests.factories import make_person, make_staff, sign_in, sign_in_staff

pytestmark = pytest.mark.django_db
MIDWIVES = {**WHERE, "audience_profession": "midwife"}
NOT_THEIRS = "The presenter does not give presentations to this audience."


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def presentation() -> Presentation:
    return make_presentation(slug="signs")


@pytest.fixture
def asha() -> Presenter:
    """Who speaks to midwives and GPs, and to nobody else."""
    return make_presenter(name="Asha Patel", audiences=["midwife", "gp"])


def has_times(client: Client) -> bool:
    return client.get("/book/signs/when/").context["picker"].first is not None


def test_times_are_offered_for_those_who_come(client: Client, presentation: Presentation, asha: Presenter) -> None:
    assert "Who are most of the people coming?" in text(client.get("/book/signs/where/"))
    for audience, offered in (("midwife", True), ("teacher", False), ("", False)):
        client.post("/book/signs/where/", {**WHERE, "audience_profession": audience})
        assert has_times(client) == offered, audience
    Presenter.objects.update(audiences=["mixed"])
    assert has_times(client)


def test_an_audience_is_asked_once_shown_on_the_check_page_and_kept(
    client: Client, presentation: Presentation, asha: Presenter, person: Person
) -> None:
    sign_in(client, person)
    client.post("/book/signs/where/", MIDWIVES)
    client.post("/book/signs/when/", {"start": TEN})
    assert text(client.get("/book/signs/where/")).count("Who are most of") == 1
    assert text(client.get("/book/signs/check/")).count("Who is coming Midwife") == 1
    confirm(client)
    booking = Booking.objects.get()
    assert (booking.audience_profession, booking.presenter) == ("midwife", asha)


def test_another_audience_gives_the_time_back(client: Client, presentation: Presentation, asha: Presenter) -> None:
    client.post("/book/signs/where/", MIDWIVES)
    client.post("/book/signs/when/", {"start": TEN})
    assert Hold.objects.get().presenter == asha
    client.post("/book/signs/where/?change=1", {**WHERE, "audience_profession": "gp"})
    assert not Hold.objects.exists()


def test_the_best_who_speaks_to_them_comes_and_staff_read_why_the_other_could_not(
    asha: Presenter, presentation: Presentation, person: Person
) -> None:
    other = make_presenter()
    booking = place(person, presentation=presentation)
    assert booking.presenter == other
    verdicts = {verdict.presenter: verdict.reasons for verdict in rank_presenters_for(booking, NOW).verdicts}
    assert (list(verdicts[asha]), list(verdicts[other])) == ([NOT_THEIRS], [])


# Changed later


def change(booking: Booking, by: User | None, **more: str) -> None:
    answers = {**DETAILS, "audience_profession": "teacher"}
    change_details(booking=booking, answers=answers, expected=booking.version, by=by, now=NOW, **more)


def test_its_owner_cannot_bring_those_whom_the_presenter_does_not_speak_to_and_staff_can(asha: Presenter, person: Person) -> None:
    booking = make_booking(asha, at("10:00"), person=person, audience_profession="midwife")
    with pytest.raises(AudienceMismatch):
        change(booking, person.user)
    with pytest.raises(OutsideRules, match=NOT_THEIRS):
        change(booking, make_staff())
    change(booking, make_staff(), override_reason="She has done it before")
    booking.refresh_from_db()
    assert (booking.audience_profession, booking.events.get().reason) == ("teacher", "She has done it before")
    Presenter.objects.update(audiences=[])
    booking = make_booking(asha, at("14:00"), person=person)
    change(booking, person.user)


def test_the_refusal_keeps_what_its_owner_typed(client: Client, asha: Presenter) -> None:
    person = make_person()
    sign_in(client, person)
    booking = make_booking(asha, at("10:00"), person=person, audience_profession="midwife")
    url = f"/bookings/{booking.reference}/details/"
    typed = {**DETAILS, "audience_profession": "teacher", "version": booking.version}
    client.post(url, typed)
    page = client.post(f"{url}check/", {"version": booking.version}, follow=True)
    assert "Your presenter does not give presentations to that audience" in text(page)
    assert (page.context["form"]["audience_profession"].value(), page.context["form"]["audience_size"].value()) == ("teacher", 12)


def test_presenters_and_staff_choose_audiences_and_see_them_beside_the_times(client: Client, presentation: Presentation) -> None:
    presenter = make_presenter(user=make_staff())
    sign_in_staff(client, presenter.user)
    sent = {"audiences": ["mixed", "gp"], "max_travel_minutes": "60", "earliest_leaving": "8am", "latest_return": "6pm"}
    assert "Only for: A mix of professions; GP." in text(client.post("/staff/mine/availability/rules/", {**sent, "show": "1"}))
    client.post("/staff/mine/availability/rules/", sent)
    presenter.refresh_from_db()
    assert presenter.audiences == ["mixed", "gp"]
    page = text(client.get(f"/staff/bookings/presenter/{presenter.pk}/change/"))
    assert ("Who do you give presentations to?" in page, "Only for: A mix of professions; GP." in page) == (True, True)
