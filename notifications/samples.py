"""Every kind of email as it looks, with made-up data: for the styleguide and for the checks of words and layout.

The apps that own the kinds register here what to show (AppConfig.ready()); nothing is stored, nothing is sent.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.conf import settings
from django.utils import translation
from django.utils.functional import Promise

from notifications.registry import Message
from notifications.rendering import Rendered, render

Words = Message | Rendered


@dataclass(frozen=True)
class Example:
    """One case of a kind. `words` is worded when it is asked for, so in the language of that moment."""

    kind: str
    title: str | Promise
    words: Callable[[], Words]


@dataclass(frozen=True)
class Sample:
    """An example as it would travel."""

    kind: str
    title: str
    subject: str
    html: str
    text: str


_sources: list[Callable[[], Iterable[Example]]] = []


def register(source: Callable[[], Iterable[Example]]) -> None:
    """Called in an app's AppConfig.ready(). `source` gives at least one example of each kind that the app owns."""
    if source not in _sources:
        _sources.append(source)


def all_samples() -> list[Sample]:
    """All examples, worded: the apps in the order in which they registered, each kind's usual case first."""
    with translation.override(settings.LANGUAGE_CODE):
        return [_sample(example) for source in _sources for example in source()]


def _sample(example: Example) -> Sample:
    words = example.words()
    rendered = words if isinstance(words, Rendered) else render(words)
    return Sample(example.kind, str(example.title), rendered.subject, rendered.html, rendered.text)
