"""What a page calls optional may stay empty, and what it does not may not: each question of each public form is sent empty."""

import re
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from accounts.rate_limits import HONEYPOT_FIELD
from tests.face.page import Element, Page
from tests.matrix.people import fresh_browsers, laid_out, world
from tests.security.filled_in import FILLED_IN, Case
from tests.security.posting import Form, form_of, post
from tests.security.whose import FORMS

__all__ = ["laid_out", "world"]
PUBLIC = [asked for asked in FORMS if not asked.startswith("staff:")]
OPTIONAL = "(optional)"
BOXES = {"text", "email", "tel", "password", "search", "radio"}
# One of a list of boxes for numbers, of which any may stay empty where another is filled in.
OF_A_LIST = re.compile(r".+-copies|people_.+|total")
OTHER_BUTTONS = {"remove": None, "extend": None}


@dataclass(frozen=True)
class Question:
    name: str
    is_optional: bool
    empty: tuple[str, ...]  # what a browser sends of it unanswered


def questions(html: str, form: Form) -> set[Question]:
    """Those of this form that have a label of their own, but for radio buttons of which one is chosen already.

    What is asked only after some answer of another question is its form's matter.
    """
    page, found = Page(html), set[Question]()
    chosen = {radio.attrs["name"] for radio in page.all("input", type="radio") if "checked" in radio.attrs}
    for box in page.elements:
        name, kind = box.attrs.get("name", ""), box.attrs.get("type", "text")
        asks = box.tag in {"textarea", "select"} or (box.tag == "input" and kind in BOXES)
        if not asks or name not in form.sent or name == HONEYPOT_FIELD or OF_A_LIST.fullmatch(name):
            continue
        if kind == "radio":
            group = [around for around in box.inside if around.tag == "fieldset"][-1:]
            labels = [each for each in page.all("legend") if name not in chosen and each.inside[-1:] == tuple(group)]
        else:
            labels = page.all("label", for_=box.id)
        if labels and not any(is_conditional(around) for around in box.inside):
            found.add(Question(name, labels[0].text.endswith(OPTIONAL), () if kind == "radio" else ("",)))
    return found


def is_conditional(around: Element) -> bool:
    return any("conditional" in css_class for css_class in around.classes)


def is_refused(answer: Any, name: str) -> bool:
    return answer.status_code == 200 and f'id="id_{name}_error"' in answer.content.decode()


@pytest.mark.parametrize("asked", PUBLIC)
def test_only_what_is_called_optional_may_stay_empty(asked: str, world: dict[str, Any], laid_out: dict[str, Any]) -> None:
    case = FILLED_IN.get(asked, Case())
    here = {**world, "laid_out": laid_out}
    here["objects"] = {**world["objects"], **case.before(here)}
    browser: Client = fresh_browsers(laid_out)[case.who or FORMS[asked]]
    there = case.address(asked, here)
    shown = browser.get(there)
    for _page in range(case.pages):
        if shown.status_code != 200 or shown.streaming:
            return
        typed = {name: value(browser) if callable(value) else value for name, value in case.filled(here).items()}
        form, wrong = form_of(shown.content.decode(), there, typed | OTHER_BUTTONS), []
        for question in questions(shown.content.decode(), form):
            with transaction.atomic():
                answer = post(browser, form.action, form.sent | {question.name: list(question.empty)})
                if is_refused(answer, question.name) is question.is_optional:
                    wrong.append(question)
                transaction.set_rollback(True)
        assert wrong == []
        answer = post(browser, form.action, form.sent)
        there = answer.headers.get("Location", there).partition("#")[0]
        shown = answer if answer.status_code == 200 else browser.get(there)
