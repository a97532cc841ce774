"""Checks that each uploaded file named in the database is there. For use after a restore, and in the weekly restore check."""

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError
from django.db import models


class Command(BaseCommand):
    help = "Say which uploaded files are missing that a row names; exits with 1 if any is."

    def handle(self, *args: Any, **options: Any) -> None:
        named = missing = 0
        for field, name in named_files():
            named += 1
            if not field.storage.exists(name):
                missing += 1
                self.stderr.write(f"{name} is missing ({field.model._meta.label}).")
        if missing:
            raise CommandError(f"{missing} of {named} uploaded files are missing.")
        self.stdout.write(f"All {named} uploaded files are there.")


def named_files() -> Iterator[tuple[models.FileField, str]]:
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if isinstance(field, models.FileField):
                names = model._default_manager.exclude(**{field.name: ""}).order_by().values_list(field.name, flat=True)
                for name in names.distinct().iterator():
                    yield field, name
