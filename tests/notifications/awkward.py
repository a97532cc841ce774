"""What people type in earnest: as rows are made for the samples of mail, their words are changed, of every model and field.

So a new kind of email, or a new field in an old one, is tried without being named.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.apps import apps
from django.db.models import CharField, Model, TextField
from django.db.models.signals import post_init

from notifications.samples import examples_of

OURS = ("office", "accounts", "professionals", "privacy", "guidance", "bookings", "leaflets", "reach")
# What we make, or check as it is typed.
NOT_TYPED = (
    "reference",
    "slug",
    "phone",
    "postcode",
    "link",
    "uid",
    "code",
    "key",
    "token",
    "visit_reference",
    "domain",
    "email",
)
NOT_TYPED += ("session",)
LONG = "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch"
WORDS: dict[str, Callable[[str], str]] = {
    "long": lambda said: f"{said} {LONG * 2} {said}",
    "right to left": lambda said: f"ד״ר שָׂרָה לֵוִי (24) د. فاطمة {said[:10]}",
    "emoji": lambda said: f"👩🏽‍⚕️{'🙂' * 30} {said}",
    "quotes": lambda said: f'\'"><b id="evil">{said}</b> & “Sons” O’Brien %(name)s {{{{ x }}}} &amp;',
    "all at once": lambda said: f'ד״ר שָׂרָה \'"><b id="evil"> & 👩🏽‍⚕️ {LONG} %(name)s {{{{ x }}}}',
    "empty": lambda said: "",
}


def typed_fields(model: type[Model]) -> list[Any]:
    fields = [field for field in model._meta.concrete_fields if type(field) in {CharField, TextField} and not field.choices]
    return [field for field in fields if not any(part in field.name for part in NOT_TYPED)]


@contextmanager
def everybody_types(how: str) -> Iterator[None]:
    """While it lasts, each made row has such words wherever it has words; empty only where a form allows it."""
    models = [model for app in OURS for model in apps.get_app_config(app).get_models()]
    fields = {model: typed_fields(model) for model in models}

    def change(sender: type[Model], instance: Model, **_more: Any) -> None:
        for field in fields[sender]:
            said = instance.__dict__.get(field.attname)
            if said and (field.blank or how != "empty"):
                setattr(instance, field.attname, WORDS[how](str(said)))

    for model in models:
        post_init.connect(change, sender=model, weak=False, dispatch_uid=f"awkward {how}")
    examples_of.cache_clear()  # the rows of the samples too are made anew
    try:
        yield
    finally:
        examples_of.cache_clear()
        for model in models:
            post_init.disconnect(sender=model, dispatch_uid=f"awkward {how}")
