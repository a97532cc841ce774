"""NHS numbers, and the numbers of other kinds that have ten digits too."""

import re

from professionals.child_details.words import before

NHS_SHAPE = re.compile(r"(?<![\w+/.-])(\d{3})([ .-]?)(\d{3})\2(\d{4})(?![\d/]|[.-]\d)")
NHS_LABEL = re.compile(
    r"\b(?:nhs|chi|h&c|hcn|hsc)[ -]?(?:no\b|num\b|number\b|id\b|#)?[ .:=#-]{0,4}(?:is )?\d(?:[ .-]?\d){8,9}(?!\d)"
    r"|(?<![\w+/.-])\d{3}[ .-]?\d{3}[ .-]?\d{4} ?(?:is |\()?(?:(?:the|her|his|their) )?(?:nhs|chi) n",
    re.IGNORECASE,
)
# What stands before a number that is somebody's phone, an order, a meeting: up to a few short words may lie between.
OTHER_NUMBER = re.compile(
    r"\b(?:tel|telephone|phone|mobile|mob|call|ring|text|fax|ext|bleep|pager|switchboard|dial|pin|passcode|meeting|zoom|teams|webex"
    r"|po|p\.o|order|purchase|requisition|req|invoice|account|cost|code|charity|company|vat|isbn|batch|tracking|parcel|courier"
    r"|dpd|desk|office|reception|contact|delivery note|sort)\b[\w .:#'()-]{0,20}$",
    re.IGNORECASE,
)
# What stands before a number by which somebody pays; whose it is may lie between ("PO number for the hospital"). A care order
# pays for nothing.
PAID_BY = re.compile(
    r"\b(?:po|p\.o|purchas\w{1,3}|requisition|req|invoice|budget|vat|cost (?:code|cent(?:re|er))|account (?:no|number|code)"
    r"|(?<!care )(?<!court )(?<!supervision )(?<!protection )order (?:no|number))\b[\w .:#'()-]{0,30}$",
    re.IGNORECASE,
)


def is_nhs_number(digits: str) -> bool:
    """Whether ten digits are an NHS number by its check digit (modulus 11, NHS Data Dictionary). Scotland's CHI numbers too."""
    if len(digits) != 10 or len(set(digits)) == 1:
        return False
    check = 11 - sum(int(digit) * weight for digit, weight in zip(digits, range(10, 1, -1), strict=False)) % 11
    return check != 10 and check % 11 == int(digits[9])


def is_of_another_kind(text: str, place: int) -> bool:
    """Whether the words before a number say that it is a phone, an order or a meeting."""
    return bool(OTHER_NUMBER.search(before(text, place))) or is_paid_by(text, place)


def is_paid_by(text: str, place: int) -> bool:
    """Whether the words before a number say that it is an order's, an invoice's or a cost code."""
    return bool(PAID_BY.search(before(text, place)))


def has_nhs_number(text: str) -> bool:
    """One that is called so, right or mistyped; or ten digits with the right check digit that nothing else is said of."""
    if NHS_LABEL.search(text):
        return True
    return any(
        is_nhs_number(found[1] + found[3] + found[4]) and not is_of_another_kind(text, found.start())
        for found in NHS_SHAPE.finditer(text)
    )
