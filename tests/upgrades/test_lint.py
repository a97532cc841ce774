"""A migration that the old code could not live with is refused; one made as docs/upgrading.md says passes."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from bench.figures import APPS
from tests.upgrades.lint import FIRST_RELEASE, ROOT, new_migrations, problems

pytestmark = pytest.mark.django_db
NAME = "leaflets.9999_new"
MIGRATION = """
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.functions import RandomUUID
from django.contrib.postgres.operations import (
    AddConstraintNotValid, AddIndexConcurrently, RemoveIndexConcurrently, ValidateConstraint,
)
from django.db import migrations, models
from django.db.migrations import *


class Migration(migrations.Migration):
    atomic = {atomic}
    dependencies = [("leaflets", {after!r})]
    operations = [{operations}]
"""
FILLED = "models.CheckConstraint(condition=~models.Q(town=''), name='order_has_town')"
BAD = {
    "a column that must have a value": ("AddField('order', 'weight', models.BigIntegerField(default=0))", "ban-drop-default"),
    "a column filled row by row": (
        "AddField('order', 'key', models.UUIDField(db_default=RandomUUID()))",
        "adding-field-with-default",
    ),
    "NOT NULL": ("AlterField('order', 'imported_at', models.DateTimeField())", "adding-not-nullable-field"),
    "a column renamed": ("RenameField('order', 'town', 'city')", "renaming-column"),
    "a column dropped": ("RemoveField('order', 'town')", "ban-drop-column"),
    "a table renamed": ("RenameModel('KeptAddress', 'SavedAddress')", "renaming-table"),
    "a table dropped": ("DeleteModel('KeptAddress')", "ban-drop-table"),
    "a type changed": ("AlterField('order', 'town', models.BigIntegerField())", "changing-column-type"),
    "a shorter text": ("AlterField('order', 'town', models.CharField(max_length=9))", "changing-column-type"),
    "an index": ("AddIndex('order', models.Index(fields=['town'], name='order_town'))", "require-concurrent-index-creation"),
    "an index of a new column": (
        "AddField('order', 'weight', models.BigIntegerField(null=True, db_index=True))",
        "require-concurrent-index-creation",
    ),
    "an index dropped": ("RemoveIndex('order', 'order_newest')", "require-concurrent-index-deletion"),
    "a check": (f"AddConstraint('order', {FILLED})", "constraint-missing-not-valid"),
    "a unique rule": (
        "AddConstraint('order', models.UniqueConstraint(fields=['town'], name='order_one_a_town'))",
        "disallowed-unique-constraint",
    ),
    "a rule of exclusion": (
        "AddConstraint('order', ExclusionConstraint(name='order_alone', expressions=[('town', '=')]))",
        "constraint-missing-not-valid",
    ),
    "a key to another table": (
        "AddField('order', 'of', models.ForeignKey('leaflets.Edition', models.PROTECT, null=True, db_index=False))",
        "adding-foreign-key-constraint",
    ),
    "rows for ever": ("RunPython(lambda apps, editor: None)", "irreversible"),
    "SQL for ever": ("RunSQL('SELECT 1')", "irreversible"),
    "SQL for ever, inside": ("SeparateDatabaseAndState([RunSQL('SELECT 1')])", "irreversible"),
    "rows with a column": (
        "AddField('order', 'weight', models.BigIntegerField(null=True)), RunPython(RunPython.noop, RunPython.noop)",
        "rows-with-schema",
    ),
    "SQL by hand": ("RunSQL('ALTER TABLE leaflets_order DROP COLUMN town', RunSQL.noop)", "ban-drop-column"),
}
GOOD = {
    "a column that may be empty": "AddField('order', 'weight', models.BigIntegerField(null=True))",
    "a column with a value of the database": "AddField('order', 'weight', models.BigIntegerField(db_default=0))",
    "a table": (
        "CreateModel('Box', [('id', models.BigAutoField(primary_key=True)),"
        " ('name', models.CharField(max_length=9, unique=True)), "
        "('order', models.ForeignKey('leaflets.Order', models.PROTECT))],"
        " options={'indexes': [models.Index(fields=['name', 'order'], name='box_found')],"
        " 'constraints': [models.CheckConstraint(condition=~models.Q(name=''), name='box_has_name')]})"
    ),
    "a column that only the code forgets": (
        "SeparateDatabaseAndState([AlterField('order', 'town', models.CharField(max_length=100, db_default=''))],"
        " [RemoveField('order', 'town')])"
    ),
    "a rule for new rows": f"AddConstraintNotValid('order', {FILLED})",
    "a key to another table, for new rows": (
        "AddField('order', 'of', models.ForeignKey("
        "'leaflets.Edition', models.PROTECT, null=True, db_index=False, db_constraint=False)),"
        " RunSQL('ALTER TABLE leaflets_order ADD CONSTRAINT order_of FOREIGN KEY (of_id) REFERENCES leaflets_edition NOT VALID',"
        " RunSQL.noop)"
    ),
    "a key to another table, for the old ones": (
        "RunSQL('ALTER TABLE leaflets_order VALIDATE CONSTRAINT order_of', RunSQL.noop)"
    ),
    "a unique rule over an index that is there": (
        "RunSQL('ALTER TABLE leaflets_order ADD CONSTRAINT order_town UNIQUE USING INDEX order_town', RunSQL.noop)"
    ),
    "rows by themselves": "RunPython(RunPython.noop, RunPython.noop)",
    "words for staff": "AlterModelOptions('order', {'verbose_name': 'parcel'})",
}
GOOD_ALONE = {
    "an index": (
        "RunSQL('SET lock_timeout = 0', RunSQL.noop),"
        " AddIndexConcurrently('order', models.Index(fields=['town'], name='order_town')),"
        " RunSQL('RESET lock_timeout', RunSQL.noop)"
    ),
    "an index dropped": "RemoveIndexConcurrently('order', 'order_newest')",
}
Make = Callable[..., MigrationLoader]


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any) -> Make:
    """One more migration of leaflets, as a file beside the others."""
    package = f"migrations_of_{tmp_path.name.replace('-', '_')}"

    def write(operations: str, *, atomic: bool = True) -> MigrationLoader:
        folder = tmp_path / package
        folder.mkdir()
        (folder / "__init__.py").write_text(f"__path__ = [{str(ROOT / 'leaflets' / 'migrations')!r}, {str(folder)!r}]")
        [after] = MigrationLoader(None).graph.leaf_nodes("leaflets")
        words = {"atomic": atomic, "after": after[1], "operations": operations}
        (folder / f"{NAME.removeprefix('leaflets.')}.py").write_text(MIGRATION.format(**words))
        monkeypatch.syspath_prepend(tmp_path)
        settings.MIGRATION_MODULES = {"leaflets": package}
        return MigrationLoader(connection, replace_migrations=False)

    yield write
    for name in [name for name in sys.modules if name.split(".")[0] == package]:
        del sys.modules[name]


def of_the_new(lines: list[str]) -> list[str]:
    """Other new migrations, which this copy may have, have a test of their own."""
    return [line for line in lines if line.startswith(NAME)]


@pytest.mark.parametrize(("operations", "rule"), BAD.values(), ids=BAD)
def test_what_the_old_code_cannot_live_with_is_refused(make: Make, operations: str, rule: str) -> None:
    lines = of_the_new(problems(make(operations)))
    assert [line for line in lines if line.startswith(f"{NAME}: {rule}: ")], lines


@pytest.mark.parametrize("operations", GOOD.values(), ids=GOOD)
def test_what_it_can_live_with_passes(make: Make, operations: str) -> None:
    assert of_the_new(problems(make(operations))) == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("operations", GOOD_ALONE.values(), ids=GOOD_ALONE)
def test_so_does_what_waits_for_nobody(make: Make, operations: str) -> None:
    assert of_the_new(problems(make(operations, atomic=False))) == []


def test_a_danger_is_accepted_by_name_and_only_while_it_is_there(make: Make) -> None:
    loader = make("RemoveField('order', 'town')")
    accepted = {NAME: {"ban-drop-column": "nothing reads it", "ban-drop-table": "a slip"}, "leaflets.0000_gone": {}}
    lines = problems(loader, accepted)
    assert of_the_new(lines) == [f"{NAME}: ban-drop-table is accepted but not found"]
    assert "leaflets.0000_gone is accepted but is no new migration" in lines


def test_the_new_migrations_of_this_copy_are_linted_and_those_of_the_first_release_are_not(make: Make) -> None:
    assert problems(MigrationLoader(connection, replace_migrations=False)) == []
    loader = make("AlterModelOptions('order', {'verbose_name': 'parcel'})")
    names = [f"{migration.app_label}.{migration.name}" for migration in new_migrations(loader)]
    assert NAME in names
    assert not {f"{app}.{name}" for app, name in FIRST_RELEASE.items()} & set(names)
    assert set(FIRST_RELEASE) <= set(APPS)
