"""`{% load i18n texts %}`: Django’s `translate` and `blocktranslate`, but for a sentence that staff have worded themselves.

A template that loads this library has its sentences on the page where staff edit texts, once a `Place` names it.
"""

import re
from collections.abc import Mapping
from typing import Any

from django.template import Context, Library, Node
from django.template.base import Parser, Token, TokenType, render_value_in_context
from django.templatetags.i18n import do_block_translate, do_translate
from django.utils.html import escape
from django.utils.safestring import mark_safe
from django.utils.text import unescape_string_literal
from django.utils.translation import gettext, ngettext

from office.texts.markup import as_html, as_plain, fill, placeholders_of
from office.texts.queries import own_wordings

register = Library()

TAG = re.compile(r"<(/?)([a-z][a-z0-9]*)[^<>]*>", re.IGNORECASE)
NEVER_ENDS = {"br", "hr", "img", "input", "link", "meta"}
TAKES_MARKUP = {"p", "li", "dd", "td", "div"}


class Wording(Node):
    """`ours` is Django's node, which renders our own sentence. `messages`: what it asks gettext for, singular and plural."""

    def __init__(self, ours: Any, messages: tuple[str, ...], *, takes_markup: bool) -> None:
        self.ours, self.messages = ours, messages
        self.takes_markup = takes_markup and not ours.asvar
        self.given = getattr(ours, "extra_context", {})
        self.counter, self.counted = getattr(ours, "counter", None), getattr(ours, "countervar", None) or ""

    def sentence(self, number: Any = 1) -> str:
        """Ours, in the language of this moment."""
        singular, *plural = self.messages
        return ngettext(singular, plural[0], number) if plural else gettext(singular)

    def render(self, context: Context) -> str:
        wordings = own_wordings()
        drawn = self.drawn(context, wordings) if wordings else None
        if drawn is None:
            return str(self.ours.render(context))
        if self.ours.asvar:
            context[self.ours.asvar] = drawn
            return ""
        return drawn

    def drawn(self, context: Context, wordings: Mapping[str, str]) -> str | None:
        """None if staff have no words of their own for it."""
        with context.push(**{name: value.resolve(context) for name, value in self.given.items()}):
            if self.counter:
                context[self.counted] = self.counter.resolve(context)
            sentence = self.sentence(context.get(self.counted))
            if (own := wordings.get(sentence)) is None:
                return None
            text = as_html(own, sentence) if self.takes_markup else as_plain(own)
            if context.autoescape and not self.takes_markup:
                text = escape(text)
            values = {name: render_value_in_context(context.get(name, ""), context) for name in placeholders_of(own)}
            return mark_safe(fill(text, values))  # noqa: S308 - escaped or sanitised, and so is each value


def takes_markup(parser: Parser) -> bool:
    """Whether it is text of a paragraph or the like: not of an attribute, a heading, a link or a button.

    The element around it is the first that ends after here without having begun.
    """
    tokens: list[Token] = parser.tokens  # type: ignore[assignment] # the last one is the next
    text = "".join(token.contents for token in reversed(tokens) if token.token_type == TokenType.TEXT)
    if (edge := re.search(r"[<>]", text)) and edge[0] == ">":
        return False  # of an attribute
    depth = 0
    for end, name in TAG.findall(text):
        if not end:
            depth += name.lower() not in NEVER_ENDS
        elif depth == 0:
            return name.lower() in TAKES_MARKUP
        else:
            depth -= 1
    return False


@register.tag
def translate(parser: Parser, token: Token) -> Node:
    """A sentence in quotes, with or without `as`; anything else is Django's alone."""
    bits, node = token.split_contents(), do_translate(parser, token)
    quoted = bits[1][0] in "\"'" and bits[1][-1] == bits[1][0]
    if not quoted or node.noop or node.message_context:
        return node
    return Wording(node, (unescape_string_literal(bits[1]).replace("%", "%%"),), takes_markup=takes_markup(parser))


@register.tag
def blocktranslate(parser: Parser, token: Token) -> Node:
    node = do_block_translate(parser, token)
    if node.message_context:
        return node
    messages = (node.render_token_list(tokens)[0] for tokens in (node.singular, node.plural) if tokens)
    return Wording(node, tuple(messages), takes_markup=takes_markup(parser))
