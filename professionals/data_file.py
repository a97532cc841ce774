"""All that is held about a person, as a file to download."""

from typing import Any

from django.http import HttpResponse, JsonResponse


def as_file(data: dict[str, Any]) -> HttpResponse:
    response = JsonResponse(data, json_dumps_params={"indent": 2, "ensure_ascii": False})
    response["Content-Disposition"] = 'attachment; filename="my-data.json"'
    return response
