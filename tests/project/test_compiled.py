"""A compiled query gives what the queryset gives."""

from datetime import datetime, timedelta

import pytest
from django.db.models import Model, QuerySet
from django.db.models.functions import Upper
from pytest_django import DjangoAssertNumQueries

from bookings.models import Presentation
from ctac.compiled import Compiled, Insert, Together
from professionals.models import Draft, DraftKind, Organisation, Person, User
from tests.bookings.rows import make_presentation
from tests.factories import make_person, make_staff

pytestmark = pytest.mark.django_db
user_with_person = Compiled(lambda pk: User.objects.select_related("person__organisation").filter(pk=pk))


def columns(row: Model | None) -> dict[str, object]:
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields} if row else {}


def test_it_asks_once_and_reads_what_is_joined(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    person = make_person()
    for _time in range(2):
        with django_assert_num_queries(1):
            user = user_with_person.first(pk=person.user_id)
            assert user is not None
            assert user.person.organisation == person.organisation
    assert columns(user) == columns(User.objects.get(pk=person.user_id))
    assert columns(user.person) == columns(Person.objects.get(pk=person.pk))
    assert columns(user.person.organisation) == columns(person.organisation)
    assert (user._state.adding, user._state.db, user.person.user) == (False, "default", user)


def test_what_is_joined_may_be_missing() -> None:
    user = user_with_person.first(pk=make_staff().pk)
    assert user is not None
    assert not hasattr(user, "person")


def test_nothing_found_is_none() -> None:
    assert user_with_person.first(pk=0) is None


def test_each_asking_has_its_own_values() -> None:
    one, two = make_person(), make_person()
    assert [user_with_person.first(pk=person.user_id) for person in (one, two)] == [one.user, two.user]


def test_columns_are_converted(now: datetime) -> None:
    """JSON, arrays and times come as Django gives them."""
    answers = {"where": {"format": "online"}}
    draft = Draft.objects.create(kind=DraftKind.ORDER, key_hash="k", token="t", answers=answers, expires_at=now)
    found = Compiled(lambda until: Draft.objects.filter(expires_at__lt=until)).all(until=now + timedelta(minutes=1))
    assert [columns(row) for row in found] == [columns(Draft.objects.get(pk=draft.pk))]
    presentation = make_presentation(formats=["online"])
    assert [row.formats for row in Compiled(lambda: Presentation.objects.filter(pk=presentation.pk)).all()] == [["online"]]


def test_a_slice_an_order_and_a_list_are_kept() -> None:
    people = [make_person(name=name) for name in ("b", "c", "a", "d")]
    asked = Compiled(lambda pks: Person.objects.filter(pk__any_of=pks).order_by("name")[:2])
    assert [row.name for row in asked.all(pks=[person.pk for person in people[:3]])] == ["a", "b"]
    assert asked.all(pks=[]) == []


def test_a_value_is_never_part_of_the_statement() -> None:
    name = "x' OR true --"
    Organisation.objects.create(name="Trust")
    assert Compiled(lambda name: Organisation.objects.filter(name=name)).all(name=name) == []


def test_a_value_that_is_not_given_is_an_error() -> None:
    with pytest.raises(KeyError):
        user_with_person.all()


def test_annotations_come_with_the_row() -> None:
    person = make_person(name="Asha")
    asked = Compiled(lambda pk: Person.objects.annotate(loud=Upper("name")).filter(pk=pk))
    assert [row.loud for row in asked.all(pk=person.pk)] == ["ASHA"]  # type: ignore[attr-defined]


def test_names_may_be_given_for_a_question_that_takes_any() -> None:
    lookups = ("name", "email")

    def but(*values: object) -> QuerySet[Person]:
        rows = Person.objects.order_by("pk")
        for lookup, value in zip(lookups, values, strict=True):
            rows = rows.exclude(**{lookup: value})
        return rows

    one, two, three = make_person(name="a"), make_person(name="b"), make_person(name="c")
    assert Compiled(but, lookups).all(name="a", email=two.email) == [three]
    assert Compiled(but, lookups).all(name="x", email="x") == [one, two, three]


def test_several_questions_are_asked_together(now: datetime, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    person, presentation = make_person(), make_presentation()
    draft = Draft.objects.create(kind=DraftKind.ORDER, key_hash="k", token="t", answers={"a": 1}, expires_at=now)
    drafts = Compiled(lambda kind, pks: Draft.objects.filter(kind=kind, pk__any_of=pks))
    asked = Together(drafts, user_with_person, Compiled(lambda slug: Presentation.objects.filter(slug=slug)))
    values = {"kind": "order", "pks": [draft.pk]}, {"pk": person.user_id}, {"slug": presentation.slug}
    with django_assert_num_queries(1):
        found = asked.first(*values)
        assert found == (draft, person.user, presentation)
        assert [columns(row) for row in found] == [columns(draft), columns(person.user), columns(presentation)]
        assert found[1].person.organisation == person.organisation
    assert asked.first(values[0], {"pk": 0}, values[2]) == (draft, None, presentation)
    assert asked.first(values[0] | {"pks": []}, {"pk": 0}, {"slug": ""}) == (None, None, None)


def test_a_row_is_written_as_save_writes_it(now: datetime) -> None:
    answers = {"where": {"on": "2027-03-09", "said": "100% “yes”"}}
    written, saved = (Draft(kind=DraftKind.ORDER, key_hash=key, token=key, answers=answers, expires_at=now) for key in "kl")
    saved.save()
    assert Insert(Draft)(written)
    assert (written._state.adding, written._state.db) == (False, "default")
    alike = [columns(Draft.objects.get(pk=row.pk)) | {"id": 0, "key_hash": "", "token": ""} for row in (written, saved)]
    assert alike[0] == alike[1]


def test_a_row_that_is_there_already_is_not_written() -> None:
    insert = Insert(Organisation, "ON CONFLICT DO NOTHING")
    assert insert(Organisation(name="Trust A"))
    again = Organisation(name="trust a")
    assert not insert(again)
    assert again.pk is None


def test_a_row_is_written_only_if_its_condition_holds(now: datetime) -> None:
    person = make_person()
    insert = Insert(Draft, only_if="EXISTS (SELECT FROM professionals_person WHERE id = %(person_id)s)")
    of = {"kind": DraftKind.ORDER, "expires_at": now, "answers": {"said": "100%"}}
    assert insert(Draft(**of, person_id=person.pk, key_hash="k", token="k"))
    assert not insert(Draft(**of, person_id=person.pk + 1, key_hash="l", token="l"))
    assert list(Draft.objects.values_list("person", "answers")) == [(person.pk, {"said": "100%"})]
