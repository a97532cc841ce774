"""Reports as real programs write them, with our message in them: what each means, and what is no report."""

from pathlib import Path

import pytest

from notifications.bounces.reports import read_report
from notifications.bounces.services import classify_bounce
from notifications.models import BounceType

SAMPLES = Path(__file__).parent / "samples"
OURS = "<4f1c2ab09d3e4c5f86a7b8c9d0e1f203@ctac.example>"
HARD = {
    "postfix-unknown-user": "User unknown",
    "postfix-host-not-found": "Host not found",
    "exchange-online-no-such-user": "RecipientNotFound",
    "exchange-access-denied": "Access denied",
    "gmail-no-such-user": "does not exist",
    "exim-text-only": "No such user here",
    "qmail-unknown-user": "no mailbox here",
    "verp-without-a-copy": "Invalid recipient",
}
SOFT = {
    "postfix-mailbox-full": "Mailbox full",
    "postfix-gave-up": "timed out",
    "postfix-policy": "spamhaus",
    "qmail-over-quota": "over quota",
}
NONE = {
    *("postfix-delayed", "postfix-delivered", "exim-delayed-text-only", "absence-outlook", "absence-vacation", "read-receipt"),
    *("reply-of-a-person", "somebody-elses-mail", "not-spam", "failed-authentication"),
}
EXPECTED = {name: (BounceType.HARD, said) for name, said in HARD.items()}
EXPECTED |= {name: (BounceType.SOFT, said) for name, said in SOFT.items()}
EXPECTED |= {"complaint": (BounceType.COMPLAINT, "abuse")}


def read(name, domain="ctac.example"):
    return read_report((SAMPLES / f"{name}.eml").read_bytes(), domain=domain)


def test_every_sample_is_judged():
    assert {path.stem for path in SAMPLES.iterdir()} == EXPECTED.keys() | NONE


@pytest.mark.parametrize("name", EXPECTED)
def test_a_report_says_what_became_of_our_message(name):
    [answer] = read(name)
    sort, said = EXPECTED[name]
    assert (answer.sort, answer.message_id) == (sort, OURS)
    assert said in answer.said


@pytest.mark.parametrize("name", sorted(NONE))
def test_what_is_no_report_of_our_mail_says_nothing(name):
    assert read(name) == []


@pytest.mark.parametrize("name", EXPECTED)
def test_a_report_that_is_cut_off_or_garbled_stops_nothing(name):
    raw = (SAMPLES / f"{name}.eml").read_bytes()
    for mail in (raw[: len(raw) // 2], raw[:300], b"", raw.replace(b"\n", b"\r\n"), raw.replace(b"e", b"\xff\x00")):
        assert len(read_report(mail, domain="ctac.example")) in (0, 1)


def test_mail_of_another_domain_is_not_ours():
    assert read("postfix-unknown-user", domain="other.example") == []


@pytest.mark.parametrize(
    ("status", "said", "sort"),
    [
        ("5.1.1", "550 5.1.1 user unknown; blocked for spam", BounceType.HARD),
        ("5.0.0", "550 5.1.1 no such user", BounceType.HARD),
        ("5.0.0", "550 Requested action not taken: mailbox unavailable", BounceType.HARD),
        ("5.2.1", "550 5.2.1 The account is disabled", BounceType.HARD),
        ("5.7.1", "550 5.7.1 Recipient does not exist here", BounceType.HARD),
        ("5.7.1", "550 5.7.1 rejected by policy: address on a block list", BounceType.SOFT),
        ("5.2.2", "552 over quota", BounceType.SOFT),
        ("5.3.4", "message too big", BounceType.SOFT),
        ("4.2.2", "452 mailbox full", BounceType.SOFT),
        ("", "451 greylisted, try again", BounceType.SOFT),
        ("", "554 delivery error: This user doesn't have an account (#5.1.1)", BounceType.HARD),
    ],
)
def test_only_a_mailbox_that_is_not_there_is_hard(status, said, sort):
    assert classify_bounce(status, said) == sort
