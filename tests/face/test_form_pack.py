"""Every kind of question: its label, hint and error reach the reader's ears, and its summary link reaches the box."""

import datetime
import re
from collections.abc import Callable
from typing import Any

import pytest
from crispy_forms.utils import render_crispy_form
from django import forms
from django.conf import settings
from django.forms import formset_factory
from django.template.loader import render_to_string
from django.test import Client
from django.utils.safestring import mark_safe

from core.forms import DatePartsField, PageForm
from tests.face.page import Page
from tests.face.urls import EverythingForm

pytestmark = pytest.mark.urls("tests.face.urls")
ANSWERS = {
    "name": "Ada Smith",
    "email": "ada@leeds.example.nhs.uk",
    "people": "12",
    "profession": "gp",
    "place": "online",
    "slot": "b",
    "topics": ["signs"],
    "day_day": "9",
    "day_month": "3",
    "day_year": "2027",
    "password": "long enough for us",
    "agree": "on",
    "token": "abc",
}
FOCUSABLE = {"input", "select", "textarea"}


def show(client: Client) -> Page:
    return Page(client.get("/t/form/").content.decode())


def send(client: Client, **answers: Any) -> Page:
    return Page(client.post("/t/form/", answers).content.decode())


@pytest.fixture
def wrong(client: Client) -> Page:
    """Nothing answered but a number that is none and half a date."""
    return send(client, people="lots", day_day="31", phone="0113 496 0000")


def test_the_page_is_well_formed_and_no_id_stands_twice(client: Client, wrong: Page) -> None:
    for page in (show(client), wrong):
        assert page.mistakes == []
        assert len(page.ids) == len(set(page.ids))


def test_every_box_has_a_label(client: Client) -> None:
    page = show(client)
    boxes = [e for e in page.elements if e.tag in FOCUSABLE and e.attrs.get("type") != "hidden"]
    labelled = {label.attrs["for"] for label in page.all("label")}
    assert len(boxes) == 19
    assert {box.id for box in boxes} == labelled


def test_groups_have_a_legend(client: Client) -> None:
    page = show(client)
    assert [legend.text for legend in page.all("legend")] == ["Where?", "Day and time", "Topics", "Your own date"]


def test_everything_that_describes_a_box_exists(wrong: Page) -> None:
    described = [e.attrs["aria-describedby"] for e in wrong.elements if "aria-describedby" in e.attrs]
    assert "id_name_helptext id_name_error" in described
    assert "id_topics_helptext id_topics_error" in described
    assert {id_ for value in described for id_ in value.split()} <= set(wrong.ids)


def test_summary_stands_above_the_heading_and_each_link_lands_on_a_box(wrong: Page) -> None:
    summary = wrong.one("div", "govuk-error-summary")
    heading = wrong.one("h1")
    assert wrong.elements.index(summary) < wrong.elements.index(heading)
    links = [a.attrs["href"] for a in wrong.all("a") if summary in a.inside]
    assert links == [
        "#id_name",
        "#id_email",
        "#id_people",
        "#id_profession",
        "#id_place_0",
        "#id_slot_0_0",
        "#id_topics_0",
        "#id_day_0",
        "#id_password",
        "#id_agree",
    ]
    for link in links:
        assert wrong.one(id=link[1:]).tag in FOCUSABLE


def test_summary_says_which_question_is_unanswered(wrong: Page) -> None:
    texts = [a.text for a in wrong.all("a") if a.attrs.get("href", "").startswith("#id_")]
    assert texts[:4] == [
        "Fill in “Full name”.",
        "Fill in “Work email”.",
        "Enter a whole number in figures, like 12.",
        "Choose an answer to “Profession”.",
    ]
    assert texts[4] == "Answer the question “Where?”"
    assert texts[7] == "Enter a day, a month and a year, such as 9 3 2027."
    assert texts[9] == "Tick the box “I have told my manager”."


def test_title_begins_with_error_only_when_there_is_one(client: Client, wrong: Page) -> None:
    assert show(client).one("title").text == "Every kind of question – CTAC"
    assert wrong.one("title").text == "Error: Every kind of question – CTAC"


