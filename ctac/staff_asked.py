"""What the staff site may be asked for: rows by keys, lists by their own filters. Anything else breaks Django's own pages."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.contrib.admin import SimpleListFilter
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import BadRequest, ValidationError
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse

# How Django's filters over a column ask for it.
WAYS = ("exact", "id__exact", "isnull", "gte", "lt")


def is_key(model: type[Model], typed: str) -> bool:
    try:
        model._meta.pk.clean(typed, None)
    except ValidationError:
        return False
    return True


def lookups_of(filters: Iterable[Any]) -> Iterator[str]:
    for each in filters:
        if isinstance(each, type) and issubclass(each, SimpleListFilter):
            yield str(each.parameter_name)
        else:
            yield from (f"{each if isinstance(each, str) else each[0]}__{way}" for way in WAYS)


class StrictlyAsked:
    """For a model admin."""

    model: type[Model]

    def response_action(self, request: HttpRequest, queryset: QuerySet[Any], *args: Any, **kwargs: Any) -> HttpResponse | None:
        """Whatever is ticked in a list."""
        if not all(is_key(self.model, typed) for typed in request.POST.getlist(ACTION_CHECKBOX_NAME)):
            raise BadRequest
        return super().response_action(request, queryset, *args, **kwargs)  # type: ignore[misc]

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """?_to_field= names no field, so that it is the key after all."""
        return super().get_object(request, object_id, from_field or None)  # type: ignore[misc]

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Django lets any column be asked for in any way, also what no page shows: ?password__startswith=.

        Raises IncorrectLookupParameters, as for a name that is no column's: the list is shown, and says so.
        """
        if lookup not in set(lookups_of(self.get_list_filter(request))):  # type: ignore[attr-defined]
            raise IncorrectLookupParameters
        return True
