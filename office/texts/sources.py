"""The texts that staff may word themselves: sources (an email, a page), the sentences of each, and those that are locked.

Higher apps register their sources. The sentences are read from the compiled templates, so that nobody has to list them twice.
"""

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.template import Node
from django.template.loader import get_template
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy as _, ngettext

from office.texts.markup import (
    GETTEXT_PLACEHOLDER_PATTERN,
    PLACEHOLDER_PATTERN,
    SAFE_TOKENS,
    editable_text,
    extract_links,
    extract_placeholders,
    has_markup,
    inline_tokens,
    is_safe_link,
)

Preview = Callable[[HttpRequest], str]  # gives its HTML in the current language; "" if there is none


@dataclass(frozen=True)
class TextSource:
    """An email or a page. `subjects` are gettext's messages of sentences that are in no template.

    `templates`: the source has their sentences and those of the templates they include. The layout that they extend is a source
    itself.
    """

    slug: str
    title: str | Promise
    group: str | Promise
    templates: tuple[str, ...]
    subjects: tuple[tuple[str, ...], ...] = ()
    preview: Preview | None = None


class WordedNode(Node):
    """A sentence of ours in a template, as gettext's messages: singular and perhaps plural."""

    messages: tuple[str, ...]
    takes_markup: bool


@dataclass(frozen=True)
class Line:
    """A sentence of a source in all languages, as gettext's messages: singular and perhaps plural."""

    messages: tuple[str, ...]
    takes_markup: bool = False

    def wordings(self, language: str) -> list[str]:
        """Our wordings in that language: one, or one for each plural form."""
        with translation.override(language):
            singular, *plural = self.messages
            if not plural:
                return [gettext(singular)]
            return list(dict.fromkeys(ngettext(singular, plural[0], number) for number in (1, 2, 0, 3, 8)))


@dataclass
class Sentence:
    """One of our sentences in one language, and the sources where it is used. `locked`: why nobody may word it differently."""

    key: str
    language: str
    ours: str
    locked: str | Promise
    takes_markup: bool = True
    sources: list[TextSource] = field(default_factory=list)

    @property
    def editable(self) -> str:
        return editable_text(self.ours)


LOCK_PATTERNS: tuple[tuple[str, str | Promise], ...] = (
    (r"\b999\b", _("This says when to call 999.")),
    (r"%\((advice_\w+|phone|tel|hours|out_of_hours\w*)\)s|advice line", _("This leads people to the advice line.")),
    (r"child’s (details|name)|details of a child|about a child", _("This is about what people may tell us of a child.")),
    (
        r"by law|commissioner|registered charity|licence|personal data|\beras(e|ing)|complain|privacy|backups|"
        r"can’t find out|ask who you are",
        _("This is a promise about personal data, or the law asks for it."),
    ),
)
MAX_TEXT_LENGTH = 1000
INVISIBLE_CATEGORIES = {
    "Cc",
    "Cf",
    "Co",
    "Cs",
    "Cn",
}  # categories of characters that are invisible, or that change the direction of writing
INCLUDE_PATTERN = re.compile(r"""include ["']([^"']+)""")
IN_CODE_MESSAGE = _("This has parts that only the people who build the site can change.")
_text_source_finders: list[Callable[[], Iterable[TextSource]]] = []


def register_text_sources(find: Callable[[], Iterable[TextSource]]) -> None:
    """Add a function that finds sources, in AppConfig.ready(). It is called once, when all apps are ready."""
    if find not in _text_source_finders:
        _text_source_finders.append(find)


@cache
def text_sources() -> dict[str, TextSource]:
    return {source.slug: source for find in _text_source_finders for source in find()}


@cache
def text_source_lines(source: TextSource) -> tuple[Line, ...]:
    """The source's lines in order, the subjects first. Lines without words of ours, such as "%(subject)s", are left out."""
    lines = [*map(Line, source.subjects), *(line for name in source.templates for line in template_lines(name, set()))]
    return tuple(line for line in lines if re.search(r"[^\W\d_]", GETTEXT_PLACEHOLDER_PATTERN.sub("", line.messages[0])))