def test_wrong_boxes_are_marked_invalid_and_right_ones_not(wrong: Page) -> None:
    assert wrong.one(id="id_name").attrs["aria-invalid"] == "true"
    assert "govuk-input--error" in wrong.one(id="id_name").classes
    assert "aria-invalid" not in wrong.one(id="id_phone").attrs


def test_what_was_typed_stays(wrong: Page) -> None:
    assert wrong.one(id="id_people").attrs["value"] == "lots"
    assert wrong.one(id="id_day_0").attrs["value"] == "31"
    assert wrong.one(id="id_phone").attrs["value"] == "0113 496 0000"


def test_a_password_is_never_sent_back(client: Client) -> None:
    assert "value" not in send(client, password="secret").one(id="id_password").attrs


def test_an_error_of_the_whole_form_is_in_the_summary_without_a_link(client: Client) -> None:
    page = send(client, **{**ANSWERS, "name": "Nobody"})
    summary = page.one("div", "govuk-error-summary")
    assert [li.text for li in page.all("li") if summary in li.inside] == ["That time has just gone. Choose another."]


def test_an_error_of_a_hidden_box_says_what_to_do(client: Client) -> None:
    page = send(client, **{**ANSWERS, "token": ""})
    summary = page.one("div", "govuk-error-summary")
    assert [li.text for li in page.all("li") if summary in li.inside] == [
        "This page sent us something that we can’t use (This field is required.) Reload the page and try again."
    ]


def test_right_answers_leave_no_error(client: Client) -> None:
    page = send(client, **ANSWERS)
    assert page.all("div", "govuk-error-summary") == []
    assert "checked" in page.one(id="id_slot_0_1").attrs
    assert "checked" in page.one(id="id_topics_0").attrs


def test_optional_questions_say_so_and_none_has_the_browsers_required(client: Client) -> None:
    page = show(client)
    assert page.one("label", for_="id_phone").text == "Phone (optional)"
    assert page.one("label", for_="id_name").text == "Full name"
    assert [e for e in page.elements if "required" in e.attrs] == []


def test_the_form_posts_without_the_browsers_own_checks(client: Client) -> None:
    form = show(client).all("form")[-1]  # below the switch of languages
    assert form.attrs["method"] == "post"
    assert "novalidate" in form.attrs


def test_autocomplete_and_keyboards_help_to_type(client: Client) -> None:
    page = show(client)
    assert page.one(id="id_email").attrs["autocomplete"] == "email"
    assert page.one(id="id_phone").attrs["autocomplete"] == "tel"
    assert page.one(id="id_people").attrs["inputmode"] == "numeric"
    assert page.one(id="id_people").attrs["type"] == "text"
    assert page.one(id="id_day_1").attrs["inputmode"] == "numeric"


def test_options_may_have_hints_and_groups(client: Client) -> None:
    page = show(client)
    assert page.one(id="id_place_1").attrs["aria-describedby"] == "id_place_1_hint"
    assert page.one(id="id_place_1_hint").text == "A video call; we send the link."
    groups = page.all("div", "option-group")
    assert [page.one(id=group.attrs["aria-labelledby"]).text for group in groups] == [
        "Tuesday 9 March 2027",
        "Wednesday 10 March 2027",
    ]


def test_a_dependent_question_stands_below_its_option_once(client: Client) -> None:
    page = show(client)
    address = page.one(id="id_address")
    assert [e.classes for e in address.inside if "govuk-radios__conditional" in e.classes] == [{"govuk-radios__conditional"}]


def test_what_people_typed_is_escaped(client: Client) -> None:
    html = client.post("/t/form/", {"name": '"><script>x</script>', "notes": "</textarea><script>"}).content.decode()
    assert "<script>x" not in html
    assert "</textarea><script>" not in html


NASTY = """<img src=x onerror="y('&')">"""
ESCAPED = "&lt;img src=x onerror=&quot;y(&#x27;&amp;&#x27;)&quot;&gt;"


