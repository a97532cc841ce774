"""The part of the tour that is about what staff do every hour: they find somebody, keep a view of a list, merge two records."""

from datetime import timedelta

from django.utils import timezone

from core.dates import uk_day
from ctac.local.processes import wait_until
from tests.journeys import workspace
from tests.live.clients import inside

from .guide import Guide, Tour

SEARCHES = {"empty": "", "several": "?q=leeds", "spelt like it": "?q=imelda+ferrow", "nothing": "?q=qqqxqq"}
GUIDE = {
    "contents": "",
    "found": "?q=cancel",
    "nothing": "?q=qqqxqq",
    "pictures": "start-the-day/",
    "tables": "what-a-manager-does/",
}


def finds(guide: Guide) -> Tour:
    for name, query in SEARCHES.items():
        guide.open(f"/staff/find/{query}")
        yield f"staff find {name}"


def looks_up_help(guide: Guide) -> Tour:
    for name, address in GUIDE.items():
        guide.open(f"/staff/guide/{address}")
        yield f"staff guide {name}"


def saves_a_view(guide: Guide) -> Tour:
    guide.open("/staff/views/bookings.booking/save/?waits=us")
    yield "staff save view"
    guide.press_main()
    yield "staff save view with errors"
    guide.fill("Name of this view", "To decide")
    guide.press_main()
    yield "staff saved views"


def merges(guide: Guide) -> Tour:
    """Up to the last button and past it, and back."""
    facts = inside(guide.live, workspace.__name__, workspace.two_records.__name__, "Bronagh", "FRW3")
    person = f"/staff/professionals/person/{facts['kept']}"
    guide.open(f"{person}/do/merge/")
    yield "staff merge"
    guide.press_main()
    yield "staff merge with errors"
    guide.open(f"{person}/do/merge/?with={facts['other']}")
    yield "staff merge compare"
    guide.press_main()
    yield "staff merged"
    guide.open(f"{person}/do/undo-merge/")
    yield "staff take a merge apart"
    yield from finds(guide)


def has_two_accounts(guide: Guide, email: str) -> Tour:
    """The page that asks somebody whether both are theirs, before and after they have said so."""
    guide.open(inside(guide.live, workspace.__name__, workspace.second_account.__name__, email))
    yield "my two accounts"
    guide.press("Confirm that both are mine")
    yield "my two accounts confirmed"


def closes_days(guide: Guide) -> Tour:
    """Half a year from now, so that nothing else on the tour is closed; taken out again."""
    day = uk_day(timezone.now()) + timedelta(days=182)
    guide.open("/staff/office/closure/add/")
    for name in ("first_day", "last_day"):
        guide.page.locator(f"[name={name}]").fill(f"{day:%d %m %Y}")
    guide.page.locator("[name=advice_line]").check()
    guide.page.locator("[name=reason]").fill("We are moving to another office.")
    guide.page.locator("[name=reason_cy]").fill("Rydyn ni’n symud i swyddfa arall.")
    guide.press_main()
    yield "staff closures"
    guide.page.locator("#result_list tbody th a").first.click()
    guide.look()
    yield "staff closure"
    guide.page.locator("a.deletelink").click()
    guide.look()
    yield "staff closure to delete"
    guide.page.locator("#content-main [type=submit]").first.click()
    guide.open("/staff/office/bank-holidays/")
    yield "staff bank holidays"


def puts_up_a_banner(guide: Guide) -> Tour:
    """On public pages too, in both languages, until it is taken down."""
    today = uk_day(timezone.now())
    guide.open("/staff/office/banner/add/")
    for name, value in {
        "text": "Our phones do not work this morning.",
        "text_cy": "Nid yw ein ffonau’n gweithio y bore yma.",
        "link": "https://www.gov.uk/",
        "first_day": f"{today:%d %m %Y}",
        "first_clock": "12:01am",
        "last_day": f"{today + timedelta(days=1):%d %m %Y}",
        "last_clock": "11:59pm",
    }.items():
        guide.page.locator(f"[name={name}]").fill(value)
    guide.page.locator("[name=kind]").select_option("information")
    guide.press_main()
    yield "staff banners"
    guide.page.locator("#result_list tbody th a").first.click()
    guide.look()
    banner = guide.url
    yield "staff banner"
    for path in ("/", "/guidance/", "/basket/"):
        guide.open(path)
        yield f"{path} with a banner"
    guide.open(banner.replace("/change/", "/do/take-down/"))
    yield "staff banner to take down"
    guide.press_main()


def imports_records(guide: Guide) -> Tour:
    """A file with a fault and a row that comes twice, from the upload to the last button before it is undone."""
    content = b"Name,Email\r\nJo Green,jo.green@tour.example\r\n,nobody@tour.example\r\nJo Green,jo.green@tour.example\r\n"
    guide.open("/staff/professionals/import/add/")
    guide.page.set_input_files("[name=file]", {"name": "old.csv", "mimeType": "text/csv", "buffer": content})
    guide.press("Upload the file")
    yield "staff import columns"
    for box in guide.page.locator("#content-main select").all():
        box.select_option("name")
    guide.press("Check the rows")
    yield "staff import columns with errors"
    guide.page.locator("#content-main select").last.select_option("email")
    guide.press("Check the rows")
    waits_for_the_worker(guide)
    yield "staff import rows"
    imported = guide.url.replace("change/", "")
    guide.open(f"{imported}do/choices/")
    yield "staff import choices"
    guide.page.locator("[name=choice]").last.check()
    guide.press_main()
    guide.open(f"{imported}do/run/")
    yield "staff import to run"
    guide.press_main()
    waits_for_the_worker(guide)
    yield "staff import done"
    guide.open(f"{imported}do/undo/")
    yield "staff import to undo"


def waits_for_the_worker(guide: Guide) -> None:
    """Until the page of the import shows no progress any more."""
    address = guide.url

    def is_done() -> bool:
        guide.open(address)
        return not guide.page.locator("[data-progress]").count()

    assert wait_until(is_done, 60, every=1)
