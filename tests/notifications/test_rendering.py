"""The words of a message: our layout, real plain text, and a copy that holds no key to anything."""

from html.parser import HTMLParser

import pytest

from notifications.registry import Message
from notifications.rendering import Rendered, plain_text, render
from notifications.templatetags.mail import fact
from office.site_settings.queries import site_settings
from tests.notifications.conftest import WORDS

LINK = "http://localhost:8000/bookings/BK-7Q4M-2F/?key=abc&step=2"


def rendered(**context):
    return render(Message("A subject", "test_words", {**WORDS, **context}))


def test_text_is_not_escaped_and_has_no_gaps():
    text = rendered().text
    assert text.startswith(
        "A subject\n\nHello,\n\nWhen: Tuesday 9 March 2027, 1:30pm to 3pm\n\nSeán O’Brien & “Sons”\n\nIf a child"
    )
    assert "\n\n\n" not in text
    assert "Where:" not in text


def test_what_goes_on_in_the_next_line_is_set_in():
    """So that one sees where the next fact, and the next item of a list, begins."""
    long = "Ring at the side door, and wait there until somebody comes down and lets you in"
    facts = f"<table><tr><th>Room</th><td>{long}</td></tr><tr><th>To</th><td>One<br>Two</td></tr></table>"
    items = '<ul><li>Monday:<br><a href="https://ctac.example/1">A booking</a></li><li>Two</li></ul>'
    assert plain_text(f"{facts}{items}<p>A<br>B</p>") == (
        "Room: Ring at the side door, and wait there until somebody comes down and lets\n  you in\nTo: One\n  Two\n\n"
        "- Monday:\n  A booking:\n  https://ctac.example/1\n- Two\n\nA\nB\n"
    )


def test_a_time_and_a_reference_are_not_broken_over_two_lines():
    said = fact({"value": "Tuesday 9 March 2027, 1:30pm to 3pm\nOrder LO-3XK9-PT <b>"})
    kept = '<span class="keep">{}</span>'.format
    assert said == f"Tuesday 9 March 2027, {kept('1:30pm to 3pm')}<br>Order {kept('LO-3XK9-PT')} &lt;b&gt;"


def test_both_say_what_to_do_about_a_child_and_whose_time_it_is(settings):
    for body in (rendered().text, rendered().html):
        for words in (
            "call 999",
            site_settings().advice_phone,
            "Monday to Friday, 9.30am to 4.30pm",
            "Times are UK time",
            settings.SITE_URL,
        ):
            assert words in body


def test_html_is_escaped():
    html = rendered(name="<script>alert(1)</script>").html
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


def test_styles_are_on_the_elements_and_only_media_queries_stay():
    html = rendered().html
    style = html[html.index("<style>") : html.index("</style>")]
    assert style.count("@media") == 2
    assert ".page" not in style.split("@media")[0]
    assert '<p style="margin: 0' in html
    assert "prefers-color-scheme: dark" in style


def test_nothing_in_it_is_fetched_from_anywhere():
    class Fetched(HTMLParser):
        found: list = []

        def handle_starttag(self, tag, attrs):
            self.found += [tag] if tag in {"img", "script", "link", "iframe", "object"} or dict(attrs).get("src") else []

    parser = Fetched()
    parser.feed(rendered(link=LINK).html)
    assert parser.found == []


def test_a_subject_is_one_line():
    assert render(Message("Two\r\nBcc: lines@nhs.net", "test_words", dict(WORDS))).subject == "Two Bcc: lines@nhs.net"


def test_private_links_reach_the_reader_and_not_the_copy():
    words = rendered(link=LINK)
    assert LINK in words.text
    assert LINK.replace("&", "&amp;") in words.html
    kept = words.without_private_links()
    for body in (kept.text, kept.html):
        assert "key=abc" not in body
        assert "[private link]" in body


def test_a_longer_private_link_is_not_cut_by_a_shorter_one():
    words = Rendered("s", "a https://x/k/1 b https://x/k/12", "", ("https://x/k/1", "https://x/k/12"))
    assert words.without_private_links().text == "a [private link] b [private link]"


@pytest.mark.parametrize(
    "name", ["", "ד״ר שָׂרָה לֵוִי", "🙂" * 40, "A" * 300, "'\"><b>"], ids=["empty", "right to left", "emoji", "long", "quotes"]
)
def test_awkward_names_do_no_harm(name):
    words = rendered(name=name)
    assert f"3pm\n\n{name}\n\nIf a child" in words.text or not name
    assert "<b>" not in words.html
