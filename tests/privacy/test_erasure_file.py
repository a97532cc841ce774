"""Who was erased stands in a file, by key alone, once it is true and not before; after a restore they are erased again."""

import io
import json
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.core.management import CommandError, call_command
from django.db import transaction

from accounts.models import User
from privacy import services as privacy_services
from privacy.models import DataAction, DataActionReason
from privacy.tasks import clear_expired
from professionals.models import MergedRecord, Person
from professionals.services import assign_verified_address
from tests.bookings.rows import NOW, make_booking, make_presenter
from tests.factories import make_person, make_staff

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


@pytest.fixture(autouse=True)
def path(settings, tmp_path):
    settings.ERASURES_FILE = tmp_path / "elsewhere" / "erasures.jsonl"
    return settings.ERASURES_FILE


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def replay(*words: str) -> str:
    said = io.StringIO()
    call_command("replay_erasures", *words, stdout=said)
    return said.getvalue()


def test_an_erasure_is_one_line_that_names_nobody_and_only_its_owner_can_read(path):
    person = make_person(name="Quill Zander", email="quill@leeds.nhs.uk")
    privacy_services.erase_person(person, by=None, now=NOW)
    assert lines(path) == [{"person": person.pk, "since": person.created_at.isoformat(), "erased": NOW.isoformat()}]
    assert oct(path.stat().st_mode & 0o777) == "0o600"
    privacy_services.erase_person(person, by=None, now=NOW)  # who is erased stays erased, and is written once
    assert len(lines(path)) == 1


def test_what_was_taken_back_is_not_written(path):
    person = make_person()
    with transaction.atomic():
        privacy_services.erase_person(person, by=None, now=NOW)
        transaction.set_rollback(True)
    assert not path.exists()
    assert Person.objects.get(pk=person.pk).erased_at is None


def test_a_disk_that_fails_stops_no_erasure_and_the_next_hour_writes_it(path, caplog):
    path.parent.write_text("a file where the folder should be")
    person = make_person()
    privacy_services.erase_person(person, by=None, now=NOW)
    assert Person.objects.get(pk=person.pk).erased_at == NOW
    assert "An erasure could not be written" in caplog.text
    path.parent.unlink()
    clear_expired()
    assert [line["person"] for line in lines(path)] == [person.pk]
    clear_expired()
    assert len(lines(path)) == 1


def test_files_of_several_machines_are_replayed_together(path, tmp_path):
    other = tmp_path / "other-machine.jsonl"
    for _machine in range(2):
        privacy_services.erase_person(make_person(), by=None, now=NOW)
        if not other.exists():
            path.rename(other)
    Person.objects.update(erased_at=None)
    assert "2 erasures are written down. Erased again: 2." in replay("--file", str(path), str(other))


def test_whoever_is_back_is_erased_again_and_nobody_else(path):
    back, never, other = make_person(name="Back"), make_person(name="Never"), make_person(name="Other")
    privacy_services.erase_person(back, by=None, now=NOW)
    since = Person.objects.get(pk=back.pk).created_at
    # As a restore leaves them: one is there again; of the other's key somebody new has come.
    Person.objects.filter(pk=back.pk).update(name="Back", email="back@leeds.nhs.uk", erased_at=None)
    privacy_services.append_erasures([privacy_services.Erasure(other.pk, other.created_at - timedelta(days=1), NOW)])
    DataAction.objects.all().delete()

    assert replay() == "2 erasures are written down. Erased again: 1. All others are erased or not here.\n"

    assert list(Person.objects.order_by("pk").values_list("name", flat=True)) == ["Erased", "Never", "Other"]
    assert list(DataAction.objects.values_list("person", "reason")) == [(back.pk, DataActionReason.RESTORED)]
    assert "Erased again: 0." in replay()
    assert (len(lines(path)), Person.objects.get(pk=back.pk).created_at) == (2, since)
    assert never.pk != back.pk


