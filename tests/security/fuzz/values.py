"""What nobody types, by kind. Bytes stand for what is no text in UTF-8."""

from typing import Any
from urllib.parse import quote_from_bytes

from hypothesis import strategies as st

from tests.security.payloads import ELSEWHERE, LINES, MARKUP, NO_TEXT, SAME_MAILBOX, SQL, TEMPLATES

Value = str | bytes

NUMBERS: tuple[Value, ...] = (
    "-1",
    "0",
    "1",
    "-0",
    "+1",
    " 1 ",
    "1.5",
    "1,5",
    "1e999",
    "NaN",
    "-Infinity",
    "0x10",
    "1_000",
    "٣",
    "１２",
    "²",  # str.isdigit says yes, int() says no
    "①",
    "𝟛",
    "999",
    "99999",
    "2147483647",
    "2147483648",
    "-2147483649",
    "9223372036854775807",
    "9223372036854775808",
    "1" * 400,  # more than a float holds
    "1" * 5000,  # more than int() reads
)
DAYS: tuple[Value, ...] = (
    "1",
    "31",
    "0001-01-01",
    "1 1 1",
    "1 1 0001",
    "9999-12-31",
    "31 12 9999",
    "31/12/9999",
    "9999",
    "9999-12",
    "0001-01",
    "10000-01-01",
    "0000-00-00",
    "2027-13-45",
    "2027-02-29",
    "29 2 2027",
    "2028-02-29",
    "29 2 2028",
    "2027-W01-1",
    "20270101",
    "tomorrow",
    "next friday",
    "monday",
    "28 3 2027",  # the clocks go forward
    "31 10 2027",  # and back
    "2027-03-28T01:30",
    "2027-10-31T01:30",
    "2027-03-28T01:30:00+00:00",
    "9999-12-31T23:59:59-23:59",
    "0001-01-01T00:00+23:59",
    "2020",
    "2099-12",
    "2099-12-31",
)
CLOCKS: tuple[Value, ...] = (
    "1:30am",
    "01:30",
    "1am",
    "00:00",
    "12am",
    "24:00",
    "25:00",
    "23:59:60",
    "9",
    "noon",
    "midnight",
    "999am",
    "9am to 5pm",
    "5pm to 9am",
    "9am to",
)
WORDS: tuple[Value, ...] = (
    "",
    " ",
    "\n",
    "\t\r\n" * 40,
    "on",
    "null",
    "None",
    "true",
    "[]",
    "{}",
    '{"a": [1, {"b": null}]}',
    "[" * 2000,
    "__all__",
    "../../etc/passwd",
    "%2500",
    "%",
    "a,b,,c",
    "&amp;",
    "x" * 300,
    "x " * 3000,
    "é" * 70_000,
    "\u05d0\u202e\u200f\u2066\u0661",
    "👩🏽\u200d⚕️🏴󠁧󠁢󠁷󠁬󠁳󠁿",
    "a" + "\u0301\u0489" * 200,
    "ﬁ İ ı ß ſ K Å ﷺ",  # longer or shorter once they are folded
    "\ufeff\u00ad\u200b\u2060",
    "\ufffe\uffff\U0010ffff",
    "\x01\x08\x1b\x7f",
    *NO_TEXT.values(),
    b"Sam\xed\xa0\x80Taylor",
    b"\xc0\xaf",
    b"\xff\xfe\x00",
    b"\xf0\x28\x8c\x28",
    *LINES.values(),
    *SQL.values(),
    *TEMPLATES.values(),
    *MARKUP.values(),
    "(",
    "[a-",
    "a{99999}",
    "\\",
    '"',
    "' \" \\' \\",
)
SHAPED: tuple[Value, ...] = (
    *SAME_MAILBOX,
    "a@b",
    f"{'a' * 300}@nhs.uk",
    f"a@{'x' * 64}.uk",
    f"a@{'é' * 70}.uk",
    "a@nhs..uk",
    "a@[127.0.0.1]",
    '"a b"@nhs.uk',
    "a@xn--.uk",
    "a@xn--a.uk",
    "a@nhs.uk, b@nhs.uk",
    "Sam <a@nhs.uk>",
    "http://[::1",
    "http://[x]/",
    "https://x:99999999/",
    "https://x:port/",
    f"https://{'é' * 70}.example/",
    "https://ex\u2100mple.com/",
    "https://meet.example/\u202e",
    f"https://meet.example/{'a' * 3000}",
    "ZZ99 9ZZ",
    "GIR 0AA",
    "BT1 5GS",
    "JE1 1AA",
    "LS1",
    "ＬＳ１ ４ＡＰ",
    "LS1 4AP, YO1 8HE",
    "٠١١٣ ٤٩٦ ٠٠٠٠",
    "+44 (0) 113 496 0000 ext. 999999",
    "0" * 60,
    "BK-7Q4M-2F",
    "bk 7q4m 2f",
    "LO-3XK9-PT",
    "943 476 5919",
    "A" * 43,
    "_" * 43,
    "00000000-0000-0000-0000-000000000000",
    *ELSEWHERE,
)
KINDS: dict[str, tuple[Value, ...]] = {
    "number": NUMBERS,
    "day": DAYS,
    "clock": CLOCKS,
    "words": WORDS,
    "shaped": SHAPED,
}


def values(also: tuple[Value, ...] = ()) -> st.SearchStrategy[Value]:
    """Of `also` a third: what is right elsewhere, such as another's key."""
    kinds = [st.sampled_from(kind) for kind in KINDS.values()]
    more = [st.sampled_from(also), st.sampled_from(also)] if also else []
    return st.one_of(*kinds, *more, st.text(max_size=20), st.integers().map(str))


def as_bytes(value: Value) -> bytes:
    """A lone surrogate as a browser that doesn't care would send it."""
    return value if isinstance(value, bytes) else value.encode("utf-8", "surrogatepass")


def escaped(value: Any, safe: str = "") -> str:
    return quote_from_bytes(as_bytes(value), safe)


def query_of(pairs: list[tuple[Value, Value]]) -> str:
    return "&".join(f"{escaped(name)}={escaped(value)}" for name, value in pairs)
