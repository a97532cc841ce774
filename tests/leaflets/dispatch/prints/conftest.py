from collections.abc import Iterator

import pytest
from django.utils import timezone

from leaflets.pdf import PrintPdf


@pytest.fixture(scope="package")
def paper() -> Iterator[PrintPdf]:
    """To measure with; nothing is drawn on it."""
    with PrintPdf(title="", made_at=timezone.now()) as pdf:
        yield pdf
