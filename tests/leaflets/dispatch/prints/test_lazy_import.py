"""What a web worker does not carry until somebody prints, opens a workbook or reports returned mail."""

import subprocess
import sys

import pytest
from django.conf import settings

PROGRAM = """
import sys, django
django.setup()
from django.urls import get_resolver
get_resolver().reverse_dict
def print_loaded():
    print(*sorted({"fpdf", "fontTools", "PIL", "defusedxml", "openpyxl", "requests", "typst"} & set(sys.modules)))
print_loaded()
import leaflets.dispatch.sheets, leaflets.dispatch.slips
print_loaded()
"""


@pytest.mark.machine_clock
def test_a_worker_starts_without_the_libraries_of_rare_requests():
    answer = subprocess.run([sys.executable, "-c", PROGRAM], cwd=settings.BASE_DIR, capture_output=True, text=True, check=True)
    assert answer.stdout.splitlines() == ["", "PIL defusedxml fontTools fpdf"]
