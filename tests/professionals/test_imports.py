"""Contacts that staff import from a spreadsheet: checked row by row, run by a worker, undone as a whole."""

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
from django.apps import apps
from django.db import DatabaseError

from core.errors import DomainError
from notifications.models import Notification
from professionals.imports import services
from professionals.imports.services import (
    abandon_import,
    choose_columns,
    create_import,
    delete_old_files,
    delete_old_rows,
    is_refused_heading,
    process_import,
    resume_import,
    run_import,
    save_duplicate_choices,
    suggest_mapping,
    undo_import,
)
from professionals.models import (
    DuplicateChoice,
    Import,
    ImportedCount,
    ImportedObject,
    ImportRow,
    ImportState,
    Organisation,
    Person,
    RowState,
)
from professionals.services import add_note
from tests.bookings.rows import NOW
from tests.factories import make_person, make_staff

pytestmark = pytest.mark.django_db

HEADINGS = ["Name", "Email", "Telephone", "Job", "Employer", "Post code", "Last contact"]
ASHA = ["Asha Patel", "asha.patel@leeds.example", "0113 496 0001", "Health visitor", "Leeds Trust", "ls1 4ap", ""]
BEN = ["Ben Okoro", "ben@york.example", "01904 960 002", "GP", "York Surgery", "YO1 7HH", ""]


def as_csv(*rows, headings=HEADINGS):
    written = io.StringIO()
    csv.writer(written).writerows([headings, *rows])
    return written.getvalue().encode()


def checked(*rows, headings=HEADINGS, by=None, now=NOW, kind="contacts"):
    """Uploaded, its columns as suggested, and looked at by a worker."""
    import_job = create_import(kind=kind, content=as_csv(*rows, headings=headings), by=by, now=now)
    choose_columns(import_job, mapping=suggest_mapping(import_job), by=by or make_staff(), now=now)
    process_import(import_job.pk)
    return Import.objects.get(pk=import_job.pk)


def ran(import_job, *, by=None, now=NOW):
    run_import(import_job, by=by or make_staff(), now=now)
    process_import(import_job.pk)
    return Import.objects.get(pk=import_job.pk)


def undone(import_job, *, now=NOW):
    undo_import(import_job, by=make_staff(), now=now)
    process_import(import_job.pk)
    return Import.objects.get(pk=import_job.pk)


def states(import_job):
    return dict(import_job.rows.values_list("number", "state"))


def problems(import_job):
    return [(number, *problem) for number, each in import_job.rows.values_list("number", "problems") for problem in each]


def counts():
    """Of every table but what the import keeps of itself, the audit and the accounts of staff that the tests make."""
    left_out = {"professionals.import", "professionals.importmapping", "accounts.user", "account.emailaddress", "auth.group"}
    return {
        model._meta.label: model._base_manager.count()
        for model in apps.get_models()
        if model._meta.label_lower not in left_out and model._meta.app_label not in {"audit", "mfa"}
    }


def test_contacts_come_in_with_their_organisation():
    import_job = checked(ASHA, BEN)
    assert import_job.state == ImportState.CHECKED
    assert states(import_job) == {2: RowState.NEW, 3: RowState.NEW}
    assert not Person.objects.exists()
    done = ran(import_job)
    assert done.state == ImportState.DONE
    asha = Person.objects.get(name="Asha Patel")
    assert (asha.email, asha.phone, asha.profession, asha.postcode) == (
        "asha.patel@leeds.example",
        "0113 496 0001",
        "health-visitor",
        "LS1 4AP",
    )
    assert asha.organisation.name == "Leeds Trust"
    assert asha.user is None
    assert states(done) == {2: RowState.MADE, 3: RowState.MADE}


def test_nothing_that_was_typed_is_left_and_nobody_gets_mail():
    done = ran(checked(ASHA, BEN))
    assert done.file is None
    assert (done.headings, done.file_deleted_at is not None) == ([], True)
    assert list(done.rows.values_list("cells", "matches", "identity")) == [({}, [], "")] * 2
    assert not Notification.objects.exists()


def test_undone_as_if_it_had_never_been():
    known = make_person(email="ben@york.example", with_user=False)
    before = counts()
    done = ran(chosen(checked(ASHA, BEN, ["Cara Lund", "", "01904 960 009", "", "York Surgery", "", ""])))
    assert Person.objects.count() == 3
    assert undone(done).state == ImportState.UNDONE
    assert counts() == before
    assert Person.objects.get() == known


