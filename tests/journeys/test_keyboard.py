"""Everything by keyboard alone, on a phone's width: where the focus goes, and that it can always be seen."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from tests.journeys.visitor import Visitor
from tests.live.stack import Live

PHONE = {"viewport": {"width": 390, "height": 844}}
MOST_STOPS = 150

# How something looks, with what is drawn for it: a radio's circle and tick belong to its label. No colour is no outline.
LOOKS = """window.looksOf = element => [[element], [element, '::before'], [element.labels?.[0], '::before']]
    .filter(([drawn]) => drawn).map(([drawn, part]) => {
        const style = getComputedStyle(drawn, part);
        const hasOutline = style.outlineStyle !== 'none' && style.outlineWidth !== '0px' && !/, 0\\)$/.test(style.outlineColor);
        return [hasOutline ? style.outline : 'none', style.boxShadow, style.backgroundColor].join(' ');
    }).join(' | ')"""
# As everything looks before the focus comes to it. Styles change at once, so that they can be compared.
REMEMBER = """() => {
    if (window.plain) return;
    document.documentElement.querySelectorAll('*').forEach(element => { element.style.transition = 'none'; });
    window.plain = new Map([...document.querySelectorAll('a, button, input, select, textarea, summary, [tabindex]')]
        .filter(element => element !== document.activeElement).map(element => [element, window.looksOf(element)]));
}"""
FOCUSED = """() => {
    const element = document.activeElement;
    if (!element || element === document.body || element === document.documentElement) return null;
    const box = element.getClientRects()[0];
    const inside = box && box.width > 0 && box.height > 0 && box.top >= 0 && box.left >= 0
        && box.top < innerHeight && box.left < innerWidth;
    const onTop = inside && document.elementFromPoint(
        box.left + box.width / 2, Math.min(box.top + box.height / 2, innerHeight - 1));
    return {
        name: (element.getAttribute('aria-label') || element.labels?.[0]?.innerText || element.innerText || '')
            .replace(/\\s+/g, ' ').trim(),
        id: element.id, checked: element.checked === true, value: element.value || '',
        seen: Boolean(onTop && (element.contains(onTop) || onTop.contains(element)
            || [...(element.labels || [])].some(label => label.contains(onTop)))),
        marked: window.plain === undefined || window.plain.get(element) !== window.looksOf(element),
        last: ![...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, summary')]
            .some(other => other.tabIndex >= 0 && other.checkVisibility()
                && element.compareDocumentPosition(other) & Node.DOCUMENT_POSITION_FOLLOWING),
    };
}"""
