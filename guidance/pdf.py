"""The PDFs of the guidance, from the text of its pages: the leaflet, the same in large print, and a checklist on one sheet."""

import json
from hashlib import sha256
from typing import Any

from django.utils.translation import get_language, gettext as _
from markdown_it.tree import SyntaxTreeNode

from core.dates import format_day
from core.pages import commonmark
from core.pdf.typesetting import charity_line, qr_code, template_digest
from guidance.content import Guidance, NationText, Section
from office.site_settings.queries import advice_hours, site_settings

LEAFLET, LARGE_PRINT, CHECKLIST = PDF_KINDS = ("leaflet", "large-print", "checklist")
SECTION_LOOKS = ("to-do", "not-to-do", "", "", "")  # in the leaflet, for each section of an audience's text


def guidance_digest(kind: str, data: dict[str, Any]) -> str:
    """Stays the same as long as the PDF says and looks the same, in the same language."""
    return sha256(json.dumps([kind, get_language(), data, charity_line(), template_digest()]).encode()).hexdigest()


def guidance_data(
    guidance: Guidance, nation: NationText | None, *, url: str, notice: str = "", label: str = ""
) -> dict[str, Any]:
    """What all three PDFs print. `url`: the page with this text; `notice`: that it is a sample; `label`: names an edition.

    Without a nation it is for all of the UK, and the code leads on to the page where a nation is chosen.
    """
    heading, _colon, audience = guidance.title.partition(": ")
    written = max(text.written for text in (guidance, nation) if text)
    page = url.partition("://")[2].rstrip("/")
    who_to_tell, *others = map(section_data, nation.sections) if nation else [None]
    sections = [section_data(section, SECTION_LOOKS[place]) for place, section in enumerate(guidance.sections)]
    sections[0]["within"] = [who_to_tell] if who_to_tell else []
    advice = {"hours": advice_hours(), "email": site_settings().advice_email}
    return {
        "title": guidance.title,
        "centre": _("Child trafficking advice centre"),
        "heading": heading,
        "audience": audience[:1].upper() + audience[1:],
        "description": guidance.description,
        "notice": notice,
        "label": label or _("Text of %(day)s.") % {"day": format_day(written)},
        "danger": _("If a child is in immediate danger, call 999."),
        "sections": sections,
        "who_to_tell": who_to_tell,
        "nation": nation and {"heading": nation.title, "sections": others},
        "for_whom": _("Checklist: %(audience)s") % {"audience": guidance.short_title},
        "tick": _("Tick each step"),
        "checklist": guidance.checklist,
        "call": {
            "heading": _("Who to call"),
            "lead": _("Not sure? Talk it through with our advice line for professionals:"),
            "phone": site_settings().advice_phone,
            "more": _("%(hours)s. Or email %(email)s.") % advice,
        },
        "code": qr_code(url),
        "how": _("Read this on the web, with all its links:"),
        "address": page,
        "page_of": _("Page {page} of {pages}"),
    }


def section_data(section: Section, look: str = "") -> dict[str, Any]:
    tree = SyntaxTreeNode(commonmark.parse(section.markdown))
    blocks = [node_data(node) for node in tree.children]
    return {"heading": section.heading, "look": look, "blocks": blocks, "within": []}


def node_data(node: SyntaxTreeNode) -> dict[str, Any]:
    """A Markdown node as data for the Typst templates. Words stay words: none of them is markup to Typst."""
    return {
        "type": node.type,
        "text": node.content if node.type == "text" else "",
        "href": node.attrs.get("href", ""),
        "children": [node_data(child) for child in node.children],
    }
