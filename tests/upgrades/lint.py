"""`python -m tests.upgrades.lint`: can the old code go on while each new migration runs, and after it (docs/upgrading.md)?

squawk reads the SQL that Django makes of a migration; .squawk.toml says what it looks for. Of what SQL does not show, Django is
asked: whether every operation can be undone, and whether rows are changed in a migration of their own. `make lint` runs it.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import django
from django.db.migrations import Migration, RunPython, SeparateDatabaseAndState
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation

from bench.figures import APPS
from ctac.local import postgres
from tests import ready

ROOT = Path(__file__).resolve().parents[2]
# The last migration of each app in the first release. These, and all that they stand on, were made while nothing was deployed:
# they are not linted. All others are.
FIRST_RELEASE = {
    "accounts": "0006_names",
    "audit": "0004_names",
    "bookings": "0021_names",
    "guidance": "0003_language",
    "leaflets": "0013_names",
    "notifications": "0008_names",
    "office": "0003_texts",
    "privacy": "0004_names",
    "professionals": "0017_names",
    "reach": "0003_reports",
}
# What a reviewer has agreed to: `{"bookings.0021_drop_room": {"ban-drop-column": "release 1.4 was the last to read it"}}`.
ACCEPTED: Mapping[str, Mapping[str, str]] = {
    "office.0004_quiet_hours": {"constraint-missing-not-valid": "a table of one row"},
}
Found = dict[str, str]  # rule: what is wrong


def new_migrations(loader: MigrationLoader) -> Iterator[Migration]:
    """Those of our apps that the first release does not have, each after what it depends on."""
    graph = loader.graph
    released = {key for node in FIRST_RELEASE.items() for key in graph.forwards_plan(node)}
    seen = set(released)
    for leaf in sorted(graph.leaf_nodes()):
        for key in graph.forwards_plan(leaf):
            if key not in seen and key[0] in APPS:
                yield graph.nodes[key]
            seen.add(key)


def problems(loader: MigrationLoader, accepted: Mapping[str, Mapping[str, str]] = ACCEPTED) -> list[str]:
    """A line for each danger that nobody has accepted, and for each that was accepted and is not there."""
    lines, seen = [], set()
    for migration in new_migrations(loader):
        name = f"{migration.app_label}.{migration.name}"
        agreed = accepted.get(name, {})
        found = dangers(loader, migration)
        lines += [f"{name}: {rule}: {what}" for rule, what in found.items() if rule not in agreed]
        lines += [f"{name}: {rule} is accepted but not found" for rule in agreed if rule not in found]
        seen.add(name)
    return lines + [f"{name} is accepted but is no new migration" for name in accepted if name not in seen]


def dangers(loader: MigrationLoader, migration: Migration) -> Found:
    operations = list(flat(migration.operations))
    found = {}
    if one_way := [operation.describe() for operation in operations if not operation.reversible]:
        found["irreversible"] = f"cannot be undone: {', '.join(one_way)}"
    if len({isinstance(operation, RunPython) for operation in operations}) > 1:
        found["rows-with-schema"] = "changes rows while the table is locked for a change of the schema: make two migrations"
    return found | squawk(migration, "\n".join(loader.collect_sql([(migration, False)])))


def flat(operations: Sequence[Operation]) -> Iterator[Operation]:
    for operation in operations:
        if isinstance(operation, SeparateDatabaseAndState):
            yield from flat(operation.database_operations)
        else:
            yield operation


def squawk(migration: Migration, sql: str) -> Found:
    """Raises RuntimeError if squawk could not do its work."""
    program = shutil.which("squawk", path=Path(sys.executable).parent) or "squawk"
    command = [program, "--reporter", "json", "--stdin-filepath", f"{migration.app_label}.{migration.name}.sql"]
    command += ["--assume-in-transaction"] if migration.atomic else []
    done = subprocess.run(command, cwd=ROOT, input=sql, capture_output=True, text=True, check=False)
    if done.returncode not in {0, 1} or not done.stdout.startswith("["):
        raise RuntimeError(f"squawk exited with {done.returncode}: {done.stderr or done.stdout}")
    return {each["rule_name"]: f"{each['message']} {each['help'] or ''}".strip() for each in json.loads(done.stdout)}


def main() -> int:
    """Starts a PostgreSQL of its own, because Django looks up the names of some constraints in the database."""
    with tempfile.TemporaryDirectory(prefix="lint") as folder:
        var_dir = Path(folder)
        os.environ |= {"CTAC_ENV": "test", "CTAC_VAR": folder, "DATABASE_URL": postgres.database_url(var_dir)}
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ctac.settings")
        django.setup()
        if not list(new_migrations(MigrationLoader(None))):
            print("No migration is newer than the first release.")
            return 0
        os.environ[ready.FOLDER] = str(ready.make(var_dir / "ready"))
        ready.lay_out(var_dir)
        postgres.start(var_dir, fast=True)
        try:
            return report()
        finally:
            postgres.stop(var_dir)


def report() -> int:
    from django.db import connection

    loader = MigrationLoader(connection, replace_migrations=False)
    lines = problems(loader)
    print("\n".join(lines) or f"{len(list(new_migrations(loader)))} new migrations, none of them dangerous.")
    if lines:
        print("docs/upgrading.md says how it is done instead.")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
