"""manage.py load_catalogue"""

import pytest
from django.core.management import call_command

from leaflets.models import Leaflet

SHIPPED = ["all-professionals", "emergency-care", "health-visitors", "social-workers"]


@pytest.mark.django_db
def test_it_adds_the_shipped_titles_and_leaves_what_staff_changed() -> None:
    call_command("load_catalogue")
    Leaflet.objects.filter(slug="health-visitors").update(summary="Words of staff.")
    call_command("load_catalogue")
    assert sorted(Leaflet.objects.values_list("slug", flat=True)) == SHIPPED
    assert Leaflet.objects.get(slug="health-visitors").summary == "Words of staff."
