"""What both logs share."""

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse

from ctac.errors import DomainError
from ctac.references import is_reference, tidy_reference
from ctac.staff_lists import LooksOnly


class Log(LooksOnly):
    """From which nothing is deleted; a whole reference finds just that, however it is typed.

    What is entered comes by `enter_form`; `enter` writes it and says where to go on. `entering`: the words of that page.
    `refused_beside`: the field that a refusal stands beside; any other is said at the top.
    """

    enter_form: type[forms.Form]
    entering: ClassVar[dict[str, Any]]
    refused_beside: ClassVar[dict[type[DomainError], str]] = {}

    def enter(self, request: HttpRequest, form: Any) -> HttpResponse:
        raise NotImplementedError

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = self.enter_form(request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            try:
                return self.enter(request, form)
            except DomainError as refusal:
                form.add_error(self.refused_beside.get(type(refusal)), str(refusal.message))
        page = {"form": form, "media": self.media, "opts": self.opts, **self.entering}
        return TemplateResponse(request, "admin/for_caller.html", {**self.admin_site.each_context(request), **page})

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> tuple[QuerySet[Any], bool]:
        if is_reference(search_term) and (found := queryset.filter(reference=tidy_reference(search_term))).exists():
            return found, False
        return super().get_search_results(request, queryset, search_term)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def list_of(model: Any, state: str) -> str:
    """The address of the list that shows those."""
    return f"{reverse(f'staff:dataprotection_{model._meta.model_name}_changelist')}?state={state}"