def test_it_says_what_it_could_not_do(path):
    with pytest.raises(CommandError, match="There is no file"):
        replay()
    person = make_person()
    make_booking(make_presenter(), NOW - timedelta(days=300), person=person)  # of which nobody has said that all is well
    privacy_services.append_erasures([privacy_services.Erasure(person.pk, person.created_at, NOW)])
    with pytest.raises(CommandError, match=f"Person {person.pk}: a presenter may be on the way to them"):
        replay()
    path.write_text("what is this\n")
    with pytest.raises(CommandError, match="line 1 of"):
        replay()


def test_whoever_has_a_staff_account_in_the_backup_is_not_erased_and_it_says_so(path):
    """The last manager would go that way, and nobody else be erased after one who was refused."""
    manager, other = make_person(user=make_staff(role="manager")), make_person(name="Other")
    privacy_services.append_erasures(privacy_services.Erasure(each.pk, each.created_at, NOW) for each in (manager, other))
    with pytest.raises(CommandError, match=f"Person {manager.pk}: they have a staff account"):
        replay()
    manager.refresh_from_db()
    assert (manager.erased_at, manager.user.is_staff) == (None, True)
    assert Person.objects.get(pk=other.pk).name == "Erased"

    User.objects.filter(pk=manager.user_id).update(is_staff=False)
    assert "Erased again: 1. All others" in replay()


def test_one_whose_erasure_fails_leaves_nobody_else_in_the_database_and_its_words_are_not_printed(path, monkeypatch):
    monkeypatch.setattr(privacy_services, "_sources", dict(privacy_services._sources))
    first, second = make_person(name="Quill Zander"), make_person(name="Other")
    privacy_services.append_erasures(privacy_services.Erasure(each.pk, each.created_at, NOW) for each in (first, second))

    def breaks(person, now):
        if person.pk == first.pk:
            raise RuntimeError(person.name)

    privacy_services.register_source(privacy_services.PrivacySource("breaks", export=lambda person: {}, erase=breaks))
    with pytest.raises(CommandError) as refused:
        replay()
    assert str(refused.value).splitlines()[1:] == [
        f"Person {first.pk}: it failed (RuntimeError). Run it again, and if it fails again, call who looks after the site."
    ]
    assert list(Person.objects.order_by("pk").values_list("name", flat=True)) == ["Quill Zander", "Erased"]


def entered_by_staff(email: str) -> Person:
    return make_person(with_user=False, name="Quill by phone", email=email)


def joined(person: Person, email: str) -> None:
    """They show that this address is theirs: what staff entered under it is theirs too."""
    EmailAddress.objects.create(user=person.user, email=email, verified=True)
    assign_verified_address(user=person.user, email=email, details=None, now=NOW)


def test_whoever_was_two_rows_in_the_backup_is_erased_as_both(path):
    """The backup was made before the rows became one; in between there were three, of which two went."""
    person, first, second = make_person(name="Quill"), entered_by_staff("one@nhs.net"), entered_by_staff("two@nhs.net")
    for each in (first, second):
        joined(person, each.email)
    assert list(Person.objects.values_list("pk", flat=True)) == [person.pk]
    privacy_services.erase_person(person, by=None, now=NOW)
    assert {(line["person"], line["since"]) for line in lines(path)} == {
        (each.pk, each.created_at.isoformat()) for each in (person, first, second)
    }

    for each in (first, second):  # as a restore brings them back
        Person.objects.create(pk=each.pk, name="Quill by phone", email=each.email, profession="gp")
        Person.objects.filter(pk=each.pk).update(created_at=each.created_at)
    assert "Erased again: 2." in replay()
    assert set(Person.objects.values_list("name", "email")) == {("Erased", "")}


def test_what_one_had_absorbed_goes_with_them_into_another(path):
    """Staff entered somebody, who signed up, and whom another sign-in of theirs then took in."""
    inner, outer = entered_by_staff("one@nhs.net"), make_person(name="Quill")
    kept = entered_by_staff("two@nhs.net")
    MergedRecord.objects.create(person=kept, key=inner.pk, since=inner.created_at)
    joined(outer, kept.email)
    assert set(MergedRecord.objects.values_list("person", "key")) == {(outer.pk, inner.pk), (outer.pk, kept.pk)}
