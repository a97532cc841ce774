"""The mailbox of returned mail: a Maildir, and a small IMAP server that speaks as real ones do. It may be shared with people."""

import socketserver
import threading
from pathlib import Path

import pytest

from notifications import rendering, tasks
from notifications.bounces import reports
from notifications.delivery.services import check_returned_mail, deliver
from notifications.models import MailboxRead, MarkedAddress
from office.site_settings.queries import site_settings
from tests.notifications.conftest import Inbox, later

SAMPLES = Path(__file__).parent / "samples"
TOKEN = "4f1c2ab09d3e4c5f86a7b8c9d0e1f203"
MIXED = ("postfix-unknown-user", "reply-of-a-person", "absence-outlook", "qmail-unknown-user")
pytestmark = pytest.mark.django_db


@pytest.fixture
def ours(settings, kind, make_row, now):
    """The message that the samples tell of."""
    settings.DEFAULT_FROM_EMAIL = "CTAC <help@ctac.example>"
    return make_row(message_id=f"<{TOKEN}@ctac.example>", state="sent", sent_at=now, recipient="n.rahman@leeds.example.nhs.uk")


def sample(name):
    return (SAMPLES / f"{name}.eml").read_bytes()


def test_a_maildir_loses_the_reports_and_keeps_what_people_wrote(ours, tmp_path, now):
    for folder in ("new", "cur", "tmp"):
        (tmp_path / folder).mkdir()
    for name in MIXED:
        (tmp_path / "new" / f"1.{name}.host").write_bytes(sample(name))
    assert reports.read_mailbox(f"maildir://{tmp_path}", now=now) == 1  # both reports are about one message
    assert [mark.address for mark in MarkedAddress.objects.marked()] == ["n.rahman@leeds.example.nhs.uk"]
    kept = list((tmp_path / "cur").iterdir())
    assert sorted(path.read_bytes()[:10] for path in kept) == [sample("absence-outlook")[:10], sample("reply-of-a-person")[:10]]
    assert all("S" not in path.name.partition(":")[2] for path in kept)  # unread
    assert list((tmp_path / "new").iterdir()) == []
    assert reports.read_mailbox(f"maildir://{tmp_path}", now=now) == 0


class ImapServer(socketserver.ThreadingTCPServer):
    """As much of IMAP as reading needs; keeps what was asked of it."""

    allow_reuse_address = daemon_threads = True

    def __init__(self, mails):
        super().__init__(("127.0.0.1", 0), ImapTalk)
        self.mails, self.validity, self.asked, self.password = dict(mails), 7, [], "geheim@1"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"imap://reader:geheim%401@127.0.0.1:{self.server_address[1]}/INBOX"


class ImapTalk(socketserver.StreamRequestHandler):
    def say(self, text):
        self.wfile.write(text if isinstance(text, bytes) else f"{text}\r\n".encode())

    def handle(self):
        self.say("* OK [CAPABILITY IMAP4rev1 UIDPLUS] ready")
        for line in self.rfile:
            tag, _space, words = line.decode().strip().partition(" ")
            self.server.asked.append(words)
            self.answer(tag, words)
            if words.upper() == "LOGOUT":
                return

    def answer(self, tag, words):
        mails, verb = self.server.mails, words.upper()
        if verb.startswith("LOGIN") and self.server.password not in words:
            self.say(f"{tag} NO wrong")
            return
        if verb == "CAPABILITY":
            self.say("* CAPABILITY IMAP4rev1 UIDPLUS")
        elif verb.startswith("SELECT"):
            self.say(f"* {len(mails)} EXISTS\r\n* OK [UIDVALIDITY {self.server.validity}] valid")
        elif verb.startswith("UID SEARCH"):
            after = int(verb.split()[-1].partition(":")[0])
            newest = max(mails, default=0)  # as real servers do: * is the newest one, however far the range begins
            self.say("* SEARCH " + " ".join(str(n) for n in mails if n >= after or n == newest))
        elif verb.startswith("UID FETCH"):
            number = int(verb.split()[2])
            raw = mails[number]
            self.say(f"* 1 FETCH (UID {number} BODY[]<0> {{{len(raw)}}}")
            self.say(raw + b")\r\n")
        elif verb.startswith("UID EXPUNGE"):
            for number in verb.split()[2].split(","):
                del mails[int(number)]
        self.say(f"{tag} OK done")