def nasty_form(mark: Callable[[str], str] = str, **said: Any) -> PageForm:
    """A form of which every word is a piece of HTML."""
    choices = [(NASTY, [(NASTY, NASTY), ("b", "B")])]

    class Nasty(PageForm):
        option_hints = {"one": {NASTY: mark(NASTY)}, "many": {"b": mark(NASTY)}}

        text = forms.CharField(label=mark(NASTY), help_text=mark(NASTY), required=False)
        long = forms.CharField(label=mark(NASTY), help_text=mark(NASTY), widget=forms.Textarea, max_length=9)
        tick = forms.BooleanField(label=mark(NASTY), help_text=mark(NASTY))
        one = forms.ChoiceField(label=mark(NASTY), help_text=mark(NASTY), widget=forms.RadioSelect, choices=choices)
        many = forms.MultipleChoiceField(label="Many", widget=forms.CheckboxSelectMultiple, choices=choices)
        listed = forms.ChoiceField(label="Listed", choices=choices)
        day = DatePartsField(label=mark(NASTY), help_text=mark(NASTY))

        def clean_text(self) -> str:
            raise forms.ValidationError(NASTY)

    return Nasty({"text": NASTY, "long": NASTY, "one": NASTY, "many": [NASTY], "day_day": NASTY, "day_month": NASTY}, **said)


def test_whatever_a_form_says_is_escaped() -> None:
    """Staff write topics and titles that become hints: they are text, also where they look like HTML."""
    page = render_crispy_form(nasty_form(), context={})
    assert "<img" not in page
    assert page.count(ESCAPED) > 20


def test_a_hint_that_code_marked_as_safe_is_html() -> None:
    page = Page(render_crispy_form(nasty_form(mark_safe), context={}))
    hints = [element.inside[-1].id for element in page.all("img") if "govuk-hint" in element.inside[-1].classes]
    assert hints == [
        *("id_text_helptext", "id_long_helptext", "id_tick_helptext", "id_one_helptext"),
        *("id_one_0_0_hint", "id_many_0_1_hint", "id_day_helptext"),
    ]


@pytest.mark.parametrize("chosen", [None, "b"])
def test_times_are_escaped_and_the_chosen_one_is_checked(chosen: str | None) -> None:
    html = render_to_string("bookings/booking/includes/times.html", {"field": nasty_form(initial={"one": chosen})["one"]})
    assert "<img" not in html
    form = type("Times", (PageForm,), {"one": nasty_form().fields["one"]})(initial={"one": chosen})
    page = Page(render_to_string("bookings/booking/includes/times.html", {"field": form["one"]}))
    assert [(box.id, "checked" in box.attrs) for box in page.all("input")] == [
        ("id_one_0_0", False),
        ("id_one_0_1", chosen == "b"),
    ]
    assert page.one("label", for_="id_one_0_1").text == "B"


def test_crispys_own_tag_draws_the_form_with_its_tag_and_token() -> None:
    page = Page(render_crispy_form(EverythingForm(), context={"csrf_token": "abc"}))
    assert page.one("form").attrs["method"] == "post"
    assert "novalidate" in page.one("form").attrs
    assert page.one(name="csrfmiddlewaretoken").attrs["value"] == "abc"
    assert page.mistakes == []


def test_a_plain_django_form_is_drawn_too() -> None:
    class Plain(forms.Form):
        login = forms.CharField(label="Email", error_messages={"required": "Enter your email address."})

    page = Page(render_crispy_form(Plain({}), context={}))
    assert page.one(id="id_login").attrs["aria-describedby"] == "id_login_error"
    assert page.one(id="id_login_error").text == "Error: Enter your email address."


def test_the_summary_takes_a_formset() -> None:
    class Line(PageForm):
        copies = forms.IntegerField(label="Copies")

    lines = formset_factory(Line, extra=0)(
        {"form-TOTAL_FORMS": "2", "form-INITIAL_FORMS": "0", "form-0-copies": "1", "form-1-copies": "x"}
    )
    page = Page(render_to_string("includes/error_summary.html", {"form": lines}))
    assert [a.attrs["href"] for a in page.all("a")] == ["#id_form-1-copies"]


