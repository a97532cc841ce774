"""Outward codes and local authorities, from professionals/data/."""

from django.db import migrations, models

from professionals.area_tables import load

NATIONS = [
    ("england", "England"),
    ("scotland", "Scotland"),
    ("wales", "Wales"),
    ("northern-ireland", "Northern Ireland"),
    ("guernsey", "Guernsey"),
    ("jersey", "Jersey"),
    ("isle-of-man", "Isle of Man"),
]
TABLES = """
CREATE TABLE professionals_outwardcode (
    code varchar(4) PRIMARY KEY,
    latitude double precision NOT NULL,
    longitude double precision NOT NULL,
    nation varchar(20) NOT NULL,
    zone varchar(20) NOT NULL,
    authority varchar(9) NOT NULL,
    others text NOT NULL
);
CREATE TABLE professionals_localauthority (
    code varchar(9) PRIMARY KEY,
    name varchar(60) NOT NULL,
    region varchar(30) NOT NULL,
    nation varchar(20) NOT NULL
);
"""


class Migration(migrations.Migration):
    dependencies = [("professionals", "0004_draft_of_a_change")]

    operations = [
        migrations.CreateModel(
            name="OutwardCode",
            fields=[
                ("code", models.CharField(max_length=4, primary_key=True, serialize=False, verbose_name="code")),
                ("latitude", models.FloatField(verbose_name="latitude")),
                ("longitude", models.FloatField(verbose_name="longitude")),
                ("nation", models.CharField(choices=NATIONS, max_length=20, verbose_name="nation")),
                ("zone", models.CharField(max_length=20, verbose_name="island")),
                ("authority", models.CharField(blank=True, max_length=9, verbose_name="local authority")),
                ("others", models.TextField(blank=True, verbose_name="other local authorities")),
            ],
            options={
                "verbose_name": "outward code",
                "verbose_name_plural": "outward codes",
                "ordering": ["code"],
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="LocalAuthority",
            fields=[
                ("code", models.CharField(max_length=9, primary_key=True, serialize=False, verbose_name="code")),
                ("name", models.CharField(max_length=60, verbose_name="name")),
                ("region", models.CharField(blank=True, max_length=30, verbose_name="region")),
                ("nation", models.CharField(choices=NATIONS, max_length=20, verbose_name="nation")),
            ],
            options={
                "verbose_name": "local authority",
                "verbose_name_plural": "local authorities",
                "ordering": ["name"],
                "managed": False,
            },
        ),
        migrations.RunSQL(TABLES, "DROP TABLE professionals_outwardcode, professionals_localauthority;"),
        migrations.RunPython(load, migrations.RunPython.noop),
    ]
