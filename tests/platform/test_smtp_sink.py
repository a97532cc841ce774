"""The mail server of a copy that names none: what it takes is there, whole."""

import smtplib
import socket
import subprocess
import sys
from email.message import EmailMessage

import pytest
from django.conf import settings

from ctac.local import processes
from tests.live.mail import read


@pytest.fixture
def sink(tmp_path):
    """The port; the folder is tmp_path."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        command = [sys.executable, "-m", "ctac.local.smtp_sink", str(tmp_path), "--fd", str(listening.fileno())]
        process = subprocess.Popen(command, cwd=settings.BASE_DIR, pass_fds=[listening.fileno()])
    yield port
    process.terminate()
    process.wait(10)


def letter(**headers):
    message = EmailMessage()
    for name, value in {"From": "ctac@example.org", "Subject": "Your booking", **headers}.items():
        message[name] = value
    message.set_content("See you on Tuesday – 9 März.\n.\nA line of its own with a dot above.")
    return message


def test_a_message_is_kept_as_it_was_sent(sink, tmp_path):
    with smtplib.SMTP("127.0.0.1", sink, timeout=20) as client:
        client.send_message(letter(To="ada@example.org"))
    [mail] = read(tmp_path)
    assert (mail.to, mail.subject) == (["ada@example.org"], "Your booking")
    assert mail.text == "See you on Tuesday – 9 März.\n.\nA line of its own with a dot above.\n"


def test_a_recipient_who_is_not_named_in_the_message_is_noted(sink, tmp_path):
    with smtplib.SMTP("127.0.0.1", sink, timeout=20) as client:
        client.send_message(letter(To="ada@example.org"), to_addrs=["ada@example.org", "grace@example.org"])
    assert [mail.to for mail in read(tmp_path)] == [["ada@example.org", "grace@example.org"]]


def test_messages_stand_in_the_order_in_which_they_came(sink, tmp_path):
    with smtplib.SMTP("127.0.0.1", sink, timeout=20) as client:
        for number in range(20):
            client.send_message(letter(To="ada@example.org", **{"X-Number": str(number)}))
    assert [mail.message["X-Number"] for mail in read(tmp_path)] == [str(number) for number in range(20)]


def test_a_message_that_breaks_off_is_not_kept(sink, tmp_path):
    with socket.create_connection(("127.0.0.1", sink), timeout=20) as client:
        client.sendall(b"EHLO here\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.org>\r\nDATA\r\nSubject: half")
        client.recv(1)
    assert processes.wait_until(lambda: bool(read(tmp_path)), 0.5) is False
