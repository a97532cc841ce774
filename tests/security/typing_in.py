"""Rows whose every typed word is an attack: of each model and field of ours, found and not named."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from django.apps import apps
from django.db import DatabaseError, transaction
from django.db.models import Model
from django.db.models.signals import post_init

from notifications.samples import examples_of
from tests.notifications.awkward import OURS, typed_fields

ROOM = 60  # signs: in a shorter field no attack has room, and it is for a number or a kind


@contextmanager
def everybody_attacks(words: str, *, stored: bool = False) -> Iterator[None]:
    """While it lasts, each row that is made ends each of its words with these. `stored`: no longer than its field."""
    models = [model for app in OURS for model in apps.get_app_config(app).get_models()]
    fields = {model: [each for each in typed_fields(model) if (each.max_length or ROOM) >= ROOM] for model in models}

    def change(sender: type[Model], instance: Model, **_more: Any) -> None:
        for field in fields[sender]:
            said = instance.__dict__.get(field.attname)
            if said and words not in str(said):
                whole = f"{said} {words}"
                setattr(instance, field.attname, whole[-field.max_length :] if stored and field.max_length else whole)

    for model in models:
        post_init.connect(change, sender=model, weak=False, dispatch_uid="attack")
    examples_of.cache_clear()  # the rows of the samples too are made anew
    try:
        yield
    finally:
        examples_of.cache_clear()
        for model in models:
            post_init.disconnect(sender=model, dispatch_uid="attack")


def leave_nothing_empty(words: str) -> None:
    """Write these into each text that the stored rows leave out, wherever the database takes them."""
    for model in (model for app in OURS for model in apps.get_app_config(app).get_models()):
        for field in typed_fields(model):
            if (field.max_length or ROOM) >= ROOM:
                with suppress(DatabaseError), transaction.atomic():
                    model._base_manager.filter(**{field.name: ""}).update(**{field.name: words[: field.max_length]})
