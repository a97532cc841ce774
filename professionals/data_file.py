"""All that is held about a person, as a file to download: JSON for a program, or HTML to read."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import models
from django.http import HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ctac.uk import format_moment


class FileForm(models.TextChoices):
    HTML = "html", gettext_lazy("A page to read")
    JSON = "json", gettext_lazy("A file for a program (JSON)")


@dataclass(frozen=True)
class Node:
    """A line of the page: a name with what stands there, or with lines of its own."""

    name: str
    text: str = ""
    nodes: list["Node"] = field(default_factory=list)


def as_file(data: dict[str, Any], form: str = FileForm.JSON) -> HttpResponse:
    response: HttpResponse
    if form == FileForm.HTML:
        page = {"nodes": list(nodes_of(data)), "made": format_moment(timezone.now())}
        response = HttpResponse(render_to_string("account/my_data_file.html", page))
    else:
        response = JsonResponse(data, json_dumps_params={"indent": 2, "ensure_ascii": False})
    response["Content-Disposition"] = f'attachment; filename="my-data.{form}"'
    return response


def nodes_of(data: Any) -> Iterator[Node]:
    """Names as they read: 'Access needs', or 1, 2, 3 in a list."""
    pairs = data.items() if isinstance(data, dict) else enumerate(data, 1)
    for key, value in pairs:
        name = str(key).replace("__", " ").replace("_", " ")
        name = name[:1].upper() + name[1:]
        if isinstance(value, dict | list | tuple):
            nodes = list(nodes_of(value))
            yield Node(name, "" if nodes else _("Nothing"), nodes)
        else:
            yield Node(name, in_words(value))


# A moment as PostgreSQL writes it into JSON.
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?[+-]\d\d:\d\d")


def in_words(value: Any) -> str:
    """A moment in UK time; nothing is a dash."""
    if isinstance(value, str) and MOMENT.fullmatch(value):
        value = datetime.fromisoformat(value)
    if isinstance(value, datetime):
        return format_moment(value)
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, date | Promise):
        return str(value)
    return "–" if value in (None, "") else str(value)
