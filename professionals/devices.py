"""A browser in words that its owner knows it by, read from what it says of itself: "Firefox on Windows"."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

# Most browsers name others too, so the order counts: Edge says Chrome and Safari, Chrome says Safari.
BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
# An iPad or an Android phone also says Mac OS X or Linux.
SYSTEMS = (
    ("iPhone", gettext_lazy("an iPhone")),
    ("iPad", gettext_lazy("an iPad")),
    ("Android", gettext_lazy("Android")),
    ("CrOS", gettext_lazy("a Chromebook")),
    ("Windows", gettext_lazy("Windows")),
    ("Macintosh", gettext_lazy("a Mac")),
    ("Linux", gettext_lazy("Linux")),
)


def device_of(user_agent: str) -> str:
    """Never longer than the column of a session; nothing of what was sent but the names above is kept."""
    browser = next((name for mark, name in BROWSERS if mark in user_agent), _("A browser"))
    system = next((name for mark, name in SYSTEMS if mark in user_agent), "")
    return _("%(browser)s on %(system)s") % {"browser": browser, "system": system} if system else browser
