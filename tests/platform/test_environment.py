"""The ground that every test stands on."""

import socket

import pytest
from django.conf import settings
from django.db import connection


@pytest.mark.django_db
def test_tests_run_on_postgresql():
    assert connection.vendor == "postgresql"


def test_a_test_can_not_reach_the_internet():
    with pytest.raises(AssertionError, match="only this machine"), socket.socket() as sock:
        sock.connect(("192.0.2.1", 80))


def test_files_go_to_a_folder_of_this_run():
    assert (settings.ENVIRONMENT, "ctac-test-" in str(settings.VAR_DIR)) == ("test", True)
