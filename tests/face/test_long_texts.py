"""Long texts: what the limit is, that nothing is cut off, and by how many characters an answer is too long."""

import pytest
from crispy_forms.utils import render_crispy_form
from django import forms

from core.forms import PageForm
from tests.face.page import Page


class Notes(PageForm):
    notes = forms.CharField(label="Anything else?", max_length=20, widget=forms.Textarea, help_text="In a few words.")
    room = forms.CharField(label="Room", max_length=5, required=False)
    free = forms.CharField(label="As long as you like", widget=forms.Textarea, required=False)
    own = forms.CharField(
        label="Own words", max_length=5, required=False, widget=forms.Textarea, error_messages={"max_length": "Shorter, please."}
    )


def draw(form: forms.Form) -> Page:
    page = Page(render_crispy_form(form, context={}))
    assert page.mistakes == []
    return page


def test_the_limit_is_said_and_tied_to_the_box_after_the_hint() -> None:
    page = draw(Notes())
    assert page.one(id="id_notes_count").text == "You can enter up to 20 characters"
    assert page.one(id="id_notes").attrs["aria-describedby"] == "id_notes_helptext id_notes_count"


def test_it_is_tied_after_the_error_too() -> None:
    page = draw(Notes({"notes": ""}))
    assert page.one(id="id_notes").attrs["aria-describedby"] == "id_notes_helptext id_notes_error id_notes_count"


def test_only_long_texts_with_a_limit_are_counted() -> None:
    assert [hint.id for hint in draw(Notes()).all("div", "count")] == ["id_notes_count", "id_own_count"]


def test_the_script_finds_the_limit_and_its_sentences() -> None:
    hint = draw(Notes()).one(id="id_notes_count")
    assert {name: value for name, value in hint.attrs.items() if name.startswith("data-")} == {
        "data-limit": "20",
        "data-left": "You have %s characters left",
        "data-left-one": "You have 1 character left",
        "data-over": "You have %s characters too many",
        "data-over-one": "You have 1 character too many",
    }


def test_no_box_cuts_off_what_is_typed_or_pasted() -> None:
    assert [element.id for element in draw(Notes()).elements if "maxlength" in element.attrs] == []


def test_a_text_that_is_too_long_is_kept_whole() -> None:
    page = draw(Notes({"notes": "x" * 30, "room": "The blue one"}))
    assert page.one(id="id_notes").text == "x" * 30
    assert page.one(id="id_room").attrs["value"] == "The blue one"


@pytest.mark.parametrize(
    ("typed", "errors"),
    [
        ("x" * 20, []),
        ("x" * 21, ["“Anything else?” is 1 character too long. Use at most 20 characters."]),
        ("x" * 32, ["“Anything else?” is 12 characters too long. Use at most 20 characters."]),
        ("  " + "x" * 20 + "  ", []),
        ("x" * 10 + "\r\n" + "x" * 9, ["“Anything else?” is 1 character too long. Use at most 20 characters."]),
        ("🙂" * 20, []),
    ],
)
def test_the_error_says_by_how_many(typed: str, errors: list[str]) -> None:
    assert Notes({"notes": typed}).errors.get("notes", []) == errors


def test_a_form_may_say_it_in_its_own_words() -> None:
    assert Notes({"notes": "x", "own": "too long"}).errors == {"own": ["Shorter, please."]}
