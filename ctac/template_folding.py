"""A template loader that works out once what is the same each time a template is drawn.

Templates stay as they are written. When one is first used, its parents are joined to it, and what can't differ from request to
request (sentences without a variable, routes without an argument, addresses of static files) becomes text. What is left to draw
is what differs. Whatever this module doesn't know, or isn't sure of, is left to Django and drawn as ever; a test draws pages
both ways and holds the one against the other. ADR 21 has the figures.
"""

import copy
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from django.conf import settings
from django.template import Context, Engine, Node, NodeList, Origin, Template
from django.template.base import FilterExpression, TextNode, VariableNode
from django.template.defaulttags import CommentNode, ForNode, IfNode, LoadNode, URLNode, WithNode
from django.template.loader_tags import BlockNode, ExtendsNode, IncludeNode
from django.template.loaders import cached
from django.templatetags.i18n import BlockTranslateNode, TranslateNode
from django.templatetags.static import StaticNode
from django.urls import NoReverseMatch

from ctac.kept_parts import ASKED, Part


class Loader(cached.Loader):
    """Keeps each template folded, for being drawn, and those that others extend also as they are written."""

    def __init__(self, engine: Any, loaders: list[Any]) -> None:
        super().__init__(engine, loaders)
        self.folded: dict[str, Template] = {}

    def get_template(self, template_name: str, skip: list[Origin] | None = None) -> Template:
        """`skip` is given by {% extends %} alone, and by no one else, the first time even with one's own origin in it."""
        if skip is not None:
            return super().get_template(template_name, skip)
        found = self.folded.get(template_name)
        if found is None:
            found = self.folded[template_name] = fold(super().get_template(template_name))
            self.get_template_cache.pop(self.cache_key(template_name), None)
        return found

    def reset(self) -> None:
        self.folded.clear()
        super().reset()


def fold(template: Template) -> Template:
    """The same template, quicker to draw."""
    folded = copy.copy(template)
    try:
        folded.nodelist = Folding(family(template)).all()
    except NotSure:
        return template
    folded.layout = layout_of(template)  # type: ignore[attr-defined]
    if not template.engine.debug:
        folded.source = ""  # only Django's page of a developer's error shows it
    return folded


def layout_of(template: Template) -> str:
    """The name of the template that it extends, folded or not; empty if none."""
    known: str | None = getattr(template, "layout", None)
    if known is not None:
        return known
    extends = extending(template)
    return (constant(extends.parent_name) if extends else None) or ""


class NotSure(Exception):
    """Something stands where we can't say what it does with blocks: Django draws this template as it is written."""


def family(template: Template) -> list[Template]:
    """The template, its parent, and so on to the one that extends none. Raises NotSure if a parent is named by a variable."""
    chain = [template]
    while (extends := extending(chain[-1])) is not None:
        parent = constant(extends.parent_name)
        if parent is None:
            raise NotSure
        chain.append(template.engine.find_template(parent, skip=[each.origin for each in chain])[0])
    return chain


