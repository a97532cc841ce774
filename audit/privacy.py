"""How the audit's fields are classified (ctac/models.py). Nothing in it names anybody, so erasing a person leaves it."""

from ctac.models import NONE

FIELDS = {"Entry": dict.fromkeys(("id", "at", "act", "actor", "kind", "key", "page", "what", "request"), NONE)}
