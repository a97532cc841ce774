"""The history of an object is of its changes alone: an index has those, however often it was looked at.

Of a table in months an index can't be made beside writers. Half a million rows take about a second.
"""

from django.db import migrations

CHANGES = """
CREATE INDEX audit_entry_changes ON audit_entry (kind, key, at DESC, id DESC)
    WHERE act IN ('added', 'changed', 'deleted', 'erased', 'credentials', 'role-given', 'role-taken');
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0002_no_log_of_the_admin")]

    operations = [migrations.RunSQL(CHANGES, "DROP INDEX audit_entry_changes")]
