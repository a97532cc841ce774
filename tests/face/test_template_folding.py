"""A folded template draws what Django draws, on every page of every kind of person, and folds only what can't differ."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import unified_diff
from typing import Any

import pytest
from django.db import transaction
from django.template import Context, Engine, engines
from django.template.loaders.cached import Loader as DjangosLoader
from django.test import Client, override_settings
from django.urls import NoReverseMatch, reverse

from ctac.template_folding import Included, Loader, Set
from tests.matrix.asking import ROUTES, arguments
from tests.matrix.people import laid_out, world

__all__ = ["laid_out", "world"]
LOTS = (r'(?<=token" value=)"[\w-]+"', r'(?<=class="reference">)[0-9A-F]{8}(?=<)', r'(?<=class="totp-key">)[A-Z2-7 ]+')
CHALLENGE = r"(?<=&quot;challenge&quot;: &quot;)[\w-]+"
DRAWN_BY_LOT = re.compile("|".join([*LOTS, CHALLENGE]))


@pytest.fixture
def djangos_loader() -> DjangosLoader:
    return DjangosLoader(engine(), engine().loaders[0][1])


def engine() -> Engine:
    found: Engine = engines["django"].engine  # type: ignore[attr-defined]
    return found


@contextmanager
def drawn_by(loader: DjangosLoader) -> Iterator[None]:
    kept = engine().template_loaders
    engine().template_loaders = [loader]
    try:
        yield
    finally:
        engine().template_loaders = kept


def page(client: Client, url: str) -> str:
    """As it is sent, but for what is drawn by lot. What a visit leaves behind is taken back."""
    with transaction.atomic():
        response = client.get(url)
        text = "" if response.streaming else response.content.decode("utf-8", "replace")
        if response.streaming:
            list(response.streaming_content)
        transaction.set_rollback(True)
    return DRAWN_BY_LOT.sub("", text) if "html" in response.headers.get("Content-Type", "") else ""


def test_every_page_is_what_django_draws(world: dict[str, Any], djangos_loader: DjangosLoader) -> None:
    different = []
    for route in ROUTES:
        url = reverse(route, kwargs=arguments(route, ROUTES[route], world))
        for person in who_sees(url):
            with drawn_by(djangos_loader):
                theirs = page(world["clients"][person], url)
            ours = page(world["clients"][person], url)
            if ours != theirs:
                different.append((person, route, [*unified_diff(theirs.splitlines(), ours.splitlines(), n=0)][:6]))
    assert different == []


def who_sees(url: str) -> tuple[str, ...]:
    if url.startswith("/staff/mine/"):
        return ("own presenter",)
    return ("staff",) if url.startswith("/staff/") else ("signed out", "owner")


def draw(sources: dict[str, str], **context: object) -> str:
    """The template "page" of these, folded."""
    loaders = [("ctac.template_folding.Loader", [("django.template.loaders.locmem.Loader", sources)])]
    libraries = {"i18n": "django.templatetags.i18n", "static": "django.templatetags.static"}
    return Engine(loaders=loaders, libraries=libraries).get_template("page").render(Context(context))


BASE = "<t>{% block title %}T{% endblock %}</t>{% block body %}{% block inner %}inner{% endblock %}{% endblock %}"


@pytest.mark.parametrize(
    ("source", "drawn"),
    [
        ('{% extends "base" %}', "<t>T</t>inner"),
        ('{# why #}!{% extends "base" %}', "!<t>T</t>inner"),
        ('{% extends "base" %}{% block inner %}mine{% endblock %}', "<t>T</t>mine"),
        ('{% extends "base" %}{% block body %}all{% endblock %}', "<t>T</t>all"),
        ('{% extends "middle" %}{% block inner %}{{ x }}{% endblock %}', "<t>M-T</t>7"),
        ('{% extends "middle" %}{% block title %}a {{ block.super }}{% endblock %}', "<t>a M-T</t>inner"),
        ('{% extends "middle" %}{% block inner %}{% if x %}{{ block.super }}!{% endif %}{% endblock %}', "<t>M-T</t>inner!"),
        ('{% extends "base" %}{% block new %}n{{ block.super }}{% endblock %}', "<t>T</t>inner"),
        ('{% extends "odd" %}{% block title %}mine{% endblock %}', "mine"),
        (
            '{% extends "base" %}{% block title %}{% filter upper %}a {{ block.super }}{% endfilter %}{% endblock %}',
            "<t>A T</t>inner",
        ),
        ('{% extends "base" %}{% block title %}{{ block.super|lower }}{% endblock %}', "<t>t</t>inner"),
        ("{% extends name %}{% block inner %}{{ x }}{% endblock %}", "<t>T</t>7"),
    ],
)
def test_parents_are_joined(source: str, drawn: str) -> None:
    middle = '{% extends "base" %}{% block title %}M-{{ block.super }}{% endblock %}'
    odd = "{% filter lower %}{% block title %}Odd{% endblock %}{% endfilter %}"
    assert draw({"base": BASE, "middle": middle, "odd": odd, "page": source}, x=7, name="base") == drawn


def test_a_variable_set_in_a_block_or_an_include_is_forgotten_at_its_end() -> None:
    base = "{% block one %}{% endblock %}[{{ url }}]"
    one = '{% extends "base" %}{% block one %}{% url "about" as url %}{{ url }}{% include "part" %}{{ url }}{% endblock %}'
    part = '{% url "privacy" as url %}{{ url }}'
    assert draw({"base": base, "page": one, "part": part}) == "/about//privacy//about/[]"


def test_a_template_may_include_itself() -> None:
    source = '{{ tree.name }}{% for child in tree.children %}({% include "page" with tree=child %}){% endfor %}'
    tree = {"name": "a", "children": [{"name": "b", "children": [{"name": "c"}]}, {"name": "d"}]}
    assert draw({"page": source}, tree=tree) == "a(b(c))(d)"


def nodes_of(source: str) -> list[str]:
    loaders = [("ctac.template_folding.Loader", [("django.template.loaders.locmem.Loader", {"page": source})])]
    libraries = {"i18n": "django.templatetags.i18n", "static": "django.templatetags.static"}
    return [type(node).__name__ for node in Engine(loaders=loaders, libraries=libraries).get_template("page").nodelist]


@pytest.mark.parametrize(
    ("source", "nodes"),
    [
        ('a {% load i18n %}{% translate "b" %} {% url "about" %}{# c #}', ["TextNode"]),
        ("{% load i18n %}{% blocktranslate trimmed %} a b {% endblocktranslate %}", ["TextNode"]),
        ('{% load static %}{% static "css/site.css" %}', ["TextNode"]),
        ('{% url "about" as about %}', [Set.__name__]),
        ('{% include "x" %}', [Included.__name__]),
        # What may differ stays.
        ("{% load i18n %}{% translate name %}", ["TranslateNode"]),
        ('{% load i18n %}{% translate "a"|upper %}', ["TranslateNode"]),
        ("{% load i18n %}{% blocktranslate %}a {{ b }}{% endblocktranslate %}", ["BlockTranslateNode"]),
        ("{% load i18n %}{% blocktranslate count n=n %}a{% plural %}b{% endblocktranslate %}", ["BlockTranslateNode"]),
        ('{% url "leaflet" slug %}', ["URLNode"]),
        ("{% url name %}", ["URLNode"]),
        ('{% url "staff:index" %}', ["URLNode"]),
        ('{% url "no-such-route" %}', ["URLNode"]),
        ("{% include name %}", ["IncludeNode"]),
        ('{% include "x" only %}', ["IncludeNode"]),
    ],
)
def test_only_what_can_not_differ_is_folded(source: str, nodes: list[str]) -> None:
    assert nodes_of(source) == nodes


def test_an_unknown_route_fails_when_it_is_drawn_and_not_before() -> None:
    source = '{% if later %}{% url "no-such-route" %}{% endif %}'
    assert draw({"page": source}) == ""
    with pytest.raises(NoReverseMatch):
        draw({"page": source}, later=True)


@override_settings(USE_I18N=True)
def test_with_more_than_one_language_no_sentence_is_folded() -> None:
    assert nodes_of('{% load i18n %}{% translate "b" %}') == ["TranslateNode"]


def test_the_site_draws_with_it() -> None:
    assert [type(loader) for loader in engine().template_loaders] == [Loader]
