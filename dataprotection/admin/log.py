"""What both logs share."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse

from ctac.references import is_reference, tidy_reference
from ctac.staff_lists import LooksOnly


class FoundWhole(LooksOnly):
    """A log from which nothing is deleted; a whole reference finds just that, however it is typed."""

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> tuple[QuerySet[Any], bool]:
        if is_reference(search_term) and (found := queryset.filter(reference=tidy_reference(search_term))).exists():
            return found, False
        return super().get_search_results(request, queryset, search_term)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def list_of(model: Any, state: str) -> str:
    """The address of the list that shows those."""
    return f"{reverse(f'staff:dataprotection_{model._meta.model_name}_changelist')}?state={state}"
