"""Whether an answer means that there is no such mailbox, or only that it did not work this time."""

import re

from notifications.models.addresses import Sort

# RFC 3463, of those that begin with 5: the mailbox, its system or its address is not there. Others pass, or are about our mail.
NO_SUCH = {"1.0", "1.1", "1.2", "1.3", "1.4", "1.6", "1.10", "2.1", "4.1", "4.4"}
# Where there is no such code, or one that says nothing (5.0.0, and a bare 550), the words decide.
NO_SUCH_WORDS = re.compile(
    r"(user|recipient|mailbox|account|address|domain|host|email account)\b[^.;]{0,60}?"
    r"(unknown|not (be )?found|does ?n['’o]t exist|not exist|disabled|invalid|inactive|no longer|unavailable|rejected)"
    r"|(unknown|invalid|no such|non.?existent) (local |virtual )?(user|recipient|mailbox|account|address|person|domain)"
    r"|no mailbox here|unrouteable address|name or service not known|host or domain name not found|nxdomain",
    re.IGNORECASE,
)
# Whatever else they say: a full mailbox, a policy, a list of senders, a size.
PASSES = re.compile(
    r"quota|mailbox (is )?(full|over)|over ?quota|too (large|big)|exceed|spam|black ?list|block(ed|list)|policy|reputation"
    r"|greylist|try again|temporar|timed? ?out|dmarc|spf|dkim",
    re.IGNORECASE,
)
CODE = re.compile(r"(?<![\d.])([245])\.(\d{1,3}\.\d{1,3})(?![\d.])")
SMTP = re.compile(r"(?<![\d.])5[0-9]{2}(?![\d.])")
SAYS_NOTHING = {"0.0", "3.0", "7.1"}  # 5.7.1 is also how some say “no such user”


def sort_of(status: str, said: str) -> Sort:
    """`status` is what a report states (5.1.1), "" where there is none; `said` the words of the server that refused."""
    code = CODE.search(status) or CODE.search(said)
    if code and code[1] != "5":
        return Sort.SOFT
    if code and code[2] in NO_SUCH:
        return Sort.SOFT if PASSES.search(said) and code[2] not in {"1.1", "1.10"} else Sort.HARD
    # A report may state 5.0.0 and quote a server that says 5.1.1.
    quoted = CODE.findall(said)
    if any(group == "5" and detail in NO_SUCH for group, detail in quoted):
        return Sort.HARD
    if code and code[2] not in SAYS_NOTHING:
        return Sort.SOFT
    is_final = bool(code) or bool(SMTP.search(said))
    return Sort.HARD if is_final and NO_SUCH_WORDS.search(said) and not PASSES.search(said) else Sort.SOFT
