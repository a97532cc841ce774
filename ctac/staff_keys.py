"""What names rows of the staff site in a form or an address is their keys; by anything else Django's own pages break."""

from typing import Any

from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import BadRequest, ValidationError
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponseBase


def is_key(model: type[Model], typed: str) -> bool:
    try:
        model._meta.pk.clean(typed, None)
    except ValidationError:
        return False
    return True


class KeysOnly:
    """For a model admin."""

    model: type[Model]

    def response_action(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponseBase | None:
        """Whatever is ticked in a list."""
        if not all(is_key(self.model, typed) for typed in request.POST.getlist(ACTION_CHECKBOX_NAME)):
            raise BadRequest
        return super().response_action(request, queryset)  # type: ignore[misc,no-any-return]

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """?_to_field= names no field, so that it is the key after all."""
        return super().get_object(request, object_id, from_field or None)  # type: ignore[misc]