def chosen(import_job, choice=DuplicateChoice.LINK, rows=None):
    save_duplicate_choices(import_job, choice=choice, rows=rows or {}, by=make_staff(), now=NOW)
    return import_job


def test_what_was_used_or_changed_since_stays_and_says_why():
    done = ran(checked(ASHA, BEN, ["Cara Lund", "cara@hull.example", "", "", "Hull Council", "", ""]))
    add_note(person=Person.objects.get(name="Asha Patel"), kind="rang-us", text="Called about March.", by=make_staff(), now=NOW)
    Person.objects.filter(name="Ben Okoro").update(phone="01904 960 003")
    over = undone(done)
    assert set(Person.objects.values_list("name", flat=True)) == {"Asha Patel", "Ben Okoro"}
    assert set(Organisation.objects.values_list("name", flat=True)) == {"Leeds Trust", "York Surgery"}
    kept = {(each.number, each.model): each.kept for each in over.objects_of_it.all()}
    assert kept == {
        (2, "professionals.person"): ["professionals.note"],
        (2, "professionals.organisation"): ["professionals.person"],
        (3, "professionals.person"): ["changed"],
        (3, "professionals.organisation"): ["professionals.person"],
    }


def test_whoever_signed_in_since_stays():
    from tests.factories import make_user

    done = ran(checked(ASHA))
    Person.objects.update(user=make_user("asha.patel@leeds.example"))
    assert undone(done).objects_of_it.get(model="professionals.person").kept == ["changed"]


def test_an_import_is_undone_for_thirty_days():
    done = ran(checked(ASHA))
    with pytest.raises(DomainError, match="older than 30 days"):
        undo_import(done, by=make_staff(), now=NOW + timedelta(days=30))
    assert delete_old_rows(NOW + timedelta(days=29)) == 0
    assert delete_old_rows(NOW + timedelta(days=30)) == 3
    assert not ImportedObject.objects.exists()
    assert not ImportRow.objects.exists()


PROBLEMS = [
    (["", "a@b.example", "", "", "", "", ""], ("name", "Fill this in.")),
    (["A Name", "not an address", "", "", "", "", ""], ("email", "This is not an email address. Correct it, or leave it empty.")),
    (["A Name", "", "call me", "", "", "", ""], ("phone", "Enter a phone number, like 0113 496 0000.")),
    (
        ["A Name", "a@b.example", "", "Wizard", "", "", ""],
        ("profession", "We don’t know this profession. Write one that this website offers, or Other."),
    ),
    (["A Name", "a@b.example", "", "", "", "LEEDS", ""], ("postcode", "Enter a full UK postcode, like LS1 4AP.")),
    (
        ["A Name", "a@b.example", "", "", "", "EL1 1AA", ""],
        ("postcode", "Check the letters and figures of the postcode, such as O and 0."),
    ),
    (["A Name", "a@b.example", "", "", "", "", "soon"], ("last_contact", "This is not a date. Write it like 9/3/2017.")),
    (
        ["A Name", "a@b.example", "", "", "", "", "1/1/2090"],
        ("last_contact", "This date can’t be right. It must be after 1999, and not ahead."),
    ),
    (["A Name", "", "", "", "", "", ""], ("", "Fill in an email address or a phone number.")),
    (["x" * 10_000, "a@b.example", "", "", "", "", ""], ("name", "This is too long. Shorten it to 150 characters.")),
    (
        ["Amy, born 3 May 2014, NHS 943 476 5919", "a@b.example", "", "", "", "", ""],
        ("name", str(services.CHILD_DETAILS_MESSAGE)),
    ),
]


@pytest.mark.parametrize(("row", "problem"), PROBLEMS, ids=[name or "row" for _row, (name, _why) in PROBLEMS])
def test_what_is_wrong_is_said_by_row_and_not_kept(row, problem):
    import_job = checked(ASHA, row)
    assert problems(import_job) == [(3, *problem)]
    assert import_job.rows.get(number=3).cells == {}
    done = ran(import_job)
    assert states(done) == {2: RowState.MADE, 3: RowState.WRONG}
    assert Person.objects.count() == 1


def test_a_letter_for_a_figure_of_a_postcode_is_corrected():
    ran(checked(["A Name", "a@b.example", "", "", "", "LS1O 3EX", ""]))
    assert Person.objects.get().postcode == "LS10 3EX"


def test_a_mailbox_of_the_team_is_nobodys(settings):
    import_job = checked(["Team", settings.STAFF_EMAIL, "", "", "", "", ""])
    assert problems(import_job)[0][:2] == (2, "email")


