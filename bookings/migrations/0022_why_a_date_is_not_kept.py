"""A date of a request says why it is not kept. Of those asked for before, nobody knows."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0021_claims_to_come"),
    ]

    operations = [
        migrations.AddField(
            model_name="dateoption",
            name="why_not",
            field=models.CharField(
                blank=True,
                choices=[
                    ("days", "Several days are not kept."),
                    ("over", "No time was left in it when it was asked for."),
                    ("enough", "As many dates as may be were kept for this person already."),
                    ("busy", "No presenter was free then when it was asked for, travel included."),
                    ("outside", "It was outside the hours, the area or another rule of each presenter who was free then."),
                    ("beside", "Who was free then is kept for another of these dates."),
                    ("away", "The presenter with whom it was kept is away then."),
                ],
                db_default="",
                default="",
                max_length=10,
                verbose_name="why it is not kept",
            ),
        ),
        migrations.AddConstraint(
            model_name="dateoption",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("why_not", ""),
                    models.Q(("kept_from__isnull", True), models.Q(("why_not", "away"), _negated=True)),
                    models.Q(("kept_from__isnull", False), ("why_not", "away")),
                    _connector="OR",
                ),
                name="dateoption_why_it_is_not_kept",
            ),
        ),
    ]
