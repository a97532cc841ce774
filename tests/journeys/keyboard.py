"""Keys only, and what must hold at each stop of the Tab key."""

from typing import Any

MOST_STOPS = 150
SKIP_LINK = "Skip to main content"

# How something looks, with what is drawn for it: a radio's circle and tick belong to its label. No colour is no outline.
LOOKS = """() => { window.looksOf = element => [[element], [element, '::before'], [element.labels?.[0], '::before']]
    .filter(([drawn]) => drawn).map(([drawn, part]) => {
        const style = getComputedStyle(drawn, part);
        const hasOutline = style.outlineStyle !== 'none' && style.outlineWidth !== '0px' && !/, 0\\)$/.test(style.outlineColor);
        return [hasOutline ? style.outline : 'none', style.boxShadow, style.backgroundColor].join(' ');
    }).join(' | '); }"""
# As everything looks before the focus comes to it. Styles change at once, so that they can be compared.
REMEMBER = """() => {
    if (!window.plain) {
        const still = new CSSStyleSheet();
        still.replaceSync('*, ::before, ::after { transition: none !important; }');
        document.adoptedStyleSheets = [...document.adoptedStyleSheets, still];
        window.plain = new Map();
    }
    const isNew = element => !window.plain.has(element) && element !== document.activeElement;
    const news = [...document.querySelectorAll('a, button, input, select, textarea, summary, [tabindex]')].filter(isNew);
    news.forEach(element => window.plain.set(element, window.looksOf(element)));
}"""
# Nothing that a script fetches for the page is still on its way.
ALL_THERE = "() => !document.querySelector('[aria-busy=true]')"

DESCRIBE = """() => {
    const element = document.activeElement;
    if (!element || element === document.body || element === document.documentElement) return null;
    const byIds = ids => (ids || '').split(' ').map(id => document.getElementById(id)?.innerText || '').join(' ').trim();
    const box = element.getClientRects()[0], ROUNDED = 1;  // a page scrolls by whole pixels, and boxes have parts of them
    const middle = (from, to, end) => (Math.max(from, 0) + Math.min(to, end - 1)) / 2;
    const shown = (from, to, end) => to > 0 && from < end && (from >= -ROUNDED || to - from > end);  // unless it is larger
    const inside = box && box.width > 0 && box.height > 0
        && shown(box.top, box.bottom, innerHeight) && shown(box.left, box.right, innerWidth);
    const onTop = inside && document.elementFromPoint(
        middle(box.left, box.right, innerWidth), middle(box.top, box.bottom, innerHeight));
    return {
        name: (element.getAttribute('aria-label') || byIds(element.getAttribute('aria-labelledby'))
            || element.labels?.[0]?.innerText || element.innerText || element.querySelector('img, svg')?.getAttribute('alt')
            || (element.matches('[type=submit], [type=button]') ? element.value : '') || element.title || '')
            .replace(/\\s+/g, ' ').trim(),
        frame: element.tagName === 'IFRAME', id: element.id, checked: element.checked === true, value: element.value || '',
        seen: Boolean(onTop && (element.contains(onTop) || [...(element.labels || [])].some(label => label.contains(onTop)))),
        marked: window.plain?.has(element) && window.plain.get(element) !== window.looksOf(element),
    };
}"""
# And whether no other place of the page comes after it.
FOCUSED = f"""() => {{
    const element = document.activeElement, found = ({DESCRIBE})();
    return found && {{...found, last: ![...document.querySelectorAll(
        'a[href], button, input:not([type=hidden]), select, textarea, summary')]
        .some(other => other.tabIndex >= 0 && other.checkVisibility()
            && element.compareDocumentPosition(other) & Node.DOCUMENT_POSITION_FOLLOWING)}};
}}"""

# Each place that Tab can come to, in one go and without the key: quick enough for every page, but no proof of the way between.
LOOK_AT_EACH = f"""() => {{
    document.activeElement?.blur();
    ({LOOKS})(); ({REMEMBER})();
    const describe = {DESCRIBE}, kinds = 'a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex]';
    const each = [...document.querySelectorAll(kinds)].filter(element =>
        element.tabIndex >= 0 && !element.disabled && element.checkVisibility() && !element.closest('[inert]'));
    const ahead = each.filter(element => element.tabIndex > 0)
        .map(element => ({{name: element.outerHTML.slice(0, 80), ahead: true}}));
    const found = each.map(element => {{
        element.focus({{focusVisible: true}});
        return document.activeElement === element ? describe() : {{name: element.outerHTML.slice(0, 80), refused: true}};
    }});
    document.activeElement?.blur();
    scrollTo(0, 0);
    return [...ahead, ...found];
}}"""

