"""A part that is drawn once asks the page for nothing but what it is kept under."""

from itertools import product
from typing import Any

import pytest
from django.template import Context, engines

from ctac.kept_parts import ASKED, MOST_KEPT, Part

NAMES = sorted(ASKED)


class Noting:
    """An object of the page that notes which of its attributes are asked for."""

    def __init__(self, name: str, noted: set[str], **values: object) -> None:
        self.__dict__["_all"] = (name, noted, values)

    def __getattr__(self, wanted: str) -> object:
        name, noted, values = self.__dict__["_all"]
        noted.add(f"{name}.{wanted}")
        if wanted not in values:
            raise AttributeError(wanted)
        return values[wanted]


class Page(Context):
    """Notes which variables are asked for that nobody set while drawing."""

    def __init__(self, noted: set[str], values: dict[str, object]) -> None:
        self.noted, self.own = noted, {"True", "False", "None"}
        super().__init__(values)

    def __setitem__(self, key: Any, value: Any) -> None:
        self.own.add(key)
        super().__setitem__(key, value)

    def update(self, other_dict: dict[str, Any]) -> Any:
        self.own |= set(other_dict)
        return super().update(other_dict)

    def __getitem__(self, key: Any) -> Any:
        self.noted |= {key} - self.own
        return super().__getitem__(key)

    def get(self, key: Any, otherwise: Any = None) -> Any:
        self.noted |= {key} - self.own
        return super().get(key, otherwise)


def asked_by(name: str) -> set[str]:
    """All that the template asks of pages that differ in whatever may matter."""
    noted: set[str] = set()
    for signed_in, staff, private, copies in product((False, True), repeat=4):
        request = Noting("request", noted, path="/leaflets/", address_is_private=private)
        user = Noting("user", noted, is_authenticated=signed_in, is_staff=staff)
        page = {"request": request, "user": user, "in_basket": copies * 3, "site_url": "https://x.test", "development": False}
        engines["django"].engine.get_template(name).render(Page(noted, page))  # type: ignore[attr-defined]
    return {each for each in noted if each not in {"request", "user"}}


@pytest.mark.parametrize("name", NAMES)
def test_it_asks_for_what_it_is_kept_under_and_for_nothing_else(name: str) -> None:
    assert asked_by(name) == set(ASKED[name])


def head(part: Part, **page: object) -> str:
    return part.render(Context(page), lambda context: f"drawn for {context.get('in_basket')}")


def test_another_value_is_drawn_anew_and_the_same_is_not() -> None:
    part = Part("includes/header.html")
    said = [head(part, in_basket=copies) for copies in (1, 2, 1)]
    assert said == ["drawn for 1", "drawn for 2", "drawn for 1"]
    assert part.render(Context({"in_basket": 2}), lambda _: "drawn again") == "drawn for 2"


def test_a_phone_number_of_the_settings_that_changes_is_said(settings: Any) -> None:
    part = Part("includes/advice_line.html")
    assert part.render(Context(), lambda _: "the old number") == "the old number"
    settings.ADVICE_PHONE = "0800 000 0000"
    assert part.render(Context(), lambda _: "the new number") == "the new number"


def test_no_more_are_kept_than_a_few() -> None:
    part = Part("includes/header.html")
    for number in range(3 * MOST_KEPT):
        head(part, in_basket=number)
    assert len(part.kept) == MOST_KEPT
