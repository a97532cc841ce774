"""No box for words is forgotten: each goes by the detector, or free_text.py says why it does not."""

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Any

import pytest
from django import forms
from django.apps import apps
from django.test import RequestFactory

from bench.figures import PACKAGES
from core.models import Classification, classification
from professionals.safeguarding.forms import ChildDetailsMixin
from staff.model_admin import ReadOnlyAdmin, ReadOnlyInline
from staff.site import staff_site
from tests.factories import make_staff
from tests.professionals.free_text import EXEMPT, WRITTEN_BY

APPS = ("office", "accounts", "professionals", "privacy", "guidance", "bookings", "leaflets", "notifications", "reach")
# Their values are checked for one shape, which no sentence has.
SHAPED = (forms.EmailField, forms.URLField, forms.GenericIPAddressField, forms.UUIDField)


def our_forms() -> Iterator[type[forms.BaseForm]]:
    """Each form class of ours, wherever it stands."""
    for app in PACKAGES:
        package = importlib.import_module(app)
        for module in pkgutil.walk_packages(package.__path__, f"{app}."):
            if not any(part in module.name.split(".") for part in ("migrations", "management", "local", "wsgi")):
                importlib.import_module(module.name)
    waiting, seen = [forms.BaseForm], set()
    while waiting:
        for found in waiting.pop().__subclasses__():
            if found not in seen:
                seen.add(found)
                waiting.append(found)
    return (form for form in seen if form.__module__.split(".")[0] in PACKAGES and form.__qualname__.isidentifier())


def named(form: type[forms.BaseForm]) -> str:
    return f"{form.__module__}.{form.__qualname__}"


def boxes(fields: dict[str, forms.Field]) -> set[str]:
    """Those that take words: text, and what is made of text, but no address of an email or a page."""
    return {
        name
        for name, field in fields.items()
        if isinstance(field, forms.CharField | forms.JSONField) and not isinstance(field, SHAPED)
    }


def checked(form: type[forms.BaseForm]) -> set[str]:
    return set(getattr(form, "free_text_fields", ())) if issubclass(form, ChildDetailsMixin) else set()


@pytest.fixture
def admin_forms(db: None) -> dict[str, type[forms.BaseForm]]:
    """What the staff site makes itself of models, those of a form of ours by its name; and of the rows within a page."""
    request = RequestFactory().get("/staff/")
    request.user = make_staff()
    found: dict[str, type[forms.BaseForm]] = {}
    for model, page in staff_site._registry.items():
        if not isinstance(page, ReadOnlyAdmin):
            name = f"admin: {model._meta.label}" if page.form is forms.ModelForm else named(page.form)
            found[name] = page.get_form(request, None, change=True)
        for inline in page.get_inline_instances(request):
            if isinstance(inline, ReadOnlyInline):
                continue
            found[f"admin: {model._meta.label}: {inline.model.__name__}"] = inline.get_formset(request).form
    return {name: form for name, form in found.items() if not checked(form)}


def exempt() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for by_form in EXEMPT.values():
        for form, fields in by_form.items():
            found.setdefault(form, set()).update(fields)
    return found


def test_every_box_of_every_form_is_checked_or_exempt_with_a_reason() -> None:
    allowed = exempt()
    unchecked = {named(form): boxes(form.base_fields) - checked(form) for form in our_forms()}  # type: ignore[attr-defined]
    forgotten = {form: sorted(fields - allowed.get(form, set())) for form, fields in unchecked.items()}
    assert {form: fields for form, fields in forgotten.items() if fields} == {}
    outlived = {
        form: sorted(fields - unchecked.get(form, set())) for form, fields in allowed.items() if not form.startswith("admin:")
    }
    assert {form: fields for form, fields in outlived.items() if fields} == {}


def test_so_is_every_box_of_the_forms_that_the_staff_site_makes(admin_forms: dict[str, Any]) -> None:
    allowed = exempt()
    forgotten = {name: sorted(boxes(form.base_fields) - allowed.get(name, set())) for name, form in admin_forms.items()}
    assert {name: fields for name, fields in forgotten.items() if fields} == {}


def test_there_are_as_many_forms_as_we_think() -> None:
    """The walk finds them: a walk that finds none would pass everything."""
    found = list(our_forms())
    assert len(found) > 80
    assert sum(bool(checked(form)) for form in found) > 35


def test_what_is_checked_is_a_box_of_its_form() -> None:
    made_later = {
        "leaflets.orders.admin.orders.SendAgainForm",  # with the fields of the delivery page, in __init__
        "professionals.safeguarding.forms.StaffReasonForm",  # by each form that extends it
    }
    for form in our_forms():
        if checked(form) and named(form) not in made_later:
            assert checked(form) <= set(form.base_fields), named(form)  # type: ignore[attr-defined]
        assert set(getattr(form, "never_kept", ())) <= checked(form), named(form)


def test_every_column_of_free_text_is_written_by_boxes_that_are_checked() -> None:
    columns = {
        f"{app}.{model.__name__}.{field.name}"
        for app in APPS
        for model in apps.get_app_config(app).get_models()
        for field in model._meta.concrete_fields
        if classification(field) == Classification.FREE_TEXT
    }
    assert columns == set(WRITTEN_BY)
    here = {f"{form.__name__}.{name}" for form in our_forms() for name in checked(form)}
    named_boxes = {box for boxes_of_column in WRITTEN_BY.values() for box in boxes_of_column if not box.startswith("(")}
    assert named_boxes - here == set()


def test_every_box_that_is_checked_ends_in_a_column_of_free_text() -> None:
    """By the name of the field, since forms inherit them: a new box for words needs a column that is declared as such."""
    ends = {box.split(".")[1] for boxes_of_column in WRITTEN_BY.values() for box in boxes_of_column if not box.startswith("(")}
    assert {name for form in our_forms() for name in checked(form)} - ends == set()
