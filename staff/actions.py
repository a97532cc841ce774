"""Actions of staff on one object: a button that calls one service, and the form that asks for what it needs."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from django import forms
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.db.models import BLANK_CHOICE_DASH
from django.http import HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from core.forms import PageFormMixin


class ConfirmationForm(forms.Form):
    """A form with a box `sure` to tick, which the service is not given."""

    def clean(self) -> dict[str, Any]:
        return {name: value for name, value in self.cleaned_data.items() if name != "sure"}


@dataclass(frozen=True)
class ObjectAction:
    """A button on the change page that calls one service: `service(obj, by=user, now=now, **cleaned_data)`.

    - `label` is the whole button ("Confirm this booking"); `button`, if given, is the button of the page that it leads to.
    - `weight`: "main" for the main step (the first, if there are several), "stop" for what ends something, else "quiet".
    - `available(obj)` says whether it is offered. If that has changed when it is pressed, the object's page says so.
    - `form_class`, made with `form_kwargs(obj)`, asks for what the service needs besides the object. `facts(obj)` are rows above
      the form, after those of `get_summary_rows`. The service refuses by DomainError, which becomes an error of the form.
    - `page(model_admin, request, obj, action)` replaces service and form by a view.
    - `asks_again`: only after the second factor was given in the last few minutes.
    - `in_story`: its button stands in the story. `in_row`: it stands among the other buttons although its weight is "stop".
    """

    slug: str
    label: str | Promise
    service: Callable[..., object] | None = None
    available: Callable[[Any], bool] = field(default=lambda obj: True)
    form_class: type[forms.Form] = forms.Form
    form_kwargs: Callable[[Any], dict[str, Any]] = field(default=lambda obj: {})
    facts: Callable[[Any], list[dict[str, Any]]] = field(default=lambda obj: [])
    explanation: str | Promise = ""
    done: str | Promise = _("Done.")
    permission: str = "change"
    weight: Literal["main", "quiet", "stop"] = "quiet"
    page: Callable[..., HttpResponse] | None = None
    asks_again: bool = False
    in_story: bool = False
    in_row: bool = False
    button: str | Promise = ""


def page_form_class(form_class: Any) -> Any:
    """The form as a page form (PageFormMixin)."""
    if issubclass(form_class, PageFormMixin):
        return form_class
    return type(form_class.__name__, (PageFormMixin, form_class), {})


def simplify_select(field: Any) -> Any:
    """A select without Django's icons, which need JavaScript, and with its empty choice in words."""
    if field is None:
        return None
    if isinstance(field.widget, RelatedFieldWidgetWrapper):
        field.widget = field.widget.widget
    nothing = _("Choose") if field.required else "–"
    if getattr(field, "empty_label", None):
        field.empty_label = nothing
    elif isinstance(field, forms.TypedChoiceField):
        choices: Any = field.choices
        field.choices = [("", nothing) if choice == BLANK_CHOICE_DASH[0] else choice for choice in choices]
    return field
