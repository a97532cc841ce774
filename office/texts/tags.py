"""`{% load i18n texts %}`: like `translate` and `blocktranslate`, but with staff's own wording of a sentence, if there is one.

Once a `TextSource` names a template that loads this library, its sentences are on the page where staff edit texts. Options
other than `as`, `trimmed`, `with`, `count`, `plural` and `asvar` are left to Django’s own tags.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from django.template import Context, Library, Node, NodeList
from django.template.base import Parser, Token, TokenType
from django.templatetags.i18n import do_block_translate, do_translate
from django.utils.html import escape
from django.utils.safestring import mark_safe
from django.utils.translation import gettext, ngettext, trim_whitespace

from office.texts.markup import fill_placeholders, plain_text, wording_html
from office.texts.queries import current_wordings
from office.texts.sources import WordedNode

register = Library()

HTML_TAG_PATTERN = re.compile(r"<(/?)([a-z][a-z0-9]*)[^<>]*>", re.IGNORECASE)
VOID_ELEMENTS = {"br", "hr", "img", "input", "link", "meta"}
MARKUP_ELEMENTS = {"p", "li", "dd", "td", "div"}


@dataclass(eq=False)
class WordingNode(WordedNode):
    """A sentence in a template. `fields` has the nodes of its placeholders, by name.

    `given` has the values named by `with` and `count`; `counted` names the one that decides between singular and plural.
    """

    messages: tuple[str, ...]
    takes_markup: bool
    asvar: str = ""
    fields: Mapping[str, Node] = field(default_factory=dict)
    given: Mapping[str, Any] = field(default_factory=dict)
    counted: str = ""

    def render(self, context: Context) -> str:
        with context.push(**{name: value.resolve(context) for name, value in self.given.items()}):
            singular, *plural = self.messages
            ours = ngettext(singular, plural[0], context[self.counted]) if plural else gettext(singular)
            values = {name: node.render(context) for name, node in self.fields.items()}
        own = current_wordings().get(ours)
        if own is None:
            drawn = ours % values
        elif self.takes_markup:
            drawn = fill_placeholders(wording_html(own, ours), values)
        else:
            drawn = fill_placeholders(escape(plain_text(own)) if context.autoescape else plain_text(own), values)
        drawn = mark_safe(drawn)  # noqa: S308 - ours, escaped or sanitised, and so is each value
        if not self.asvar:
            return drawn
        context[self.asvar] = drawn
        return ""


def takes_markup(parser: Parser) -> bool:
    """Whether it is text of a paragraph or the like: not of an attribute, a heading, a link or a button.

    The element around it is the first that ends after here without having begun.
    """
    tokens: list[Token] = parser.tokens  # type: ignore[assignment] # the last one is the next
    text = "".join(token.contents for token in reversed(tokens) if token.token_type == TokenType.TEXT)
    if (edge := re.search(r"[<>]", text)) and edge[0] == ">":
        return False  # in an attribute
    depth = 0
    for end, name in HTML_TAG_PATTERN.findall(text):
        if not end:
            depth += name.lower() not in VOID_ELEMENTS
        elif depth == 0:
            return name.lower() in MARKUP_ELEMENTS
        else:
            depth -= 1
    return False


@register.tag
def translate(parser: Parser, token: Token) -> Node:
    """A sentence in quotes, with or without `as`."""
    _name, sentence, *options = token.split_contents()
    quoted = sentence[0] in "\"'" and sentence[-1] == sentence[0]
    if not quoted or (options and (len(options) != 2 or options[0] != "as")):
        return do_translate(parser, token)
    message = str(parser.compile_filter(sentence).resolve(Context())).replace("%", "%%")
    asvar = "".join(options[1:])
    return WordingNode((message,), not asvar and takes_markup(parser), asvar)


@register.tag
def blocktranslate(parser: Parser, token: Token) -> Node:
    _name, *options = token.split_contents()
    if "context" in options:
        return do_block_translate(parser, token)
    blocks = [block_parts(parser.parse(("plural", "endblocktranslate")))]
    if parser.next_token().contents == "plural":
        blocks.append(block_parts(parser.parse(("endblocktranslate",))))
        parser.delete_first_token()
    after = dict(pairwise(options))
    asvar = after.get("asvar", "")
    messages = tuple("".join(f"%({text})s" if node else text.replace("%", "%%") for text, node in block) for block in blocks)
    return WordingNode(
        tuple(map(trim_whitespace, messages)) if "trimmed" in options else messages,
        not asvar and takes_markup(parser),
        asvar,
        fields={name: node for block in blocks for name, node in block if node},
        given={name: parser.compile_filter(value) for name, equals, value in (each.partition("=") for each in options) if equals},
        counted=after.get("count", "").partition("=")[0],
    )


def block_parts(nodes: NodeList) -> list[tuple[str, Node | None]]:
    """The pieces of a sentence: a text without a node, or the name of a placeholder with the node that fills it."""
    tokens = ((node.token, node) for node in nodes if node.token)
    return [(token.contents, node if token.token_type == TokenType.VAR else None) for token, node in tokens]
