"""Who takes the tours: a visitor that moves and does not examine."""

from collections.abc import Iterator

from tests.journeys.visitor import Visitor

Tour = Iterator[str]


class Guide(Visitor):
    """Moves without examining: whoever takes the tour does that."""

    def look(self) -> None:
        self.page.wait_for_load_state()

    def blank(self) -> None:
        """Empty what the page has filled in already."""
        for box in self.page.locator("main form input:is([type=text], [type=email], [type=tel], [type=password])").all():
            box.fill("")

    def blank_all(self, within: str) -> None:
        """Empty every box in there."""
        for box in self.page.locator(f"{within} input[type=text]").all():
            box.fill("")

    def send_empty(self) -> None:
        """Press the page's main button with nothing filled in."""
        self.page.locator("main form:not(.quiet) button[type=submit], #content-main input[name=_save]").first.click()
        self.look()

    def press_main(self) -> None:
        """Of a staff form the button that does it; others in it only show something else."""
        self.page.locator("#content-main :is(.staff-form__buttons, .submit-row) [type=submit]").first.click()
        self.look()


def links(guide: Guide, selector: str) -> list[str]:
    """Where they lead, each once, in the order of the page."""
    found = guide.page.locator(selector).evaluate_all("all => all.map(a => new URL(a.href).pathname)")
    return list(dict.fromkeys(found))