def test_a_spreadsheets_figure_is_a_phone_number_again():
    ran(checked(["Asha Patel", "", "1134960001", "", "", "", ""]))
    assert Person.objects.get().phone == "01134960001"


def test_first_and_last_name_in_columns_of_their_own():
    ran(checked(["Asha", "Patel", "asha@leeds.example"], headings=["First name", "Surname", "E-mail address"]))
    person = Person.objects.get()
    assert (person.name, person.profession) == ("Asha Patel", "other")


DUPLICATES = {
    "email": (["Someone Else", "BEN@york.example", "", "", "", "", ""], "Same email address"),
    "phone": (["Someone Else", "", "+44 (0)1904 960002", "", "", "", ""], "Same phone number"),
    "organisation": (["ben  okoro", "", "0113 496 0009", "", "york surgery", "", ""], "Same name and organisation"),
    "postcode": (["Ben Okoro", "", "0113 496 0009", "", "", "yo17hh", ""], "Same name and postcode"),
}


@pytest.fixture
def ben():
    surgery = Organisation.objects.create(name="York Surgery")
    return make_person(
        name="Ben Okoro",
        email="ben@york.example",
        phone="01904 960 002",
        postcode="YO1 7HH",
        organisation=surgery,
        with_user=False,
    )


@pytest.mark.parametrize("which", DUPLICATES)
def test_who_may_be_here_already(ben, which):
    row, why = DUPLICATES[which]
    import_job = checked(ASHA, row)
    assert states(import_job) == {2: RowState.NEW, 3: RowState.DUPLICATE}
    assert [(match["key"], match["why"]) for match in import_job.rows.get(number=3).matches] == [(ben.pk, why)]
    with pytest.raises(DomainError, match="First choose"):
        ran(import_job)


@pytest.mark.parametrize("which", DUPLICATES)
@pytest.mark.parametrize("choice", DuplicateChoice)
def test_choices_for_duplicates(ben, which, choice):
    row, _why = DUPLICATES[which]
    done = ran(chosen(checked(ASHA, row), "", {3: (choice, 0)}))
    new = choice == DuplicateChoice.MAKE and which != "email"  # an address is one person's
    state = {DuplicateChoice.SKIP: RowState.SKIPPED}.get(choice, RowState.MADE if new else RowState.LINKED)
    assert states(done) == {2: RowState.MADE, 3: state}
    assert Person.objects.count() == (3 if new else 2)
    ben.refresh_from_db()
    assert (ben.name, ben.phone, ben.profession) == ("Ben Okoro", "01904 960 002", "health-visitor")


def test_a_choice_of_a_row_goes_before_the_choice_for_all(ben):
    cara = make_person(name="Cara Lund", email="cara@hull.example", with_user=False)
    rows = [["Ben O", "", "01904960002", "", "", "", ""], ["Cara Lund", cara.email, "", "", "", "", ""]]
    done = ran(chosen(checked(*rows), DuplicateChoice.SKIP, {2: (DuplicateChoice.MAKE, 0)}))
    assert states(done) == {2: RowState.MADE, 3: RowState.SKIPPED}


def test_an_address_twice_in_one_file_is_one_person():
    import_job = checked(ASHA, BEN, ["A Patel", ASHA[1], "", "", "", "", ""])
    assert states(import_job) == {2: RowState.NEW, 3: RowState.NEW, 4: RowState.DUPLICATE}
    assert import_job.rows.get(number=4).repeats == 2
    for choice in (DuplicateChoice.LINK, DuplicateChoice.MAKE):
        chosen(import_job, choice)
    done = ran(import_job)
    assert states(done) == {2: RowState.MADE, 3: RowState.MADE, 4: RowState.LINKED}
    assert Person.objects.count() == 2


def test_colleagues_in_one_file_may_share_a_phone():
    rows = [["Asha Patel", "asha@leeds.example", "0113 496 0001", "", "", "", ""]]
    rows.append(["Dev Rao", "dev@leeds.example", "0113 496 0001", "", "", "", ""])
    services_batch, services.BATCH_SIZE = services.BATCH_SIZE, 1
    try:
        done = ran(checked(*rows))
    finally:
        services.BATCH_SIZE = services_batch
    assert states(done) == {2: RowState.MADE, 3: RowState.MADE}