# Where the Tab key starts from: as after a page has loaded, whatever had the focus since.
AT_THE_START = """() => {
    scrollTo(0, 0);
    document.body.tabIndex = -1;
    document.body.focus();
    document.body.removeAttribute('tabindex');
    document.activeElement?.blur();
}"""


def fault_of(stop: dict[str, Any]) -> str:
    """Why somebody who can't use a mouse would be lost there; empty if they would not."""
    if stop.get("refused") or stop.get("ahead"):
        return f"{stop['name']!r} {'takes no focus' if stop.get('refused') else 'comes before its turn'}"
    if not stop["name"]:
        return f"a stop has no name: {stop}"
    if stop["frame"]:
        return ""  # the focus is on something within, where nobody from outside can look
    if not stop["seen"]:
        return f"{stop['name']!r} has the focus out of sight"
    return "" if stop["marked"] else f"{stop['name']!r} does not look focused"


class Keyboard:
    """Only keys. Each stop of the Tab key is on the screen, on top, marked as focused, and never nowhere."""

    def __init__(self, page: Any) -> None:
        self.page = page

    @property
    def focus(self) -> dict[str, Any] | None:
        found: dict[str, Any] | None = self.page.evaluate(FOCUSED)
        return found

    def key(self, key: str, times: int = 1) -> None:
        for _ in range(times):
            self.page.keyboard.press(key)

    def send(self, key: str = "Enter") -> None:
        """A key that leads to another page. A page that only puts its address right has not been left."""
        self.page.evaluate("() => { window.isLeft = true; }")
        self.page.keyboard.press(key)
        self.page.wait_for_function("() => !window.isLeft && document.readyState === 'complete'")

    def tab(self, key: str = "Tab") -> dict[str, Any] | None:
        """The next stop, or None after the last one."""
        self.page.wait_for_function(ALL_THERE)
        self.page.evaluate(LOOKS)
        self.page.evaluate(REMEMBER)
        before = self.focus
        self.page.keyboard.press(key)
        stop = self.focus
        if stop is None and self.page.locator("iframe").count():
            self.page.wait_for_timeout(200)  # a frame of another origin takes the focus a moment later
            stop = self.focus
        if stop is None:
            assert before is not None, f"{self.page.url}: the focus does not come in"
            assert before["last"], f"{self.page.url}: the focus is lost after {before['name']!r}"
            return None
        assert before or stop["name"] == SKIP_LINK, f"{self.page.url}: the first stop is {stop['name']!r}"
        assert not fault_of(stop), f"{self.page.url}: {fault_of(stop)}"
        return stop

    def to(self, name: str, key: str = "Tab") -> dict[str, Any]:
        """On to the stop whose name begins so."""
        names = []
        for _ in range(MOST_STOPS):
            stop = self.tab(key)
            if stop is None:
                break
            names.append(stop["name"])
            if stop["name"].startswith(name):
                return stop
        raise AssertionError(f"{self.page.url}: no way by {key} to {name!r}, only to {names}")

    def start_again(self) -> None:
        """To where the focus is when a page has just loaded."""
        self.page.evaluate(AT_THE_START)

    def answer(self, name: str, text: str) -> None:
        self.to(name)
        self.page.keyboard.type(text)

    def choose(self, option: str) -> None:
        """Among the radio buttons that have the focus: Space takes this one, an arrow the next."""
        self.key("Space")
        for _ in range(MOST_STOPS):
            assert self.focus is not None
            assert self.focus["checked"], self.focus
            if self.focus["name"] == option:
                return
            self.key("ArrowDown")
        raise AssertionError(f"{self.page.url}: there is no {option!r}")

    def choose_option(self, name: str, option: str) -> None:
        """In a drop-down list, by the arrow keys."""
        self.to(name)
        for _ in range(MOST_STOPS):
            if self.page.evaluate("document.activeElement.selectedOptions[0].label") == option:
                return
            self.key("ArrowDown")
        raise AssertionError(f"{name!r} has no {option!r}")

    def skip_to_main(self) -> None:
        """The first stop of a page leads past the masthead."""
        first = self.tab()
        assert first is not None
        assert first["name"] == SKIP_LINK
        self.key("Enter")
        assert self.focus is not None
        assert self.focus["id"] == "main"

    def walk_to_the_end(self) -> list[str]:
        names = []
        for _ in range(MOST_STOPS):
            stop = self.tab()
            if stop is None:
                return names
            names.append(stop["name"])
        raise AssertionError(f"{self.page.url}: the focus goes round in circles: {names}")

    def follow_first_error(self) -> dict[str, Any]:
        """After a wrong answer the focus is in the summary, and its first link leads to the field."""
        assert self.focus is not None
        assert self.focus["id"] == "error-summary", self.page.url
        assert self.tab() is not None
        target = self.page.evaluate("document.activeElement.hash")
        self.key("Enter")
        assert self.focus is not None
        assert f"#{self.focus['id']}" == target
        return self.focus
