"""Moving what points to one row to another row of the same model, whichever app it lives in."""

from django.db import models


def repoint(old: models.Model, new: models.Model) -> None:
    """Let every foreign key that names `old` name `new`. Professionals knows no other app, so the models are asked."""
    for relation in old._meta.related_objects:
        if relation.many_to_many or relation.one_to_one:
            continue
        field = relation.field.name
        relation.related_model._base_manager.filter(**{field: old}).update(**{field: new})
