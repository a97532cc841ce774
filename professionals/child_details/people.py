"""One child without a number: a case, a name or initials called a child's, or what happened to somebody in our readers' care."""

import re

from professionals.child_details.ordinary import could_be_names
from professionals.child_details.words import CHILD, IN_OUR_CARE, INITIALS, NAME, are_initials, are_names

SOMEBODY = rf"(?:{CHILD}|{IN_OUR_CARE})"
BETWEEN = r"(?:[\w-]{1,20} ){0,2}"
CASE = re.compile(
    rf"\bcase of (?:(?:a|an|the|this|our|my|one) )?(?:[\w-]{{1,20}} ){{0,3}}{CHILD}\b"
    r"(?!s| in (?:the|your|that) (?:film|video|example|story|slides?|presentation|talk))",
    re.IGNORECASE,
)
CASE_OF_SOMEBODY = re.compile(rf"(?<!\b[Ii]n )\b[Cc]ase of (?:({INITIALS})|({NAME}))|\b[Ii]n the case of ({INITIALS})")
REGARDING = re.compile(
    rf"(?:^|[.;!?] ?)(?:[Rr][Ee]|[Rr]egarding|[Cc]oncerning)(?: ?[:.-] ?| )(?:({INITIALS})|({NAME}) ({NAME})(?!'))"
)
CALLED = re.compile(rf"\b(?i:{SOMEBODY}) (?i:called|named) ({NAME})")
NAME_OF = re.compile(
    rf"\b(?i:{SOMEBODY})(?:'s)? (?i:full |first )?(?i:name|initials)(?i: is| are)?(?: ?[:=-] ?| )(?:({INITIALS})|({NAME}))"
)
COLON = re.compile(
    rf"\b(?i:{SOMEBODY})(?: ?[:=-] ?)(?:({INITIALS})|({NAME}) ({NAME}))|\b(?i:child|yp|young person) ({INITIALS})"
    rf"|\b(?i:child|yp|young person|pupil)(?i: is) ({NAME}) ({NAME})|\b(?i:my|our) (?i:{SOMEBODY}) ({NAME})"
    rf"|({NAME}) (?i:is|was|has been|may be|might be) (?i:being )?(?i:exploited|trafficked|groomed|controlled|forced|abused)\b"
    rf"|\b(?i:advice|advise|ring me|call me|speak to me|speak to us|ring us|call us) (?i:about|on) ({NAME})(?=[.?!,]|$| who)"
)
INITIALS_SAID = re.compile(rf"\b(?i:initials)(?i: are)?(?: ?[:=-] ?| )({INITIALS})")
SMALL_INITIALS = re.compile(r"\b(?i:initials)(?: are)?(?: ?[:=-] ?| )([a-z]{2,3})(?![\w'-])")
HAPPENED = re.compile(
    r"\b(?:i|we)(?: am| are|'m|'re|m|re)?(?: \w{1,12})? (?:worried|concerned|concerns?) (?:about|for) "
    rf"(?:(?:a|an|my|our|this|that|one) {BETWEEN}{SOMEBODY}\b(?!s|')|one of (?:my|our|the) {BETWEEN}{SOMEBODY}s?)"
    rf"|^(?:worried|concerned) (?:about|for) (?:(?:a|an|my|our|this|that|one) {BETWEEN}{SOMEBODY}\b(?!s|'|\?)"
    rf"|one of (?:my|our|the) {BETWEEN}{SOMEBODY}s?)"
    rf"|\b{SOMEBODY} (?:has |have |was |is |had )?(?:went|gone|been|reported|currently|still)? ?missing "
    r"(?:from (?!care)|since|on|last|again|yesterday|this)"
    r"|\b(?:my|our) (?:foster|looked[ -]after) (?:child|son|daughter|boy|girl)\b(?![\w'])"
    rf"|\b(?:a|one|this|that|the) {BETWEEN}{SOMEBODY} (?:[\w-]{{1,20}} )?(?:on|in) (?:my|our) "
    r"(?:caseload|class|care|placement|unit|ward|home)\b"
    rf"|\b(?:a|one|this|that|my|our|the) {BETWEEN}{SOMEBODY} (?:has |had )?"
    r"(?:disclosed|told (?:me|us|staff|her|his|a)|confided)\b"
    rf"|\b(?:i|we)(?:'ve)?(?: have| had)?(?: got)? (?:a|one) {BETWEEN}{CHILD} (?:here|in (?!mind)|at|who|that|with|on)\b"
    rf"|\ba {SOMEBODY} in year \d"
    rf"|\badvice (?:on|about|for|regarding) (?:a|an|one|this|my|our) {BETWEEN}{SOMEBODY}\b(?!s|'| protection)"
    rf"|\bone of (?:our|my) (?:young people|children|{SOMEBODY}s) (?:has|is|was|went|who|told|keeps)\b"
    rf"|\bthe {CHILD} (?:(?:that|who|whom) )?(?:we|i) (?:look after|care for|foster|support|work with)\b"
    rf"|\b(?:he|she) is a (?:minor|child)\b"
    rf"|\byear \d{{1,2}} (?:girl|boy|pupil|student|child) (?:who|has|is|was|called)\b",
    re.IGNORECASE,
)


def tells_of_one_child(text: str) -> bool:
    if CASE.search(text) or HAPPENED.search(text):
        return True
    if any(could_be_names(found[1]) for found in SMALL_INITIALS.finditer(text)):
        return True
    patterns = (CASE_OF_SOMEBODY, REGARDING, CALLED, NAME_OF, COLON, INITIALS_SAID)
    return any(_is_somebody(found) for pattern in patterns for found in pattern.finditer(text))


def _is_somebody(found: re.Match[str]) -> bool:
    """Initials that are no acronym, or names that are no words of work. What looks like initials isn't read as a name too."""
    words = [word for word in found.groups() if word]
    if len(words) == 1 and len(words[0]) <= 9 and words[0].replace(".", "").replace(" ", "").isupper():
        return are_initials(words[0])
    return are_names(*words)
