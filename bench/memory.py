"""`make bench-memory`: megabytes of a web worker, with what production installs and nothing else, as it serves one thing more.

One worker of 4 threads, so that it has served all that is named. Beside what is resident (RSS) stands its part where pages are
shared with gunicorn's main process (PSS). `--python` names the Python of an environment that has requirements.txt alone; without
it one is made, which takes the network.
"""

import argparse
import hmac
import re
import subprocess
import sys
import tempfile
import time
from base64 import b32decode
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from bench import machine, units
from bench.client import Browser, run
from bench.compare import CONNECTIONS, MOST_MEMORY, prepare_database, sessions_of
from bench.servers import BASE_DIR, Server, environment, production_python, start_database
from ctac.local import postgres

TIMES = 40  # that a page is asked for by the public, over several connections, so that every thread has served it
CUSTOMERS = 20  # who order, and as many who book
PROFESSIONAL = "nadia.rahman@leeds.nhs.uk"  # of the sample data, as is the member of staff
PUBLIC = ["/", "/about/", "/privacy/", "/presentations/", "/presentations/spotting-the-signs/", "/leaflets/", "/basket/"]
PUBLIC += ["/leaflets/health-visitors/", "/account/login/"]
DESK = ["/staff/", "/staff/bookings/booking/", "/staff/leaflets/order/", "/staff/professionals/person/?q=nadia"]
LAST_ACCOUNT_MAIL = (
    "from notifications import rendering; from notifications.models import Notification;"
    "print(rendering.decrypt(bytes(Notification.objects.filter(is_account_mail=True).latest('pk').sealed_body)).text)"
)
STAFF_SECRETS = "from professionals.samples import *; print(STAFF_EMAIL, STAFF_PASSWORD, STAFF_TOTP_SECRET)"


def asked(env: dict[str, str], question: str) -> str:
    """What the application itself answers, in a process of its own."""
    words = [sys.executable, "-c", f"import django; django.setup(); {question}"]
    env = env | {"DJANGO_SETTINGS_MODULE": "ctac.settings"}
    return subprocess.run(words, cwd=BASE_DIR, env=env, check=True, capture_output=True, text=True).stdout.strip()


def look(server: Server, paths: list[str], session: str = "") -> None:
    """By many at once; by one person, a quarter as often, if it is somebody's session."""
    browsers = [Browser(server.port) for _ in range(1 if session else CONNECTIONS)]
    for path in paths:

        def answered(browser: Browser, path: str = path) -> None:
            browser.cookies = {"__Host-session": session} if session else {}
            browser.get(path)
            if browser.status != 200:
                raise AssertionError(f"{path} is answered {browser.status}")

        run(browsers, answered, TIMES // 4 if session else TIMES)


def sign_in_by_code(server: Server, env: dict[str, str]) -> str:
    """A professional, by the code in the email that waits in the outbox. The session's key."""
    browser = Browser(server.port)
    browser.get("/account/login/")
    where = browser.post("/account/login/", login=PROFESSIONAL)
    browser.get(where)
    found = re.search(r"^([B-Z]{4}-[B-Z]{4})$", asked(env, LAST_ACCOUNT_MAIL), re.MULTILINE)
    # The page has other forms too, to send another code and to begin again: what they hide is not meant here.
    browser.post(where, code=found[1] if found else "", action="", next="/my/")
    return browser.cookies["__Host-session"]


def sign_in_to_the_desk(server: Server, env: dict[str, str]) -> str:
    """The member of staff, by password and second factor. The session's key."""
    email, password, secret = asked(env, STAFF_SECRETS).split()
    browser = Browser(server.port)
    browser.get("/account/login/password/")
    where = browser.post("/account/login/password/", login=email, password=password)
    browser.get(where)
    browser.post(where, code=six_digits(secret))
    return browser.cookies["__Host-session"]


def six_digits(secret: str) -> str:
    """What an authenticator app shows now (RFC 6238)."""
    digest = hmac.new(b32decode(secret), (int(time.time()) // 30).to_bytes(8), "sha1").digest()
    at = digest[-1] & 15
    return f"{(int.from_bytes(digest[at : at + 4]) & 0x7FFFFFFF) % 1_000_000:06}"


def orders_and_bookings(server: Server, sessions: list[str]) -> None:
    slots = units.slots(Browser(server.port), CUSTOMERS)
    for session, slot in zip(sessions, slots, strict=True):
        browser = Browser(server.port)
        browser.cookies["__Host-session"] = session
        units.order(browser)
        units.booking(browser, slot)


def served(server: Server, env: dict[str, str], sessions: list[str]) -> list[float]:
    """Megabytes after each thing that it served, as it is printed."""
    steps: dict[str, Callable[[], object]] = {
        "started": lambda: None,
        "public pages": lambda: look(server, PUBLIC),
        f"{CUSTOMERS} orders, {CUSTOMERS} bookings": lambda: orders_and_bookings(server, sessions),
        "a sign-in by emailed code": lambda: look(server, ["/my/", "/account/details/"], sign_in_by_code(server, env)),
        "a sign-in with a second factor": lambda: look(server, DESK, sign_in_to_the_desk(server, env)),
        "public pages again": lambda: look(server, PUBLIC),
    }
    found = []
    print("\nA worker of 4 threads, after each of these: resident, and its part where pages are shared")
    for name, step in steps.items():
        step()
        found.append(server.memory())
        print(f"  {name:<32} {found[-1]:>6.1f} MB {server.own_memory():>6.1f} MB", flush=True)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description="Megabytes of a web worker.")
    parser.add_argument("--python", help="of an environment that has requirements.txt alone")
    given = parser.parse_args().python
    with tempfile.TemporaryDirectory(prefix="memory") as folder, ExitStack() as stack:
        var_dir = Path(folder)
        database = start_database(var_dir)
        stack.callback(postgres.stop, var_dir)
        print("\n".join(machine.facts(database)), flush=True)
        env = environment(var_dir, database)
        prepare_database(env)
        sessions = sessions_of(env, [f"bench{number}@leeds.nhs.uk" for number in range(CUSTOMERS)])
        python = given or production_python(var_dir / "venv")
        server = Server("ctac.wsgi:application", env, var_dir / "app.log", wanted=1, python=python)
        most = max(served(stack.enter_context(server), env, sessions))
        print(f"  at most {most:.1f} MB (to reach: {MOST_MEMORY})")
        return 0 if most <= MOST_MEMORY else 1


if __name__ == "__main__":
    sys.exit(main())
