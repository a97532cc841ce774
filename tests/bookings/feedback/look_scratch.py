import os, re
from pathlib import Path
import pytest, time_machine
from datetime import date, timedelta
from django.test import Client
from bookings.feedback.emails import ThreeMonthsOnEmail
from bookings.feedback.queries import later_key, host_key
from bookings.feedback.services import open_afterwards, send_confidence_questions
from bookings.models import *
from bookings.models import Feedback, ConfidenceLater, ThreeMonthsOn
from notifications.models import Notification
from notifications import rendering
from tests.bookings.feedback.conftest import END, JUST_AFTER
from tests.factories import make_staff, sign_in_staff
from tests.reach.rows import make_count
pytestmark = pytest.mark.django_db
OUT = Path("/tmp/fades"); OUT.mkdir(exist_ok=True)
def keep(name, html):
    root = "/w/fades/static/"
    html = re.sub(r'(href|src)="/static/([^"?]*)', lambda m: f'{m[1]}="file://{root}{m[2]}', html)
    (OUT / f"{name}.html").write_text(html)
def test_look(booking):
    a = open_afterwards(given=booking, now=JUST_AFTER)
    c = Client()
    keep("form", c.get(f"/f/{a.code}/").content.decode())
    keep("host", c.get(f"/f/{a.code}/host/{host_key(a)}/").content.decode())
    keep("wrong", c.post(f"/f/{a.code}/", {"comment": "x"}).content.decode())
    keep("cy", Client(headers={"accept-language": "cy"}).get(f"/f/{a.code}/").content.decode())
    marks = dict.fromkeys(("useful", "clear", "ready"), 4)
    for n in range(5):
        Feedback.objects.create(afterwards=a, token=str(n), received_on=END, confidence_before=n % 3 + 1, confidence_now=5 - n % 2, comment=f"Comment {n}. " * 5, quotable=n % 2 == 0, chosen_at=END if n == 2 else None, **marks)
    keep("thanks", c.get(f"/f/{a.code}/thanks/").content.decode())
    keep("thanks_wrong", c.post(f"/f/{a.code}/thanks/", {"email": "x"}).content.decode())
    keep("thanks_done", c.post(f"/f/{a.code}/thanks/", {"email": "x@leeds.nhs.uk"}, follow=True).content.decode())
    desk = sign_in_staff(Client(), make_staff())
    send_confidence_questions(now=END + timedelta(days=91))
    later = ConfidenceLater.objects.get()
    row = Notification.objects.get(kind="three-months-on")
    with time_machine.travel(END + timedelta(days=91), tick=False):
        keep("later", c.get(f"/f/{a.code}/three-months/{later_key(later)}/").content.decode())
        m = ThreeMonthsOnEmail(row).message()
        r = rendering.render(m) if hasattr(rendering, "render") else None
        (OUT / "email.txt").write_text(str(getattr(r, "text", r)))
        (OUT / "email.html").write_text(str(getattr(r, "html", r)))
        keep("later_done", c.post(f"/f/{a.code}/three-months/{later_key(later)}/", {"confidence": "3"}, follow=True).content.decode())
    keep("staff", desk.get(f"/staff/bookings/afterwards/{a.pk}/change/").content.decode())
    keep("quotes", desk.get(f"/staff/bookings/afterwards/{a.pk}/do/quotes/").content.decode())
    for code, m, n in (("E06000047", date(2015,11,1), 8), ("E09000027", date(2026,10,1), 1200), ("E09000020", date(2020,1,1), 3), ("N09000003", date(2020,1,1), 31), ("E08000035", date(2020,1,1), 310), ("E08000035", date(2025,1,1), 310), ("E06000014", date(2024,6,1), 41)):
        make_count(code, m, n)
    keep("renewal", desk.get("/staff/reach/renewal/").content.decode())
