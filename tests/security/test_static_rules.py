"""Ruff's security rules are on, find each of these dangers, and find none in our code.

S603 is left out as in pyproject.toml: it names every command, and ours are lists of our own words.
"""

import subprocess
import sys

import pytest
from django.conf import settings

RUFF = [sys.executable, "-m", "ruff", "check", "--select", "S", "--ignore", "S603", "--quiet", "--output-format", "concise"]
DANGERS = {
    "eval": ("S307", "eval(words)"),
    "exec": ("S102", "exec(words)"),
    "a shell": ("S602", "import subprocess\nsubprocess.run(words, shell=True)"),
    "unpickling": ("S301", "import pickle\npickle.loads(words)"),
    "XML with entities": ("S314", "import xml.etree.ElementTree as tree\ntree.parse(words)"),
    "SQL out of pieces": ("S608", 'cursor.execute("SELECT * FROM people WHERE name = \'" + words + "\'")'),
    "HTML marked as safe": ("S308", "from django.utils.safestring import mark_safe\nmark_safe(words)"),
    "a weak hash": ("S324", "import hashlib\nhashlib.md5(words)"),
    "chance that can be guessed": ("S311", "import random\nrandom.choice(words)"),
    "an address of somebody else's": ("S310", "import urllib.request\nurllib.request.urlopen(words)"),
    "a server that is not who it says": ("S501", "import requests\nrequests.get(words, verify=False)"),
    "an error that is swallowed": ("S110", "try:\n    words()\nexcept Exception:\n    pass"),
    "a password in the code": ("S105", 'password = "three-presenters"'),
}


@pytest.mark.parametrize("danger", DANGERS)
def test_it_sees(danger):
    rule, code = DANGERS[danger]
    words = [*RUFF, "--stdin-filename", "ctac/new.py", "-"]
    result = subprocess.run(words, input=f"{code}\n", cwd=settings.BASE_DIR, capture_output=True, text=True, check=False)
    assert f" {rule} " in result.stdout


def test_our_code_has_none():
    result = subprocess.run([*RUFF, "."], cwd=settings.BASE_DIR, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout) == (0, "")