@pytest.fixture
def server():
    with ImapServer({number: sample(name) for number, name in enumerate(MIXED, 11)}) as running:
        yield running
        running.shutdown()


def test_an_imap_mailbox_is_read_once_and_only_reports_are_taken_away(ours, server, now):
    assert reports.read_mailbox(server.url, now=now) == 1
    assert MarkedAddress.objects.marked().count() == 1
    assert [MIXED[number - 11] for number in server.mails] == ["reply-of-a-person", "absence-outlook"]
    assert not any("Seen" in words for words in server.asked)
    assert all("PEEK" in words for words in server.asked if words.startswith("UID FETCH"))
    server.asked.clear()
    assert reports.read_mailbox(server.url, now=now) == 0
    assert not any(words.startswith(("UID FETCH", "UID STORE")) for words in server.asked)


def test_a_mailbox_that_was_made_anew_is_read_from_its_beginning(ours, server, now):
    reports.read_mailbox(server.url, now=now)
    server.mails, server.validity = {1: sample("gmail-no-such-user")}, 8
    assert reports.read_mailbox(server.url, now=now) == 0  # known already, and gone all the same
    assert server.mails == {}


def test_a_crash_before_the_commit_loses_nothing(ours, server, now, monkeypatch):
    def crash(*args, **kwargs):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(reports, "record_bounces", crash)
        with pytest.raises(KeyboardInterrupt):
            reports.read_mailbox(server.url, now=now)
    assert reports.read_mailbox(server.url, now=now) == 1


def test_trouble_stands_in_readyz_without_password_or_address_until_it_is_over(ours, server, settings, caplog):
    settings.BOUNCE_MAILBOX = server.url
    server.password = "changed"
    tasks.read_returned_mail()
    assert check_returned_mail() == "the mailbox of returned mail can't be read: error"
    assert "geheim" not in caplog.text
    assert "reader" not in caplog.text
    server.password = "geheim@1"
    tasks.read_returned_mail()
    assert check_returned_mail() == ""
    assert MailboxRead.objects.get().read_at


@pytest.mark.parametrize("url", ["maildir:///nowhere/at/all", "pop3://host/", "imap://u:p@127.0.0.1:1/INBOX"])
def test_a_mailbox_that_is_not_there_says_so(url, now):
    with pytest.raises(reports.MailboxError):
        reports.read_mailbox(url, now=now)


@pytest.mark.parametrize(("verp", "envelope"), [(False, "bounces@ctac.example"), (True, f"bounces+{TOKEN}@ctac.example")])
def test_reports_go_to_a_machine_and_answers_to_people(ours, make_row, mail_server, settings, now, verp, envelope):
    class Envelopes(Inbox):
        async def handle_DATA(self, server, session, envelope):  # noqa: N802
            self.sender = envelope.mail_from
            return await super().handle_DATA(server, session, envelope)

    inbox = mail_server(Envelopes())
    settings.BOUNCE_ADDRESS, settings.BOUNCE_VERP = "bounces@ctac.example", verp
    type(ours).objects.filter(pk=ours.pk).update(state="pending", sent_at=None)
    deliver(ours.pk, clock=later(now))
    assert inbox.sender == envelope
    text = inbox.messages[0].decode()
    assert "From: CTAC <help@ctac.example>" in text
    assert f"Reply-To: {site_settings().advice_email}" in text
    assert "bounces" not in text
    assert rendering.thread_headers(ours)
