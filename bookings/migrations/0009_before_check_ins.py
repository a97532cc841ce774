"""Visits that took place before there were check-ins are not overdue: staff would find weeks of them on the first page."""

from django.db import migrations

CLOSE = """
INSERT INTO bookings_visit (booking_id, safe_at)
SELECT id, now() FROM bookings_booking
WHERE format = 'workplace' AND state IN ('confirmed', 'delivered') AND ends_at < now() AND starts_at > now() - interval '28 days'
"""


class Migration(migrations.Migration):
    dependencies = [("bookings", "0008_visits")]
    operations = [migrations.RunSQL(CLOSE, migrations.RunSQL.noop)]
