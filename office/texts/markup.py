"""The markup of a wording: {placeholders}, **bold** and [links](https://…), and nothing else."""

import html
import re
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

GETTEXT_PLACEHOLDER_PATTERN = re.compile(r"%\((\w+)\)[sd]")
PLACEHOLDER_PATTERN = re.compile(r"{(\w+)}")
SAFE_LINK_PATTERN = re.compile(r"https://[^\s{}]+|mailto:[^\s{}]+|tel:[+\d]+|/(?!/)[^\s{}\\]*")
# In our own sentences: how our templates write bold, a link, and text that stays on one line.
BOLD_PATTERN, LINK_PATTERN = re.compile(r"</?strong>"), re.compile(r'<a (?:class="govuk-link" )?href="([^"]*)">(.*?)</a>')
UNBROKEN_PATTERN = re.compile(r'<span class="keep">(.*?)</span>')
SAFE_TOKENS = {"text", "strong_open", "strong_close", "link_open", "link_close", "softbreak"}


class Markup(MarkdownIt):
    """Only bold and links. It takes every address as it is written; `is_safe_link` says whether it is safe."""

    def __init__(self) -> None:
        super().__init__("zero", {"html": False})
        self.enable(["emphasis", "link"])

    def normalizeLink(self, url: str) -> str:  # noqa: N802 - the library's name
        return url

    def validateLink(self, url: str) -> bool:  # noqa: N802
        return True


markup = Markup()


def editable_text(ours: str) -> str:
    """Our sentence, as gettext gives it, in the markup that staff write."""
    text = GETTEXT_PLACEHOLDER_PATTERN.sub(r"{\1}", ours.replace("%%", "%"))
    text = UNBROKEN_PATTERN.sub(r"\1", BOLD_PATTERN.sub("**", LINK_PATTERN.sub(r"[\2](\1)", text)))
    return text if "<" in text else html.unescape(text)


def inline_tokens(text: str) -> list[Token]:
    return [token for block in markup.parseInline(text) for token in block.children or []]


def extract_links(text: str) -> list[str]:
    return [str(token.attrs["href"]) for token in inline_tokens(text) if token.type == "link_open"]


def extract_placeholders(text: str) -> set[str]:
    return set(PLACEHOLDER_PATTERN.findall(text))


def has_markup(text: str) -> bool:
    return any(token.type not in {"text", "softbreak"} for token in inline_tokens(text))


@lru_cache(maxsize=2000)
def plain_text(text: str) -> str:
    """The text without markup, for a subject, an attribute or a button."""
    return " ".join("".join(token.content for token in inline_tokens(text)).split()) if has_markup(text) else text


@lru_cache(maxsize=2000)
def wording_html(text: str, ours: str) -> str:
    """The wording as HTML, its placeholders still in it. A link that is neither safe nor one of `ours` loses its address."""
    allowed = set(extract_links(editable_text(ours)))
    tokens = markup.parseInline(text)
    for token in (token for block in tokens for token in block.children or []):
        if token.type == "link_open":
            link = str(token.attrs["href"])
            token.attrs = {"href": link} if is_safe_link(link, allowed) else {}
    drawn = str(markup.renderer.render(tokens, markup.options, {}))
    only = {"*": set[str](), "a": {"href"}}
    clean = nh3.clean(drawn, tags={"a", "strong"}, attributes=only, url_schemes={"https", "mailto", "tel"}, link_rel=None)
    return clean.replace("<a href=", '<a class="govuk-link" href=')


def is_safe_link(link: str, allowed: set[str]) -> bool:
    return link in allowed or SAFE_LINK_PATTERN.fullmatch(link) is not None


def fill_placeholders(text: str, values: Mapping[str, object]) -> str:
    return PLACEHOLDER_PATTERN.sub(lambda match: str(values.get(match[1], "")), text)


# Sentences that are too long, and the words that we don't use (docs/words.md): for our own strings and for staff's.

WORDS_FILE = Path(__file__).resolve().parents[2] / "docs" / "words.md"
MAX_SENTENCE_WORDS = 25  # in one sentence
ANY_PLACEHOLDER_PATTERN = re.compile(r"{{.*?}}|%\(\w+\)[sd]|{\w+}")


def readable_text(string: str) -> str:
    """The text without markup, with a short word for each placeholder."""
    return " ".join(re.sub(r"<[^>]+>", "", ANY_PLACEHOLDER_PATTERN.sub("this", string)).split())


def long_sentences(text: str) -> list[str]:
    return [part for part in re.split(r"(?<=[.?!:]) ", text) if len(part.split()) > MAX_SENTENCE_WORDS]


@cache
def discouraged_words() -> dict[str, str]:
    """The items of the list in docs/words.md: each with what we say instead."""
    listed = WORDS_FILE.read_text().partition("## Words we don’t use")[2].partition("\n## ")[0]
    return dict(re.findall(r"^- `([^`]+)`:? ?(.*)", listed, re.MULTILINE))


def uses_word(string: str, word: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(word)}(?!\w)", string, re.IGNORECASE) is not None