class Folding:
    """How a template is folded into one list of nodes. `blocks`: what stands in each, the last child's first."""

    def __init__(self, chain: Sequence[Template]) -> None:
        self.chain, self.template = chain, chain[0]
        self.blocks: dict[str, list[NodeList]] = defaultdict(list)
        for each in chain:
            block: Any
            for block in each.nodelist.get_nodes_by_type(BlockNode):
                self.blocks[block.name].append(block.nodelist)
        self.inside: list[tuple[str, int]] = []  # the blocks that are being folded, each with its place in `blocks`

    def all(self) -> NodeList:
        """The last parent's nodes; a line that stands before {% extends %} is drawn as well."""
        before = [node for child in self.chain[:-1] for node in child.nodelist if isinstance(node, TextNode)]
        return self.nodes(NodeList([*before, *self.chain[-1].nodelist]))

    def nodes(self, nodelist: NodeList) -> NodeList:
        """Neighbouring texts are joined into one."""
        folded = NodeList()
        for node in nodelist:
            for new in self.node(node):
                before = folded[-1] if folded else None
                if not self.template.engine.debug:
                    new.__dict__.pop("token", None)  # where it stood in its file: as with the source
                if isinstance(new, TextNode) and isinstance(before, TextNode):
                    folded[-1] = TextNode(before.s + new.s)
                else:
                    folded.append(new)
        return folded

    def node(self, node: Node) -> Iterator[Node]:
        if isinstance(node, LoadNode | CommentNode):
            return
        if isinstance(node, BlockNode):
            yield from self.block(node.name, 0)
        elif is_super(node) and self.inside:
            name, place = self.inside[-1]
            yield from self.block(name, place + 1)
        elif isinstance(node, IncludeNode) and (included := constant(node.template)) is not None and not node.isolated_context:
            yield Included(node, included, self.template.engine)
        elif is_constant(node):
            yield from self.drawn(node)
        else:
            yield self.with_children(node)

    def block(self, name: str, place: int) -> Iterator[Node]:
        """What stands in a block. Variables that are set there are forgotten at its end."""
        if place >= len(self.blocks[name]):
            return
        self.inside.append((name, place))
        nodes = self.nodes(self.blocks[name][place])
        self.inside.pop()
        yield from nodes if all(isinstance(node, TextNode) for node in nodes) else [Scope(nodes)]

    def drawn(self, node: Node) -> Iterator[Node]:
        """As text; or as what it sets, if it sets a variable."""
        context = Context()
        try:
            with context.bind_template(self.template):
                text = node.render_annotated(context)
        except (NoReverseMatch, ValueError):  # a route of another environment; a static file that isn't there
            yield node
            return
        name = getattr(node, "asvar", None) or getattr(node, "varname", None)
        yield Set(name, context[name]) if name else TextNode(str(text))

    def with_children(self, node: Node) -> Node:
        """The same node around folded children. Only tags that are known to keep them in these places."""
        if isinstance(node, IfNode):
            return IfNode([(condition, self.nodes(nodelist)) for condition, nodelist in node.conditions_nodelists])
        if isinstance(node, ForNode | WithNode):
            node = copy.copy(node)
            for name in node.child_nodelists:
                if hasattr(node, name):
                    setattr(node, name, self.nodes(getattr(node, name)))
        elif node.get_nodes_by_type(BlockNode) or any(map(speaks_of_block, node.get_nodes_by_type(VariableNode))):
            raise NotSure
        return node


def speaks_of_block(node: Any) -> bool:
    return str(node.filter_expression).startswith("block.")


def is_super(node: Node) -> bool:
    return isinstance(node, VariableNode) and str(node.filter_expression) == "block.super"


def extending(template: Template) -> ExtendsNode | None:
    first = next((node for node in template.nodelist if not isinstance(node, TextNode)), None)
    return first if isinstance(first, ExtendsNode) else None


def constant(expression: FilterExpression | Node) -> str | None:
    """A quoted text without a filter."""
    if not isinstance(expression, FilterExpression):
        return None
    literal = getattr(expression.var, "literal", expression.var)
    return str(literal) if isinstance(literal, str) and not expression.filters else None


def is_constant(node: Node) -> bool:
    """Whether a tag draws the same whatever the page is about. Sentences do as long as there is one language."""
    if isinstance(node, TranslateNode):
        return not settings.USE_I18N and node.message_context is None and constant(node.filter_expression) is not None
    if isinstance(node, BlockTranslateNode):
        texts = all(token.token_type.name == "TEXT" for token in node.singular)
        return not settings.USE_I18N and texts and not node.extra_context and node.counter is None and not node.message_context
    if isinstance(node, URLNode):  # what a name in a namespace means depends on the page
        name = constant(node.view_name)
        return name is not None and ":" not in name and not node.args and not node.kwargs
    return isinstance(node, StaticNode) and constant(node.path) is not None


class Scope(Node):
    """Variables that are set in it are forgotten at its end."""

    def __init__(self, nodelist: NodeList) -> None:
        self.nodelist = nodelist

    def render(self, context: Context) -> str:
        with context.push():
            return self.nodelist.render(context)


class Set(Node):
    """A variable that always has the same value."""

    child_nodelists = ()

    def __init__(self, name: str, value: object) -> None:
        self.name, self.value = name, value

    def render(self, context: Context) -> str:
        context[self.name] = self.value
        return ""


class Included(Node):
    """{% include %} of a template that is named in quotes: looked up once. Not before it is drawn, for it may include itself."""

    child_nodelists = ()

    def __init__(self, include: IncludeNode, name: str, engine: Engine) -> None:
        self.name, self.engine, self.extra_context = name, engine, include.extra_context
        self.token, self.origin = include.token, include.origin
        self.template: Template | None = None
        self.part = Part(name) if name in ASKED and not include.extra_context else None

    def render(self, context: Context) -> str:
        return self.part.render(context, self.draw) if self.part else self.draw(context)

    def draw(self, context: Context) -> str:
        if self.template is None:
            self.template = self.engine.get_template(self.name)
        values = {name: expression.resolve(context) for name, expression in self.extra_context.items()}
        with context.push(**values):
            return self.template.render(context)