class Address(PageForm):
    fieldsets = {"Where should it go?": ["street", "town"]}
    conditional = {"room": ("kind", "work")}

    name = forms.CharField(label="Name")
    street = forms.CharField(label="Street")
    town = forms.CharField(label="Town")
    kind = forms.ChoiceField(label="What is it?", widget=forms.RadioSelect, choices=[("work", "Work"), ("home", "Home")])
    room = forms.CharField(label="Room", required=False)


def test_questions_that_belong_together_share_a_legend() -> None:
    page = Page(render_crispy_form(Address(), context={}))
    group = page.all("fieldset", "fieldset")
    assert page.mistakes == []
    assert [legend.text for legend in page.all("legend") if group[0] in legend.inside] == ["Where should it go?"]
    assert [box.id for box in page.all("input") if group[0] in box.inside] == ["id_street", "id_town"]
    assert [box.id for box in page.all("input")] == ["id_name", "id_street", "id_town", "id_kind_0", "id_room", "id_kind_1"]


class Unsaid(PageForm):
    nhs = forms.CharField(label="NHS number")
    many = forms.IntegerField(label="How many?")
    size = forms.ChoiceField(label="Size", choices=[("s", "Small")])
    own = forms.ChoiceField(label="Own", choices=[("s", "Small")], error_messages={"invalid_choice": "Small or nothing."})
    ticks = forms.MultipleChoiceField(label="Ticks", choices=[("s", "Small")])
    email = forms.EmailField(label="Email")


def test_what_is_missing_is_said_with_the_words_of_its_question() -> None:
    errors = Unsaid({}).errors
    assert [errors[name][0] for name in ("nhs", "many", "size")] == [
        "Fill in “NHS number”.",
        "Answer the question “How many?”",
        "Choose an answer to “Size”.",
    ]


def test_an_answer_that_is_none_of_the_choices_is_refused_in_our_words_or_the_forms() -> None:
    errors = Unsaid({"size": "xl", "own": "xl", "ticks": ["s", "xl"], "email": "meera at leeds"}).errors
    assert [errors[name] for name in ("size", "own", "ticks", "email")] == [
        ["Choose one of the answers."],
        ["Small or nothing."],
        ["Choose one of the answers."],
        ["Enter an email address in full, like name@example.nhs.uk."],
    ]


@pytest.mark.parametrize(("typed", "error"), [("0", "Enter 1 or more."), ("301", "Enter 300 or fewer.")])
def test_a_number_out_of_bounds_is_explained(typed: str, error: str) -> None:
    assert EverythingForm({"people": typed}).errors["people"] == [error]


class Day(PageForm):
    day = DatePartsField(label="Day")


def answer(day: str, month: str, year: str) -> Day:
    return Day({"day_day": day, "day_month": month, "day_year": year})


def test_three_parts_make_a_date() -> None:
    form = answer("9", "03", "2027")
    assert form.is_valid()
    assert form.cleaned_data["day"] == datetime.date(2027, 3, 9)


@pytest.mark.parametrize("parts", [("31", "2", "2027"), ("a", "2", "2027"), ("1", "1", "20277"), ("0", "0", "0")])
def test_an_impossible_date_is_explained(parts: tuple[str, str, str]) -> None:
    assert answer(*parts).errors == {"day": ["Enter a real date, such as 9 3 2027."]}


def test_a_date_is_shown_in_its_parts() -> None:
    page = Page(render_crispy_form(Day(initial={"day": datetime.date(2027, 3, 9)}), context={}))
    assert [box.attrs["value"] for box in page.all("input", "govuk-date-input__input")] == ["9", "3", "2027"]


def test_no_form_lets_the_browser_speak_for_us() -> None:
    """Its own bubbles vanish, are not read out and know nothing of the summary; and it would send nothing of a wrong number."""
    forms_in = {
        path.name: re.findall(r"<form\b[^>]*>", path.read_text()) for path in (settings.BASE_DIR / "templates").rglob("*.html")
    }
    assert [(name, tag) for name, tags in forms_in.items() for tag in tags if "novalidate" not in tag] == []
