"""A visit is waited for until somebody has spoken for it, however long that takes."""

from django.db import migrations, models

# Of these nobody is waited for: who has left or is known to be safe, what was cancelled with nobody there, and what took
# place before there were check-ins.
CLOSE = """
UPDATE bookings_booking b SET visit_closed = true
WHERE format = 'workplace' AND state IN ('confirmed', 'delivered', 'cancelled') AND (
    EXISTS (SELECT FROM bookings_visit v WHERE v.booking_id = b.id
        AND (v.checked_out_at >= b.starts_at - interval '2 hours' OR v.safe_at >= b.ends_at))
    OR NOT EXISTS (SELECT FROM bookings_visit v WHERE v.booking_id = b.id AND v.checked_in_at >= b.starts_at - interval '2 hours')
        AND (state = 'cancelled' OR starts_at <= now() - interval '28 days'))
"""
# At another time, or by another presenter, it is another visit.
OPEN_AGAIN = """
CREATE FUNCTION bookings_visit_opens_again() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.visit_closed := false;
    RETURN NEW;
END $$;
CREATE TRIGGER bookings_visit_opens_again BEFORE UPDATE OF starts_at, presenter_id ON bookings_booking FOR EACH ROW
WHEN (OLD.starts_at IS DISTINCT FROM NEW.starts_at OR OLD.presenter_id IS DISTINCT FROM NEW.presenter_id)
EXECUTE FUNCTION bookings_visit_opens_again();
"""
UNDO = "DROP TRIGGER bookings_visit_opens_again ON bookings_booking; DROP FUNCTION bookings_visit_opens_again();"


class Migration(migrations.Migration):
    dependencies = [("bookings", "0015_my_page")]
    operations = [
        migrations.AddField(
            model_name="booking",
            name="visit_closed",
            field=models.BooleanField(default=False, editable=False, verbose_name="nobody is waited for at its visit"),
        ),
        migrations.RunSQL(CLOSE, migrations.RunSQL.noop),
        migrations.AddIndex(
            model_name="booking",
            index=models.Index(
                condition=models.Q(
                    ("format", "workplace"), ("state__in", ["confirmed", "delivered", "cancelled"]), ("visit_closed", False)
                ),
                fields=["starts_at", "id"],
                name="booking_visit_open",
            ),
        ),
        migrations.RunSQL(OPEN_AGAIN, UNDO),
    ]