def test_somebody_added_meanwhile_is_not_added_twice():
    import_job = checked(ASHA, BEN)
    make_person(email=ASHA[1], with_user=False)
    make_person(name="B Okoro", phone=BEN[2], with_user=False)
    done = ran(import_job)
    assert states(done) == {2: RowState.LINKED, 3: RowState.WRONG}
    assert problems(done) == [(3, "", str(services.ADDED_SINCE_MESSAGE))]


def test_the_one_we_had_may_be_gone(ben):
    import_job = chosen(checked(["Ben O", "", "01904960002", "", "", "", ""]))
    Person.objects.filter(pk=ben.pk).update(erased_at=NOW, phone="")
    done = ran(import_job)
    assert problems(done) == [(2, "", str(services.MATCH_GONE_MESSAGE))]


def test_past_retention_only_counts_come_in(change_settings):
    change_settings(keep_people_months=12)
    old = ["10/1/2025", "2025-01-20", "31/12/2024"]
    rows = [[f"Person {n}", f"p{n}@leeds.example", "", "GP", "Old Surgery", "LS1 4AP", day] for n, day in enumerate(old)]
    import_job = checked(*rows, [*ASHA[:6], "1/6/2026"])
    assert states(import_job) == {2: RowState.PAST, 3: RowState.PAST, 4: RowState.PAST, 5: RowState.NEW}
    assert "leeds.example" not in str(list(import_job.rows.filter(state=RowState.PAST).values()))
    done = ran(import_job)
    asha = Person.objects.get()
    assert (asha.email, asha.created_at) == (ASHA[1], datetime(2026, 6, 1, 11, tzinfo=UTC))
    assert [organisation.name for organisation in Organisation.objects.all()] == ["Leeds Trust"]
    found = ImportedCount.objects.values_list("month", "nation", "authority", "profession", "rows", "people")
    assert [(f"{month:%Y-%m}", *rest) for month, *rest in found] == [
        ("2024-12", "england", "E08000035", "gp", 1, 1),
        ("2025-01", "england", "E08000035", "gp", 2, 2),
    ]
    undone(done)
    assert not ImportedCount.objects.exists()


def test_what_is_repeated_is_counted_once():
    row = ["Old Person", "old@leeds.example", "", "", "", "", "1/1/2015"]
    import_job = checked(row, row)
    assert states(import_job) == {2: RowState.PAST, 3: RowState.WRONG}
    assert problems(import_job) == [(3, "", "Row 2 says the same, so we count it once.")]


# Columns.


@pytest.mark.parametrize(
    "heading",
    [
        "Notes",
        "Comments",
        "Case number",
        "Free text",
        "free-text",
        "Remarks",
        "Concern",
        "Child",
        "Further details",
        "Reason",
    ],
)
def test_columns_of_notes_are_refused(heading):
    assert is_refused_heading(heading)
    import_job = create_import(kind="contacts", content=as_csv([*BEN, "x"], headings=[*HEADINGS, heading]), by=None, now=NOW)
    assert 7 not in suggest_mapping(import_job).values()
    with pytest.raises(DomainError, match="never import a column of notes"):
        choose_columns(import_job, mapping={"name": 7}, by=make_staff(), now=NOW)


@pytest.mark.parametrize("heading", ["Name", "Email address", "Organisation", "Postcode", "Staircase", "Job title", "Phone no."])
def test_other_columns_are_not(heading):
    assert not is_refused_heading(heading)


def test_columns_are_suggested_by_what_they_are_called_and_remembered():
    import_job = create_import(
        kind="contacts", content=as_csv(["a", "b", "c"], headings=["Who", "E-mail", "Tel"]), by=None, now=NOW
    )
    assert suggest_mapping(import_job) == {"email": 1, "phone": 2}
    choose_columns(import_job, mapping={"name": 0, "phone": 2}, by=make_staff(), now=NOW)
    again = create_import(kind="contacts", content=as_csv(["d", "e", "f"], headings=["who", "E-Mail ", "TEL"]), by=None, now=NOW)
    assert suggest_mapping(again) == {"name": 0, "phone": 2}


def test_a_column_that_must_be_there():
    import_job = create_import(kind="contacts", content=as_csv(BEN), by=None, now=NOW)
    with pytest.raises(DomainError, match="Choose the column of: Name"):
        choose_columns(import_job, mapping={"email": 1}, by=make_staff(), now=NOW)


# A worker that is killed, and faults.