def template_lines(template: str, seen: set[str]) -> Iterator[Line]:
    """The lines of a template and those that it includes, not of the one that it extends."""
    if template in seen:
        return
    seen.add(template)
    compiled: Any = get_template(template)
    for node in compiled.template.nodelist.get_nodes_by_type(Node):
        if isinstance(node, WordedNode):
            yield Line(node.messages, takes_markup=node.takes_markup)
        elif included := INCLUDE_PATTERN.match(node.token.contents):
            yield from template_lines(included[1], seen)


def sentence_key(language: str, ours: str) -> str:
    return hashlib.sha256(f"{language}\0{ours}".encode()).hexdigest()[:32]


@cache
def get_sentences() -> dict[str, Sentence]:
    """All sentences of all sources, by key."""
    found: dict[str, Sentence] = {}
    for source in text_sources().values():
        for line in text_source_lines(source):
            for language, _name in settings.LANGUAGES:
                for ours in line.wordings(language):
                    key = sentence_key(language, ours)
                    sentence = found.setdefault(key, Sentence(key, language, ours, lock_reason(line)))
                    sentence.takes_markup &= line.takes_markup
                    sentence.sources += [] if source in sentence.sources else [source]
    return found


@cache
def sentence_rows(source: TextSource) -> list[list[list[Sentence]]]:
    """For each line of the source, for each language, its sentence, or one for each plural form. Repeated lines stand once."""
    return [
        [
            [get_sentences()[sentence_key(language, ours)] for ours in line.wordings(language)]
            for language, _name in settings.LANGUAGES
        ]
        for line in {line.messages: line for line in text_source_lines(source)}.values()
    ]


def lock_reason(line: Line) -> str | Promise:
    """Why nobody may word this line, by its English text; "" if anybody may."""
    if "<" in editable_text(" ".join(line.messages)):
        return IN_CODE_MESSAGE
    return next((why for pattern, why in LOCK_PATTERNS if re.search(pattern, " ".join(line.messages), re.IGNORECASE)), "")


def wording_error(sentence: Sentence, text: str) -> str | Promise:
    """Why this can't be a wording of the sentence, whoever writes it; "" if it can."""
    names, ours = extract_placeholders(text), extract_placeholders(sentence.editable)
    checks: tuple[tuple[bool, str | Promise], ...] = (
        (bool(sentence.locked), _("This sentence is locked.")),
        (not text, _("Enter the new wording.")),
        (len(text) > MAX_TEXT_LENGTH, _("Shorten the wording to 1,000 characters.")),
        (text == sentence.editable, _("This is our own wording. Change it, or go back without saving.")),
        (
            any(unicodedata.category(letter) in INVISIBLE_CATEGORIES for letter in text),
            _("Take out the characters that nobody can see."),
        ),
        (bool(ours - names), _("Keep everything in curly brackets, such as {name}: we fill it in for each reader.")),
        (
            bool(names - ours) or bool(re.search("[{}]", PLACEHOLDER_PATTERN.sub("", text))),
            _("Use only the curly brackets that are in our own wording: we can’t fill in others."),
        ),
        (not sentence.takes_markup and has_markup(text), _("This sentence can’t have bold words or links. Take out the marks.")),
        (
            sentence.takes_markup and any(token.type not in SAFE_TOKENS for token in inline_tokens(text)),
            _("Use two stars on each side for bold words: **like this**. We have no italics."),
        ),
        (
            sentence.takes_markup
            and not all(is_safe_link(link, set(extract_links(sentence.editable))) for link in extract_links(text)),
            _("Begin each link with https://, mailto:, tel: or, for a page of ours, a slash."),
        ),
    )
    return next((why for wrong, why in checks if wrong), "")