def test_a_run_that_was_cut_off_goes_on_and_makes_nothing_twice(monkeypatch):
    monkeypatch.setattr(services, "BATCH_SIZE", 2)
    rows = [[f"Person {n}", f"p{n}@leeds.example", "", "", f"Firm {n % 2}", "", ""] for n in range(7)]
    import_job = create_import(kind="contacts", content=as_csv(*rows), by=None, now=NOW)
    choose_columns(import_job, mapping=suggest_mapping(import_job), by=make_staff(), now=NOW)
    for step in ("check", "run", "undo"):
        with monkeypatch.context() as patch:
            patch.setattr(services, f"{step}_batch", killed_after(2, getattr(services, f"{step}_batch")))
            with pytest.raises(KeyboardInterrupt):
                process_import(import_job.pk)
        import_job.refresh_from_db()
        assert import_job.is_at_work
        assert import_job.done == 2
        process_import(import_job.pk)
        import_job.refresh_from_db()
        assert import_job.done == import_job.total
        if step == "check":
            assert import_job.rows.count() == 7
            run_import(import_job, by=make_staff(), now=NOW)
        if step == "run":
            assert sorted(Person.objects.values_list("name", flat=True)) == [f"Person {n}" for n in range(7)]
            undo_import(import_job, by=make_staff(), now=NOW)
    assert import_job.state == ImportState.UNDONE
    assert not Person.objects.exists()
    assert not Organisation.objects.exists()


def killed_after(batches, whole):
    """The batch that is killed was written and is not committed."""
    seen = []

    def killed(*args):
        whole(*args)
        seen.append(args)
        if len(seen) == batches:
            raise KeyboardInterrupt

    return killed


def test_a_fault_stops_it_says_so_and_it_goes_on(monkeypatch, caplog):
    import_job = checked(ASHA)
    with monkeypatch.context() as patch:
        patch.setattr(services, "run_batch", lambda *args: 1 / 0)
        ran(import_job)
    stopped = Import.objects.get()
    assert stopped.state == ImportState.FAILED
    assert "ZeroDivisionError" in caplog.text
    assert "Asha" not in caplog.text
    resume_import(stopped, by=make_staff(), now=NOW)
    process_import(stopped.pk)
    assert Import.objects.get().state == ImportState.DONE


def test_a_batch_that_collides_is_tried_again(monkeypatch):
    import_job, whole, tries = checked(ASHA), services.run_batch, []

    def collides(*args):
        tries.append(1)
        if len(tries) == 1:
            raise DatabaseError
        whole(*args)

    monkeypatch.setattr(services, "run_batch", collides)
    assert ran(import_job).state == ImportState.DONE


def test_a_worker_that_went_is_followed_by_another(monkeypatch):
    told = []
    monkeypatch.setattr(services, "queue_import_task", told.append)
    from professionals.imports.tasks import look_after_imports

    import_job = checked(ASHA)
    run_import(import_job, by=make_staff(), now=NOW)
    Import.objects.update(uploaded_at=datetime.now(UTC), progressed_at=datetime.now(UTC))
    look_after_imports()
    assert told == []
    Import.objects.update(progressed_at=datetime.now(UTC) - timedelta(minutes=3))
    look_after_imports()
    assert told == [import_job.pk]


# Files go.


@pytest.mark.parametrize("how", ["uploaded", "checked", "running"])
def test_a_file_goes_within_a_day_whatever_became_of_it(how):
    import_job = create_import(kind="contacts", content=as_csv(ASHA), by=None, now=NOW) if how == "uploaded" else checked(ASHA)
    if how == "running":
        run_import(import_job, by=make_staff(), now=NOW)
    assert delete_old_files(NOW + timedelta(hours=22)) == 0
    assert delete_old_files(NOW + timedelta(hours=23)) == 1
    import_job = Import.objects.get()
    assert (import_job.file, import_job.headings, import_job.file_deleted_at) == (None, [], NOW + timedelta(hours=23))
    assert import_job.state == (ImportState.DONE if how == "running" else ImportState.ABANDONED)
    assert not import_job.rows.exclude(cells={}).exists()
    assert not Person.objects.exists()


def test_a_file_that_was_thrown_away():
    import_job = checked(ASHA)
    abandon_import(import_job, by=make_staff(), now=NOW)
    import_job.refresh_from_db()
    assert (import_job.state, import_job.file, import_job.rows.count()) == (ImportState.ABANDONED, None, 0)


def test_the_same_file_is_not_imported_twice():
    ran(checked(ASHA))
    with pytest.raises(DomainError, match="This very file is in already"):
        create_import(kind="contacts", content=as_csv(ASHA), by=None, now=NOW)
